"""A table whose operands stand elsewhere than at the first two positions: the same answers as where they do."""

import json
from types import SimpleNamespace

import jaxtyping
import pytest
import torch
import xarray as xr

import groklens as gl
from groklens.errors import BadArgument
from groklens.interventions import edges, edges_in
from groklens.models import run_logits
from groklens.models.fast_pass import quick_logits
from groklens.models.lens import HookedRootModule
from groklens.models.rebuild import describe_model, rebuild_model
from groklens.tasks import task_from_spec

N = 13
PLAIN = gl.ModularArithmetic(N, "add")
A, B = PLAIN.inputs[:, 0], PLAIN.inputs[:, 1]
OP, EQUALS = torch.full_like(A, N), torch.full_like(A, N + 1)
#: Where the operands are, the columns, and what the positions are called.
LAYOUTS = {
    "a op b =": ((0, 2), (A, OP, B, EQUALS), ["a", "13", "b", "14"]),
    "op a b": ((1, 2), (OP, A, B), ["13", "a", "b"]),
    "b a =": ((1, 0), (B, A, EQUALS), ["b", "a", "14"]),
    "= b op a": ((3, 1), (EQUALS, B, OP, A), ["14", "b", "13", "a"]),
}


@pytest.fixture(params=LAYOUTS)
def layout(request):
    operands, columns, names = LAYOUTS[request.param]
    table = gl.TableTask(torch.stack(columns, dim=1), PLAIN.labels, f"C{N}", operands)
    return table, names


class Wrapped(HookedRootModule):
    """A model on `a b =` that is shown an input of another layout, and reads its operands from there."""

    def __init__(self, inner, positions):
        super().__init__()
        self.cfg = SimpleNamespace(**{name: x for name, x in vars(inner.cfg).items() if name != "positions"})
        self.blocks, self.hook_embed, self.unembed = inner.blocks, inner.hook_embed, inner.unembed
        self.W_E, self.W_in, self.b_in = inner.W_E, inner.W_in, inner.b_in
        self._inner, self._positions = [inner], list(positions)
        self.setup()

    W_U = property(lambda self: self.unembed["W_U"])

    def forward(self, tokens):
        return self._inner[0](tokens[:, self._positions])


def test_they_are_found_where_they_are(layout):
    task, names = layout
    assert task.follows_group
    assert torch.equal(task.symmetry.elements, PLAIN.symmetry.elements)
    assert task.position_names == names
    assert task.operand_names == ("a", "b")
    assert task.grid == (N, N)
    again = task_from_spec(json.loads(json.dumps(task.spec())))
    assert again == task
    assert again.operand_positions == task.operand_positions
    assert again.digest == task.digest


def test_a_planted_circuit_is_found(layout):
    task, _ = layout
    plain = gl.planted(PLAIN, [2, 5])
    for given in (gl.planted(task, [2, 5]), Wrapped(plain, task.operand_positions)):
        snapshot = gl.Snapshot(given, task)
        assert torch.equal(snapshot.logits, gl.Snapshot(plain, PLAIN).logits)
        assert gl.find_circuit(snapshot) == gl.Circuit(f"C{N}", [2, 5])


def test_measures_and_interventions_give_the_same_numbers(layout):
    task, _ = layout
    here, there = (gl.Snapshot(gl.planted(t, [2, 5]), t, train_index=range(50)) for t in (task, PLAIN))
    # llc walks in the order of tokens, and the positions of the loss are where they are
    names = [each for each in gl.measures.ALL if each.__name__ not in ("llc", "loss_by_position")]
    one, other = (gl.track(s, names) for s in (here, there))
    assert len(one) > 30
    assert one.left_out == other.left_out
    xr.testing.assert_equal(one, other)
    for at in ("logits", "neurons", "embeddings"):
        one, other = (gl.interventions.keep(s, [2], at).logits for s in (here, there))
        assert torch.equal(one, other), at
    for found in gl.measures.circles(there):
        one, other = (gl.measures.isolated_logits(s, found) for s in (here, there))
        assert torch.equal(one, other)
    assert [e.effect for e in edges_in(edges(here, [2, 5]))] == [
        e.effect for e in edges_in(edges(there, [2, 5]))
    ]


def test_an_explanation_is_the_same(layout):
    task, _ = layout
    here, there = (gl.explain(gl.planted(t, [2, 5]), t) for t in (task, PLAIN))
    assert here.algorithm == there.algorithm == "clock"
    assert str(here.circuit) == str(there.circuit)
    assert [(f.key, f.verdict) for f in here.findings] == [(f.key, f.verdict) for f in there.findings]


def test_captured_operands_are_the_operands(layout):
    task, _ = layout
    acts = gl.capture(gl.Snapshot(gl.planted(task, [2, 5]), task), "blocks.0.mlp.hook_post")
    assert acts["a"].values.tolist() == A.tolist()
    assert acts["b"].values.tolist() == B.tolist()


