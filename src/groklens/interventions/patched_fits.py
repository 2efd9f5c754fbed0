"""`patched_fits`: putting a fit's state of another number in place of a number's own, beside its true state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, whole_number
from groklens.harmonics import (
    checked_periods,
    folds_of,
    helix_basis,
    number_bases,
    number_means,
    renamed_digits,
    unseen_fit,
    unseen_principal,
)
from groklens.interventions.dead_hooks import check_used
from groklens.interventions.patch import patched
from groklens.models import Site
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot, positions_of, scores
from groklens.tasks import numbers_of, place_of

#: What is put in place of a number's state, the first being another number's own.
FITS = (
    "true exchange",
    "principal directions",
    "helix",
    "circles",
    "polynomial",
    "shuffled numbers",
    "renamed digits",
)


class _Exchange(NamedTuple):
    """Inputs whose number is exchanged, and the input, alike in all else, that each takes the other number of."""

    into: Int[Tensor, "pair"]
    source: Int[Tensor, "pair"]


def patched_fits(
    snapshot: AnyRun,
    hook: str | Sequence[str],
    operand: str = "a",
    periods: Sequence[float] = (2, 5, 10, 100),
    folds: int = 10,
    seed: int = 0,
) -> xr.Dataset:
    """How far a fit's state of another number carries the answer there, by hook and fit, beside the true exchange.

    Every prompt that is answered right takes the number of another, drawn at random among those that are answered
    right, differ from it in the operand's token alone, and have another answer. At the operand's place its state gets
    the other number's in place of its own: truly, as the others' principal directions say it, as the helix, its circles
    and as many polynomials do, and, the controls, as a helix of the numbers in a random order or with their digits
    renamed. Fits are of the mean state by number, and each number is said by a fit to other folds. What else stands
    there stays.

    The table is hook × fit: `logit_difference`, the mean rise of the other answer's logit, in logits, with its
    `standard_error`; and `answered`, the share in [0, 1] that gives the other answer. A fit that carries what the true
    exchange does holds what the model reads there of the number; one at the level of shuffled numbers holds nothing of
    it. `prompts` says how many there are.

    After Kantamneni & Tegmark (2025), arXiv:2502.00873, section 4.3, who fit all numbers at once. Raises `UnknownName`
    for an operand or hook that is not there, `BadArgument` where no two prompts answered right can be exchanged.

    >>> patched_fits(gl.Snapshot(model, sums), "blocks.0.hook_resid_post")["logit_difference"]  # doctest: +SKIP
    """
    snapshot, hooks = as_snapshot(snapshot), [hook] if isinstance(hook, str) else list(hook)
    seed, periods = whole_number("seed", seed, such_as=0), checked_periods(periods)
    folds = whole_number("folds", folds, 2, such_as=10)
    pairs = _exchange(snapshot, operand, seed)
    rows = [_of_hook(snapshot, each, operand, periods, folds, seed, pairs) for each in hooks]
    names = {
        "logit_difference": ("rise of the other answer's logit", "logits"),
        "standard_error": ("standard error of the rise", "logits"),
        "answered": ("gives the other answer", "share of prompts"),
    }
    values = np.array(rows)
    table = {
        name: (("hook", "fit"), values[..., at], {"long_name": said, "units": units})
        for at, (name, (said, units)) in enumerate(names.items())
    }
    return xr.Dataset(table, coords={"hook": hooks, "fit": list(FITS)}, attrs={"prompts": len(pairs.into)})


def _of_hook(
    snapshot: Snapshot,
    hook: str,
    operand: str,
    periods: tuple[float, ...],
    folds: int,
    seed: int,
    pairs: _Exchange,
) -> list[tuple[float, float, float]]:
    pos = place_of(snapshot.task, operand)
    states = snapshot.activations(hook, pos)
    check_used(snapshot, hook)
    numbers, means, row = number_means(states, numbers_of(snapshot.task, operand))
    into, source = pairs
    own = states.flatten(1).double()
    found = []
    for said in _said(numbers, means, periods, folds, seed).values():
        changed = own.clone()
        if said is None:
            changed[into] = own[source]
        else:
            changed[into] += said[row[source]] - means[row[into]]
        after = patched(snapshot, Site(hook, pos), changed.view(states.shape).to(states.dtype)).logits
        found.append(_outcome(snapshot, after, pairs))
    return found


def _said(
    numbers: Int[Tensor, "number"],
    means: Float[Tensor, "number feature"],
    periods: tuple[float, ...],
    folds: int,
    seed: int,
) -> dict[str, Float[Tensor, "number feature"] | None]:
    """The mean state of every number as each fit says it without that number; None for the true exchange."""
    fold, bases = folds_of(len(numbers), folds, seed), number_bases(numbers, periods)
    generator, helix = torch.Generator().manual_seed(seed), bases["helix"]
    order = torch.randperm(len(numbers), generator=generator)
    fits = (
        None,
        unseen_principal(means, fold, helix.shape[1]),
        *(unseen_fit(means, each, fold) for each in (helix, bases["circles"], bases["polynomial"])),
        unseen_fit(means, helix[order], fold),
        unseen_fit(means, helix_basis(renamed_digits(numbers, generator), periods), fold),
    )
    return dict(zip(FITS, fits, strict=True))


def _outcome(snapshot: Snapshot, after: Tensor, pairs: _Exchange) -> tuple[float, float, float]:
    answer = snapshot.task.labels[pairs.source]
    rise = (after[pairs.into, answer] - snapshot.logits[pairs.into, answer]).double()
    error = float(rise.std()) / len(rise) ** 0.5 if len(rise) > 1 else float("nan")
    return float(rise.mean()), error, float((after[pairs.into].argmax(dim=1) == answer).double().mean())


def _exchange(snapshot: Snapshot, operand: str, seed: int) -> _Exchange:
    """For inputs answered right another that is too, drawn at random, with another operand and answer, else alike."""
    task, generator = snapshot.task, torch.Generator().manual_seed(seed)
    numbers, labels = numbers_of(task, operand), task.labels
    right = torch.nonzero(scores(snapshot, "all").correct.bool())[:, 0]
    rest = task.inputs.clone()
    pos = place_of(task, operand)
    rest[torch.arange(len(rest)), positions_of(task, pos) if isinstance(pos, str) else pos] = -1
    _, group = rest.unique(dim=0, return_inverse=True)
    into, source = [], []
    for one in right[torch.randperm(len(right), generator=generator)].tolist():
        others = right[(group[right] == group[one]) & (labels[right] != labels[one])]
        others = others[numbers[others] != numbers[one]]
        if len(others):
            into.append(one)
            source.append(int(others[torch.randint(len(others), (1,), generator=generator)]))
    if not into:
        raise BadArgument(
            f"{snapshot!r} answers {len(right)} of {len(labels)} inputs right, and no two differ in {operand!r} "
            "alone; there is nothing to exchange. Ask for it where the model adds."
        )
    order = torch.tensor(into).argsort()
    return _Exchange(torch.tensor(into)[order], torch.tensor(source)[order])
