"""Hooks at which a model does not use what is given back are refused; those that merely change nothing are not."""

import pytest
import torch

from groklens.errors import BadArgument
from groklens.interventions import interchange, patch, resample
from groklens.interventions.dead_hooks import check_used
from groklens.models import Transformer
from groklens.snapshots import Snapshot
from groklens.tasks import ModularArithmetic

TASK = ModularArithmetic(5, "add")
SCORES = "blocks.0.attn.hook_attn_scores"


@pytest.fixture(scope="module")
def snapshot():
    model = Transformer(d_model=8, n_heads=2, d_head=4, d_mlp=8).build(TASK, seed=0)
    return Snapshot(model, TASK)


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: patch(whole, SCORES, 0 * whole.activations(SCORES)),
        lambda whole: patch(whole, SCORES, whole.activations(SCORES, -1), pos=-1),
        lambda whole: interchange(whole, SCORES, list(range(25))),
        lambda whole: resample(whole, SCORES),
    ],
)
def test_scores_that_are_only_shown_are_refused(snapshot, change):
    with pytest.raises(BadArgument, match=r"does not use .* instead, 'blocks\.0\.attn\.hook_pattern'\."):
        change(snapshot)


def test_every_other_hook_at_which_something_passes_is_used(snapshot):
    passed = snapshot.model.run_with_cache(TASK.inputs[:1])[1]
    others = [name for name in snapshot.model.hook_dict if name in passed and name != SCORES]
    assert len(others) > 20
    for name in others:
        check_used(snapshot, name)


def test_what_is_used_and_changes_nothing_is_taken(snapshot):
    silent = snapshot.model.state_dict()
    model = Transformer(d_model=8, n_heads=2, d_head=4, d_mlp=8).build(TASK, seed=0)
    model.load_state_dict({name: 0 * each if "mlp" in name else each for name, each in silent.items()})
    whole = Snapshot(model, TASK)
    after = resample(whole, "blocks.0.mlp.hook_post")
    assert torch.allclose(after.logits, whole.logits, atol=1e-6)


def test_an_earlier_edit_in_the_way_is_no_dead_hook(snapshot):
    held = patch(snapshot, "blocks.0.hook_resid_post", snapshot.activations("blocks.0.hook_resid_post"))
    assert torch.allclose(resample(held, "blocks.0.hook_resid_pre").logits, held.logits)


def test_a_model_that_answers_without_gradients_is_tried_with_another_value(snapshot):
    class Without(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.inner = model
            self.hooks, self.hook_dict = model.hooks, model.hook_dict

        @torch.no_grad()
        def forward(self, tokens):
            return self.inner(tokens)

    whole = Without(snapshot.model)
    whole.cfg, whole.run_with_cache = snapshot.model.cfg, snapshot.model.run_with_cache
    check_used(Snapshot(whole, TASK), "blocks.0.hook_resid_pre")
    with pytest.raises(BadArgument, match="does not use"):
        check_used(Snapshot(whole, TASK), SCORES)
