"""A folder as the explorer exports it, of runs and a sweep that are made up: known to the last digit, and quick."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).parents[1]))
import groklens as gl
from groklens.claims import Phase
from groklens.explorer.static import static_file, static_names
from synthetic import table

STEPS, OTHER_STEPS = [0, 100, 1000, 5500, 9000, 15000], [0, 300, 6000, 12000]
PHASES = (Phase("memorisation", (0, 0), (200, 300)), Phase("circuit formation", (200, 300), (5500, 6000)))
#: Names as nobody should give them.
MARKUP = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def write_folder(folder, data):
    """The page with `data`, values by the names of their files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in static_names():
        (folder / name).write_bytes(static_file(name).data)
    for name, values in data.items():
        path = folder / "data" / f"{name}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(values).replace("<", "\\u003c")
        path.write_text(f"explorer.receive({json.dumps('data/' + name)}, {text});\n")
    return folder / "index.html"


def figure(view):
    values = json.loads(view.to_json())
    return {"data": values["data"], "layout": values["layout"]}


def run_files(id, name, steps, parts_at):
    """The files of one run: two pictures a step, parts of the steps in `parts_at`."""
    whole = table(steps=steps, neurons=9)
    frequencies = [{"id": str(k), "name": f"frequency {k}"} for k in range(1, 57)]
    run = {
        "id": id,
        "name": name,
        "headline": None,
        "description": [["task", "a + b mod 113"], ["model", f"one layer of {name}"]],
        "curves": figure(gl.views.curves(whole, ["train_loss", "test_loss"], PHASES)),
        "phases": [phase.to_dict() for phase in PHASES],
        "events": {"generalised": steps[-2], "settled": None},
        "parts": {
            "frequency": frequencies,
            "neuron": [{"id": str(k), "name": f"neuron {k}"} for k in range(9)],
        },
        "kinds": ["spectrum", "neurons"],
    }
    found = {f"run/{id}": run, f"run/{id}/why": _why()}
    for place, step in enumerate(steps):
        one = whole.isel(step=[place])
        found[f"run/{id}/step/{step}"] = {"step": step, "numbers": _numbers(one), "pictures": _pictures(one)}
    for step in parts_at:
        for part in frequencies:
            found[f"run/{id}/step/{step}/part/frequency-{part['id']}"] = _part(part, step)
    return found


def _numbers(one):
    scalars = [each for each in one.data_vars.values() if each.dims == ("step",)]
    return [
        {"name": each.attrs["long_name"], "value": float(each[0]), "units": each.attrs["units"]}
        for each in scalars
    ]


def _pictures(one):
    maps = [
        {"name": str(k), "z": np.outer(one["neuron_explained"].values[0], np.arange(9.0) + k)}
        for k in range(9)
    ]
    return [
        {
            "kind": "spectrum",
            "title": "The embedding's spectrum",
            "caption": "A few tall bars and none elsewhere: the model uses few components.",
            "figure": figure(gl.views.spectrum(one)),
            "parts": {"kind": "frequency", "by": "x"},
        },
        {
            "kind": "neurons",
            "title": "Neurons over both operands",
            "caption": "Waves are neurons that compute with one frequency.",
            "figure": figure(_small_multiples(maps)),
            "parts": {"kind": "neuron", "by": "name"},
        },
    ]


def _small_multiples(maps):
    from groklens.views.drawing.panels import label_edges, panels, place

    titles = [f"neuron {each['name']}" for each in maps]
    found = panels(titles)
    for index, each in enumerate(maps):
        found.add_heatmap(**each, showscale=False, **place(index, titles))
    label_edges(found, titles, "b", "a")
    return found


def _part(part, step):
    row = {"name": "test loss", "before": 0.25, "after": 3.5, "control": 0.3, "draws": 20}
    row |= {"control_low": 0.26, "control_high": 0.4, "control_name": "random direction of the same size"}
    return {
        "title": part["name"],
        "step": step,
        "evidence": [{"name": "share of the embedding's power", "value": 0.21, "text": f"0.21 at {step}"}],
        "ablation": [{**row, "text": "Test loss goes from 0.25 to 3.5."}],
        "figure": None,
    }


