"""Where a run is meant and the folder of a sweep is given, the message says how sweeps are opened."""

import pytest

import groklens as gl
from groklens.errors import RecipeMismatch, RunNotFound


def test_the_folder_of_a_sweep_and_its_file_lead_to_it(tmp_path):
    recipe = gl.Recipe(task=gl.ModularArithmetic(5, "add"), model=gl.MLP(d_mlp=4), steps=1, evaluate_every=1)
    gl.Sweep(recipe, over={"seed": range(2)}).run(tmp_path / "sweep")
    for path in (tmp_path / "sweep", tmp_path / "sweep" / "sweep.json"):
        for door in (gl.load, gl.explain, lambda path: gl.track(path, "PROGRESS")):
            with pytest.raises(
                RunNotFound, match=r"is a sweep.*gl\.sweeps\.load\('.*sweep'\).*gl\.load\('.*seed=0'\)"
            ):
                door(path)
    assert len(gl.sweeps.load(tmp_path / "sweep")) == 2
    assert gl.load(tmp_path / "sweep" / "seed=0").steps


def test_a_folder_is_of_a_run_or_of_a_sweep(tmp_path):
    recipe = gl.Recipe(task=gl.ModularArithmetic(5, "add"), model=gl.MLP(d_mlp=4), steps=1, evaluate_every=1)
    sweep = gl.Sweep(recipe, over={"seed": range(2)})
    sweep.run(tmp_path / "sweep")
    run = gl.train(recipe, into=tmp_path / "run")
    writes = {
        "trained": lambda: gl.train(recipe, into=tmp_path / "sweep"),
        "recorded": lambda: gl.Recorder(run.final.model, recipe.task, into=tmp_path / "sweep").__enter__(),
        "swept": lambda: sweep.run(tmp_path / "run"),
    }
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for how, write in writes.items():
        with pytest.raises(RecipeMismatch, match=r"holds a (run|sweep), .* into another folder"):
            write()
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before, how
