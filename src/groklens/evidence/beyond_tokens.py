"""Whether a split shows in losses beyond what the tokens and the answers of its inputs explain."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.snapshots import Snapshot, judged_by

#: Tokens of a position, or answers, make kinds of inputs where there are at most so many of them per input: a split
#: does not go by what hardly recurs.
RECURS = 0.5
#: Passes over all kinds at most, and the change, as a share, from which on no more are made.
PASSES, SETTLED = 200, 1e-9


class Kind(NamedTuple):
    """A division of the inputs, as by the token at a position: of each its group, and the size of every group."""

    group: Int[Tensor, "input"]
    sizes: Float[Tensor, "group"]


def errors_beyond_tokens(
    snapshot: Snapshot, ranks: Float[Tensor, "input"], is_test: Bool[Tensor, "input"]
) -> float:
    """By how many standard errors test inputs have larger losses than other inputs of the same tokens and answers.

    A split by a rule, such as the last rows of a table or its largest answers, may hold out the inputs that are harder
    for whoever learns them all: by tokens alone their losses are larger. So what every token at its position, and every
    answer, adds to the rank of a loss is taken out (least squares), of the split likewise; what is left of both is
    correlated, times the root of the degrees of freedom left (Frisch–Waugh–Lovell). Of a split drawn at random about
    all is left; 0 where tokens and answers decide the split.
    """
    kinds = _kinds(snapshot)
    rest, side = _without(kinds, ranks), _without(kinds, is_test.double())
    freedom = len(ranks) - 1 - sum(len(kind.sizes) - 1 for kind in kinds)
    size, of_split = float(rest.square().mean()), float(side.square().mean())
    nothing = size <= 1e-6 * float(ranks.var(correction=0)) or of_split <= 1e-6
    if freedom < 1 or nothing:
        return 0.0
    return float((rest * side).mean()) / math.sqrt(size * of_split) * math.sqrt(freedom)


def _kinds(snapshot: Snapshot) -> list[Kind]:
    task = snapshot.task
    columns = [] if task.inputs.is_floating_point() else list(task.inputs.unbind(1))
    found = []
    for column in [*columns, judged_by(task, "all")]:
        values, group, sizes = column.unique(return_inverse=True, return_counts=True)
        if 1 < len(values) <= RECURS * len(column):
            found.append(Kind(group, sizes.double()))
    return found


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
