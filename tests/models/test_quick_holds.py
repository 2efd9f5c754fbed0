"""The quick pass is taken only where it gives what the model itself gives."""

import copy

import pytest
import torch

import groklens as gl
from groklens.models.fast_pass import quick_holds

TASK = gl.ModularArithmetic(7, "add")


def bridge(**sizes):
    model = gl.Transformer(
        d_model=16, n_heads=2, d_head=8, d_mlp=32, act_fn="gelu", normalization="LN"
    ).build(TASK, 0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    return model


class Scaled(type(bridge())):
    """A bridge of which somebody overrides the forward pass."""

    def forward(self, *args, **options):
        return super().forward(*args, **options) * 3


def overridden(model):
    model.__class__ = Scaled


def ablated_by_hand(model):
    part = model.blocks[0].mlp.original_component
    forward = part.forward
    part.forward = lambda values: torch.zeros_like(forward(values))


def another_epsilon(model):
    model.cfg.eps = 0.5


def another_activation(model):
    model.blocks[0].mlp.original_component.act = torch.tanh


def hooked(model):
    model.blocks[0].mlp.register_forward_hook(lambda module, inputs, output: output * 0)


CHANGES = [overridden, ablated_by_hand, another_epsilon, another_activation, hooked]


def live(model):
    with torch.no_grad():
        return model(TASK.inputs)[:, -1, :7]


@pytest.mark.parametrize("change", CHANGES)
def test_a_snapshot_is_of_the_model_as_it_is(change):
    model = bridge()
    change(model)
    torch.testing.assert_close(gl.Snapshot(model, TASK).logits, live(model), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(live(model), live(bridge()), atol=1e-3)


def test_a_model_that_is_changed_is_run_as_it_is():
    for change in (overridden, ablated_by_hand, another_epsilon, hooked):
        model = bridge()
        change(model)
        assert not quick_holds(model, TASK.inputs, 7)


def test_our_own_models_are_run_quickly():
    assert quick_holds(bridge(), TASK.inputs, 7)
    model = bridge()
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    assert quick_holds(model, TASK.inputs, 7)


@pytest.mark.parametrize("change", [another_epsilon, another_activation, hooked])
def test_a_recording_opens_as_the_model_that_was_recorded_or_not_at_all(change, tmp_path):
    model = bridge()
    change(model)
    kept = copy.deepcopy(model)
    with gl.Recorder(model, TASK, tmp_path / "run", train_index=range(20)) as rec:
        rec.step(1)
    loss = float(rec.run.history.train_loss[-1])
    assert loss == pytest.approx(
        float(torch.nn.functional.cross_entropy(live(model)[:20], TASK.labels[:20])), rel=1e-4
    )
    with pytest.raises(gl.GroklensError, match="model="):
        _ = gl.load(tmp_path / "run").final
    found = gl.load(tmp_path / "run", model=kept).final.logits
    torch.testing.assert_close(found, live(model), rtol=1e-5, atol=1e-5)
