"""A sweep in the explorer: each cell of its diagram opens the runs that stand there."""

import json
import shutil

import numpy as np
import pytest

import groklens as gl
from groklens.errors import BadArgument
from groklens.explorer.opened import Opened
from groklens.explorer.pages import Pages
from groklens.views.renderers.libraries import plotly_for

OVER = {"seed": [0, 1], "train_fraction": [0.5, 0.8], "optimizer.weight_decay": [0.0, 1.0, 3.0]}


RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(5),
    model=gl.MLP(d_mlp=4, d_embed=2),
    optimizer=gl.AdamW(),
    steps=2,
    evaluate_every=1,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return gl.Sweep(RECIPE, over=OVER).run(tmp_path_factory.mktemp("runs") / "sweep").path


def index(*paths):
    text = Pages(Opened.of(list(map(str, paths)))).file("data/index.js").data.decode()
    return json.loads(text.split(", ", 1)[1][:-3])


def test_a_cell_opens_the_runs_at_its_place(folder):
    found = index(folder)
    (sweep,), names = found["sweeps"], {run["id"]: run["name"] for run in found["runs"]}
    assert sweep["note"] is None
    (plane,) = sweep["planes"]
    assert len(plane["cells"]) == 6
    assert plotly_for(plane["diagram"]) == "plotly"  # the part that the page has draws nothing else
    assert "together" not in plane["text"]
    heat = plane["diagram"]["data"][0]
    assert np.isfinite(np.asarray(heat["z"], dtype=float)).all()  # none generalised: drawn by their phase
    for cell in plane["cells"]:
        assert cell["x"] in heat["x"]
        assert cell["y"] in heat["y"]
        at = f"train_fraction={cell['y']},weight_decay={cell['x']}"
        assert {names[id] for id in cell["runs"]} == {f"seed={seed},{at}" for seed in (0, 1)}
    assert sorted(id for cell in plane["cells"] for id in cell["runs"]) == sorted(names)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A sweep over any axes, of the smallest recipe."""

    def run(over):
        return gl.Sweep(RECIPE, over=over).run(tmp_path_factory.mktemp("runs") / "sweep").path

    return run


@pytest.mark.parametrize(
    ("over", "across", "up"),
    [
        ({"train_fraction": [0.5, 0.8]}, ["0.5", "0.8"], [""]),
        ({"seed": [3, 1]}, ["3", "1"], [""]),
        ({"seed": [0, 1], "train_fraction": [0.5, 0.8]}, ["0.5", "0.8"], [""]),
        ([{"seed": 0}, {"seed": 5, "train_fraction": 0.3}], [""], ["seed=0", "seed=5,train_fraction=0.3"]),
    ],
)
def test_a_sweep_over_one_axis_is_a_row_or_where_its_places_are_words_a_column(swept, over, across, up):
    found = index(swept(over))
    (sweep,) = found["sweeps"]
    (plane,) = sweep["planes"]
    assert sweep["note"] is None
    assert (plane["diagram"]["data"][0]["x"], plane["diagram"]["data"][0]["y"]) == (across, up)
    assert [[cell["x"], cell["y"]] for cell in plane["cells"]] == [[x, y] for y in up for x in across]
    each = len(found["runs"]) // len(plane["cells"])
    assert [len(cell["runs"]) for cell in plane["cells"]] == [each] * len(plane["cells"])
    assert plane["diagram"]["data"][0]["text"] == [[f"0/{each}" for _ in across] for _ in up]


def test_of_three_axes_every_two_are_shown_and_the_runs_along_the_third_are_counted_together(swept):
    over = {"train_fraction": [0.5, 0.8], "weight_decay": [0.0, 1.0, 3.0], "lr": [0.1, 0.2]}
    share, decay, rate = "share of inputs trained on", "weight decay", "learning rate"
    called = dict(zip((share, decay, rate), over, strict=True))
    fields = zip(("train_fraction", "optimizer.weight_decay", "optimizer.lr"), over.values(), strict=True)
    found = index(swept({"seed": [0, 1], **dict(fields)}))
    (sweep,), names = found["sweeps"], {run["id"]: run["name"] for run in found["runs"]}
    shown = [f"{decay} × {share}", f"{rate} × {share}", f"{rate} × {decay}"]
    assert [plane["name"] for plane in sweep["planes"]] == shown
    for plane in sweep["planes"]:
        drawn = plane["name"].split(" × ")
        (other,) = set(called) - set(drawn)
        assert f"every {other} together" in plane["text"]
        across, up = (called[name] for name in drawn)
        runs = 2 * len(over[called[other]])
        assert {text for row in plane["diagram"]["data"][0]["text"] for text in row} == {f"0/{runs}"}
        assert sorted(id for cell in plane["cells"] for id in cell["runs"]) == sorted(names)
        for cell in plane["cells"]:
            assert len(cell["runs"]) == runs
            assert all(
                {f"{across}={cell['x']}", f"{up}={cell['y']}"} <= set(names[id].split(","))
                for id in cell["runs"]
            )


def test_places_are_those_of_the_runs(folder):
    runs = gl.sweeps.load(folder)
    assert len(runs.places) == len(runs) == 12
    for place, run in zip(runs.places, runs, strict=True):
        assert runs.at(**place).name == run.name


def test_a_folder_of_runs_and_sweeps_shows_what_is_in_it(folder, run_folder, tmp_path):
    shutil.copytree(folder, tmp_path / "sweep")
    (tmp_path / "nothing").mkdir()
    found = index(tmp_path)
    assert [run["name"] for run in found["runs"]][-1] == run_folder.name
    assert (len(found["runs"]), [sweep["name"] for sweep in found["sweeps"]]) == (13, ["sweep"])


def test_a_sweep_with_a_damaged_run_says_so_and_shows_the_others(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "copied")
    broken = next(each for each in sorted(copied.iterdir()) if (each / "run.json").is_file())
    (broken / "run.json").write_text("{}")
    found = index(copied)
    assert "run.json" in found["sweeps"][0]["note"]
    assert [run["note"] is not None for run in found["runs"]].count(True) == 1


def test_neurons_are_drawn_in_an_order_that_has_each_of_them_once(tiny_run):
    table = gl.track(tiny_run, ["neuron_component", "neuron_explained"], steps=[0])
    shown = gl.views.clusters(table, order=range(31, -1, -1))
    assert [neuron for neuron, _ in shown.data[0].customdata] == list(range(31, -1, -1))
    with pytest.raises(BadArgument, match=r"order is .* all 32 neurons"):
        gl.views.clusters(table, order=[0, 0, 1])