def _why():
    control = {"name": "random subspaces", "text": "random subspaces: 0.01 (0 to 0.02, 20 draws)"}
    finding = {"key": "sufficiency.logits", "claim": "the circuit alone answers", "value": 0.998}
    finding |= {"in_words": finding["claim"]}
    finding |= {"units": "accuracy", "verdict": "supported", "controls": [control]}
    return {"headline": "It computes by five frequencies.", "verdict": "supported", "findings": [finding]}


def sweep_of(runs):
    """A sweep over two axes, three runs in one of its places and one in another."""
    delay = np.array([[[900.0, 300.0], [2700.0, 900.0]]] * 3)
    coords = {"seed": range(3), "weight_decay": [1.0, 0.3], "train_fraction": [0.3, 0.5]}
    columns = {"memorised": np.full_like(delay, 100.0), "generalised": delay + 100, "settled": delay + 200}
    columns |= {"delay": delay, "last_step": np.full_like(delay, 5000.0)}
    events = xr.Dataset({name: (tuple(coords), value) for name, value in columns.items()}, coords)
    diagram = gl.views.phase_diagram(gl.sweeps.over_seeds(events))
    cells = [
        {"x": "0.3", "y": "1", "runs": runs},
        {"x": "0.5", "y": "1", "runs": runs[:1]},
        {"x": "0.3", "y": "0.3", "runs": []},
        {"x": "0.5", "y": "0.3", "runs": runs[1:]},
    ]
    plane = {"name": "train_fraction × weight_decay", "diagram": figure(diagram), "text": diagram.text}
    return {"id": "s0", "name": "decay and share", "planes": [{**plane, "cells": cells}], "note": None}


def made_up():
    """Two runs, one that cannot be read and one named in markup, and a sweep of them."""
    listed = [
        {
            "id": "0",
            "name": "mod113",
            "task": "a + b mod 113",
            "model": "Transformer",
            "steps": STEPS,
            "note": None,
        },
        {
            "id": "1",
            "name": "no decay",
            "task": "a + b mod 113",
            "model": "MLP",
            "steps": OTHER_STEPS,
            "note": None,
        },
        {
            "id": "2",
            "name": "broken",
            "task": "",
            "model": "",
            "steps": [],
            "note": "recipe.json is not JSON.",
        },
        {"id": "3", "name": MARKUP, "task": MARKUP, "model": MARKUP, "steps": [0, 7], "note": None},
    ]
    index = {"version": "0.1.0", "why": "asked", "runs": listed, "sweeps": [sweep_of(["0", "1", "2"])]}
    return {
        "index": index,
        **run_files("0", "mod113", STEPS, [15000]),
        **run_files("1", "no decay", OTHER_STEPS, [12000]),
        **_of_markup(),
    }


def _of_markup():
    def marked(value):
        if isinstance(value, dict):
            return {key: value[key] if key in ("figure", "curves") else marked(value[key]) for key in value}
        if isinstance(value, list):
            return [marked(each) for each in value]
        return (
            value if not isinstance(value, str) or value in ("frequency", "neuron", "x", "name") else MARKUP
        )

    found = run_files("3", MARKUP, [0, 7], [7])
    part = found["run/3/step/7/part/frequency-1"]
    ids = {key: value for key, value in found["run/3"].items() if key in ("id", "parts")}
    return {
        "run/3": {**marked(found["run/3"]), **ids},
        "run/3/step/0": marked(found["run/3/step/0"]),
        "run/3/step/7": marked(found["run/3/step/7"]),
        "run/3/why": marked(found["run/3/why"]),
        "run/3/step/7/part/frequency-1": marked(part),
    }


_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def number_said(text):
    """The first number of a text as the page writes it: 1,235,000 or 5.295 × 10⁻⁷."""
    digits, power = re.search(r"([-0-9.,]+)(?:\s×\s10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+))?", text).groups()
    return float(digits.replace(",", "")) * 10.0 ** int((power or "0").translate(_RAISED))
