"""The report: one self-contained HTML page about an explanation."""

from groklens.report.report import report as report