@pytest.mark.parametrize("d_embed", [None, 8])
def test_an_mlp_reads_its_operands(layout, d_embed):
    task, _ = layout
    spec = gl.MLP(d_mlp=16, d_embed=d_embed)
    model = spec.build(task, seed=0)
    narrow = spec.build(gl.TableTask(PLAIN.operands, PLAIN.labels, f"C{N}", d_vocab=task.d_vocab), seed=0)
    assert torch.equal(model(task.inputs), narrow(PLAIN.operands))
    quick, plain = quick_logits(model, task.inputs, N), run_logits(model, task.inputs, N)
    torch.testing.assert_close(quick, plain)
    again = rebuild_model(json.loads(json.dumps(describe_model(model))))
    again.load_state_dict(model.state_dict())
    assert torch.equal(again(task.inputs), model(task.inputs))


def test_a_transformer_on_a_op_b_trains_and_is_looked_at(tmp_path):
    task = gl.TableTask(torch.stack((A, OP, B, EQUALS), dim=1), PLAIN.labels, f"C{N}", (0, 2))
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32)
    recipe = gl.Recipe(task=gl.Corrupted(task, 0.1), model=model, steps=2, evaluate_every=1, keep=gl.Every(1))
    run = gl.train(recipe, into=tmp_path / "run", progress=False)
    assert run.task.operand_positions == (0, 2)
    assert run.task.position_names == ["a", "13", "b", "14"]
    snapshot = gl.load(tmp_path / "run").final
    keys = snapshot.activations("blocks.0.attn.hook_k", pos=0)
    assert len(keys) == N * N
    found = gl.measures.attention_explained(snapshot)
    assert found.sizes["head"] == 2
    gl.interventions.keep(snapshot, [1], "embeddings")
    found = edges_in(edges(snapshot, [1]))
    assert {edge.source.name for edge in found if edge.source.kind == "token"} == {"a", "13", "b", "14"}


def test_attention_to_the_first_operand_wherever_it_is():
    """Scores that depend on `a` alone, at position 2, are seen there."""
    task = gl.TableTask(torch.stack((OP, B, A, EQUALS), dim=1), PLAIN.labels, f"C{N}", (2, 1))
    model = gl.Transformer(d_model=16, n_heads=1, d_head=8, d_mlp=8).build(task, seed=0)
    moved = gl.TableTask(torch.stack((A, B, OP, EQUALS), dim=1), PLAIN.labels, f"C{N}")
    with torch.no_grad():
        model.pos_embed.W_pos.zero_()
    one, other = (gl.measures.attention_explained(gl.Snapshot(model, t)) for t in (task, moved))
    assert float(one[0]) == pytest.approx(float(other[0]), rel=1e-5)


def test_the_specification_of_a_table_is_what_it_was():
    task = gl.TableTask(PLAIN.inputs, PLAIN.labels, f"C{N}")
    assert "operands" not in task.spec()
    assert "operands" not in gl.TableTask(PLAIN.inputs, PLAIN.labels, f"C{N}", (0, 1)).spec()
    assert gl.TableTask([[0], [1]], [0, 1]).operand_positions == (0,)
    model = gl.MLP().build(task, seed=0)
    assert "positions" not in describe_model(model)["config"]


@pytest.mark.parametrize(
    ("operands", "words"),
    [
        ((0, 4), r"two different positions of 0 to 3"),
        ((1, 1), r"two different positions"),
        ((0, -4), r"two different positions"),
        ((0,), r"such as \(0, 2\)"),
        ((0, 1, 2), r"such as \(0, 2\)"),
        ("02", r"such as \(0, 2\)"),
        ((0, 2.5), r"whole number"),
        ((0, 10**400), r"whole number"),
        (2, r"such as \(0, 2\)"),
        ((0, 1), r"first two positions must be its elements, 0 to 12\. .*operands=\(0, 2\)"),
        ((0, 3), r"positions 0 and 3 must be its elements"),
    ],
)
def test_positions_that_hold_no_operands(operands, words, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as for a caller outside the tests
    inputs = torch.stack((A, OP, B, EQUALS), dim=1)
    with pytest.raises(BadArgument, match=words):
        gl.TableTask(inputs, PLAIN.labels, f"C{N}", operands)


def test_positions_from_the_end():
    task = gl.TableTask(torch.stack((A, OP, B, EQUALS), dim=1), PLAIN.labels, f"C{N}", (0, -2))
    assert task.operand_positions == (0, 2)


def test_a_model_that_reads_other_positions_is_refused_where_its_embeddings_are_meant():
    task = gl.TableTask(torch.stack((A, OP, B, EQUALS), dim=1), PLAIN.labels, f"C{N}", (0, 2))
    snapshot = gl.Snapshot(gl.planted(PLAIN, [2, 5]), task)
    with pytest.raises(BadArgument, match=r"at positions 0, 2, and this HookedMLP reads positions 0, 1"):
        gl.interventions.keep(snapshot, [2], "embeddings")
