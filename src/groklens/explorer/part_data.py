"""What the page shows of one part of a model at one step: its evidence, what ablating it does, its picture."""

from __future__ import annotations

from typing import Any

import xarray as xr

from groklens.errors import BadArgument, UnknownName
from groklens.explorer.ablation import ablation_of
from groklens.explorer.as_script import figure_values, plain, row
from groklens.explorer.looked_at import LookedAt
from groklens.explorer.parts import FREQUENCY, HEAD, NEURON, Part
from groklens.explorer.stills import at_first, on_scale_of
from groklens.measures import (
    IN_CLUSTER,
    attention_component,
    attention_explained,
    first_token,
    previous_token,
)
from groklens.views import Figure, bare_title, embedding, mean_attention, neurons

#: Measures of heads: those of the first layer's alone, and of all.
_OF_HEADS = ([attention_component, attention_explained], [previous_token, first_token])


def part_values(looked: LookedAt, step: int, part: Part) -> dict[str, Any]:
    """Evidence for one part at one step, its ablation beside a control, and its picture."""
    figure = _figure(looked, step, part)
    values: dict[str, Any] = {
        "title": plain(part.name),
        "step": step,
        "evidence": _evidence(looked, step, part),
        "ablation": [],
        "figure": None if figure is None else figure_values(figure),
    }
    try:
        values["ablation"] = ablation_of(looked.at(step), part)
    except BadArgument as error:
        values["ablation_note"] = str(error)
    return values


def _evidence(looked: LookedAt, step: int, part: Part) -> list[dict[str, Any]]:
    if part.kind == FREQUENCY:
        return _of_component(looked, step, part)
    if part.kind == HEAD:
        tables = [looked.measured(measures, step) for measures in _OF_HEADS]
        return [found for table in tables for found in _selected(table, "head", part.value)]
    return _selected(looked.table(step), "neuron", part.value)


def _of_component(looked: LookedAt, step: int, part: Part) -> list[dict[str, Any]]:
    table, circuit = looked.table(step), looked.circuit
    within = circuit is not None and part.value in circuit.components
    said = "of the circuit of the last step" if within else "not of a circuit of the last step"
    found = [{"name": "circuit", "value": float(within), "units": "", "text": said}]
    found += _selected(table, "component", part.value)
    if "neuron_component" in table:
        own = (table["neuron_component"] == part.value) & (table["neuron_explained"] >= IN_CLUSTER)
        found.append(row(f"neurons that it explains from {IN_CLUSTER:.0%}", int(own.sum()), "neurons"))
    return found


def _selected(table: xr.Dataset, axis: str, value: Any) -> list[dict[str, Any]]:
    """Every measure of the table that has a value for this part."""
    found = []
    for each in table.data_vars.values():
        if each.dims != ("step", axis):
            continue
        one = _at(each, axis, value)
        if one is None:
            continue
        name, units = bare_title(each), str(each.attrs.get("units", ""))
        if one.dtype.kind not in "fiub" or units == "component":  # a name
            found.append({"name": name, "value": None, "units": units, "text": plain(one.item())})
        elif bool(one.notnull()):
            found.append(row(name, one.item(), units))
    return found


def _at(found: xr.DataArray, axis: str, value: Any) -> xr.DataArray | None:
    """The value of one part at the only step; None where the measure is not of it."""
    if axis in found.coords:
        return found.sel({axis: value})[0] if value in found[axis].values else None
    place = int(str(value).rpartition(".")[2])
    # Heads without names are those of the first layer.
    other_layer = axis == HEAD and not str(value).startswith("0.")
    return None if other_layer or place >= found.sizes[axis] else found[0, place]


def _figure(looked: LookedAt, step: int, part: Part) -> Figure | None:
    try:
        if part.kind == FREQUENCY:
            figure = embedding(looked.table(step), [part.value])
            if step == looked.last:
                return figure
            return on_scale_of(figure, embedding(looked.table(looked.last), [part.value]))
        if part.kind == NEURON:
            steps = sorted({step, looked.last})
            return at_first(neurons(looked.source, [part.value], steps=steps))
        return mean_attention(looked.source, step, [part.value])
    except (BadArgument, UnknownName):  # its view does not fit this run
        return None
