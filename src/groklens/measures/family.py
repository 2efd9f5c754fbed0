"""`Family`: measures with parameters, as frozen values whose fields say which of the family it is."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

import xarray as xr

from groklens.errors import BadArgument
from groklens.hypotheses import AnyCircuit, Circuit
from groklens.measures.measure import checked
from groklens.runs import AnyRun, Run, as_run
from groklens.snapshots import Snapshot


class Family:
    """A measure with parameters. Derive a frozen dataclass from it, with `about` and `value`.

    Its fields are the parameters, each with a default; the column's name is the class' in small letters, and each
    field that is not at its default: `Moved(since=100)` is `moved_since_100`; of a split the value alone is spelt, of a
    flag that is set the name. It is used as any measure is: called with a snapshot (and a circuit), given to `track`,
    or named in a shell where all fields are at their defaults.

    >>> from dataclasses import dataclass
    >>> from groklens.measures import About
    >>> @dataclass(frozen=True)
    ... class Largest(Family):
    ...     classes: int = 1
    ...     about = About("largest logits", "logit", (-1e9, 1e9), "here", "all")
    ...     def value(self, snapshot, circuit):
    ...         return float(snapshot.logits.topk(self.classes).values.mean())
    >>> Largest(classes=3).__name__
    'largest_classes_3'
    """

    about: Any

    @abstractmethod
    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> float | xr.DataArray:
        """The number, or labelled array, of a snapshot that has all that `about.needs` names."""

    def __call__(self, snapshot: AnyRun, circuit: AnyCircuit | None = None) -> float | xr.DataArray:
        """The value for a snapshot, or for the last one of a run, in that run; `BadArgument` if a need is not met."""
        if not isinstance(snapshot, Snapshot):
            run = as_run(snapshot)
            return self.in_run(run)(run.final, circuit)
        return self.value(*checked(self, snapshot, circuit))

    def in_run(self, run: Run) -> Family:
        """The measure for snapshots of this run: itself, unless it compares them with another snapshot of the run."""
        del run
        return self

    @property
    def __name__(self) -> str:
        """The column's name."""
        return column_name(self)


def column_name(family: Family) -> str:
    """The name of a family's column: its class in small letters, and the fields that are not at their defaults."""
    parts = [_small(type(family).__qualname__.rpartition(".")[2])]
    for field in fields(family):  # type: ignore[arg-type]
        value = getattr(family, field.name)
        if field.default is not MISSING and value == field.default:
            continue
        # A split says by itself what it is, and a flag that is set by its name.
        named = [] if field.name == "split" else [field.name]
        parts += named if value is True else [*named, _spelt(value)]
    return "_".join(parts)


def families_in(shown: Mapping[str, Any]) -> dict[str, Family]:
    """The families among a module's values by the names of their classes, each with default parameters."""
    kinds = {name: kind for name, kind in shown.items() if is_family(kind)}
    return {name: kind() for name, kind in kinds.items()}


def is_family(value: object) -> bool:
    """Whether this is the class of a family, and no measure yet."""
    return isinstance(value, type) and issubclass(value, Family) and value is not Family


def check_value(given: object) -> None:
    """Raise `BadArgument` for the class of a family where one of its measures is meant."""
    if is_family(given):
        assert isinstance(given, type)
        raise BadArgument(
            f"{given.__name__} is a family of measures; give one of them: gl.measures.{given.__name__}()."
        )


def _small(name: str) -> str:
    """A class' name in small letters: `LogitScale` is `logit_scale`, `LLC` is `llc`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _spelt(value: object) -> str:
    """A parameter's value as part of a column's name."""
    several = value if isinstance(value, (tuple, list)) else [value]
    return "_".join(re.sub(r"\W+", "_", str(each)).strip("_") for each in several)
