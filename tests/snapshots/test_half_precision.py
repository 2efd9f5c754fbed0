"""Models in half precision: looked at in float32, and left in their own type."""

import pytest
import torch

import groklens as gl

TASK = gl.ModularArithmetic(13, "add")
HALF = (torch.bfloat16, torch.float16)
half = pytest.mark.parametrize("dtype", HALF, ids=str)


def snapshot(dtype):
    return gl.Snapshot(gl.planted(TASK, [2, 5]).to(dtype), TASK, train_index=TASK.split(0.5, 0)[0])


@half
def test_everything_that_is_looked_at_is_float32(dtype):
    looked_at = snapshot(dtype)
    found = {"logits": looked_at.logits, "neurons": looked_at.neurons, **looked_at.weights}
    found["hook"] = looked_at.activations("blocks.0.mlp.hook_post")
    assert {name: value.dtype for name, value in found.items()} == dict.fromkeys(found, torch.float32)


@half
def test_the_logits_are_those_of_the_model_in_its_own_precision(dtype):
    looked_at = snapshot(dtype)
    with torch.no_grad():
        own = looked_at.model(TASK.inputs)
    assert own.dtype == dtype
    assert torch.equal(looked_at.logits, own[:, -1, :13].float() if own.ndim == 3 else own[:, :13].float())


@half
def test_explained_drawn_and_measured_to_the_end(dtype, tmp_path):
    looked_at = snapshot(dtype)
    before = {name: value.clone() for name, value in looked_at.model.state_dict().items()}
    why = gl.explain(looked_at)
    assert why.circuit == gl.Circuit("C13", [2, 5])
    why.to_html(tmp_path / "why.html")
    table = gl.track(looked_at, ["PROGRESS", "CLOCK_PIZZA", "REPRESENTATIONS"])
    assert table.attrs["left_out"] == "{}"
    assert float(gl.measures.all_accuracy(gl.interventions.keep(looked_at, [2, 5], at="neurons"))) == 1
    after = looked_at.model.state_dict()
    assert all(
        after[name].dtype == dtype and torch.equal(after[name], value) for name, value in before.items()
    )
