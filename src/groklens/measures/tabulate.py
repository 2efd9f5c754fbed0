"""Measures over the kept steps of a run as one labelled table."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from torch import Tensor

from groklens.errors import BadArgument, GroklensError, UnknownName, described, is_number
from groklens.hypotheses import Circuit
from groklens.measures.brought_rows import brought_rows
from groklens.measures.family import Family
from groklens.measures.kept_rows import KeptRows
from groklens.measures.measure import Measure, lacking
from groklens.measures.out_of_range import warn_outside
from groklens.memory import BUDGETS
from groklens.models import draws_nothing
from groklens.progress import each
from groklens.runs import Run, steps_count
from groklens.snapshots import Snapshot
from groklens.threads import each_beside


def tabulate(
    run: Run,
    measures: Sequence[Measure],
    circuit: Circuit | None,
    steps: Sequence[int],
    at_hand: Mapping[Any, Snapshot] | None = None,
    into: str | Path | None = None,
    beside: bool = False,
) -> xr.Dataset:
    """Measures at some kept steps of a run, as in `track`, relative to a given circuit or to none.

    `at_hand` are snapshots by step that need not be read from the run again; `into` is a folder that keeps the rows.
    With `beside`, which is for measures that draw none of the process's random numbers, two rows are taken at a time
    (`each_beside`) where the run's models are known to draw none either, and the logits of all inputs are no more than
    a snapshot may remember.
    Of all kept steps the table has the rows that the run brings along, too (`run.measured`).
    Warns of values outside the range that their measure declares. Raises `BadArgument` for no measures, and names run,
    step and measure when one fails or gives a number that is not finite.
    """
    if not measures:
        raise BadArgument(
            "track needs at least one measure and one kept step; see groklens.measures.PROGRESS."
        )
    measures = [each.in_run(run) if isinstance(each, Family) else each for each in measures]
    said = "" if circuit is None else json.dumps(circuit.to_dict())
    kept = None if into is None else KeptRows(into, run, measures, said)
    rows = _Rows(run, measures, circuit, at_hand or {}, kept)
    # The last comes first: it says what can be taken at all, and nothing is held while the others are read.
    rows.take([steps[-1], *steps[:-1]], beside)
    taken = rows.checked()
    brought = {}
    if list(steps) == run.steps:
        brought = brought_rows(run, [m for m in measures if m.__name__ in taken], said)
    rows.found |= brought
    done = sorted(rows.found)
    variables = {
        m.__name__: _stack(m, [rows.found[step][m.__name__] for step in done])
        for m in measures
        if m.__name__ in taken
    }
    left_out = {m.__name__: rows.left_out[m.__name__] for m in measures if rows.left_out.get(m.__name__)}
    attributes = {
        "run": run.name,
        "task": run.task.name,
        "circuit": said,
        "left_out": json.dumps(left_out),
    }
    if brought:
        attributes["brought"] = json.dumps(sorted(brought))
    if kept is not None:
        attributes["failed"] = json.dumps(dict(sorted(rows.failed.items())))
    table = xr.Dataset(variables, coords=_steps(run, done), attrs=attributes)
    for name in variables:
        warn_outside(name, table[name], stacklevel=3)
    if "component" in table.coords:
        cyclic = table["component"].dtype.kind in "iu"
        table["component"].attrs["long_name"] = "frequency" if cyclic else "irrep"
    return table


def _steps(run: Run, steps: list[int]) -> dict[str, Any]:
    """The axis of steps, and beside it the tokens seen where the run knows them."""
    about = {"long_name": "training step", "units": steps_count(run)}
    coords: dict[str, Any] = {"step": ("step", steps, about)}
    tokens = run.known.get("tokens")
    if isinstance(tokens, dict) and all(step in tokens for step in steps):
        about = {"long_name": "tokens seen", "units": "tokens"}
        coords["tokens"] = ("step", [tokens[step] for step in steps], about)
    return coords


class _Rows:
    """The rows of a table as they are taken, and which of them failed where a folder keeps the others."""

    def __init__(
        self,
        run: Run,
        measures: Sequence[Measure],
        circuit: Circuit | None,
        at_hand: Mapping[Any, Snapshot],
        kept: KeptRows | None,
    ) -> None:
        self._run, self._measures, self._circuit = run, measures, circuit
        self._at_hand, self._kept = at_hand, kept
        self.found: dict[int, dict[str, Any]] = {}
        self.failed: dict[int, str] = {}
        self._first_error: GroklensError | None = None
        self._may_be_two = False
        self._left_out = None if kept is None else kept.left_out

    @property
    def left_out(self) -> dict[str, list[str]]:
        """The needs of each measure that the run does not meet."""
        return self._left_out or {}

    def take(self, steps: Sequence[int], beside: bool) -> None:
        """The rows of these steps, from the folder where they are there, the first by itself.

        Where no folder keeps the others an error is raised, of the first step that has one: the last is taken first.
        """
        counted = each(steps, "measuring step")
        self._note(steps[0], self._outcome(next(counted)))
        found = (each_beside if beside and self._may_be_two else map)(self._outcome, counted)
        for step, outcome in zip(steps[1:], found, strict=True):
            self._note(step, outcome)

    def _outcome(self, step: int) -> dict[str, Any] | GroklensError:
        """The row of a step, or why there is none."""
        row = None if self._kept is None else self._kept.read(step)
        try:
            return self._taken(step) if row is None else row
        except GroklensError as error:
            return error

    def _note(self, step: int, outcome: dict[str, Any] | GroklensError) -> None:
        if not isinstance(outcome, GroklensError):
            self.found[step] = outcome
            return
        begun = bool(self.found) or self._first_error is not None
        if isinstance(outcome, UnknownName) or (self._kept is None and begun):
            raise outcome
        self.failed[step] = str(outcome)
        self._first_error = self._first_error or outcome

    def _taken(self, step: int) -> dict[str, Any]:
        snapshot = self._at_hand.get(step) or self._run.at(step)
        if self._left_out is None:
            self._left_out = {m.__name__: lacking(m.about, snapshot, self._circuit) for m in self._measures}
            self._may_be_two = _may_be_two(snapshot)
        wanted = [m for m in self._measures if not self._left_out.get(m.__name__)]
        row = _row(self._run, snapshot, step, wanted, self._circuit)
        return row if self._kept is None else self._kept.keep(step, row, self._left_out)

    def checked(self) -> list[str]:
        """The names of the measures taken; raises the first error where no row was, and warns of those that failed."""
        if self._first_error is not None and (self._kept is None or not self.found):
            raise self._first_error
        if self.failed:
            step, error = next(iter(self.failed.items()))
            warnings.warn(
                f"{len(self.failed)} of {len(self.failed) + len(self.found)} rows are missing, first that of step "
                f"{step}: {error} The others are kept; the same call goes on with those that are missing.",
                stacklevel=2,
            )
        return [m.__name__ for m in self._measures if not self.left_out.get(m.__name__)]


def _may_be_two(snapshot: Snapshot) -> bool:
    """Whether two rows may be taken at a time: their models draw no random numbers, and logits are few enough."""
    size = 4 * snapshot.task.labels.numel() * snapshot.task.d_vocab_out
    return size <= BUDGETS.remembered and draws_nothing(snapshot.anatomy.model)


def _row(
    run: Run, snapshot: Snapshot, step: int, measures: Sequence[Measure], circuit: Circuit | None
) -> dict[str, Any]:
    return {m.__name__: _value(run, snapshot, step, m, circuit) for m in measures}


def _value(run: Run, snapshot: Snapshot, step: int, measure: Measure, circuit: Circuit | None) -> Any:
    where = f"{measure.__name__} at step {step} of {run.name}"
    try:
        value = measure(snapshot, circuit)
    except UnknownName:
        raise
    except GroklensError as error:
        raise BadArgument(f"{where}: {error}") from error
    if not isinstance(value, xr.DataArray):
        value = _number(where, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise BadArgument(f"{where} is {value}; the weights of that step may have diverged.")
    if getattr(measure, "may_be_missing", False):
        return value
    if isinstance(value, xr.DataArray) and value.dtype.kind == "f" and not np.isfinite(value.values).all():
        wrong = int((~np.isfinite(value.values)).sum())
        raise BadArgument(
            f"{where} has {wrong} values that are not finite; the weights of that step may have diverged."
        )
    return value


def _number(where: str, value: Any) -> Any:
    """A measure's number, out of a tensor that holds no other; `BadArgument` for anything else."""
    if isinstance(value, Tensor | np.ndarray) and len(value.reshape(-1)) == 1:
        value = value.item()
    if isinstance(value, bool | np.bool_) or is_number(value):
        return value
    raise BadArgument(
        f"{where} is {described(value)}; a measure gives one number, such as float(logits.max()), or a labelled array "
        "(xarray.DataArray) of several."
    )


def _stack(measure: Measure, values: list[Any]) -> xr.DataArray:
    if isinstance(values[0], xr.DataArray):
        try:
            stacked = xr.concat(values, dim="step", join="outer")  # a step may lack some components
        except xr.AlignmentError as error:
            sizes = sorted({", ".join(f"{n} by {name}" for name, n in each.sizes.items()) for each in values})
            raise BadArgument(
                f"{measure.__name__} is of other sizes at some steps than at others: {'; '.join(sizes)}. The models of "
                "a run have one shape; measure models of several one by one, each as a run of its own."
            ) from error
    else:
        stacked = xr.DataArray(np.array(values, dtype=np.float64), dims="step")
    return stacked.assign_attrs(measure.about.attributes())
