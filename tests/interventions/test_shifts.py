"""A change of what heads read, by products of the change alone: what the model gives when it is run on from there."""

import sys

import pytest
import torch

import groklens as gl
from groklens.interventions.sent_by_heads import SentByHeads
from groklens.interventions.shifts import Shifts

TASK = gl.ModularArithmetic(11, "add")
SIZES = {"d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 32}
KINDS = {
    "one layer": {},
    "two layers, all biases": {"n_layers": 2, "bias": True},
    "another activation": {"act_fn": "gelu"},
}


def snapshot(**more):
    return gl.Snapshot(gl.Transformer(**{**SIZES, **more}).build(TASK, seed=0), TASK, step=3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("position", [None, 0])
def test_a_silent_head_is_what_hooks_make_of_it(kind, position, monkeypatch):
    seen = snapshot(**KINDS[kind])
    layer = seen.anatomy.heads[-1]
    sent = SentByHeads(seen, layer)
    assert sent._shifts is not None
    found = sent.without(1, position)
    monkeypatch.setattr(sys.modules[SentByHeads.__module__], "quick_holds", lambda *_: False)
    plain = SentByHeads(seen, layer)
    wanted = plain.without(1, position)
    assert not plain._quick
    for own, other in [
        (found.logits, wanted.logits),
        (found.neurons, wanted.neurons),
        (found.past_neurons(), wanted.past_neurons()),
    ]:
        torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-6)
    assert (found.logits - seen.logits).abs().max() > 1e-4


@pytest.mark.parametrize("more", [{"normalization": "LNPre"}, {"normalization": "LN"}])
def test_heads_behind_a_norm_have_no_shifts(more):
    seen = snapshot(**more)
    z = seen.activations(seen.anatomy.heads[-1].z)[:, -1]
    assert Shifts.found(seen, z) is None
