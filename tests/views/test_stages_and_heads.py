"""What `stages` and `heads` draw: every number where it is, a colour a label, a line a seed."""

import numpy as np
import pytest
import xarray as xr

import groklens as gl
from groklens.errors import BadArgument

STEPS = [0, 10, 100]
NAMES = ["uniform", "bigram"]


def table(seeds=None):
    shape = (len(STEPS), 2)
    kl = np.arange(6.0).reshape(shape) / 10
    dims = ("step",)
    if seeds:
        kl, dims = np.stack([kl + seed for seed in range(seeds)]), ("seed", "step")
    coords = {"step": ("step", STEPS, {"long_name": "training step", "units": "updates"}), "reference": NAMES}
    nats = {"units": "nats", "long_name": "KL"}
    variables = {
        "mean_kl": ((*dims, "reference"), kl, nats),
        "loss": (dims, kl[..., 0], {"units": "nats", "long_name": "loss"}),
        "reference_loss": ("reference", [1.1, 0.9], {"units": "nats"}),
        "previous_token": ((*dims, "head"), kl, {"units": "share of attention", "long_name": "previous"}),
    }
    return xr.Dataset(variables, coords=coords | {"head": ["0.0", "1.0"]})


def test_each_reference_is_a_curve_and_a_level():
    figure = gl.views.stages(table())
    curves = [line for line in figure.data if line.line.dash != "dash"]
    assert [line.name for line in curves] == [*NAMES, "loss"]
    np.testing.assert_array_equal(curves[1].y, table()["mean_kl"].sel(reference="bigram").values)
    levels = {line.name: line for line in figure.data if line.line.dash == "dash"}
    assert {name: line.y[0] for name, line in levels.items()} == {"uniform": 1.1, "bigram": 0.9}
    assert all(levels[name].line.color == curves[i].line.color for i, name in enumerate(NAMES))
    assert "KL(reference‖model) of the references uniform, bigram" in figure.text


def test_every_seed_is_a_line_and_is_named_once():
    figure = gl.views.heads(table(seeds=3), "previous_token")
    assert len(figure.data) == 6
    assert [line.name for line in figure.data if line.showlegend] == ["0.0", "1.0"]
    assert gl.views.stages(table(seeds=3)).text


def test_a_run_is_measured_and_what_cannot_be_drawn_is_refused():
    task = gl.tasks.MarkovChains(states=2, length=6)
    snapshot = gl.Snapshot(gl.hypotheses.planted_induction(task), task)
    assert {line.name for line in gl.views.heads(snapshot).data} == {"0.0", "1.0"}
    assert "unigram" in {line.name for line in gl.views.stages(snapshot).data}
    with pytest.raises(BadArgument, match="no KL from references"):
        gl.views.stages(table().drop_vars("mean_kl"))
    with pytest.raises(BadArgument, match="step × head"):
        gl.views.heads(table(), "loss")
