"""Whether a split shows in losses beyond what the tokens and the answers of its inputs explain."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.snapshots import Snapshot, judged_by

#: Tokens of a position, or answers, make kinds of inputs where there are at most so many of them per input: a split
#: does not go by what hardly recurs. So many are taken out in all, the coarsest first: of more nothing would be left.
RECURS = 0.5
#: Passes over all kinds at most, and the change, as a share, from which on no more are made.
PASSES, SETTLED = 200, 1e-9
#: Standard deviations within which the share of a split that tokens and answers explain is that of a random one.
DRAWN = 2.5


class Kind(NamedTuple):
    """A division of the inputs, as by the token at a position: of each its group, and the size of every group."""

    group: Int[Tensor, "input"]
    sizes: Float[Tensor, "group"]


def errors_beyond_tokens(
    snapshot: Snapshot,
    ranks: Float[Tensor, "some"],
    is_test: Bool[Tensor, "some"],
    some: Int[Tensor, "some"] | None = None,
) -> float:
    """By how many standard errors test inputs have larger losses than other inputs of the same tokens and answers.

    A split by a rule, such as the last rows of a table or its largest answers, may hold out the inputs that are harder
    for whoever learns them all: by tokens alone their losses are larger. So what every token at its position, and every
    answer, adds to the rank of a loss is taken out (least squares), of the split likewise; what is left of both is
    correlated, times the root of the degrees of freedom left (Frisch–Waugh–Lovell). Of a split drawn at random about
    all is left; 0 where tokens and answers decide the split. Asked of all inputs, or of those of the index `some`.
    """
    kinds = _kinds(snapshot, some)
    rest, side = _without(kinds, ranks), _without(kinds, is_test.double())
    freedom = len(ranks) - 1 - sum(len(kind.sizes) - 1 for kind in kinds)
    size, of_split = float(rest.square().mean()), float(side.square().mean())
    nothing = size <= 1e-6 * float(ranks.var(correction=0)) or of_split <= 1e-6
    if freedom < 1 or nothing:
        return 0.0
    return float((rest * side).mean()) / math.sqrt(size * of_split) * math.sqrt(freedom)


def seems_drawn(
    snapshot: Snapshot, is_test: Bool[Tensor, "some"], some: Int[Tensor, "some"] | None = None
) -> bool:
    """Whether tokens and answers explain as much of a split as of one drawn at random, and no less.

    Most splits by a rule go by them more (the last rows of a table), or less (its odd sums, of which every row has as
    many). Of a random one they explain k / (n − 1) of the variance, k being their degrees of freedom, beta-distributed
    as what so many random regressors explain; within 2.5 standard deviations of that it seems drawn. So does a rule
    that neither tells, such as some tables' diagonal. False of inputs without tokens that recur.
    """
    kinds, side = _kinds(snapshot, some), is_test.double()
    k, rest = sum(len(kind.sizes) - 1 for kind in kinds), len(side) - 1
    variance = float(side.var(correction=0))
    if snapshot.task.inputs.is_floating_point() or not 0 < k < rest or not variance:
        return False
    explained = 1 - float(_without(kinds, side).square().mean()) / variance
    spread = math.sqrt(2 * k * (rest - k) / (rest**2 * (rest + 2)))
    return abs(explained - k / rest) <= DRAWN * spread


def _kinds(snapshot: Snapshot, some: Int[Tensor, "some"] | None) -> list[Kind]:
    chosen = slice(None) if some is None else some
    inputs, answers = snapshot.task.inputs[chosen], judged_by(snapshot.task, "all")[chosen]
    columns = [] if inputs.is_floating_point() else list(inputs.unbind(1))
    found = []
    for column in [*columns, answers]:
        values, group, sizes = column.unique(return_inverse=True, return_counts=True)
        if 1 < len(values) <= RECURS * len(column):
            found.append(Kind(group, sizes.double()))
    found.sort(key=lambda kind: len(kind.sizes))
    spent = list(accumulate(len(kind.sizes) - 1 for kind in found))
    return [kind for kind, so_far in zip(found, spent, strict=True) if so_far <= RECURS * len(inputs)]


def _without(kinds: list[Kind], values: Float[Tensor, "input"]) -> Float[Tensor, "input"]:
    """What is left of values when the means of all groups of all kinds are taken out, by turns until they settle."""
    left = values - values.mean()
    for _ in range(PASSES):
        before = left
        for group, sizes in kinds:
            left = left - (torch.zeros_like(sizes).index_add_(0, group, left) / sizes)[group]
        if float((left - before).norm()) <= SETTLED * float(values.norm()):
            break
    return left
