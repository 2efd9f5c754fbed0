"""Titles and labels of pictures, read from the attributes of a table."""

from __future__ import annotations

import html
import json
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groklens.claims import kind_of
from groklens.errors import BadArgument, UnknownName

if TYPE_CHECKING:
    import xarray as xr

    from groklens.harmonics import ComponentName

#: Characters in a line beside an axis, and in one below it.
_BESIDE, _BELOW = 26, 60
#: What a name shared by several variables does not end in.
_JOINING = {"of", "the", "on", "in", "for", "a", "to", "by"}


def variable(table: xr.Dataset, name: str) -> xr.DataArray:
    """One variable of a table of one run, with steps as its first axis; `UnknownName` where it is absent.

    `BadArgument` where it is of a group and the run's task has none.
    """
    if name not in table.data_vars:
        needed = json.loads(table.attrs.get("left_out") or "{}").get(name)
        if isinstance(needed, list) and "group" in needed:
            raise BadArgument(no_group(f"{name} is", table.attrs.get("task", "this run's task")))
        if needed:
            needed = needed if isinstance(needed, str) else " and ".join(map(str, needed))
            raise UnknownName(f"The table has no {name!r}; this run lacks what it needs: {needed}.")
        raise UnknownName(
            f"The table has no {name!r}; it has {', '.join(map(str, table.data_vars)) or 'no variables'}. "
            "Add it with gl.track(run, gl.measures.PROGRESS)."
        )
    found = table[name]
    if "run" in found.dims:
        if found.sizes["run"] != 1:
            raise BadArgument(
                f"The table holds {found.sizes['run']} runs and this picture shows one; "
                "select it with table.isel(run=0)."
            )
        found = found.isel(run=0)
    return found.transpose("step", ...)


def no_group(what: str, task: str) -> str:
    """The message that a picture is of a group and the task has none, and what is drawn of such a task."""
    return (
        f"{what} of a group, and {task} has none; what is drawn without one: gl.views.curves(run), and where the "
        "inputs are all pairs of two operands gl.views.neurons(run) and gl.views.logits(run)."
    )


def title(found: xr.DataArray) -> str:
    """The axis title of a variable or coordinate: its name and its units."""
    return _with_units(str(found.attrs.get("long_name", found.name)), found.attrs.get("units"))


def shared_title(variables: Sequence[xr.DataArray]) -> str:
    """The axis title of several variables: the words that their names share, and the units."""
    first, *others = [str(each.attrs.get("long_name", each.name)).split() for each in variables]
    words = [word for word in first if all(word in other for other in others)]
    while words and words[-1] in _JOINING:
        words.pop()
    name, units = " ".join(words), str(variables[0].attrs.get("units", ""))
    return units if units and units in name else _with_units(name, units)


def _with_units(name: str, units: object) -> str:
    if units in (None, "", "1", name):
        return name
    return f"{name} ({units})" if name else str(units)


def drawn(text: str, beside: bool = False) -> str:
    """Text for a plotly figure: escaped, and broken into lines (shorter ones `beside` an axis)."""
    lines = textwrap.wrap(text, _BESIDE if beside else _BELOW)
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def bare_title(found: xr.DataArray) -> str:
    """The name of a variable without its units."""
    return str(found.attrs.get("long_name", found.name))


def step_names(table: xr.Dataset) -> list[str]:
    """Every step of the table as text, such as 10,000."""
    return [f"{step:,}" for step in table["step"].values.tolist()]


def kind_on(coordinate: xr.DataArray | None, component: ComponentName) -> str:
    """What components are called on a picture: by their coordinate's attribute, else frequency or irrep."""
    word = None if coordinate is None else coordinate.attrs.get("long_name")
    return str(word or kind_of(component))


def named_on(coordinate: xr.DataArray | None, component: ComponentName) -> str:
    """One component as a picture names it, such as frequency 14 or irrep standard."""
    kind = kind_on(coordinate, component)
    return str(component) if str(component).startswith(kind) else f"{kind} {component}"
