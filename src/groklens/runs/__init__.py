"""Runs on disk: reading, writing, checking."""

from groklens.runs.load import load as load
from groklens.runs.run import Run as Run
