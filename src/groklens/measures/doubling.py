"""The measure of frequency doubling between embedding and logits, which a pizza shows."""

from __future__ import annotations

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import FiniteGroup, Symmetry
from groklens.harmonics import components, discrete_log
from groklens.measures.by_component import by_component
from groklens.measures.measure import measure
from groklens.snapshots import Snapshot, symmetry_of


@measure(
    long_name="frequency doubling in the logits",
    units="share of power",
    valid_range=(0, 1),
    source="Rimsky and Vaintrob 2023, github.com/nrimsky/devinterp; on what is read out in the component k, "
    "where they look at the whole of what the unembedding reads",
    split="all",
    needs=("group",),
)
def frequency_doubling(snapshot: Snapshot) -> xr.DataArray:
    """Power at 2k over power at k and 2k, as one operand moves, in the logits' component k (component).

    The 2k rule: with one operand held fixed, what a clock reads out at k moves at k, and a pizza's, the
    product |cos w(a−b)/2| cos w(a+b−c), at 2k as well. 0 for an ideal clock, 0.100 for a pizza of one circle,
    about a half where there is no structure: read it at key components only.

    The rule does not hold of trained models as a whole. Their accompanying circles, embedded at 2k, cancel
    just this part: three pizzas of Zhong et al. (2023) have 0.0002 to 0.001, their clock 0.002. It does hold of
    one circle at a time: `circle_doubling`. Components without a double of their own (2k or 3k a multiple of
    the order) are left out. Raises `BadArgument` for a group that is not cyclic.
    """
    symmetry = symmetry_of(snapshot)
    if discrete_log(symmetry.group) is None:
        raise BadArgument(f"{symmetry.group.name} is not cyclic, so its components have no double.")
    logits = snapshot.logits[:, : symmetry.group.order].double()
    return by_component({k: doubling(logits, symmetry, k) for k in doubled(symmetry.group)})


def doubled(group: FiniteGroup) -> dict[int, int]:
    """Each frequency of a cyclic group with its double, both in 1 … n//2, unless they are equal.

    >>> from groklens.groups import group_named
    >>> doubled(group_named("C9"))
    {1: 2, 2: 4, 4: 1}
    """
    n = group.order
    twice = {k: min(2 * k % n, -2 * k % n) for k in range(1, n // 2 + 1)}
    return {k: other for k, other in twice.items() if other not in (0, k)}


def doubling(logits: Float[Tensor, "input answer"], symmetry: Symmetry, k: int) -> float:
    """Share of the power at k and 2k that is at 2k, as either operand moves, in the logits' component `k`.

    In [0, 1]; power is summed over where the other operand is held. 0 for logits that have neither.
    """
    group = symmetry.group
    n, parts = group.order, components(group)
    read = torch.zeros(n, n, parts[k].size, dtype=torch.float64)
    read[symmetry.elements[:, 0], symmetry.elements[:, 1]] = logits.double() @ parts[k].basis

    def power(frequency: int) -> float:
        basis = parts[frequency].basis
        moving = (torch.einsum("xu,xyf->uyf", basis, read), torch.einsum("yu,xyf->uxf", basis, read))
        return sum(float(each.square().sum()) for each in moving)

    once, twice = power(k), power(doubled(group)[k])
    return twice / (once + twice) if once + twice > 0 else 0.0
