"""`KeptRows`: the rows of a table over steps in a folder, each written when it is taken, so that a long one goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, DamagedRun, GroklensError
from groklens.measures.measure import Measure
from groklens.runs import Run, as_path, check_result, identity_of, write_atomically

#: The file of a folder of rows that says what they are of.
HEADER, _SCHEMA = "table.json", 1
#: A row: what each measure gave at a step.
Row = dict[str, Any]


class KeptRows:
    """The rows of one table in a folder of JSON files, one per step, each under its checksum.

    A row is written beside and renamed, so that there are whole ones only; one that was damaged since is taken again,
    and one of other weights than the run's at that step is refused.
    The folder is of one run (its name, format, task and recipe), circuit and list of measures: `BadArgument` for
    another, which would give rows of different things.
    """

    def __init__(self, folder: str | Path, run: Run, measures: Sequence[Measure], circuit: str) -> None:
        self.folder, self._run = as_path(folder), run
        self._said = {
            "schema": _SCHEMA,
            "run": run.name,
            "format": run.format,
            "task": run.task.digest,
            "recipe": None if run.recipe is None else run.recipe.id,
            "circuit": circuit,
            "measures": {each.__name__: each.about.source for each in measures},
        }
        self._check()

    def read(self, step: int) -> Row | None:
        """The row of a step; None where there is none, or one that is not what was written."""
        found = row_in(self._file(step))
        if found is None:
            return None
        if found["model"] != identity_of(self._run, step):
            raise BadArgument(
                f"{self._file(step)} has the numbers of other weights than {self._run.name} has at step {step}; delete "
                "it, or give another folder."
            )
        return decoded(found["values"])

    def keep(self, step: int, row: Row, left_out: dict[str, list[str]]) -> Row:
        """Write a row, with the header before the first; gives it as it will be read."""
        header = self.folder / HEADER
        if not header.exists():
            write_atomically(header, json.dumps({**self._said, "left_out": left_out}, indent=1).encode())
        values = {name: _encoded(value) for name, value in row.items()}
        model = identity_of(self._run, step)
        data = {"step": step, "model": model, "sha256": _digest([model, values]), "values": values}
        write_atomically(self._file(step), json.dumps(data).encode())
        return decoded(values)

    @property
    def left_out(self) -> dict[str, list[str]] | None:
        """What was left out of the rows that are there, and why; None where there are none."""
        found = json_in(self.folder / HEADER)
        return None if found is None else found.get("left_out")

    def _check(self) -> None:
        header = self.folder / HEADER
        if not header.exists():
            check_result(self.folder)
            if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
                raise BadArgument(
                    f"{self.folder} is there and holds no table; give the name of a new folder, or of one that "
                    "gl.track(…, into=) has begun."
                )
            return
        found = json_in(header)
        if found is None:
            raise DamagedRun(f"{header} is damaged; delete the folder, or give another name.")
        other = [name for name, value in self._said.items() if found.get(name) != value]
        if other:
            raise BadArgument(
                f"{self.folder} holds a table of another {other[0]} ({found.get(other[0])!r}, and this is "
                f"{self._said[other[0]]!r}); give another folder, or the same call as before."
            )

    def _file(self, step: int) -> Path:
        return self.folder / f"step-{step}.json"


def json_in(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def row_in(path: Path) -> dict[str, Any] | None:
    """What a row's file says, under its checksum; None where there is none, or not what was written."""
    found = json_in(path)
    whole = found is not None and found.get("sha256") == _digest([found.get("model"), found.get("values")])
    return found if whole else None


def decoded(values: dict[str, Any]) -> Row:
    """A row from its file: what each measure gave."""
    return {name: _decoded(value) for name, value in values.items()}


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _encoded(value: Any) -> Any:
    """A measure's value as JSON, whose numbers come back to the bit."""
    if not isinstance(value, xr.DataArray):
        return float(value)
    coords = {str(name): _array(coord.variable) for name, coord in value.coords.items()}
    return {**_array(value.variable), "coords": coords}


def _array(variable: xr.Variable) -> dict[str, Any]:
    array = np.asarray(variable.values)
    if array.dtype.kind not in "OUSbiuf":
        raise GroklensError(f"A table in a folder holds numbers and names, and this one has {array.dtype}.")
    return {"dims": list(map(str, variable.dims)), "dtype": array.dtype.str, "values": array.tolist()}


def _decoded(value: Any) -> Any:
    if not isinstance(value, dict):
        return float(value)
    coords = {name: _variable(coord) for name, coord in value["coords"].items()}
    return xr.DataArray(_variable(value), coords=coords)


def _variable(found: dict[str, Any]) -> xr.Variable:
    kind = object if found["dtype"] == "|O" else np.dtype(found["dtype"])
    return xr.Variable(found["dims"], np.array(found["values"], dtype=kind))
