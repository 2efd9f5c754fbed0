"""Heads that copy are named beside random heads of the same spectrum, and no others."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures.random_heads import rotations

STATES = 16
TASK = gl.Probe(torch.arange(STATES)[None], d_vocab=STATES)


def planted(write, seed=0):
    """A model whose second head writes each token that it reads, and whose others read and write at random."""
    sizes = {"n_heads": 4, "d_model": STATES, "d_head": STATES, "d_mlp": None}
    model = gl.Transformer(n_layers=1, **sizes).build(TASK, seed=seed)
    weights = {name.replace("_original_component.", ""): own for name, own in model.named_parameters()}
    with torch.no_grad():
        weights["pos.weight"].zero_()
        weights["tok_embed.weight"].copy_(torch.eye(STATES))
        weights["head.weight"].copy_(torch.eye(STATES))
        if write:
            weights["layers.0.attn.v.weight"][STATES : 2 * STATES] = torch.eye(STATES)
            weights["layers.0.attn.o.weight"][:, STATES : 2 * STATES] = torch.eye(STATES)
    return gl.Snapshot(model, TASK)


@pytest.mark.parametrize("seed", range(3))
def test_a_head_that_copies_is_named_and_no_other(seed):
    table = gl.measures.copying_heads(planted(True, seed), seed=seed)
    assert table["head"].values[table["above"].values].tolist() == ["0.1"]
    assert float(table["score"].sel(head="0.1")) == 1.0


def test_heads_of_untrained_models_are_named_as_seldom_as_chance_has_it():
    """Some head is in one model of eleven; in three of eight by chance three times in a hundred."""
    found = [gl.measures.copying_heads(planted(False, seed), seed=seed)["above"].any() for seed in range(8)]
    assert sum(map(bool, found)) <= 2


def test_the_score_is_that_of_copying_and_of_fixed_sequences():
    snapshot = planted(True)
    whole = gl.measures.Copying()(snapshot)  # every sequence holds all tokens, and positions say nothing
    table = gl.measures.copying_heads(snapshot, draws=2)
    assert table["score"].values == pytest.approx(whole.values)
    assert table.equals(gl.measures.copying_heads(snapshot, draws=2))
    assert 0 < float(table["null"]) < 1


def test_random_heads_keep_the_spectrum():
    weights = planted(True).weights
    turns = rotations(4, STATES, seed=0).float()
    assert torch.linalg.svdvals(turns @ weights["W_O"][0]).allclose(
        torch.linalg.svdvals(weights["W_O"][0]), atol=1e-5
    )


def test_what_cannot_be_read_is_said():
    task = gl.ModularArithmetic(7)
    with pytest.raises(BadArgument, match="what heads write"):
        gl.measures.copying_heads(gl.Snapshot(gl.MLP(d_mlp=8).build(task, seed=0), task))
    with pytest.raises(BadArgument, match="draws"):
        gl.measures.copying_heads(planted(True), draws=0)
