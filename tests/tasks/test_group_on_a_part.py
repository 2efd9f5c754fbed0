"""A group that acts on some inputs only, or by other tokens than 0, 1, …: the same numbers as where it acts plainly."""

import math

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import groklens as gl
from groklens.errors import BadArgument
from groklens.groups import cyclic, nonzero_residues
from groklens.tasks import task_from_spec

P = 11
PLAIN = gl.ModularArithmetic(P, "add")
#: Element e is the token TOKENS[e] and the class CLASSES[e]; 0 and 1 are an operator and "=".
SHUFFLED = torch.randperm(P, generator=torch.Generator().manual_seed(3))
TOKENS, CLASSES = SHUFFLED + 2, SHUFFLED.flip(0)
ZERO = gl.ModularArithmetic(P, "mul", zero=True)


def renamed(operands=(0, 1)):
    """The plain table by other tokens and classes."""
    a, b = TOKENS[PLAIN.operands].unbind(dim=1)
    inputs = torch.stack((a, b, torch.ones_like(a)), dim=1)
    return gl.TableTask(
        inputs, CLASSES[PLAIN.labels], f"C{P}", operands, elements=TOKENS, classes=CLASSES, d_vocab=P + 2
    )


def moved(spec):
    """A model on the plain table, and the same one on the renamed table."""
    here, there = spec.build(PLAIN, seed=0), spec.build(renamed(), seed=0)
    token_rows = torch.cat([TOKENS, torch.tensor([1])])  # where the elements and "=" went
    with torch.no_grad():
        for (name, old), new in zip(here.named_parameters(), there.parameters(), strict=True):
            if (
                name.startswith("tok_embed")
                or name.endswith("W_E")
                or (name == "W_in" and spec.d_embed is None)
            ):
                new.zero_()
                new[..., token_rows, :] = old
            elif name.startswith("head"):  # class × d_model
                new.zero_()
                new[CLASSES] = old[:P]
            elif name.endswith(("W_U", "b_U")):
                new.zero_()
                new[..., CLASSES] = old[..., :P]
            else:
                new.copy_(old)
    return here, there


SPECS = {
    "transformer": gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32, act_fn="gelu"),
    "embedded MLP": gl.MLP(d_mlp=32, d_embed=8, combine="product"),
    "one-hot MLP": gl.MLP(d_mlp=32, d_embed=None),
}


@pytest.mark.parametrize("name", SPECS)
def test_every_measure_gives_the_same_by_other_names(name):
    train, _ = PLAIN.split(0.5, seed=0)
    here, there = (
        gl.Snapshot(model, task, 0, train)
        for model, task in zip(moved(SPECS[name]), (PLAIN, renamed()), strict=True)
    )
    circuit, taken = gl.Circuit(f"C{P}", [2, 5]), []
    for measure in gl.measures.ALL:
        if measure.__name__ in (
            "llc",
            "kernel_moved",
            "kernel_alignment",
            "prefix_matching",
            "copying",
            "copying_eigenvalues",
            "helix_fit",
            "mod_probe",
            "number_spectrum",
        ):  # drawn in the order of tokens and classes, or of tokens as numbers, or as classes of their own
            continue
        try:
            value = measure(here, circuit)
        except BadArgument as error:
            with pytest.raises(BadArgument, match=str(error).split(",")[0].split("(")[0][:20]):
                measure(there, circuit)
            continue
        other = measure(there, circuit)
        if isinstance(value, xr.DataArray) and value.dtype.kind != "f":
            assert value.values.tolist() == other.values.tolist(), measure.__name__
        else:
            np.testing.assert_allclose(value, other, rtol=1e-3, atol=1e-5, err_msg=measure.__name__)
        taken.append(measure.__name__)
    assert len(taken) > 25


def test_a_planted_circuit_is_explained_the_same_by_other_names():
    inner = gl.planted(PLAIN, [2, 5])
    model = gl.MLP(
        d_mlp=inner.cfg.d_mlp, d_embed=inner.cfg.d_model, combine="product", act_fn=inner.cfg.act_fn
    )
    there = model.build(renamed(), seed=0)
    with torch.no_grad():
        for name, new in there.named_parameters():
            new.zero_() if name.endswith(("W_E", "W_U", "b_U")) else new.copy_(inner.get_parameter(name))
        there.W_E[TOKENS] = inner.W_E[:P]
        there.W_U[:, CLASSES], there.b_U[CLASSES] = inner.W_U, inner.b_U
    whys = gl.explain(inner, PLAIN), gl.explain(there, renamed())
    assert whys[0].algorithm == whys[1].algorithm == "clock"
    assert whys[0].circuit == whys[1].circuit == gl.Circuit(f"C{P}", [2, 5])
    for one, other in zip(whys[0].findings, whys[1].findings, strict=True):
        assert (one.key, one.verdict) == (other.key, other.verdict)
        if one.value is not None:
            assert one.value == pytest.approx(other.value, abs=1e-4), one.key
    assert "acts on" not in whys[1].headline  # it acts on all


class WithZero(nn.Module):
    """A planted product of non-zero residues, with the answer 0 where an operand is 0."""

    def __init__(self, components):
        super().__init__()
        self.inner = gl.planted(gl.ModularArithmetic(P, "mul"), components)

    def forward(self, tokens):
        logits = self.inner((tokens - 1).clamp_min(0)).flatten(1)
        every = torch.cat([torch.full((len(tokens), 1), -20.0), logits], dim=1)
        is_zero = (tokens[:, :2] == 0).any(dim=1, keepdim=True)
        return torch.where(is_zero, 50.0 * torch.eye(P)[0], every)


