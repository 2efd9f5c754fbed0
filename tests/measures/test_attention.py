"""Attention scores by component: against the weights written out, on heads planted to attend by one wave."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import groklens as gl
from groklens import measures
from groklens.errors import BadArgument

P = 13
ADD = gl.ModularArithmetic(P, "add")
SMALL = {"d_model": 12, "n_heads": 2, "d_head": 6, "d_mlp": 20}


def shares_from_weights(weights, places, query):
    """Share of each frequency in each head's score row: query W_Q · (W_E W_K), by a discrete transform."""
    n, table = len(places), []
    for head in range(weights["W_Q"].shape[1]):
        keys = weights["W_E"][:n] @ weights["W_K"][0, head]
        row = (keys @ (query @ weights["W_Q"][0, head])).double().numpy()
        moved = np.empty(n)
        moved[places] = row
        power = np.abs(np.fft.fft(moved)) ** 2
        pooled = [power[k] if 2 * k == n else power[k] + power[-k] for k in range(1, n // 2 + 1)]
        table.append(np.array(pooled) / sum(pooled))
    return np.array(table)


def key_weights(model):
    """Where a bridge keeps W_K, (head · d_head, d_model); what its W_K gives is a copy."""
    return model.state_dict()["blocks.0.attn.k.weight"]


def logs_of_residues(p):
    root = next(r for r in range(2, p) if len({pow(r, e, p) for e in range(p - 1)}) == p - 1)
    return np.argsort([pow(root, e, p) for e in range(p - 1)])


@pytest.mark.parametrize("op", ["add", "sub", "mul"])
def test_the_score_row_of_the_separator_from_the_weights(op):
    task = gl.ModularArithmetic(P, op)
    snapshot = gl.Snapshot(gl.Transformer(**SMALL).build(task, seed=1), task)
    weights = snapshot.weights
    query = weights["W_E"][task.inputs[0, -1]] + weights["W_pos"][-1]
    places = logs_of_residues(P) if op == "mul" else np.arange(P)
    expected = shares_from_weights(weights, places, query)
    assert measures.attention_explained(snapshot).values == pytest.approx(expected.max(axis=1), rel=1e-3)
    assert measures.attention_component(snapshot).values.tolist() == (expected.argmax(axis=1) + 1).tolist()


def test_without_a_separator_power_is_summed_over_the_second_operand():
    task = gl.ModularArithmetic(P, "add", separator=False)
    snapshot = gl.Snapshot(gl.Transformer(**SMALL).build(task, seed=1), task)
    weights = snapshot.weights
    queries = (weights["W_E"][:P] + weights["W_pos"][-1]).double()
    for head, found in enumerate(measures.attention_explained(snapshot).values):
        keys = (weights["W_E"][:P] @ weights["W_K"][0, head]).double()
        rows = (keys @ (queries @ weights["W_Q"][0, head].double()).T).numpy()
        power = (np.abs(np.fft.fft(rows, axis=0)) ** 2).sum(axis=1)
        assert found == pytest.approx(max(2 * power[1 : P // 2 + 1]) / power[1:].sum(), rel=1e-3)


def test_a_head_planted_to_attend_by_one_wave():
    model = gl.Transformer(**SMALL).build(ADD, seed=1)
    angle = 2 * np.pi * torch.arange(P) / P
    keys = key_weights(model)
    with torch.no_grad():
        model.W_E[:P] = 0
        keys.zero_()
        for head, k in enumerate((2, 5)):
            model.W_E[:P, 2 * head] = torch.cos(k * angle + 1)
            keys[6 * head, 2 * head] = 1.0
    snapshot = gl.Snapshot(model, ADD)
    assert measures.attention_component(snapshot).values.tolist() == [2, 5]
    assert measures.attention_explained(snapshot).values == pytest.approx([1.0, 1.0], abs=1e-6)


def test_an_untrained_head_follows_no_component():
    task = gl.ModularArithmetic(59, "add")
    snapshot = gl.Snapshot(gl.Transformer(**SMALL).build(task, seed=0), task)
    assert (measures.attention_explained(snapshot) < 0.4).all()


def test_other_groups_have_their_irreps():
    task = gl.GroupComposition("S3")
    model = gl.Transformer(**SMALL).build(task, seed=1)
    snapshot = gl.Snapshot(model, task)
    assert set(measures.attention_component(snapshot).values.tolist()) <= {"sign", "standard"}
    with torch.no_grad():
        key_weights(model).zero_()
    still = gl.Snapshot(model, task)
    assert measures.attention_explained(still).values.tolist() == [0.0, 0.0]


def test_models_without_attention_are_refused_and_left_out_of_tables():
    snapshot = gl.Snapshot(gl.planted(ADD, [2, 5]), ADD)
    for measure in (measures.attention_component, measures.attention_explained):
        with pytest.raises(BadArgument, match=r"needs attention, and this model has no blocks\.0\.attn"):
            measure(snapshot)
    run = SimpleNamespace(task=ADD, steps=[0], at=lambda step: snapshot)
    table = gl.track(run, [measures.loss, measures.attention_explained])
    assert json.loads(table.attrs["left_out"]) == {"attention_explained": ["attention"]}
