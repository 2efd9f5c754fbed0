"""Generating sets: what a few elements generate, and matrices of every element from those of a few."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.groups.classes import element_orders
from groklens.groups.finite_group import FiniteGroup


def closure(group: FiniteGroup, elements: list[int]) -> Bool[Tensor, "element"]:
    """The subgroup that `elements` generate, as a mask.

    >>> from groklens.groups import group_named
    >>> closure(group_named("C6"), [2]).tolist()
    [True, False, True, False, True, False]
    """
    inside = torch.zeros(group.order, dtype=torch.bool)
    steps = group.table[:, elements]
    frontier = torch.tensor([group.identity])
    while len(frontier):
        inside[frontier] = True
        reached = steps[frontier].flatten()
        frontier = reached[~inside[reached]].unique()
    return inside


def generators(group: FiniteGroup) -> list[int]:
    """A few elements that generate the group: one of greatest order, then the least that is still outside.

    >>> from groklens.groups import group_named
    >>> generators(group_named("D3"))
    [1, 3]
    """
    chosen: list[int] = []
    inside = closure(group, chosen)
    candidates = element_orders(group)
    while not inside.all():
        left = torch.where(inside, 0, candidates)
        chosen.append(int(left.argmax()))
        inside = closure(group, chosen)
        candidates = torch.ones_like(candidates)
    return chosen


def extended(
    group: FiniteGroup, images: dict[int, Float[Tensor, "row column"]]
) -> Float[Tensor, "element row column"]:
    """The matrices ρ(x) of every element, ρ(xy) = ρ(x)ρ(y), from `images`, those of a generating set.

    The images must satisfy the relations of the generators; that is not checked.
    """
    size = len(next(iter(images.values())))
    matrices = torch.zeros(group.order, size, size, dtype=torch.float64)
    matrices[group.identity] = torch.eye(size, dtype=torch.float64)
    known = torch.zeros(group.order, dtype=torch.bool)
    known[group.identity] = True
    frontier = torch.tensor([group.identity])
    while len(frontier):
        reached: list[Int[Tensor, "element"]] = []
        for generator, image in images.items():
            products = group.table[frontier, generator]
            new = ~known[products]
            matrices[products[new]] = matrices[frontier[new]] @ image
            known[products[new]] = True
            reached.append(products[new])
        frontier = torch.cat(reached)
    return matrices
