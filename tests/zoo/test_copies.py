"""Copies of other people's models that say the same in other words: the answer follows the words, no more.

A copy whose elements are renamed has its neurons in another order too, and its residual stream in another basis:
an answer that follows all three at once follows each of them.
"""

import functools

import pytest
import torch
from copies import moved, neurons_permuted, relabelled, renaming, residual_rotated

import groklens as gl
from groklens.groups import FiniteGroup, group_named
from groklens.groups.isomorphism import isomorphism
from groklens.groups.permutations import permutations_of

CLOCK = "l8k1hzciux"
#: Its 100 triples name other cells once elements are renamed, so the number moves; the algorithm may not.
BY_TRIPLES = "algorithm.symmetricity"


@pytest.fixture(scope="module")
def original(zoo, zoo_explained):
    """The snapshot of one model, read anew, and its explanation, made once.

    Anew, because what runs in a deep copy of a bridge can leave tensors in the one that it was copied from.
    """

    def path(name):
        return zoo / "rep_theory" / name if "_seed" in name else zoo / "pizza" / f"model_{name}.pt"

    return lambda name: (gl.load(path(name)).final, zoo_explained(path(name)))


def copy_of(snapshot, model, order=None, task=None):
    """A snapshot of the copy, split as the original was."""
    index = snapshot.train_index if order is None else moved(snapshot.train_index, order)
    return gl.Snapshot(model, task or snapshot.task, train_index=index)


def assert_same_logits(snapshot, image, order=None):
    """That the copy is one: the same logits, in their new places, to float32."""
    logits, n = snapshot.logits.double(), snapshot.task.d_vocab_out
    order = torch.arange(n) if order is None else order
    rows = (order[:, None] * n + order).flatten()  # where each pair has gone
    found = image.logits.double()[rows][:, order]
    assert float((found - logits).abs().max()) < 1e-4 * float(logits.abs().max())


def neurons_moved(snapshot):
    """The model with its neurons in another order; that they are is checked."""
    model = neurons_permuted(snapshot.model, seed=3)
    neurons = gl.Snapshot(model, snapshot.task).neurons[:100]
    assert not torch.allclose(neurons, snapshot.neurons[:100])
    return model


def stream_turned(snapshot, model):
    """The model with its residual stream in another basis; that it is is checked."""
    turned = residual_rotated(model, seed=3)
    W_E = gl.Snapshot(turned, snapshot.task).weights["W_E"]
    assert not torch.allclose(W_E, snapshot.weights["W_E"], atol=0.01)
    return turned


def assert_follows(before, after, new=None, triples=False):
    """That the copy is explained as the original was, its components renamed by `new`.

    `triples` says that elements have moved under the triples which gradient symmetricity samples.
    """
    new = {name: name for name in similarities(before.final)} if new is None else new
    assert (after.algorithm, after.verdict) == (before.algorithm, before.verdict)
    assert set(after.circuit.components) == {new[name] for name in before.circuit.components}
    assert set(after.key_components) == {new[name] for name in before.key_components}
    here, there = similarities(before.final), similarities(after.final)
    assert {new[name]: value for name, value in here.items()} == pytest.approx(there, abs=1e-5)
    for one, other in zip(before.findings, after.findings, strict=True):
        assert (other.key, other.verdict) == (one.key, one.verdict)
        if triples and one.key == BY_TRIPLES:
            continue
        assert alike(other.value, one.value), one.key


def alike(one, other):
    """Equal but for what float32 makes of ties: an input or two of a few thousand."""
    return one == other if None in (one, other) else one == pytest.approx(other, rel=2e-3, abs=1e-3)


def similarities(snapshot):
    values = gl.measures.logit_similarity(snapshot)
    return dict(zip(values["component"].values.tolist(), values.values.tolist(), strict=True))


def conjugation(name, by):
    """x ↦ by⁻¹ x by on the elements of a permutation group, `by` being any permutation of its points."""
    elements = permutations_of(name)
    inverse = by.argsort()
    conjugates = by[elements[:, inverse]]  # (pq)[i] = q[p[i]]
    index = {tuple(each): i for i, each in enumerate(elements.tolist())}
    return torch.tensor([index[tuple(each)] for each in conjugates.tolist()])


# Residues multiplied by a unit


@pytest.mark.parametrize(
    ("name", "unit", "turned"),
    [
        ("p99zdpze5l", 2, True),
        ("h9m153uuh9", 7, True),
        ("p71frej8t7", 31, False),
        (CLOCK, 10, True),
        ("qlvxqhkvit", 57, False),
    ],
)
def test_multiplying_residues_by_a_unit_divides_the_frequencies_by_it(original, name, unit, turned):
    snapshot, before = original(name)
    order = torch.arange(59) * unit % 59
    model = neurons_moved(snapshot)
    model = stream_turned(snapshot, model) if turned else model
    image = copy_of(snapshot, relabelled(model, order), order)
    assert_same_logits(snapshot, image, order)
    divided = {k: k * pow(unit, -1, 59) % 59 for k in range(1, 30)}
    new = {k: min(frequency, 59 - frequency) for k, frequency in divided.items()}
    assert new != {k: k for k in new}
    assert_follows(before, gl.explain(image), new, triples=True)


