"""Every benchmark runs, says what it found, and is held to a reference that computes the same numbers."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import groklens as gl
import warm

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.__main__ import NAMES, main  # noqa: E402
from benchmarks.plain import PlainTraining  # noqa: E402
from benchmarks.plain_progress import PlainProgress  # noqa: E402

#: Explaining the shipped run takes as long here as in full: it is left to `make bench`.
SMOKED = [name for name in NAMES if name != "explain"]


@pytest.fixture(scope="module")
def printed():
    """What all of them print, one after another in one process: for programs, and for people."""
    finished = warm.run("-m", "benchmarks", *SMOKED, "--smoke", cwd=ROOT)
    assert finished.returncode == 0, finished.stderr[-2000:]
    lines = finished.stdout.splitlines()
    return [json.loads(line) for line in lines[::2]], lines[1::2]


def test_every_script_is_listed():
    helpers = {"__init__", "__main__", "report", "plain", "plain_progress", "products", "setup", "memory"}
    assert {path.stem for path in (ROOT / "benchmarks").glob("*.py")} == {*NAMES, *helpers}


@pytest.mark.parametrize("name", SMOKED)
def test_a_line_for_programs_and_one_for_people(name, printed):
    pairs = [(found, line) for found, line in zip(*printed, strict=True) if found["name"] == name]
    assert pairs
    for found, line in pairs:
        assert line.startswith(f"{name} ({found['work']}): ")
        assert "skipped" in found or {"value", "must", "holds", "torch", "threads"} <= set(found)
        assert found.get("smoke", True), "a benchmark at its real size says so"


def test_an_unknown_name_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "nonesuch"])
    with pytest.raises(SystemExit, match="There is no benchmark nonesuch"):
        main()


def test_the_plain_loop_trains_as_ours_does(tmp_path):
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(7, "add"),
        model=gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32),
        optimizer=gl.AdamW(warmup_steps=0),
        steps=20,
        evaluate_every=20,
    )
    run = gl.train(recipe, into=tmp_path / "run")
    task = recipe.task
    plain = PlainTraining(recipe.model.build(task, 0), task.inputs, task.labels, run.train_index)
    losses = [plain.step() for _ in range(20)]
    np.testing.assert_allclose(losses, run.history.train_loss.values[:20], rtol=1e-4)
    np.testing.assert_allclose(plain.evaluate()[0], run.history.test_loss.values[-1], rtol=1e-4)


def test_the_plain_measures_are_ours():
    task = gl.ModularArithmetic(13, "add")
    train_index, _ = task.split(0.4, 0)
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32).build(task, 0)
    snapshot = gl.Snapshot(model, task, train_index=train_index)
    plain = PlainProgress(13, task.inputs, task.labels, train_index, [2, 5]).measures(model)
    circuit = gl.Circuit("C13", [2, 5])
    assert set(plain) == {measure.__name__ for measure in gl.measures.PROGRESS}
    for measure in gl.measures.PROGRESS:
        np.testing.assert_allclose(
            measure(snapshot, circuit),
            plain[measure.__name__],
            rtol=1e-4,
            atol=1e-7,
            err_msg=measure.__name__,
        )
