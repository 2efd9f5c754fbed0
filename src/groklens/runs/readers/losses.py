"""Reading losses and accuracies by update from a foreign file, as a run's history."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import xarray as xr
from torch import Tensor

from groklens.errors import DamagedRun, is_number

#: Names of the columns that say the steps of others, in the order in which they are believed.
STEPS = (
    "step",
    "steps",
    "epoch",
    "epochs",
    "iteration",
    "iterations",
    "iter",
    "update",
    "updates",
    "global_step",
    "_step",
    "trainer/global_step",
)
_NAMED = re.compile(r"loss|acc", re.IGNORECASE)
#: How a column is called here.
_SPELT = {
    r"losses$": "loss", r"(accuracies|accs|acc)$": "accuracy", r"^training(?=_)": "train", r"^testing(?=_)": "test",
}  # fmt: skip


def columns_in(content: object) -> dict[str, list[float]] | None:
    """The columns of numbers in a log, by the file's own names: lists of one length each, or a list of records.

    None where none of them is a loss or an accuracy.

    >>> columns_in([{"step": 0, "loss": 2.0}, {"step": 5, "loss": 1.0}])
    {'step': [0.0, 5.0], 'loss': [2.0, 1.0]}
    """
    if isinstance(content, Mapping):
        columns = {
            str(name): numbers
            for name, value in content.items()
            if (numbers := numbers_in(value)) is not None
        }
    elif isinstance(content, Sequence) and content and all(isinstance(row, Mapping) for row in content):
        names = list(dict.fromkeys(name for row in content for name in row))
        cells = {str(name): [_number(row.get(name)) for row in content] for name in names}
        columns = {name: values for name, values in cells.items() if any(not math.isnan(v) for v in values)}
    else:
        return None
    if any(_NAMED.search(name) for name in columns):
        return columns
    inside = [found for found in _inside(content) if found is not None]
    return inside[0] if len(inside) == 1 else None


def _inside(content: object) -> list[dict[str, list[float]] | None]:
    """The columns one level further in (under `history`, `metrics`, …)."""
    values = list(content.values()) if isinstance(content, Mapping) else []
    return [
        columns_in(value)
        for value in values
        if isinstance(value, (Mapping, list)) and not hold_weights(value)
    ]


def hold_weights(value: object) -> bool:
    """Whether a value is a dictionary of tensors with more than one axis: weights, not a log.

    >>> hold_weights({"loss": [1.0]})
    False
    """
    return isinstance(value, Mapping) and any(isinstance(v, Tensor) and v.ndim > 1 for v in value.values())


def measured_in(columns: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """The columns that are losses or accuracies.

    >>> measured_in({"lr": [0.1], "val_acc": [1.0]})
    {'val_acc': [1.0]}
    """
    return {name: values for name, values in columns.items() if _NAMED.search(name)}


def history_of(
    columns: Mapping[str, list[float]], units: Mapping[str, str] | None = None
) -> tuple[xr.Dataset, list[str]]:
    """A history by step, and the names of columns left out because their length differs.

    Losses are of unknown unit unless `units` says theirs. Raises `DamagedRun` for steps that are none.

    >>> history_of({"train_losses": [2.0, 1.0]})[0]["train_loss"].attrs["units"]
    'unknown'
    """
    measured = measured_in(columns)
    length = max(map(len, measured.values()))
    spelt = {name.strip().lower(): name for name, values in columns.items() if len(values) == length}
    named = next((spelt[name] for name in STEPS if name in spelt), None)
    kept = {name: values for name, values in measured.items() if len(values) == length}
    steps = list(range(length))
    if named is not None:
        steps, kept = _merged(named, columns[named], kept)
    variables = {
        _spelt(name): ("step", values, {"units": _unit(name, units or {})}) for name, values in kept.items()
    }
    return xr.Dataset(variables, coords={"step": steps}).sortby("step"), [
        n for n in measured if n not in kept
    ]


def _unit(name: str, units: Mapping[str, str]) -> str:
    return units.get(name) or (
        "accuracy" if "acc" in name.lower() and "loss" not in name.lower() else "unknown"
    )


def _spelt(name: str) -> str:
    spelt = name.lower()
    for ending, ours in _SPELT.items():
        spelt = re.sub(ending, ours, spelt)
    return spelt


def _merged(
    name: str, values: list[float], columns: dict[str, list[float]]
) -> tuple[list[int], dict[str, list[float]]]:
    """Rows by step, joining those that loggers write separately for the train and test loss of a step."""
    if not all(value.is_integer() and 0 <= value < 2**53 for value in values):
        raise DamagedRun(f"Its column {name} holds no steps: whole numbers from 0 are expected.")
    steps = [int(value) for value in values]
    rows = {step: row for row, step in enumerate(dict.fromkeys(steps))}
    merged = {column: [math.nan] * len(rows) for column in columns}
    for column, numbers in columns.items():
        for step, number in zip(steps, numbers, strict=True):
            before = merged[column][rows[step]]
            if not math.isnan(number):
                if not math.isnan(before) and before != number:
                    raise DamagedRun(
                        f"Its column {column} has two values at {name} {step}, {before} and {number}."
                    )
                merged[column][rows[step]] = number
    return list(rows), merged


def numbers_in(value: object) -> list[float] | None:
    """A list of numbers, whoever made it; None for anything else.

    >>> numbers_in((1, 0.5))
    [1.0, 0.5]
    """
    if isinstance(value, Tensor):
        plain = value.ndim == 1 and not value.is_complex() and len(value) > 0
        return value.detach().double().tolist() if plain else None
    if not isinstance(value, (list, tuple)) or not value:
        return None
    numbers = [_number(entry) for entry in value]
    known = all(
        entry is None or is_number(entry) or (isinstance(entry, Tensor) and entry.ndim == 0)
        for entry in value
    )
    return numbers if known else None


def _number(value: object) -> float:
    if isinstance(value, Tensor) and value.ndim == 0 and not value.is_complex():
        value = value.item()
    if isinstance(value, str):
        try:
            return float(value) if value.strip() else math.nan
        except ValueError:
            return math.nan
    if not is_number(value):
        return math.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return math.nan
