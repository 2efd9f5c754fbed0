"""Nothing new is written over, nor among, what a run or a sweep is made of, by whatever door."""

import json
import shutil
from dataclasses import replace

import pytest

import groklens as gl
from groklens.cli_io import check_writable
from groklens.errors import BadArgument, RecipeMismatch
from groklens.explorer import export

TASK = gl.ModularArithmetic(5, "add")
RECIPE = gl.Recipe(task=TASK, model=gl.MLP(d_mlp=4), steps=2, evaluate_every=1)
OTHER = replace(RECIPE, seed=7)
SWEEP = gl.Sweep(RECIPE, over={"seed": range(2)})


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A run and a sweep, and every byte of them."""
    root = tmp_path_factory.mktemp("place")
    gl.train(RECIPE, root / "run")
    SWEEP.run(root / "sweep")
    return root


def contents(root):
    return {path: path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


def recorded(folder, run):
    with gl.Recorder(gl.MLP(d_mlp=4).build(TASK, 0), TASK, into=folder):
        pass


DOORS = {
    "train": lambda folder, run: gl.train(OTHER, folder),
    "train_many": lambda folder, run: gl.train_many([OTHER], folder),
    "sweep": lambda folder, run: gl.Sweep(replace(OTHER, steps=3), over={"seed": range(2)}).run(folder),
    "fork": lambda folder, run: gl.fork(run, 2, folder, steps=3),
    "extend": lambda folder, run: gl.extend(run, 3, folder),
    "recorder": recorded,
    "explorer": lambda folder, run: export(run, folder),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "place", ["run", "sweep", "run/steps", "run/new", "sweep/unfinished", "sweep/seed=0/x"]
)
def test_no_new_folder_is_a_runs_or_a_sweeps_or_within_one(folders, door, place):
    before, run = contents(folders), gl.load(folders / "run")
    with pytest.raises(BadArgument) as caught:
        DOORS[door](folders / place, run)
    said = str(caught.value)
    # Another recipe's run is told from the same one's before that, and where a run goes on from says so itself.
    known = (
        "holds the run of another recipe",
        "is the folder of the run that is gone on from",
        "holds another sweep",
    )
    assert "into another folder, such as " in said or any(each in said for each in known), said
    assert "delete" not in said
    assert contents(folders) == before


def test_what_it_suggests_can_be_typed(folders, tmp_path):
    copied = shutil.copytree(folders, tmp_path / "copied")
    for place in ("sweep", "sweep/within"):
        with pytest.raises(RecipeMismatch, match=r"holds a sweep, opened by gl\.sweeps\.load") as caught:
            gl.train_many([OTHER], copied / place)
        suggested = str(caught.value).rpartition("such as ")[2].removesuffix(".")
        assert gl.train_many([OTHER], suggested)[0].finished


def test_the_runs_own_folder_is_no_place_for_its_next_life(folders):
    run = gl.load(folders / "run")
    for live in (lambda: gl.fork(run, 2, run.path, steps=3), lambda: gl.extend(run, 3, into=run.path)):
        with pytest.raises(BadArgument, match="gone on from, which stays as it is"):
            live()


def test_a_run_of_a_sweep_is_extended_beside_the_sweep(folders, tmp_path):
    sweep = gl.sweeps.load(shutil.copytree(folders / "sweep", tmp_path / "sweep"))
    before = contents(sweep.path)
    longer = gl.extend(sweep.at(seed=1), 3)
    assert longer.path == tmp_path / "sweep-seed=1-to-3"
    assert gl.extend(sweep.at(seed=1), 3).steps == longer.steps
    assert contents(sweep.path) == before


def test_what_was_begun_goes_on(folders):
    before = contents(folders)
    assert gl.train(RECIPE, folders / "run").finished
    assert gl.train(replace(RECIPE, seed=1), folders / "sweep" / "seed=1").finished
    assert len(SWEEP.run(folders / "sweep")) == 2
    assert contents(folders) == before


def test_files_of_the_same_names_that_are_nobodys_are_in_nobodys_way(tmp_path):
    """Such as what a sweep is asked for with, and a header and steps of another program's."""
    (tmp_path / "sweep.json").write_text(json.dumps({"run": "run", "over": {"seed": [0, 1]}, "stack": 8}))
    (tmp_path / "run.json").write_text(json.dumps({"run": "python train.py"}))
    (tmp_path / "steps").mkdir()
    check_writable(tmp_path / "steps" / "curves.html")
    assert gl.train(RECIPE, tmp_path / "runs" / "mine").finished
    assert len(SWEEP.run(tmp_path / "runs" / "decay")) == 2
    assert gl.train_many([OTHER], tmp_path / "runs")[0].finished


@pytest.fixture(scope="module")
def writes(folders):
    """What writes results, by door."""
    run = gl.load(folders / "run")
    why = gl.explain(run)
    return {
        "to_json": why.to_json,
        "to_html": why.to_html,
        "check_writable": check_writable,
        "track": lambda path: gl.track(run, "loss", into=path),
        "capture": lambda path: gl.capture(run, "blocks.0.mlp.hook_post", into=path),
    }


@pytest.mark.parametrize("door", ["to_json", "to_html", "check_writable", "track", "capture"])
def test_no_result_replaces_a_part_of_a_run_or_a_sweep(folders, writes, door):
    names = ["run/run.json", "run/history.csv", "run/steps/x.html", "run/optimizer/x.html"]
    names += ["sweep/sweep.json", "sweep/stacks/000.json", "sweep/seed=0/run.json"]
    before = contents(folders)
    for name in names:
        with pytest.raises(BadArgument, match=r"is a part of the (run|sweep) in .*another name"):
            writes[door](folders / name)
    assert contents(folders) == before


def test_the_folder_itself_is_no_name_for_a_result(folders, writes):
    for door in ("to_json", "track", "capture"):
        for place in ("run", "sweep"):
            with pytest.raises(BadArgument, match=rf"is the folder of a {place}, which is not written over"):
                writes[door](folders / place)


def test_no_figure_is_saved_among_checkpoints(folders):
    figure = gl.views.curves(gl.load(folders / "run"))
    for name in ("run/steps/x.html", "sweep/unfinished/x.html"):
        with pytest.raises(BadArgument, match=r"is a part of the (run|sweep) in .*another name"):
            figure.save(folders / name)


def test_results_stand_beside_what_they_are_of(folders, writes, tmp_path):
    copied = shutil.copytree(folders, tmp_path / "copied")
    run = gl.load(copied / "run")
    writes["to_json"](copied / "run" / "why.json")
    gl.track(run, "loss", into=copied / "run" / "table")
    gl.views.curves(run).save(copied / "sweep" / "curves.html")
    assert gl.load(copied / "run").verify() is None
