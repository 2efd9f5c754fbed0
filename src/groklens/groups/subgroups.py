"""Subgroups of a finite group up to conjugacy, and their cosets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from groklens.groups.classes import conjugates
from groklens.groups.finite_group import FiniteGroup
from groklens.groups.generators import closure


@dataclass(frozen=True, eq=False)
class SubgroupClass:
    """A subgroup H and all its conjugates gHg⁻¹, each as a mask over the elements of the group.

    >>> from groklens.groups import group_named
    >>> [len(found.members) for found in subgroup_classes(group_named("D3"))]
    [1, 3, 1, 1]
    """

    members: Bool[Tensor, "conjugate element"]

    @property
    def order(self) -> int:
        """Number of elements of each subgroup in the class."""
        return int(self.members[0].sum())

    @property
    def index(self) -> int:
        """Number of cosets of each subgroup in the class."""
        return self.members.shape[1] // self.order


@lru_cache(maxsize=16)
def subgroup_classes(group: FiniteGroup) -> tuple[SubgroupClass, ...]:
    """All subgroups of `group` in conjugacy classes, ordered by order and then by least elements.

    Exact for any group: every subgroup arises from a smaller one by adding one element, starting from the
    trivial one, and conjugate subgroups have conjugate extensions. Fast where classes are few (S_5 has 156
    subgroups in 19 classes).

    >>> from groklens.groups import group_named
    >>> [found.order for found in subgroup_classes(group_named("S3"))]
    [1, 2, 3, 6]
    """
    start = closure(group, [])
    found = [SubgroupClass(start[None])]
    seen = {_key(start)}
    for known in found:  # grows while it is read
        for larger in _extensions(group, known.members[0]):
            if _key(larger) not in seen:
                found.append(SubgroupClass(_all_conjugates(group, larger)))
                seen |= {_key(member) for member in found[-1].members}
    return tuple(sorted(found, key=lambda each: (each.order, _elements(each.members[0]))))


def left_cosets(group: FiniteGroup, subgroup: Bool[Tensor, "element"]) -> Int[Tensor, "element"]:
    """The number of the left coset gH of each element g, from 0; `subgroup` is H as a mask.

    >>> from groklens.groups import group_named
    >>> left_cosets(group_named("D3"), torch.tensor([True, False, False, True, False, False])).tolist()
    [0, 1, 2, 0, 1, 2]
    """
    return group.table[:, subgroup].amin(dim=1).unique(return_inverse=True)[1]


def right_cosets(group: FiniteGroup, subgroup: Bool[Tensor, "element"]) -> Int[Tensor, "element"]:
    """The number of the right coset Hg of each element g, from 0; `subgroup` is H as a mask.

    >>> from groklens.groups import group_named
    >>> right_cosets(group_named("D3"), torch.tensor([True, False, False, True, False, False])).tolist()
    [0, 1, 2, 0, 2, 1]
    """
    return group.table[subgroup].amin(dim=0).unique(return_inverse=True)[1]


def _extensions(group: FiniteGroup, subgroup: Tensor) -> list[Tensor]:
    """The subgroups ⟨H, g⟩ for one g of each double coset HgH, all of whose elements generate the same."""
    elements = torch.nonzero(subgroup)[:, 0]
    done = subgroup.clone()
    larger = []
    while not done.all():
        g = int((~done).int().argmax())
        done[group.table[group.table[elements, g]][:, elements].flatten()] = True
        larger.append(closure(group, [*elements.tolist(), g]))
    return larger


def _all_conjugates(group: FiniteGroup, subgroup: Tensor) -> Tensor:
    elements = torch.nonzero(subgroup)[:, 0]
    members: dict[bytes, Tensor] = {}
    for g in range(group.order):
        mask = torch.zeros_like(subgroup)
        mask[conjugates(group, elements, g)] = True
        members.setdefault(_key(mask), mask)
    return torch.stack(sorted(members.values(), key=_elements))


def _key(mask: Tensor) -> bytes:
    return mask.numpy().tobytes()


def _elements(mask: Tensor) -> list[int]:
    return torch.nonzero(mask)[:, 0].tolist()
