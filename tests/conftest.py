"""Shapes and types are checked while the tests run; small tasks, models and runs that many tests share."""

import functools
import gc
import os
import shutil
import sys
from pathlib import Path

# Torch's threads spin while they wait, which on a busy machine costs these small models most of their time.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch is imported; no number depends on it
if "PYTEST_XDIST_WORKER" in os.environ:  # a worker a core, a thread a worker, however pytest was called
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

import typechecker

typechecker.install("groklens")  # before anything of groklens is imported
# Python's own passes, after every 700 new objects, take a tenth of all the time that the tests take.
gc.set_threshold(20_000, 20, 10)


def pytest_runtest_setup():
    typechecker.begin()


@pytest.fixture(scope="module", autouse=True)
def _what_stands_stays():
    """No garbage is looked for among a million objects of libraries, of tests, and of what earlier files have made."""
    gc.collect()
    gc.freeze()


RUNS = Path(__file__).parents[1] / "examples" / "runs"
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


@pytest.fixture(scope="session")
def explained():
    """The explanation of a shipped run by its name, made once, and its page once: read only."""
    import groklens as gl

    explain = gl.explain  # a test may put another in its place

    @functools.cache
    def once(name):
        why = explain(gl.load(RUNS / name))
        vars(why)["page"] = functools.cache(why.page)
        return why

    return once


@pytest.fixture
def shell(monkeypatch, capsys):
    """Runs `groklens ARGS` and gives exit status, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")  # as the command sets it, and gone afterwards

    from groklens import cli

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["groklens", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return stop.value.code or 0, out, err

    return run


#: Files whose tests share what takes long to make, by what that is: one worker has them all.
SHARING = {
    "zoo explained": ("test_copies", "test_pizza", "test_rep_theory"),
    "shipped runs explained": (
        "test_browser", "test_shipped_runs", "test_same_numbers", "test_phases", "test_documentation",
    ),
    "the interpreter that processes are forked from": (
        "test_sweeps", "test_store", "test_kill", "test_command", "test_benchmarks", "test_doors", "test_own_parts",
        "test_several_reads", "test_larger_than_memory", "test_damage_campaign", "test_fuzzed_weights",
    ),
}  # fmt: skip
#: Files that take longest, begun first so that no worker is left alone with one at the end.
LONGEST = (
    "test_examples", *SHARING["shipped runs explained"], *SHARING["zoo explained"], "test_llc", "test_analyses",
    *SHARING["the interpreter that processes are forked from"], "test_train_many", "test_resume", "test_nulls",
    "test_engine", "test_site", "test_types", "test_capture", "test_invariances", "test_small_tasks", "test_values",
    "test_report",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    def place(item):
        return LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file a worker, and files that share something one after another."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return next((what for what, files in SHARING.items() if Path(file).stem in files), file)

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None
