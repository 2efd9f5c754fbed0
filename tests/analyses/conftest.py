"""Studies by name, and tables with planted numbers."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from groklens.theory import sweep_table


@pytest.fixture
def study_named(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return lambda name: importlib.import_module(f"analyses.{name}.study")


@pytest.fixture
def planted():
    """A table of three seeds along one axis, each variable a row that seeds shift by a hundredth."""

    def table(axis, places, rows, jitter=0.01, **attributes):
        shifts = 1 + jitter * np.arange(-1, 2)[:, None]
        variables = {name: (np.asarray(row, float) * shifts, name, "units") for name, row in rows.items()}
        return sweep_table((axis, places, axis), (0, 1, 2), variables).assign_attrs(attributes)

    return table


def verdicts(study, numbers):
    """The verdicts on what a study claims, by key."""
    return {finding.key: finding.verdict for finding in study.judge(numbers)}


@pytest.fixture
def judged():
    return verdicts
