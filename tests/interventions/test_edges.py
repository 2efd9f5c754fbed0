"""What edges are worth, on models whose inside is known and against hooks used by hand."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.interventions import clusters, edges, edges_in

P = 13
ADD = gl.ModularArithmetic(P, "add")
CIRCUIT = gl.Circuit("C13", [2, 5])


@pytest.fixture(scope="module")
def clock():
    return gl.Snapshot(gl.planted(ADD, [2, 5]), ADD)


@pytest.fixture(scope="module")
def transformer():
    spec = gl.Transformer(n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=32)
    return gl.Snapshot(spec.build(ADD, seed=0), ADD, step=3)


def loss(logits):
    return torch.nn.functional.cross_entropy(logits.double(), ADD.labels).item()


def test_every_edge_of_a_planted_clock_is_worth_something(clock):
    found = edges_in(edges(clock, CIRCUIT))
    nodes = {edge.source for edge in found} | {edge.target for edge in found}
    assert {node.component for node in nodes if node.kind == "cluster"} == {2, 5}
    assert {node.name for node in nodes if node.kind == "token"} == {"a", "b"}
    assert all(edge.effect > 0.01 for edge in found)


def test_a_component_that_is_not_there_has_no_cluster(clock):
    found = edges_in(edges(clock, gl.Circuit("C13", [2, 3])))
    by_kind = {
        (edge.source.kind, edge.source.component): edge for edge in found if edge.target.kind == "logits"
    }
    assert set(by_kind) == {("cluster", 2), ("neurons", None)}
    assert by_kind["neurons", None].effect > 0.01


def test_ablating_a_cluster_is_what_its_edge_says(clock):
    members = clusters(clock, CIRCUIT)[5]
    silent = gl.interventions.ablate(clock, members)
    (edge,) = [e for e in edges_in(edges(clock, CIRCUIT)) if e.source.component == 5]
    assert edge.effect == pytest.approx(loss(silent.logits) - loss(clock.logits), abs=1e-6)
    assert edge.source.size == len(members)


def test_a_cluster_that_is_not_read_is_worth_nothing():
    """The control: neurons that compute with a component, and whose readout is zero."""
    model = gl.planted(ADD, [2, 5])
    idle = clusters(gl.Snapshot(model, ADD), CIRCUIT)[5]
    with torch.no_grad():
        model.state_dict()["unembed.W_U"][idle] = 0
    found = {
        e.source.component: e
        for e in edges_in(edges(gl.Snapshot(model, ADD), CIRCUIT))
        if e.target.kind == "logits"
    }
    assert found[5].effect == pytest.approx(0, abs=1e-7)
    assert found[2].effect > 0.01
    if found[2].control is not None:
        assert found[2].effect > found[2].control.high


def test_edges_of_heads_agree_with_hooks_used_by_hand(transformer):
    model = transformer.model
    _, cache = model.run_with_cache(ADD.inputs)
    z, post = cache["blocks.0.attn.hook_z"], cache["blocks.0.mlp.hook_post"]

    def quiet(found, hook):
        found = found.clone()
        found[:, :, 1] = z[:, :, 1].mean(dim=0)
        return found

    def frozen(found, hook):
        return post

    hooks = [("blocks.0.attn.hook_z", quiet), ("blocks.0.mlp.hook_post", frozen)]
    with torch.no_grad():
        by_hand = loss(model.run_with_hooks(ADD.inputs, fwd_hooks=hooks)[:, -1])
    found = edges_in(edges(transformer, CIRCUIT))
    (edge,) = [e for e in found if e.source.name == "head 0.1" and e.target.kind == "logits"]
    assert edge.effect == pytest.approx(by_hand - loss(transformer.logits), abs=1e-6)


def test_a_token_edge_takes_out_what_the_head_gets_from_there(transformer):
    """All positions together are the whole head: their parts of z add up to it."""
    model = transformer.model
    _, cache = model.run_with_cache(ADD.inputs)
    z, pattern = cache["blocks.0.attn.hook_z"], cache["blocks.0.attn.hook_pattern"]
    part = pattern[:, 0, :, 1, None] * cache["blocks.0.attn.hook_v"][:, 1, None, 0]

    def quiet(found, hook):
        found = found.clone()
        found[:, :, 0] = z[:, :, 0] + part.mean(dim=0) - part
        return found

    with torch.no_grad():
        logits = model.run_with_hooks(ADD.inputs, fwd_hooks=[("blocks.0.attn.hook_z", quiet)])[:, -1]
    found = edges_in(edges(transformer, CIRCUIT))
    (edge,) = [e for e in found if e.source.name == "b" and e.target.name == "head 0.0"]
    assert edge.effect == pytest.approx(loss(logits) - loss(transformer.logits), abs=1e-6)


def test_the_table_holds_every_edge_and_its_control(clock):
    table = edges(clock, CIRCUIT)
    assert table["effect"].attrs["units"] == "nats"
    rows = table.to_dataframe()
    assert set(rows[rows.target == "logits"].source_component) >= {2, 5}
    for edge, (_, row) in zip(edges_in(table), rows.iterrows(), strict=True):
        assert (edge.source.name, edge.target.kind, edge.effect) == (row.source, row.target_kind, row.effect)
        assert (edge.control is None) == (row.control_mean != row.control_mean)
    drawn = gl.views.circuit(table)
    assert drawn.text == gl.views.circuit(clock, CIRCUIT).text
    with pytest.raises(BadArgument, match="A table of edges is meant"):
        edges_in(gl.track(clock, "loss"))


def test_a_node_without_a_component_has_none_beside_irreps_that_have_names():
    """Tables make NaN of what is missing among names, and a diagram once called tokens and logits `nan`."""
    task = gl.GroupComposition("S3")
    model = gl.MLP(d_mlp=12, d_embed=8).build(task, seed=0)
    circuit = gl.Circuit("S3", ["standard"])
    found = edges_in(edges(gl.Snapshot(model, task), circuit))
    nodes = [node for edge in found for node in (edge.source, edge.target)]
    assert {node.component for node in nodes} <= {None, "standard"}
    assert {node.component for node in nodes if node.kind != "cluster"} == {None}
    drawn = gl.views.circuit(gl.Snapshot(model, task), circuit)
    labels = {text for trace in drawn.data for text in trace.text or ()}
    assert {"a", "b", "logits"} <= labels
    assert "nan" not in labels


def test_a_circuit_of_another_group_is_refused(clock):
    with pytest.raises(BadArgument, match="C7"):
        edges_in(edges(clock, gl.Circuit("C7", [1])))
