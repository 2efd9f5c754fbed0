"""Orders of elements and conjugacy classes of a group, computed from its multiplication table."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.groups.finite_group import FiniteGroup


def element_orders(group: FiniteGroup) -> Int[Tensor, "element"]:
    """The order of each element: the least k ≥ 1 with xᵏ = 1 (element).

    >>> from groklens.groups import group_named
    >>> element_orders(group_named("D3")).tolist()
    [1, 3, 3, 2, 2, 2]
    """
    everything = torch.arange(group.order)
    orders = torch.zeros(group.order, dtype=torch.long)
    power, exponent = everything, 1
    while (orders == 0).any():
        orders[(power == group.identity) & (orders == 0)] = exponent
        power, exponent = group.table[power, everything], exponent + 1
    return orders


def conjugacy_classes(group: FiniteGroup) -> Int[Tensor, "element"]:
    """The number of each element's conjugacy class {g x g⁻¹}; classes are numbered by their least element.

    >>> from groklens.groups import group_named
    >>> conjugacy_classes(group_named("D3")).tolist()
    [0, 1, 1, 2, 2, 2]
    """
    everything = torch.arange(group.order)
    least = everything
    for g in everything:
        least = torch.minimum(least, conjugates(group, everything, int(g)))
    return least.unique(return_inverse=True)[1]


def conjugates(group: FiniteGroup, elements: Int[Tensor, "*shape"], g: int) -> Int[Tensor, "*shape"]:
    """The conjugate g x g⁻¹ of each x of `elements`."""
    return group.table[group.table[g][elements], group.inverses[g]]


def class_sizes(group: FiniteGroup) -> Int[Tensor, "element"]:
    """The size of each element's conjugacy class (element)."""
    classes = conjugacy_classes(group)
    return classes.bincount()[classes]
