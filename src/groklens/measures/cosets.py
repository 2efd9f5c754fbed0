"""Measures of whether each neuron's input is constant on the cosets of a subgroup.

Stander et al. (2023), arXiv:2312.06581, read models of S_5 as coset circuits: what a neuron receives of x is
constant on the right cosets Hx of a subgroup, what it receives of y on the left cosets yH' of a conjugate
one. Concentration measures how nearly so, here in the normalised form of Wu et al. (2024), arXiv:2410.07476.
The same neurons may be read as using an irrep (aᵀρ(x)b is constant on Hx where H fixes a); neither reading
excludes the other, so this is evidence to be set beside ablation and certification, not a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
import xarray as xr
from jaxtyping import Bool, Float
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import (
    FiniteGroup,
    closure,
    element_names,
    element_orders,
    left_cosets,
    right_cosets,
    subgroup_classes,
)
from groklens.measures.measure import measure
from groklens.measures.operands import received
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot, symmetry_of

_SOURCE = (
    "Stander et al. 2023 (coset concentration), as normalised by Wu et al. 2024: cosets weighted by their "
    "size, variances not corrected; the trivial subgroup left out"
)
#: A function is called constant on the cosets of a subgroup below this concentration (Wu et al.).
CONSTANT_ON_COSETS = 0.01
#: A neuron receives nothing of an operand where that varies by less than this part of the most varying one's.
_STILL = 0.01


@measure(
    long_name="coset concentration of what neurons receive of x",
    units="share of variance",
    valid_range=(0, 1),
    source=_SOURCE + "; right cosets",
    split="all",
    needs=("group", "neurons"),
)
def coset_concentration_x(snapshot: Snapshot) -> xr.DataArray:
    """Least share of variance that stays within the right cosets Hx of one subgroup (neuron), in [0, 1].

    min over subgroups H ≠ {e} of Σ_C (|C|/n) Var(f|C) / Var(f), where f(x) is the neuron's pre-activation as
    a function of x: its row of the total embedding in an MLP, the mean over y in any other model. 0 for a
    function of the coset Hx alone; a random function, and so an untrained model, has 0.38 in S_5 (0.32 to
    0.42 in nine of ten: the best of 41 subgroups of order 2, 3 and 5, one of order 2 alone giving 0.50).
    Larger subgroups have higher concentration than those they contain, so the least is at one of prime
    order: near 0 is therefore no evidence of a large one (`coset_subgroups` finds the largest). 1 where the
    group has no other subgroup than itself, and for neurons that receive nothing of x: that varies less than
    1 % as much as what the most varying neuron receives.
    """
    return _concentration(snapshot, 0)


@measure(
    long_name="coset concentration of what neurons receive of y",
    units="share of variance",
    valid_range=(0, 1),
    source=_SOURCE + "; left cosets",
    split="all",
    needs=("group", "neurons"),
)
def coset_concentration_y(snapshot: Snapshot) -> xr.DataArray:
    """`coset_concentration_x` of the second operand, over left cosets yH (neuron), in [0, 1]."""
    return _concentration(snapshot, 1)


def coset_subgroups(snapshot: AnyRun, threshold: float = CONSTANT_ON_COSETS) -> xr.Dataset:
    """The largest subgroup on whose cosets each neuron's input from x, and from y, is constant.

    A dataset over operand (`"x"`, `"y"`) × neuron: `subgroup`, its name (`subgroup_name`), empty where no
    subgroup but {e} has a concentration below `threshold`; `order`, its number of elements, 1 where empty;
    `concentration`, that of the subgroup, or the least of any where empty. Of several largest the one of
    least concentration is taken. A neuron that receives nothing of an operand is constant on the whole
    group: its subgroup is `"constant"`, of the group's order.

    Read the orders, not that there is a subgroup at all: aᵀρ(x)b with random a and b in one irrep of low
    degree is already nearly constant on the cosets of some small subgroup. In the standard irrep of S_5, of
    such functions 83 % have one below 0.01, and 0.5 % have one of order 12 or more; of functions without
    structure, none.

    The threshold is Wu et al.'s. Raises `BadArgument` for one outside (0, 1], for a task without a group, or
    for a model without neurons.
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    if snapshot.neurons is None:
        raise BadArgument(f"Nothing receives the operands: {snapshot.anatomy.no_neurons_in(snapshot)}.")
    if not 0 < threshold <= 1:
        raise BadArgument(f"threshold is {threshold}; give a share of variance in (0, 1], such as 0.01.")
    group = symmetry_of(snapshot).group
    rows = [_largest(group, f, operand, threshold) for operand, f in enumerate(received(snapshot))]
    columns = {name: (("operand", "neuron"), [row[name] for row in rows]) for name in rows[0]}
    table = xr.Dataset(columns, coords={"operand": ["x", "y"]}, attrs={"threshold": threshold})
    table["concentration"].attrs = {"long_name": "coset concentration", "units": "share of variance"}
    table["order"].attrs = {"long_name": "order of the subgroup", "units": "elements"}
    return table


