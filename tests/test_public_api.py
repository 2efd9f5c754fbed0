"""What `import groklens as gl` promises."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import groklens as gl

LARGEST = 54
NAMES = [name for name in gl.__all__ if not name.startswith("__")]
#: Values whose docstring cannot hold a call: errors, and handles that other calls return.
WITHOUT_EXAMPLE = {"GroklensError", "Task", "Run", "Snapshot", "Finding", "Explanation", "Recipe", "Recorder"}
FAMILIES = (
    "examples", "explorer", "forecasts", "harmonics", "hypotheses", "interventions", "measures", "recipes", "sweeps",
    "tasks", "theory", "views",
)  # fmt: skip
MODULES = [module.name for module in pkgutil.walk_packages(gl.__path__, "groklens.")]


def test_there_are_few_names():
    assert len(gl.__all__) <= LARGEST
    assert len(set(gl.__all__)) == len(gl.__all__)
    assert set(gl.__all__) <= set(dir(gl))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there_and_says_what_it_is(name):
    value = getattr(gl, name)
    assert value is getattr(gl, name)
    assert inspect.getdoc(value), f"{name} has no docstring"


@pytest.mark.parametrize("name", sorted(set(NAMES) - WITHOUT_EXAMPLE - set(FAMILIES)))
def test_every_function_and_value_shows_an_example(name):
    assert ">>>" in (inspect.getdoc(getattr(gl, name)) or "")


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_shows_public_names_and_none_of_its_files(name):
    """A file is no attribute, before and after it is imported: it would stand where a function is meant."""
    family = getattr(gl, name)
    files = {module.name for module in pkgutil.iter_modules(family.__path__)}
    for file in files:
        importlib.import_module(f"groklens.{name}.{file}")
    shown = {each for each in (*dir(family), *files) if hasattr(family, each)}
    assert not [each for each in shown if inspect.ismodule(getattr(family, each))]
    assert not [each for each in dir(family) if each.startswith("_")]
    hidden = next(file for file in sorted(files) if not hasattr(family, file))
    with pytest.raises(
        AttributeError,
        match=rf"groklens.{name} has no '{hidden}'; (see|did you mean .*\? All names:) dir\(groklens.{name}\)",
    ):
        getattr(family, hidden)


def test_an_unknown_name_is_refused_with_a_pointer():
    with pytest.raises(
        AttributeError,
        match=r"no 'expalin'; did you mean 'explain' or 'examine'\? All names: dir\(groklens\)",
    ):
        _ = gl.expalin


def test_type_checkers_are_told_of_every_name():
    tree = ast.parse(Path(gl.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    told = {alias.asname for line in block.body for alias in line.names}
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    assert told == set(NAMES)


@pytest.mark.slow
def test_importing_it_is_light_and_its_functions_are_no_packages():
    script = (
        "import sys, groklens as gl\n"
        "heavy = {'torch', 'transformer_lens', 'xarray', 'plotly'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import groklens.explain, groklens.capture, groklens.measures.measure, groklens.training.train\n"
        "assert 'transformer_lens' not in sys.modules\n"
        "functions = (gl.explain, gl.capture, gl.measure, gl.train, gl.planted)\n"
        "assert all(type(f).__name__ == 'function' for f in functions), functions\n"
        "from groklens import explain\n"
        "assert explain is gl.explain\n"
        "import groklens.explain.phases\n"
        "assert gl.explain is explain\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_give_what_they_show(name):
    module = importlib.import_module(name)
    how = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    # For every docstring that it runs, with examples or without, doctest looks at each file that was imported.
    results = doctest.testmod(module, optionflags=how, exclude_empty=True)
    assert results.failed == 0
