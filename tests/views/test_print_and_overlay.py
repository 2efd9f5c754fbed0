"""Pictures for print, in any of the formats and at the width of a column; and several runs in one picture."""

import io
import re

import numpy as np
import pytest

import groklens as gl
from groklens.errors import BadArgument

TASK = gl.ModularArithmetic(11)


def run(seed):
    train, _ = TASK.split(0.5, seed=0)
    models = {step: gl.MLP(d_mlp=16).build(TASK, seed=seed + step) for step in (0, 10, 200)}
    return gl.Run.of(models, TASK, train_index=train)


@pytest.fixture(scope="module")
def runs():
    return {"decay": run(0), "no decay": run(1), "random": run(2)}


def pixels(path):
    from matplotlib.image import imread

    return imread(io.BytesIO(path.read_bytes())).shape[:2]


def test_svg_and_pdf_are_vectors_and_the_same_each_time(runs, tmp_path):
    figure = gl.views.curves(runs["decay"], ["train_loss", "test_loss"])
    svg = figure.save(tmp_path / "x.svg").read_bytes()
    assert svg.startswith(b"<?xml")
    assert svg.count(b"<path") > 20
    assert figure.save(tmp_path / "y.svg").read_bytes() == svg
    assert figure.save(tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")
    assert figure.save(tmp_path / "y.pdf").read_bytes() == (tmp_path / "x.pdf").read_bytes()


def test_the_width_is_that_of_the_column(runs, tmp_path):
    figure = gl.views.curves(runs["decay"], ["train_loss", "test_loss"])
    assert pixels(figure.save(tmp_path / "x.png", width=3.25))[1] == pytest.approx(3.25 * 300, abs=3)
    assert pixels(figure.save(tmp_path / "x.png", width=6.75, dpi=100))[1] == pytest.approx(675, abs=1)
    svg = figure.save(tmp_path / "x.svg", width=3.25).read_text()
    assert float(re.search(r'width="([\d.]+)pt"', svg)[1]) == pytest.approx(3.25 * 72, abs=1)
    assert pixels(figure.save(tmp_path / "x.png"))[1] == pytest.approx(7.8 * 110, abs=1)  # as it was


@pytest.mark.parametrize("view", ["findings", "attention", "logits", "neurons"])
def test_every_kind_of_view_is_printed(view, tmp_path):
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=16).build(TASK, seed=0)
    shown = gl.explain(model, TASK) if view == "findings" else gl.Snapshot(model, TASK)
    for suffix in ("svg", "pdf", "png"):
        assert getattr(gl.views, view)(shown).save(tmp_path / f"x.{suffix}", width=6).stat().st_size > 1000


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("x.eps", {}, r"ends in \.eps; give a path in \.html, \.png, \.svg or \.pdf"),
        ("x.pdf", {"width": 300}, "in inches, 2 to 20"),
        ("x.pdf", {"dpi": 3}, "give 30 to 1200"),
    ],
)
def test_what_cannot_be_printed(runs, tmp_path, name, size, words):
    with pytest.raises(BadArgument, match=words):
        gl.views.curves(runs["decay"], ["train_loss"]).save(tmp_path / name, **size)


def test_runs_are_drawn_over_each_other(runs):
    figure = gl.views.curves(runs, ["train_loss", "test_accuracy"])
    assert len(figure.data) == 6
    assert [trace.name for trace in figure.data[:3]] == list(runs)
    colours = [trace.line.color for trace in figure.data]
    assert colours[:3] == colours[3:]
    assert len(set(colours)) == 3
    assert sum(trace.showlegend is not False for trace in figure.data) == 3
    table = gl.track(runs["no decay"], ["train_loss"])
    np.testing.assert_allclose(figure.data[1].y, table["train_loss"])
    assert len(gl.views.curves(runs).data) == 6  # accuracies where nobody chose
    assert len(gl.views.curves(runs, "train_loss").data) == 3
    assert len(gl.views.curves(runs, [gl.measures.train_loss]).data) == 3
    tables = {name: gl.track(run, ["train_loss", "loss"]) for name, run in runs.items()}
    assert len(gl.views.curves(tables).data) == 6
    assert len(gl.views.curves(runs["decay"], [gl.measures.Moved(since=0)]).data) == 1


@pytest.mark.parametrize("count", [1, 2, 8])
def test_a_line_under_another_is_seen_at_its_edges(runs, count):
    same = {f"copy {i}": runs["decay"] for i in range(count)}
    figure = gl.views.curves(same, ["train_loss"])
    widths = [(trace.line.width, trace.marker.size) for trace in figure.data]
    assert widths == sorted(set(widths), reverse=True)
    assert widths[-1] == (2, 4.5)
    assert len({trace.line.color for trace in figure.data}) == count


@pytest.mark.parametrize("log_steps", [True, False])
@pytest.mark.parametrize("order", [("parent", "fork"), ("fork", "parent")])
@pytest.mark.parametrize("last", [200, 900])
def test_a_run_that_starts_late_leaves_the_others_their_steps(runs, order, last, log_steps):
    """A fork begins where its parent was: the axis holds the steps of both, whichever comes first or ends last."""
    model = gl.MLP(d_mlp=16).build(TASK, seed=5)
    fork = gl.Run.of({50: model, last: model}, TASK, train_index=TASK.split(0.5, seed=0)[0])
    named = {"parent": runs["decay"], "fork": fork}
    figure = gl.views.curves({name: named[name] for name in order}, ["train_loss"], log_steps=log_steps)
    places = {trace.name: list(trace.x) for trace in figure.data}
    assert places["fork"] == [50, last]
    assert places["parent"][1:] == [10, 200]
    assert places["parent"][0] < 10
    if log_steps:
        assert 10 ** figure.layout.xaxis.range[0] < places["parent"][0]
        assert 10 ** figure.layout.xaxis.range[1] > last


def test_what_cannot_be_overlaid(runs):
    with pytest.raises(BadArgument, match=r"No run was given; .*gl\.views\.curves\("):
        gl.views.curves({})
    with pytest.raises(BadArgument, match=r"gl\.views\.compare"):
        gl.views.curves({str(i): runs["decay"] for i in range(9)})
    with pytest.raises(BadArgument, match="one number per step"):
        gl.views.curves(runs, ["logit_similarity"])
