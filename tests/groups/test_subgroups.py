"""Conjugacy classes, subgroups and cosets."""

import pytest
import torch

from groklens.groups import group_named
from groklens.groups.generators import closure, generators
from groklens.harmonics import conjugacy_classes, element_orders, left_cosets, right_cosets, subgroup_classes
from many_groups import product, quaternions, shuffled


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("S5", [1, 10, 15, 20, 20, 24, 30]),
        ("A5", [1, 12, 12, 15, 20]),
        ("D5", [1, 2, 2, 5]),
        ("D6", [1, 1, 2, 2, 3, 3]),
        ("C6", [1] * 6),
    ],
)
def test_sizes_of_conjugacy_classes(name, sizes):
    assert sorted(conjugacy_classes(group_named(name)).bincount().tolist()) == sizes
    assert sorted(conjugacy_classes(shuffled(group_named(name))).bincount().tolist()) == sizes


def test_orders_of_elements():
    orders = element_orders(group_named("S5"))
    assert orders.bincount().tolist() == [0, 1, 25, 20, 30, 24, 20]


@pytest.mark.parametrize(
    ("group", "subgroups", "classes"),
    [
        (group_named("S5"), 156, 19),
        (group_named("A5"), 59, 9),
        (group_named("S4"), 30, 11),
        (group_named("D6"), 16, 10),
        (group_named("C12"), 6, 6),
        (quaternions(), 6, 6),
        (product(group_named("C2"), group_named("D2"), "C2^3"), 16, 16),
    ],
)
def test_numbers_of_subgroups(group, subgroups, classes):
    found = subgroup_classes(group)
    assert (sum(len(each.members) for each in found), len(found)) == (subgroups, classes)
    assert all(each.order * each.index == group.order for each in found)
    for each in found:
        for member in each.members:
            inside = torch.nonzero(member)[:, 0]
            assert member[group.table[inside][:, inside]].all()


def test_cosets_partition_the_group_and_mirror_each_other():
    group = shuffled(group_named("S4"))
    for each in subgroup_classes(group):
        subgroup = each.members[0]
        left, right = left_cosets(group, subgroup), right_cosets(group, subgroup)
        assert left.bincount().tolist() == right.bincount().tolist() == [each.order] * each.index
        # (gH)⁻¹ = Hg⁻¹: inverses of one left coset make one right coset.
        pairs = torch.stack([left, right[group.inverses]]).unique(dim=1)
        assert pairs.shape[1] == each.index
        inside = torch.nonzero(subgroup)[:, 0]
        assert (left[group.table[:, inside]] == left[:, None]).all()
        assert (right[group.table[inside]] == right).all()


@pytest.mark.parametrize("name", ["C1", "C12", "D59", "S5", "A6"])
def test_generators_generate(name):
    group = group_named(name)
    assert closure(group, generators(group)).all()
    assert closure(group, []).sum() == 1
