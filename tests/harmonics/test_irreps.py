"""Irreps of every group: homomorphism, orthogonality, completeness, characters."""

from functools import lru_cache

import pytest
import torch

from groklens.errors import BadArgument, UnknownName
from groklens.groups import FiniteGroup, group_named, permutations_of
from groklens.harmonics import component_name, components, conjugacy_classes, irrep_matrices
from groklens.harmonics.irreps import irreps
from groklens.harmonics.symmetric import partition_names, partitions
from many_groups import NAMED, quaternions, shuffled, unnamed


@lru_cache
def every_group():
    named = {name: group_named(name) for name in NAMED}
    return (
        named | unnamed() | {f"{name} shuffled": shuffled(named[name]) for name in ("C12", "D5", "A5", "S5")}
    )


EVERY = [*NAMED, "quaternion", "elementary", "abelian", "mixed", "frobenius", "hidden"]
EVERY += ["C12 shuffled", "D5 shuffled", "A5 shuffled", "S5 shuffled"]


@pytest.fixture(params=EVERY)
def group(request):
    return every_group()[request.param]


def test_matrices_are_an_orthogonal_homomorphism(group):
    x, y = torch.randint(group.order, (2, 2000), generator=torch.Generator().manual_seed(1))
    for matrices in irreps(group).values():
        torch.testing.assert_close(matrices[x] @ matrices[y], matrices[group.table[x, y]], atol=1e-10, rtol=0)
        one = torch.eye(matrices.shape[1], dtype=torch.float64)
        torch.testing.assert_close(matrices @ matrices.mT, one.expand_as(matrices), atol=1e-10, rtol=0)


def test_component_spaces_are_orthogonal_and_complete(group):
    basis = torch.cat([part.basis for part in components(group).values()], dim=1)
    assert basis.shape == (group.order, group.order)
    torch.testing.assert_close(basis.T @ basis, torch.eye(group.order).double(), atol=1e-10, rtol=0)


def test_projection_has_the_character_as_its_kernel(group):
    quotient = group.table[:, group.inverses]
    for part in components(group).values():
        kernel = part.size / (group.order * part.degree) * part.character[quotient]
        torch.testing.assert_close(part.basis @ part.basis.T, kernel, atol=1e-10, rtol=0)


def test_matrix_entries_lie_in_their_component(group):
    for name, part in components(group).items():
        entries = irrep_matrices(group, name).flatten(start_dim=1)
        torch.testing.assert_close(part.basis @ (part.basis.T @ entries), entries, atol=1e-10, rtol=0)


def test_characters_are_orthogonal_class_functions(group):
    parts = list(components(group).values())
    characters = torch.stack([part.character for part in parts])
    norms = {"real": 1, "complex": 2, "quaternionic": 4}
    gram = characters @ characters.T / group.order
    expected = torch.diag(torch.tensor([float(norms[part.type]) for part in parts]).double())
    torch.testing.assert_close(gram, expected, atol=1e-10, rtol=0)
    classes = conjugacy_classes(group)
    first = torch.stack([(classes == c).int().argmax() for c in classes])
    torch.testing.assert_close(characters[:, first], characters, atol=1e-10, rtol=0)
    torch.testing.assert_close(characters[:, group.inverses], characters, atol=1e-10, rtol=0)


def test_characters_of_the_regular_representation_add_up(group):
    total = sum(part.size / part.degree * part.character for part in components(group).values())
    expected = torch.zeros(group.order).double()
    expected[group.identity] = group.order
    torch.testing.assert_close(total, expected, atol=1e-9, rtol=0)


def test_schur_type_agrees_with_the_frobenius_schur_sum(group):
    indicator = {"real": 1.0, "complex": 0.0, "quaternionic": -2.0}
    for part in components(group).values():
        value = float(part.character[group.table.diagonal()].mean())
        assert value == pytest.approx(indicator[part.type], abs=1e-9)


def test_trivial_component_comes_first_and_is_constant(group):
    name, part = next(iter(components(group).items()))
    assert name in (0, "trivial")
    assert part.basis.std(correction=0) < 1e-12


