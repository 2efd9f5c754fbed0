"""Turning activations captured at one step into an xarray dataset with axis names, units and source."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from groklens.runs import Run, steps_count
from groklens.tasks import Task

#: Axis names and numbers of one hook at one step.
Labelled = tuple[tuple[str, ...], np.ndarray]


def step_dataset(run: Run, step: int, values: dict[str, Labelled], how: dict[str, Any]) -> xr.Dataset:
    """Dataset of the activations at one step: one variable per hook, a `step` axis of size 1, and the attributes `how`.

    An axis whose name is taken by one of another size has its own size appended.
    """
    name = run.name
    sizes: dict[str, int] = {}
    variables: dict[str, Any] = {}
    for hook, (names, array) in values.items():
        axes = [_own_name(axis, size, sizes) for axis, size in zip(names, array.shape, strict=True)]
        attributes = {"long_name": hook, "hook": hook, "units": "activation", "source": f"run {name}", **how}
        variables[hook] = xr.Variable(("step", *axes), array[None], attributes)
    coordinates: dict[str, Any] = {axis: np.arange(size) for axis, size in sizes.items()}
    coordinates["step"] = ("step", [step], {"long_name": "step", "units": steps_count(run)})
    if "input" in sizes:
        coordinates |= _operands(run.task)
    return xr.Dataset(variables, coordinates, {"run": name, "task": run.task.name})


def _own_name(axis: str, size: int, sizes: dict[str, int]) -> str:
    if sizes.setdefault(axis, size) != size:
        axis = f"{axis}_{size}"
        sizes[axis] = size
    return axis


def _operands(task: Task) -> dict[str, Any]:
    operands: dict[str, Any] = {}
    if task.d_in is None:  # features are no operands
        columns = zip(task.operand_names, task.operands.unbind(dim=1), strict=True)
        operands = {name: ("input", column.numpy()) for name, column in columns}
    axes = "input" if task.labels.ndim == 1 else ("input", "read")
    return {**operands, "label": (axes, task.labels.numpy())}