def test_the_product_with_zero_is_the_product():
    a, b = ZERO.operands.unbind(dim=1)
    assert torch.equal(ZERO.labels, a * b % P)
    assert ZERO.d_vocab_out == P
    assert ZERO.d_vocab == P + 1
    quotient = gl.ModularArithmetic(P, "div", zero=True)
    a, b = quotient.operands.unbind(dim=1)
    assert int(b.min()) == 1
    assert torch.equal(quotient.labels * b % P, a)


def test_a_circuit_is_found_where_the_group_acts_and_the_findings_say_so():
    model = gl.hooked(WithZero([2, 3]), names={"inner.blocks.0.mlp.hook_post": "blocks.0.mlp.hook_post"})
    why = gl.explain(model, ZERO)
    assert why.circuit == gl.Circuit(nonzero_residues(P), [2, 3])
    assert f"acts on {(P - 1) ** 2} of the {P * P} inputs" in why.headline
    notes = {finding.key: finding.note for finding in why.findings}
    said = f"on the {(P - 1) ** 2} of {P * P} inputs where the group acts"
    assert said in notes["sufficiency.logits"]
    assert said not in notes["generalises"]
    assert why.table["logit_similarity"].sizes["component"] == 5
    plain = gl.Snapshot(WithZero([2, 3]).inner, gl.ModularArithmetic(P, "mul"))
    np.testing.assert_allclose(
        gl.measures.logit_similarity(gl.Snapshot(model, ZERO)),
        gl.measures.logit_similarity(plain),
        atol=1e-6,
    )


def test_a_circuit_that_is_not_there_is_refuted():
    model = gl.hooked(WithZero([2, 3]))
    found = {each.key: each.verdict for each in gl.examine(gl.Snapshot(model, ZERO), [1, 4])}
    assert found["generalises"] == "supported"
    assert "refuted" in (found["logits.key"], found["sufficiency.logits"])
    assert found["necessity.logits"] == "refuted"


def test_what_looks_at_every_input_is_told_where_to_look():
    snapshot = gl.Snapshot(gl.MLP().build(ZERO, seed=0), ZERO)
    with pytest.raises(BadArgument, match=r"acts on 100 of the 121 inputs .* snapshot\.where_group_acts"):
        gl.Circuit("C10", [1]).symmetry(ZERO)
    part = snapshot.where_group_acts
    assert part.where_group_acts is part
    assert part.logits.shape == (100, P)
    assert gl.interventions.keep(snapshot, [1]).logits.shape == part.logits.shape


def test_the_split_of_the_part_is_that_of_the_whole():
    train, test = ZERO.split(0.4, seed=0)
    snapshot = gl.Snapshot(gl.MLP().build(ZERO, seed=0), ZERO, 0, train)
    part = snapshot.where_group_acts
    index = part.task.inputs_of
    assert torch.equal(index[part.train_index], train[ZERO.symmetry.acts[train]])
    assert torch.equal(index[part.test_index], test[ZERO.symmetry.acts[test]])
    losses = torch.nn.functional.cross_entropy(snapshot.logits.double(), ZERO.labels, reduction="none")
    on_part = torch.nn.functional.cross_entropy(part.logits.double(), part.task.labels, reduction="none")
    torch.testing.assert_close(on_part, losses[index])


def test_a_table_says_which_tokens_are_elements(tmp_path):
    table = gl.TableTask(ZERO.inputs, ZERO.labels, nonzero_residues(P), elements=range(1, P))
    assert table.symmetry == ZERO.symmetry
    assert table.follows_group
    assert task_from_spec(table.spec()) == table
    assert task_from_spec(ZERO.spec()) == ZERO
    recipe = gl.Recipe(task=ZERO, model=gl.MLP(d_mlp=8), steps=2)
    assert gl.load(gl.train(recipe, into=tmp_path / "run", progress=False).path).task == ZERO
    by_index = gl.TableTask(
        ZERO.inputs[ZERO.symmetry.acts], ZERO.symmetry.products, nonzero_residues(P), elements=range(1, P)
    )
    assert by_index.symmetry.classes.tolist() == list(range(P - 1))
    assert not gl.RandomTable(5).symmetry
    assert "zero" not in gl.ModularArithmetic(P, "mul").spec()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"elements": range(1, P - 1)}, rf"elements has {P - 2} numbers, .* C{P} has {P} elements"),
        ({"elements": [1] * P}, "1 of them different"),
        ({"elements": range(50, 50 + P)}, "No input has two elements"),
        ({"elements": range(1, P + 1)}, "which class each element is"),
        ({"elements": range(P), "group": None}, "name those of a group"),
        ({}, rf"which: elements=range\(1, {P + 1}\)"),
    ],
)
def test_tokens_that_are_no_elements(arguments, words):
    inputs, labels = PLAIN.operands + 1, (PLAIN.labels + 3) % P
    with pytest.raises(BadArgument, match=words):
        gl.TableTask(inputs, labels, **({"group": cyclic(P)} | arguments))


@pytest.mark.parametrize("arguments", [{"op": "add"}, {"op": "mul", "shared_vocab": False}, {"op": "a^2+b"}])
def test_zero_is_for_products(arguments):
    with pytest.raises(BadArgument, match="zero=True is for op 'mul' or 'div'"):
        gl.ModularArithmetic(P, zero=True, **arguments)


def test_labels_that_do_not_follow_the_group_are_no_circuit():
    random = torch.randint(P, (P * P,), generator=torch.Generator().manual_seed(0))
    table = gl.TableTask(ZERO.inputs, random, nonzero_residues(P), elements=range(1, P), classes=range(1, P))
    assert not table.follows_group
    why = gl.explain(gl.MLP().build(table, seed=0), table)
    assert why.circuit is None
    assert math.isfinite(why.findings[0].value)