@pytest.mark.parametrize(
    ("name", "permutation", "characters"),
    [
        ("S5", [1, 0, 2, 3, 4], {"sign": -1, "standard": 2, "standard_sign": -2}),
        ("S5", [1, 0, 2, 3, 4], {"s5_5d_a": -1, "s5_5d_b": 1, "s5_6d": 0}),
        ("S5", [1, 2, 3, 4, 0], {"sign": 1, "standard": -1, "s5_5d_a": 0, "s5_6d": 1}),
        ("S6", [1, 0, 2, 3, 4, 5], {"standard": 3, "s6_5d_a": 1, "s6_5d_b": -1, "(4,2)": 3, "(3,2,1)": 0}),
        ("S4", [1, 0, 3, 2], {"(2,2)": 2, "standard": -1}),
        ("A5", [1, 2, 3, 4, 0], {"a5_3d_a": (1 + 5**0.5) / 2, "a5_3d_b": (1 - 5**0.5) / 2}),
        ("A5", [1, 2, 0, 3, 4], {"standard": 1, "a5_5d_a": -1, "a5_3d_a": 0}),
        ("A6", [1, 2, 3, 4, 0, 5], {"(3,2,1)_a": (1 + 5**0.5) / 2, "(3,2,1)_b": (1 - 5**0.5) / 2}),
        ("A4", [1, 2, 0, 3], {"(2,2)": -1, "standard": 0}),
    ],
)
def test_known_character_values(name, permutation, characters):
    element = permutations_of(name).tolist().index(permutation)
    for irrep, value in characters.items():
        assert float(components(group_named(name))[irrep].character[element]) == pytest.approx(
            value, abs=1e-10
        )


def test_symmetric_characters_count_fixed_points():
    permutations = permutations_of("S6")
    fixed = (permutations == torch.arange(6)).sum(dim=1)
    torch.testing.assert_close(components(group_named("S6"))["standard"].character, fixed.double() - 1)


def test_s6_is_complete_and_orthogonal():
    group = group_named("S6")
    basis = torch.cat([part.basis for part in components(group).values()], dim=1)
    torch.testing.assert_close(basis.T @ basis, torch.eye(720).double(), atol=1e-10, rtol=0)
    assert [part.degree for part in components(group).values()] == [1, 1, 5, 5, 5, 5, 9, 10, 16, 10, 9]


def test_dihedral_lines_and_planes():
    parts = components(group_named("D8"))
    turn, flip = torch.arange(8).repeat(2), torch.arange(2).repeat_interleave(8)
    assert torch.equal(parts["sign"].character, (1 - 2 * flip).double())
    assert torch.equal(parts["rotation_parity"].character, (1 - 2 * (turn % 2)).double())
    assert torch.equal(
        parts["rotation_parity_sign"].character, ((1 - 2 * (turn % 2)) * (1 - 2 * flip)).double()
    )
    waves = 2 * torch.cos(2 * torch.pi * 3 * turn.double() / 8) * (flip == 0)
    torch.testing.assert_close(parts["freq_3"].character, waves, atol=1e-12, rtol=0)


def test_quaternions_have_a_quaternionic_irrep():
    part = components(quaternions())["irrep_4"]
    assert (part.type, part.degree, part.size) == ("quaternionic", 4, 4)


def test_complex_halves_that_the_reals_cannot_split():
    part = components(group_named("A4"))["(2,2)"]
    assert (part.type, part.degree, part.size) == ("complex", 2, 2)


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_every_partition_has_one_name(n):
    names = partition_names(n)
    assert set(names) == set(partitions(n))
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize(
    ("group", "alias", "name"),
    [
        ("S5", "(2,2,1)", "s5_5d_a"),
        ("S5", "(3, 2)", "s5_5d_b"),
        ("S5", "(5)", "trivial"),
        ("S3", "(2,1)", "standard"),
        ("S6", "(4,2)", "(4,2)"),
        ("A5", "(2,2,1)", "a5_5d_a"),
        ("A5", "(3,1,1)_b", "a5_3d_b"),
        ("C6", "sign", 3),
        ("C7", "freq_2", 2),
        ("C7", "trivial", 0),
        ("D5", 2, "freq_2"),
    ],
)
def test_aliases(group, alias, name):
    assert component_name(group_named(group), alias) == name


@pytest.mark.parametrize(
    ("group", "name"),
    [("S5", "(3,3)"), ("S5", "(4,2"), ("A5", "(3,1,1)"), ("C7", "sign"), ("C7", 4), ("D5", 3), ("S5", 1)],
)
def test_unknown_names_are_refused_with_a_list(group, name):
    with pytest.raises(UnknownName, match="it has"):
        component_name(group_named(group), name)


@pytest.mark.parametrize("name", ["S4", "D4", "C24", "A5"])
def test_a_name_that_the_table_contradicts_is_refused(name):
    with pytest.raises(BadArgument, match="another name"):
        irreps(FiniteGroup(name, group_named("D12").table))