def coset_concentrations(
    values: Float[Tensor, "element feature"],
    group: FiniteGroup,
    subgroups: Sequence[Bool[Tensor, "element"]],
    side: str,
) -> Float[Tensor, "subgroup feature"]:
    """Share of each function's variance that stays within the cosets of each subgroup, in [0, 1].

    `side` is `"left"` for the cosets gH or `"right"` for Hg. 0 for a function of the coset, 1 for one whose
    coset means are all alike, and for a constant. Raises `BadArgument` for another side.
    """
    if side not in ("left", "right"):
        raise BadArgument(f"side is {side!r}; choose 'left' (cosets gH) or 'right' (Hg).")
    cosets_of = left_cosets if side == "left" else right_cosets
    centred = values.double() - values.double().mean(dim=0)
    total = centred.square().sum(dim=0)
    rows = []
    for subgroup in subgroups:
        order = int(subgroup.sum())
        sums = torch.zeros(group.order // order, values.shape[1], dtype=torch.float64)
        sums.index_add_(0, cosets_of(group, subgroup), centred)
        between = sums.square().sum(dim=0) / order
        rows.append(1 - between / total.clamp_min(1e-300))
    return torch.stack(rows).clamp(0, 1) if rows else torch.zeros(0, values.shape[1], dtype=torch.float64)


def subgroup_name(group: FiniteGroup, subgroup: Bool[Tensor, "element"]) -> str:
    """A unique name of a subgroup, from a few generators and its order.

    Elements are named as in pictures (`element_names`): cycles in S_n and A_n, rotations in D_n.

    >>> from groklens.groups import group_named
    >>> subgroup_name(group_named("S3"), right_cosets(group_named("S3"), torch.ones(6, dtype=bool)) == 0)
    '⟨(0 1 2), (1 2)⟩ of order 6'
    """
    orders, names = element_orders(group), element_names(group)
    chosen: list[int] = []
    inside = closure(group, chosen)
    while not torch.equal(inside, subgroup):
        # one of greatest order, first: cyclic subgroups need no more
        chosen.append(int(torch.where(subgroup & ~inside, orders, 0).argmax()))
        inside = closure(group, chosen)
    listed = ", ".join(names[each] for each in chosen) or names[group.identity]
    return f"⟨{listed}⟩ of order {int(subgroup.sum())}"


def _concentration(snapshot: Snapshot, operand: int) -> xr.DataArray:
    values = received(snapshot)[operand]
    group = symmetry_of(snapshot).group
    least = coset_concentrations(values, group, _least_subgroups(group), _side(operand)).amin(dim=0)
    least[_still(values)] = 1.0  # nothing is received, so nothing is concentrated; tables stay finite
    return xr.DataArray(least.numpy(), dims="neuron")


def _largest(
    group: FiniteGroup, values: Float[Tensor, "element neuron"], operand: int, threshold: float
) -> dict[str, list]:
    """The column of `coset_subgroups` for one operand."""
    subgroups = _proper_subgroups(group)
    table = coset_concentrations(values, group, subgroups, _side(operand))
    # Last row, so that there is one: the group itself, whose one coset holds all variance.
    table = torch.cat([table, torch.ones(1, values.shape[1], dtype=torch.float64)])
    orders = torch.tensor([*(int(each.sum()) for each in subgroups), 1])
    # Orders are whole and concentrations at most 1: largest first, then most concentrated.
    rank = torch.where(table < threshold, orders[:, None] - table / 2, -1.0)
    found = rank.amax(dim=0) > 0
    best = torch.where(found, rank.argmax(dim=0), table.argmin(dim=0))
    names = {row: subgroup_name(group, subgroups[row]) for row in best[found].unique().tolist()}
    columns = zip(found.tolist(), best.tolist(), _still(values).tolist(), strict=True)
    rows = [
        ("constant", group.order, 0.0)
        if still
        else (names[row] if known else "", int(orders[row]) if known else 1, float(table[row, neuron]))
        for neuron, (known, row, still) in enumerate(columns)
    ]
    return dict(zip(("subgroup", "order", "concentration"), map(list, zip(*rows, strict=True)), strict=True))


def _side(operand: int) -> str:
    # f(x) = aᵀρ(x)b is constant on Hx where H fixes a; g(y) on yH where H fixes b.
    return ("right", "left")[operand]


def _still(values: Float[Tensor, "element neuron"]) -> Bool[Tensor, "neuron"]:
    spread = values.std(dim=0, correction=0)
    return spread <= _STILL * spread.max()


@lru_cache(maxsize=16)
def _least_subgroups(group: FiniteGroup) -> tuple[Tensor, ...]:
    """The subgroups of prime order, one of which gives the least value: coarser cosets hold more variance."""
    orders = element_orders(group).tolist()
    prime = [x for x, k in enumerate(orders) if k > 1 and all(k % d for d in range(2, int(k**0.5) + 1))]
    return tuple(torch.stack([closure(group, [x]) for x in prime]).unique(dim=0)) if prime else ()


def _proper_subgroups(group: FiniteGroup) -> tuple[Tensor, ...]:
    """Every subgroup except {e} and the whole group."""
    classes = subgroup_classes(group)
    return tuple(each for known in classes if 1 < known.order < group.order for each in known.members)
