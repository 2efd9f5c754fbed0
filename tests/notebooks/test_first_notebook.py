"""The first notebook: the same as its script, and its first cell leaves the machine's torch alone."""

import importlib.metadata
import importlib.util
import json
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
FIRST = ROOT / "examples" / "00_start_here.ipynb"


@pytest.fixture(scope="module")
def notebook():
    import nbformat  # takes seconds, which only the worker of this file needs to spend

    return nbformat.read(FIRST, as_version=4)


@pytest.fixture
def installed(monkeypatch):
    """Runs the first cell where only the given libraries are there; gives the calls of pip and the versions kept."""

    def run(cell, there, returncode=0, stderr=""):
        calls = []

        def pip(command, **how):
            kept = Path(command[command.index("--constraint") + 1]).read_text()
            calls.append((command, kept, how))
            return SimpleNamespace(returncode=returncode, stderr=stderr)

        monkeypatch.setattr(subprocess, "run", pip)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: there.get(name))
        monkeypatch.setattr(importlib.metadata, "version", there.__getitem__)
        exec(cell, {})
        return calls

    return run


def first_cell(notebook):
    return next(cell.source for cell in notebook.cells if cell.cell_type == "code")


def test_the_notebook_is_that_of_its_script():
    import nbformat

    made = runpy.run_path(str(ROOT / "examples" / "notebooks.py"))["notebook"](FIRST.with_suffix(".py"))
    assert json.loads(nbformat.writes(made)) == json.loads(FIRST.read_text("utf-8")), "make notebooks"


def test_it_names_its_kernel_and_holds_no_outputs(notebook):
    assert notebook.metadata.kernelspec.name == "python3"
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert FIRST.stat().st_size < 20_000


def test_nothing_is_installed_where_it_is_installed(notebook, installed):
    assert installed(first_cell(notebook), {"groklens": "0.1.0", "torch": "2.6.0"}) == []


def test_the_torch_that_is_there_is_kept_to_the_version(notebook, installed):
    ((command, kept, how),) = installed(first_cell(notebook), {"torch": "2.11.0+cu130"})
    assert kept == "torch==2.11.0+cu130\n"
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert how["capture_output"], "what pip says is nobody's output unless it failed"


def test_where_there_is_no_torch_none_is_asked_for(notebook, installed):
    ((_, kept, _),) = installed(first_cell(notebook), {})
    assert kept == ""


def test_a_failed_installation_says_what_pip_said(notebook, installed):
    with pytest.raises(AssertionError, match="no room"):
        installed(first_cell(notebook), {}, returncode=1, stderr="no room")
