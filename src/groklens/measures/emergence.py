"""`audit_emergence`: whether a jump in a sharp metric is the model's, or its metric's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr

from groklens.claims import Control, Finding, Verdict
from groklens.errors import BadArgument, described, whole_number
from groklens.measures.transition import Transition, counting_error

#: Sharp metrics by the beginnings of their names, the sharpest first, and what each is audited against unless named.
_AGAINST = {
    "exact_match": ("loss", "brier_score", "edit_distance", "all_accuracy"),
    "test_accuracy": (
        "test_loss",
    ),  # of the same inputs: what is over all falls while train inputs are memorised
    "all_accuracy": ("loss", "brier_score"),
    "skill_accuracy": ("skill_loss", "skill_brier"),
}


def audit_emergence(
    table: xr.Dataset | Any, n_test: int, sharp: str | None = None, continuous: Sequence[str] | None = None
) -> Finding:
    """Whether the jump of a sharp metric is emergent: in every continuous metric of the same answers too.

    Schaeffer et al. (2023), arXiv:2304.15004: exact match over L answers, each correct with probability p, is p^L, and
    jumps where p rises evenly. A *jump* here is a transition that takes less of the axis than was waited for it: its
    width, from where the metric has first made 10 % of its whole change to where it stays within 10 % of its last
    value, is below the wait from the table's beginning to there (`Transition`). What goes the other way before, as a
    test loss does while train inputs are memorised, is no part of the change. The axis is taken as it is, for a
    logarithm makes anything sharp, and a table that begins late makes anything slow: let it begin where learning does,
    and of a scale say where. That the width is compared with the wait, and not with half or twice of it, is a choice of
    ours; the numbers are there to judge by another. The number is the largest width over wait of the continuous
    metrics: below 1 they jump. Every passage lies between two places of the axis, and of the sharp metric it is known
    up to the counting error of `n_test` tests (two standard errors, at least 1/n_test): the verdict holds for all that
    these allow.

    *supported*: the sharp metric jumps, and so does every continuous one, at a time that overlaps. *refuted*: the
    sharp metric does not jump, or a continuous one does not, or elsewhere. *undecided*: places are too few or tests too
    few to tell (fewer than see 10 % of the change), or a continuous metric does not change.

    Args:
        table: one axis (steps, or a scale) with a sharp metric and continuous ones; of a run,
            `gl.track(run, ["exact_match", "loss", "brier_score", "edit_distance", "all_accuracy"])`.
        n_test: how many tests the sharp metric is a share of: those of an accuracy are its inputs.
        sharp: its name; when not given the sharpest that the table has: `exact_match`, then accuracies.
        continuous: names of those it has to survive; when not given all that the table has and that are continuous, of
            the same inputs: the loss (log-probability) and Brier score, and beside exact match edit distance and
            accuracy; beside test accuracy the test loss alone.

    Raises `BadArgument` for a table of several axes, an axis that does not ascend, or metrics that are not there.

    >>> p = xr.DataArray([0.0, 0.0, 0.5, 1.0, 1.0], coords={"step": [0, 400, 410, 420, 430]})
    >>> audit_emergence(xr.Dataset({"exact_match": p**5, "all_accuracy": p}), n_test=10_000).verdict
    'supported'
    """
    n_test = whole_number("n_test", n_test, 1, such_as=1000)
    sharp_one, others = _chosen(table, sharp, continuous)
    place = _axis(table, [sharp_one, *others])
    jump = Transition.of(place, table[sharp_one].values, counting_error(table[sharp_one].values, n_test))
    found = {name: Transition.of(place, table[name].values) for name in others}
    verdict, why = _verdict(sharp_one, jump, found, n_test)
    ratios = [each.ratio for each in found.values() if each is not None]
    controls = [] if jump is None else [Control.of(sharp_one, [jump.ratio], key="sharp_metric")]
    if ratios:
        controls.append(Control.of(", ".join(others), ratios, key="continuous_metrics"))
    return Finding(
        f"the jump of {sharp_one} is emergent: the continuous metrics jump there too",
        max(ratios) if ratios else None,
        "width over wait from the table's beginning, largest of the continuous metrics",
        verdict,
        tuple(controls),
        source="Schaeffer et al. 2023, arXiv:2304.15004; the rule is ours",
        note=why,
        key="emergence.survives",
    )


def _verdict(
    sharp: str, jump: Transition | None, found: dict[str, Transition | None], n_test: int
) -> tuple[Verdict, str]:
    """What follows, and why."""
    if jump is None:
        return "undecided", f"{sharp} does not change by so much that {n_test:,} tests see a tenth of it"
    if jump.is_jump is False:
        return "refuted", f"{sharp} does not jump: {jump}"
    smooth = [name for name, each in found.items() if each is not None and each.is_jump is False]
    apart = [name for name, each in found.items() if each is not None and each.overlaps(jump) is False]
    if smooth or apart:
        said = [f"{name} does not jump: {found[name]}" for name in smooth]
        said += [f"{name} changes elsewhere: {found[name]}" for name in apart if name not in smooth]
        return "refuted", "; ".join([*said, f"{sharp}: {jump}"])
    known = all(each is not None and each.is_jump and each.overlaps(jump) for each in found.values())
    every = "; ".join(f"{name}: {each or 'does not change'}" for name, each in {sharp: jump, **found}.items())
    return ("supported", every) if known and jump.is_jump else ("undecided", f"not told apart: {every}")


def _chosen(
    table: xr.Dataset | Any, sharp: str | None, continuous: Sequence[str] | None
) -> tuple[str, list[str]]:
    """The sharp metric and the continuous ones."""
    if not isinstance(table, xr.Dataset):
        raise BadArgument(
            f"table is {described(table)}; give what gl.track(run, …) returns, an xarray.Dataset."
        )
    held = [str(name) for name in table.data_vars]
    if sharp is None:
        sharp = next((name for kind in _AGAINST for name in held if name.startswith(kind)), None)
        if sharp is None:
            raise BadArgument(
                f"The table has no {', '.join(_AGAINST)}, but {', '.join(held) or 'nothing'}; name the metric whose "
                "jump is audited: sharp='…'."
            )
    if continuous is None:
        kind = next((each for each in _AGAINST if sharp.startswith(each)), "exact_match")
        continuous = [name for name in _AGAINST[kind] if name in held and name != sharp]
    named = [continuous] if isinstance(continuous, str) else list(continuous)
    if missing := [name for name in (sharp, *named) if name not in held]:
        raise BadArgument(f"The table has no {missing[0]!r}, but {', '.join(held)}; name what it has.")
    if not named or sharp in named:
        raise BadArgument(
            f"{sharp} needs continuous metrics of the same answers beside it, such as 'loss' and 'brier_score'; add "
            "them with gl.track, or name them: continuous=['…']."
        )
    return sharp, named


def _axis(table: xr.Dataset, names: Sequence[str]) -> Any:
    """Places along the one axis of these variables."""
    axes = {dim: None for name in names for dim in table[name].dims}
    if len(axes) != 1:
        raise BadArgument(
            f"An audit is along one axis, and {', '.join(names)} have {', '.join(map(str, axes)) or 'none'}; select "
            "from the others, as in table.sel(seed=0) or table.isel(skill=3)."
        )
    axis = str(next(iter(axes)))
    place = table[axis].values.astype(float)
    if len(place) < 3 or not bool((place[1:] > place[:-1]).all()):
        raise BadArgument(
            f"{axis} has {len(place)} places; give at least three, ascending, as in table.sortby({axis!r})."
        )
    return place