# Elements renamed by an automorphism of the group: the task stays as it is


def test_conjugating_the_elements_of_s5_renames_nothing(original):
    snapshot, before = original("S5_MLP_seed2")
    order = conjugation("S5", torch.tensor([2, 0, 1, 4, 3]))
    assert set(renaming(snapshot.task.group, order).items()) == {(n, n) for n in similarities(snapshot)}
    image = copy_of(snapshot, relabelled(neurons_moved(snapshot), order), order)
    assert_same_logits(snapshot, image, order)
    assert_follows(before, gl.explain(image))


@pytest.fixture(scope="module")
def conjugated(original):
    """A model of A5 with its elements conjugated by an odd permutation, and its explanation, made once."""

    @functools.cache
    def copied(name):
        snapshot, _ = original(name)
        order = conjugation("A5", torch.tensor([1, 0, 2, 3, 4]))
        image = copy_of(snapshot, relabelled(snapshot.model, order), order)
        return order, image, gl.explain(image)

    return copied


@pytest.mark.parametrize("name", ["A5_T_seed1", "A5_MLP_seed1"])
def test_conjugating_a5_by_an_odd_permutation_swaps_its_three_dimensional_irreps(original, conjugated, name):
    snapshot, before = original(name)
    order, image, after = conjugated(name)
    new = {rho: rho for rho in similarities(snapshot)} | {"a5_3d_a": "a5_3d_b", "a5_3d_b": "a5_3d_a"}
    assert renaming(snapshot.task.group, order) == new
    assert_same_logits(snapshot, image, order)
    assert_follows(before, after, new)


def test_conjugating_a5_by_an_even_permutation_swaps_nothing(original):
    snapshot, before = original("A5_T_seed1")
    order = conjugation("A5", torch.tensor([1, 2, 0, 3, 4]))
    image = copy_of(snapshot, relabelled(snapshot.model, order), order)
    assert_follows(before, gl.explain(image))


@pytest.mark.slow
def test_multiplying_the_rotations_of_d59_by_a_unit_divides_the_frequencies_by_it(original):
    snapshot, before = original("D59_MLP_seed1")
    unit, rotations = 5, torch.arange(59)
    order = torch.cat([rotations * unit % 59, 59 + rotations * unit % 59])
    divided = {k: k * pow(unit, -1, 59) % 59 for k in range(1, 30)}
    new = {f"freq_{k}": f"freq_{min(each, 59 - each)}" for k, each in divided.items()} | {"sign": "sign"}
    assert renaming(snapshot.task.group, order) == new
    image = copy_of(snapshot, relabelled(snapshot.model, order), order)
    assert_same_logits(snapshot, image, order)
    assert_follows(before, gl.explain(image), new)


# Elements in any order: the task is another table, whose names come through an isomorphism


@pytest.mark.parametrize(
    "name", ["S5_MLP_seed2", "A5_T_seed1", pytest.param("D59_MLP_seed1", marks=pytest.mark.slow)]
)
def test_a_table_in_another_order_of_elements_takes_its_names_over(original, name):
    snapshot, before = original(name)
    group = snapshot.task.group
    order = torch.randperm(group.order, generator=torch.Generator().manual_seed(1))
    table = torch.empty_like(group.table)
    table[order[:, None], order] = order[group.table]
    task = gl.GroupComposition(FiniteGroup(group.name, table))
    image = copy_of(snapshot, relabelled(snapshot.model, order), order, task)
    assert_same_logits(snapshot, image, order)
    automorphism = isomorphism(task.group, group_named(group.name))[order]
    new = renaming(group, automorphism)
    if group.name == "S5":  # has no automorphism that exchanges names
        assert all(old == other for old, other in new.items())
    assert_follows(before, gl.explain(image), new)


# Neurons in another order, the residual stream in another basis: only the model is written differently


@pytest.mark.parametrize("name", ["A5_T_seed1", "A5_MLP_seed1"])
def test_the_order_of_neurons_alone_does_not_matter(original, name):
    snapshot, before = original(name)
    image = copy_of(snapshot, neurons_moved(snapshot))
    assert_same_logits(snapshot, image)
    assert_follows(before, gl.explain(image))


@pytest.mark.parametrize("name", ["A5_T_seed1", CLOCK])
def test_the_basis_of_the_residual_stream_alone_does_not_matter(original, name):
    snapshot, before = original(name)
    image = copy_of(snapshot, stream_turned(snapshot, snapshot.model))
    assert_same_logits(snapshot, image)
    assert_follows(before, gl.explain(image))


def test_a_copy_that_is_none_is_told_apart(original, conjugated):
    """The comparison itself can fail: operands renamed and answers not is another function."""
    snapshot, before = original("A5_T_seed1")
    _, image, after = conjugated("A5_T_seed1")
    with pytest.raises(AssertionError):
        assert_same_logits(snapshot, image)
    with pytest.raises(AssertionError):
        assert_follows(before, after)
