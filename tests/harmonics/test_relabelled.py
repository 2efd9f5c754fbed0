"""The same group in another order of its elements: names stay, functions move along."""

import pytest
import torch

from groklens.groups import FiniteGroup, group_named, permutations_of
from groklens.groups.classes import conjugates
from groklens.groups.finite_group import nonzero_residues
from groklens.groups.permutations import index_of
from groklens.harmonics import components, isomorphism
from many_groups import relabelled, shuffled


def moved(part, order):
    """A component's projection after element x has been renamed `order[x]`."""
    old = torch.as_tensor(order).argsort()
    return (part.basis @ part.basis.T)[old][:, old]


@pytest.mark.parametrize("name", ["D8", "S3", "S4", "S5", "A4", "S6"])
def test_names_survive_a_random_relabelling(name):
    group = group_named(name)
    order = torch.randperm(group.order, generator=torch.Generator().manual_seed(3))
    other = components(relabelled(group, order))
    assert list(other) == list(components(group))
    if name in ("D8", "S6"):  # these have automorphisms that exchange components of equal size
        return
    for irrep, part in components(group).items():
        projection = other[irrep].basis @ other[irrep].basis.T
        torch.testing.assert_close(projection, moved(part, order), atol=1e-10, rtol=0)


@pytest.mark.parametrize("seed", range(3))
def test_icosahedral_irreps_come_back_as_a_pair(seed):
    group = group_named("A5")
    order = torch.randperm(60, generator=torch.Generator().manual_seed(seed))
    other = components(relabelled(group, order))
    for irrep in ("trivial", "standard", "a5_5d_a"):
        expected = moved(components(group)[irrep], order)
        torch.testing.assert_close(other[irrep].basis @ other[irrep].basis.T, expected, atol=1e-10, rtol=0)
    pair = ("a5_3d_a", "a5_3d_b")
    spaces = [other[irrep].basis @ other[irrep].basis.T for irrep in pair]
    expected = [moved(components(group)[irrep], order) for irrep in pair]
    same = [torch.allclose(spaces[0], each, atol=1e-10) for each in expected]
    assert sorted(same) == [False, True]


def test_an_inner_automorphism_changes_nothing():
    group = group_named("S5")
    order = conjugates(group, torch.arange(120), 17)
    other = relabelled(group, order)
    assert torch.equal(other.table, group.table)
    assert not torch.equal(order, torch.arange(120))
    for irrep, part in components(group).items():
        torch.testing.assert_close(
            moved(part, order), part.basis @ part.basis.T, atol=1e-10, rtol=0, msg=str(irrep)
        )


def test_the_outer_automorphism_of_a5_exchanges_its_icosahedral_irreps():
    permutations = permutations_of("A5")
    swap = torch.tensor([1, 0, 2, 3, 4])
    order = index_of(permutations, swap[permutations[:, swap]])  # conjugation by an odd permutation
    group = group_named("A5")
    assert torch.equal(relabelled(group, order).table, group.table)
    parts = components(group)
    torch.testing.assert_close(parts["a5_3d_a"].character[order], parts["a5_3d_b"].character)


def test_a_unit_multiplies_the_frequencies_of_a_cyclic_group():
    group = group_named("C113")
    order = 5 * torch.arange(113) % 113
    assert torch.equal(relabelled(group, order).table, group.table)
    parts = components(group)
    torch.testing.assert_close(parts[1].character[order], parts[5].character)


@pytest.mark.parametrize("p", [5, 23, 59])
def test_multiplication_has_waves_in_the_logarithm(p):
    group = nonzero_residues(p)
    root = next(g for g in range(2, p) if len({pow(g, k, p) for k in range(p - 1)}) == p - 1)
    powers = torch.tensor([pow(root, k, p) - 1 for k in range(p - 1)])
    parts = components(group)
    assert list(parts) == list(range((p - 1) // 2 + 1))
    assert all(isinstance(name, int) for name in parts)
    waves = torch.cos(2 * torch.pi * torch.arange(p - 1).double() / (p - 1)) * (2 / (p - 1)) ** 0.5
    torch.testing.assert_close(parts[1].basis[powers, 0], waves, atol=1e-12, rtol=0)


def test_isomorphism_is_the_identity_on_equal_tables():
    assert torch.equal(isomorphism(group_named("A5"), group_named("A5")), torch.arange(60))


@pytest.mark.parametrize("name", ["C12", "D8", "A5", "S5", "A6"])
def test_isomorphism_keeps_products(name):
    group = group_named(name)
    other = shuffled(group, seed=5)
    found = isomorphism(other, group)
    assert sorted(found.tolist()) == list(range(group.order))
    assert torch.equal(found[other.table], group.table[found][:, found])


@pytest.mark.parametrize(("first", "second"), [("D4", "C8"), ("A4", "D6"), ("S4", "D12"), ("D2", "C4")])
def test_different_groups_have_no_isomorphism(first, second):
    assert isomorphism(group_named(first), group_named(second)) is None


def test_different_groups_with_the_same_orders_of_elements():
    """C4×C4 and C4⋊C4 differ by more than element orders."""
    a, b = torch.arange(16) // 4, torch.arange(16) % 4
    direct = (a[:, None] + a) % 4 * 4 + (b[:, None] + b) % 4
    twisted = (a[:, None] + a) % 4 * 4 + (b[:, None] * (1 - 2 * (a % 2)) + b) % 4
    first, second = FiniteGroup("direct", direct), FiniteGroup("twisted", twisted)
    assert isomorphism(first, second) is None
    assert isomorphism(second, shuffled(second)) is not None
