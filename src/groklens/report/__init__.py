"""The report: one self-contained page about an explanation."""

from groklens.report.report import report as report
