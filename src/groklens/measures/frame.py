"""`gl.frame`: a table of measures as a pandas data frame, one row per step or one row per value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray as xr

from groklens.errors import BadArgument, described

if TYPE_CHECKING:
    import pandas as pd


def frame(table: xr.Dataset | Any, long: bool = False) -> pd.DataFrame:
    """The table as a data frame with one row per step: a column per measure, and per label of a labelled measure.

    The column of a labelled measure is `name[label]`, such as `logit_similarity[14]`, or `name[x, 3]` for two labels.
    With `long`, one row per value instead: `step`, `measure`, a column per axis (`component`, `neuron`, …; missing
    where a measure has none) and `value`; what a step does not have is left out. Nothing is multiplied: measures with
    different labels stay side by side. What holds for the whole run, such as the loss of a reference predictor, stands
    at every step. A table without steps, such as that of a sweep's events or of heads at one step, gets a row per
    place of its axes. Raises `BadArgument` for what is no table.

    >>> import groklens as gl
    >>> task = gl.ModularArithmetic(7)
    >>> table = gl.track(gl.Snapshot(gl.planted(task, [2]), task), ["loss", "logit_similarity"])
    >>> list(frame(table).columns)
    ['loss', 'logit_similarity[1]', 'logit_similarity[2]', 'logit_similarity[3]']
    """
    import pandas as pd

    if isinstance(table, xr.Dataset) and "step" not in table.dims and table.dims:
        return table.to_dataframe().reset_index()
    if not isinstance(table, xr.Dataset) or "step" not in table.dims:
        raise BadArgument(
            f"A table of measures is meant, and {described(table)} was given; make one with gl.track(run, measures), "
            "or take why.table of an explanation."
        )
    if long:
        rows = pd.concat([_long(name, found) for name, found in _over_steps(table)], ignore_index=True)
        return rows[[*(name for name in rows.columns if name != "value"), "value"]]
    columns: dict[str, Any] = {}
    for name, found in _over_steps(table):
        columns |= _wide(name, found)
    return pd.DataFrame(columns, index=pd.Index(table["step"].values, name="step"))


def _over_steps(table: xr.Dataset) -> list[tuple[str, xr.DataArray]]:
    """Every measure by name, over the steps of the table."""
    steps = table["step"]
    return [
        (str(name), found if "step" in found.dims else found.expand_dims(step=steps))
        for name, found in table.data_vars.items()
    ]


def _wide(name: str, found: xr.DataArray) -> dict[str, Any]:
    """The columns of one measure, by name and label."""
    labels = [dim for dim in found.dims if dim != "step"]
    if not labels:
        return {name: found.values}
    flat = found.stack(label=labels)
    keys = [key if isinstance(key, tuple) else (key,) for key in flat["label"].values.tolist()]
    values = flat.transpose("step", "label").values
    return {f"{name}[{', '.join(map(str, key))}]": column for key, column in zip(keys, values.T, strict=True)}


def _long(name: str, found: xr.DataArray) -> pd.DataFrame:
    """Every value of one measure with its labels, a row each; those that are missing are left out."""
    kept = [*map(str, found.dims), "value"]
    rows = found.rename("value").to_dataframe().reset_index()[kept].dropna(subset=["value"])
    rows = rows.astype(
        {each: object for each in kept if each not in ("step", "value")}
    )  # whole numbers stay so
    rows.insert(list(rows.columns).index("step") + 1, "measure", name)
    return rows[["step", "measure", *(each for each in rows.columns if each not in ("step", "measure"))]]
