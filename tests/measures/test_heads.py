"""Scores of attention heads on patterns written by hand."""

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.memory import BUDGETS

TASK = gl.Probe([[0, 1, 0, 1, 2, 0], [1, 1, 0, 2, 1, 0]], d_vocab=3)


def snapshot(pattern, task=TASK):
    """A model of one layer and two heads, whose second head attends as `pattern` says (query × key)."""
    model = gl.Transformer(n_layers=1, n_heads=2, d_model=8, d_head=4, d_mlp=None).build(task, seed=0)

    def put(value, hook):
        changed = value.clone()
        changed[:, 1] = pattern
        return changed

    model.add_hook("blocks.0.attn.hook_pattern", put)
    return gl.Snapshot(model, task)


def test_a_head_that_looks_one_back_scores_one():
    back = torch.eye(6).roll(-1, dims=1)
    found = gl.measures.previous_token(snapshot(back))
    assert found["head"].values.tolist() == ["0.0", "0.1"]
    assert float(found.sel(head="0.1")) == 1.0 > float(found.sel(head="0.0"))


def test_a_head_that_attends_evenly_has_what_chance_gives():
    even = torch.ones(6, 6).tril() / torch.arange(1, 7)[:, None]
    found = gl.measures.previous_token(snapshot(even)).sel(head="0.1")
    assert float(found) == pytest.approx(sum(1 / t for t in range(2, 7)) / 5)
    # Of 0 1 0 1 2 0: positions 2 (what followed a 0: 1 of 3), 3 (1 of 4) and 5 (2 of 6); of 1 1 0 2 1 0: positions
    # 1 (1 of 2, itself), 4 (2 of 5) and 5 (1 of 6).
    found = gl.measures.induction(snapshot(even)).sel(head="0.1")
    assert float(found) == pytest.approx((1 / 3 + 1 / 4 + 2 / 6 + 1 / 2 + 2 / 5 + 1 / 6) / 6)


def test_a_repetition_is_matched_by_looking_a_length_back():
    task = gl.Probe([[0] * 6], d_vocab=3)
    back = torch.eye(6).roll(2, dims=0)  # query t looks at t − 2, what came after the first occurrence
    score = gl.measures.PrefixMatching(sequences=4)
    assert float(score(snapshot(back, task)).sel(head="0.1")) == 1.0
    assert float(score(snapshot(torch.eye(6), task)).sel(head="0.1")) == 0.0
    with pytest.raises(BadArgument, match="at most 3"):
        gl.measures.PrefixMatching(length=4)(snapshot(back, task))


def test_models_without_patterns_are_refused_by_name():
    task = gl.ModularArithmetic(7)
    with pytest.raises(BadArgument, match="needs attention patterns"):
        gl.measures.previous_token(gl.Snapshot(gl.MLP(d_mlp=8).build(task, seed=0), task))


def test_rest_at_the_first_token_is_told_apart():
    rest = torch.zeros(6, 6)
    rest[:, 0] = 1.0
    assert float(gl.measures.first_token(snapshot(rest)).sel(head="0.1")) == 1.0
    even = torch.ones(6, 6).tril() / torch.arange(1, 7)[:, None]
    found = gl.measures.first_token(snapshot(even)).sel(head="0.1")
    assert float(found) == pytest.approx(sum(1 / t for t in range(2, 7)) / 5)


def test_patterns_are_reduced_block_by_block(monkeypatch):
    task = gl.Probe(torch.randint(3, (9, 6), generator=torch.Generator().manual_seed(0)), d_vocab=3)
    model = gl.Transformer(n_layers=2, n_heads=2, d_model=8, d_head=4, d_mlp=None).build(task, seed=0)
    whole = [measure(gl.Snapshot(model, task)) for measure in gl.measures.HEADS]
    seen = []
    model.add_hook("blocks.0.attn.hook_pattern", lambda value, hook: seen.append(len(value)))
    monkeypatch.setattr(BUDGETS, "block", 2 * 4 * 4 * 2 * 6 * 6)  # two inputs of them
    cut = [measure(gl.Snapshot(model, task)) for measure in gl.measures.HEADS]
    assert max(seen) <= 2
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_allclose(one.values, other.values, atol=1e-6)


def test_a_model_that_is_changed_shows_the_pattern_it_attends_by():
    given = snapshot(torch.eye(6))
    hook = "blocks.0.attn.hook_pattern"
    rest = torch.zeros_like(given.activations(hook))
    rest[..., 0] = 1.0
    changed = gl.interventions.patch(given, hook, rest)
    assert gl.measures.first_token(changed).values.tolist() == [1.0, 1.0]


def test_what_fills_up_texts_of_several_lengths_is_not_looked_at(tmp_path):
    """The filling repeats a token, and would be taken for a repetition: no text here has one."""
    days = gl.tasks.WEEKDAYS
    gl.hypotheses.save_planted_circle(tmp_path, days, layer=0, n_layers=1)
    tokenizer = gl.tasks.tokenizer_of(tmp_path)
    long, short = (gl.tasks.Words(texts, days, tokenizer) for texts in (["the {} day"], ["{}", "the {} day"]))
    assert short.padded
    scores = gl.track(gl.load(tmp_path, task=short), ["induction", "first_token"])
    assert float(scores["induction"].max()) == 0
    # Of the shorter text the word comes first, so that what is asked is the longer's word alone.
    pattern = gl.load(tmp_path, task=long).final.activations("blocks.0.attn.hook_pattern")
    assert float(scores["first_token"].squeeze()) == pytest.approx(float(pattern[:, 0, 1, 0].mean()))
