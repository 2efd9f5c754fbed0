"""Groups by name: the element orders that published models rely on."""

import hashlib

import pytest
import torch

from groklens.errors import BadArgument
from groklens.groups import FiniteGroup, group_named, permutations_of
from groklens.groups.element_names import element_names


@pytest.mark.parametrize(
    ("name", "order"),
    [
        *[("C1", 1), ("C113", 113), ("D2", 4), ("D59", 118)],
        *[("S3", 6), ("S4", 24), ("S5", 120), ("S6", 720), ("A4", 12), ("A5", 60), ("A6", 360)],
    ],
)
def test_orders(name, order):
    group = group_named(name)
    assert (group.name, group.order) == (name, order)
    assert group_named(name) is group


@pytest.mark.parametrize(
    ("name", "first", "digest"),
    [
        ("S5", [0, 1, 4, 2, 3], "d30adbb6729489fa"),
        ("S6", [0, 1, 3, 5, 2, 4], "2f85261501134b8f"),
        ("A5", [0, 1, 2, 3, 4], "8232027fa78ae5dc"),
    ],
)
def test_element_order_is_that_of_the_published_models(name, first, digest):
    """Pinned: a sympy that enumerates in another order must not silently relabel every model."""
    permutations = permutations_of(name)
    assert permutations[0].tolist() == first
    assert hashlib.sha256(str(permutations.tolist()).encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize("name", ["S3", "S4", "S5", "A4", "A5"])
def test_products_apply_the_left_factor_first(name):
    group, permutations = group_named(name), permutations_of(name)
    for p, q in torch.randint(group.order, (50, 2), generator=torch.Generator().manual_seed(0)):
        expected = permutations[q][permutations[p]]  # i ↦ q[p[i]]
        assert torch.equal(permutations[group.table[p, q]], expected)


def test_products_are_those_of_sympy():
    from sympy.combinatorics import Permutation

    group, permutations = group_named("S4"), permutations_of("S4").tolist()
    for p, q in [(3, 7), (20, 11), (5, 5)]:
        expected = (Permutation(permutations[p]) * Permutation(permutations[q])).array_form
        assert permutations[group.table[p, q]] == expected


def test_alternating_group_is_the_even_permutations():
    signs = torch.linalg.det(torch.eye(6)[permutations_of("A6")])
    assert torch.equal(signs, torch.ones(360))


@pytest.mark.parametrize("n", [2, 5, 8])
def test_dihedral_law(n):
    group = group_named(f"D{n}")
    for x in range(2 * n):
        for y in range(2 * n):
            (r1, s1), (r2, s2) = (x % n, x // n), (y % n, y // n)
            assert group.table[x, y] == (r1 + (-1) ** s1 * r2) % n + n * ((s1 + s2) % 2)


@pytest.mark.parametrize("name", ["", "S", "S05", "C0", "Z5", "D-3", "s5", "S5 ", "mine"])
def test_unknown_names(name):
    with pytest.raises(BadArgument, match="names no group"):
        group_named(name)


@pytest.mark.parametrize(
    ("name", "advice"),
    [("S2", "C1 or C2"), ("A3", "C1 or C3"), ("D1", "'D2'"), ("S7", "'S6'"), ("A8", "'A7'"), ("S40", "'S6'")],
)
def test_names_out_of_range(name, advice):
    with pytest.raises(BadArgument, match=advice):
        group_named(name)


def test_permutations_only_of_groups_of_permutations():
    with pytest.raises(BadArgument, match="'S5'"):
        permutations_of("D5")


def test_names_of_elements():
    assert element_names(group_named("A5"))[:3] == ["e", "(0 1 2 3 4)", "(0 2 4 1 3)"]
    assert element_names(group_named("D3")) == ["e", "r", "r^2", "s", "r s", "r^2 s"]
    assert element_names(group_named("C3")) == ["0", "1", "2"]
    moved = FiniteGroup("D3", group_named("S3").table)
    assert element_names(moved) == [str(index) for index in range(6)]
    assert all(len(set(names)) == 120 for names in [element_names(group_named("S5"))])
