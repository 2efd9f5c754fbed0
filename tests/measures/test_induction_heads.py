"""Planted induction heads are named, and no others: not a head that looks back by position, nor a random one."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures.copying import distinct_tokens
from groklens.measures.head_patterns import repeated
from groklens.measures.induction_heads import _shuffled

TASK = gl.Probe(torch.randint(24, (4, 24), generator=torch.Generator().manual_seed(0)), d_vocab=24)


def named(snapshot, **arguments):
    table = gl.measures.induction_heads(snapshot, sequences=4, draws=5, **arguments)
    return table["head"].values[table["above"].values].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_the_planted_head_is_named_and_no_other(seed):
    model = gl.hypotheses.planted_induction(TASK, bystanders=2, seed=seed)
    assert named(gl.Snapshot(model, TASK), seed=seed) == ["1.0"]


def test_a_head_that_looks_back_by_position_is_not_named():
    model = gl.Transformer(n_layers=1, n_heads=2, d_model=16, d_head=8, d_mlp=None).build(TASK, seed=0)

    def a_length_back(value, hook):
        changed = value.clone()
        changed[:, 1] = torch.eye(24).roll(11, dims=0)
        return changed

    model.add_hook("blocks.0.attn.hook_pattern", a_length_back)
    table = gl.measures.induction_heads(gl.Snapshot(model, TASK), draws=3)
    assert float(table["score"].sel(head="0.1")) == 1.0
    assert float(table["null"].sel(head="0.1")) >= 1.0
    assert not bool(table["above"].any())


@pytest.mark.parametrize("states", [3, 24])
def test_a_head_that_avoids_its_own_token_is_not_named(states):
    """Of few tokens much is left for each of the others, and so for what followed; no less where it is shuffled."""
    task = gl.Probe(TASK.inputs % states, d_vocab=states)
    model = gl.Transformer(n_layers=1, n_heads=2, d_model=32, d_head=32, d_mlp=None).build(task, seed=0)
    weights = {name.replace("_original_component.", ""): own for name, own in model.named_parameters()}
    one = torch.eye(states, 32)
    with torch.no_grad():
        weights["pos.weight"].zero_()
        weights["tok_embed.weight"].copy_(one)
        weights["layers.0.attn.q.weight"][:32] = -100 * torch.eye(32)
        weights["layers.0.attn.k.weight"][:32] = torch.eye(32)
    table = gl.measures.induction_heads(gl.Snapshot(model, task), length=min(states, 12))
    assert float(table["score"].sel(head="0.0")) > float(table["score"].sel(head="0.1"))
    assert float(table["shuffled"].sel(head="0.0")) >= float(table["score"].sel(head="0.0"))
    assert not bool(table["above"].any())


@pytest.mark.parametrize("length", [3, 4, 7])
def test_neither_the_present_token_nor_what_followed_it_stands_where_a_shuffled_score_is_taken(length):
    once = distinct_tokens(9, length, 50, seed=0)
    tokens = _shuffled(once, torch.Generator().manual_seed(0))
    assert torch.equal(tokens[:, :length].sort(dim=1).values, tokens[:, length:].sort(dim=1).values)
    asked = repeated(tokens).keys[:, length:].int().argmax(dim=-1)
    present, before = tokens[:, length:], tokens.gather(1, asked - 1)
    assert not (tokens.gather(1, asked) == present).any()
    assert not (before == present).any()


def test_no_head_of_an_untrained_model_is_named():
    model = gl.Transformer(n_layers=2, n_heads=4, d_model=16, d_head=4, d_mlp=None).build(TASK, seed=0)
    assert named(gl.Snapshot(model, TASK)) == []


def test_groups_of_heads_may_share_keys_and_values(tmp_path):
    sizes = {"num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 16, "intermediate_size": 16}
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(num_hidden_layers=2, vocab_size=24, max_position_embeddings=24, **sizes)
    ).save_pretrained(tmp_path)
    snapshot = gl.load(tmp_path, task=gl.Probe(TASK.inputs)).final
    before = {name: value.clone() for name, value in snapshot.model.state_dict().items()}
    assert named(snapshot) == []
    table = gl.track(snapshot, gl.measures.HEADS)
    assert table["head"].values.tolist() == [f"{layer}.{head}" for layer in range(2) for head in range(4)]
    assert table["copying"].shape == (1, 8)
    assert all(torch.equal(value, before[name]) for name, value in snapshot.model.state_dict().items())


def test_what_cannot_be_compared_is_said():
    snapshot = gl.Snapshot(gl.hypotheses.planted_induction(TASK), TASK)
    with pytest.raises(BadArgument, match="at most 12"):
        gl.measures.induction_heads(snapshot, length=13)
    with pytest.raises(BadArgument, match=r"give length=3 or more, .*PrefixMatching"):
        gl.measures.induction_heads(snapshot, length=2)
    few = gl.Probe(torch.zeros(2, 24, dtype=torch.long), d_vocab=4)
    with pytest.raises(BadArgument, match="none of which comes twice"):
        gl.measures.induction_heads(gl.Snapshot(gl.hypotheses.planted_induction(few), few), length=6)
    task = gl.ModularArithmetic(7)
    with pytest.raises(BadArgument, match="needs attention patterns"):
        gl.measures.induction_heads(gl.Snapshot(gl.MLP(d_mlp=8).build(task, seed=0), task))
