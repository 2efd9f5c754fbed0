"""Where a run is meant and the folder of a sweep is given, the message says how sweeps are opened."""

import pytest

import groklens as gl
from groklens.errors import RunNotFound


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
