"""Shapes and types are checked while the tests run; small tasks, models and runs that many tests share."""

import os

import typechecker

# Torch's threads spin while they wait, which on a busy machine costs these small models most of their time.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch is imported; no number depends on it

typechecker.install("groklens")  # before anything of groklens is imported

import shutil  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402

SMALL = {"d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 32}


@pytest.fixture(scope="session")
def tiny_recipe():
    """Thirty steps of a small transformer on a small task, a checkpoint every ten."""
    import groklens as gl

    return gl.Recipe(
        task=gl.ModularArithmetic(7, "add"),
        model=gl.Transformer(**SMALL),
        optimizer=gl.AdamW(lr=1e-2, warmup_steps=5),
        train_fraction=0.6,
        steps=30,
        evaluate_every=10,
        keep=gl.Every(10),
    )


@pytest.fixture(scope="session")
def _trained_once(tiny_recipe, tmp_path_factory):
    import groklens as gl

    return gl.train(tiny_recipe, into=tmp_path_factory.mktemp("runs") / "tiny").path


@pytest.fixture
def run_folder(_trained_once, tmp_path) -> Path:
    """A finished run of `tiny_recipe`, this test's own to damage."""
    return Path(shutil.copytree(_trained_once, tmp_path / "tiny"))


@pytest.fixture
def tiny_run(_trained_once):
    """A finished run of `tiny_recipe`, shared: read only."""
    import groklens as gl

    return gl.load(_trained_once)


@pytest.fixture
def shell(monkeypatch, capsys):
    """Runs `groklens ARGS` and gives exit status, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "200")

    from groklens import cli

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["groklens", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return stop.value.code or 0, out, err

    return run


#: Files that take longest, begun first so that no worker is left alone with one at the end.
LONGEST = (
    "test_examples", "test_nulls", "test_browser", "test_copies", "test_documentation", "test_benchmarks",
    "test_analyses", "test_shipped_runs", "test_report",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    def place(item):
        return LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST)

    items.sort(key=place)
