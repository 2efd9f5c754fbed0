"""The logits of a snapshot over both operands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.errors import BadArgument, UnknownName
from groklens.views.axes import axis, layout
from groklens.views.figure import Figure
from groklens.views.labels import drawn

if TYPE_CHECKING:
    from groklens.capture import Snapshot
    from groklens.tasks import Task

#: The picture's width, at which the map in it is about square.
_SIDE = 600
_BAR = {"thickness": 12, "len": 0.7, "outlinewidth": 0, "tickfont": {"size": 12}}


def logits(snapshot: Snapshot, answer: int | None = None) -> Figure:
    """One logit for every pair of operands: that of the right answer, or that of the class `answer`.

    Light is a high logit, dark a low one; the scale always holds 0. For the right answer, an even bright
    field is a model that knows the whole table; bright cells strewn over a dark field are the training
    inputs of one that memorised them. Stripes along the diagonals belong to a rule that depends on the sum.
    For one class, a bright line where it is the right answer and nowhere else is a model sure of it.

    Args:
        snapshot: one model at one step.
        answer: a class; the right one of every input when not given.

    Raises `BadArgument` where the inputs are not all pairs of two operands, `UnknownName` for a class that
    the task does not have.

    >>> gl.views.logits(run.final, answer=0)  # doctest: +SKIP
    """
    import plotly.graph_objects as go

    values = _one_logit(snapshot, answer).reshape(_grid(snapshot.task))
    first, second = tuple(getattr(snapshot.task, "operand_names", ("a", "b")))[:2]
    what = "logit of the right answer" if answer is None else f"logit of class {answer}"
    rows, columns = (_tokens(snapshot.task, count) for count in _grid(snapshot.task))
    figure = go.Figure(layout=layout(_SIDE - 60, width=_SIDE))
    figure.add_heatmap(
        z=values,
        x=columns,
        y=rows,
        # From 0, or the noise of a level field would be stretched over the whole scale.
        zmin=min(0.0, float(values.min())),
        zmax=max(0.0, float(values.max())),
        colorscale="Viridis",
        colorbar=_BAR | {"title": {"text": what, "side": "right", "font": {"size": 12}}},
        hovertemplate=f"{drawn(first)} = %{{y}}, {drawn(second)} = %{{x}}: %{{z:.3f}}<extra></extra>",
    )
    figure.update_xaxes(axis(drawn(second), showgrid=False, **_kind(columns)))
    figure.update_yaxes(axis(drawn(first), showgrid=False, **_kind(rows)))
    return Figure(figure, f"{snapshot.task.name}: {what}, for every {first} and {second}.")


def _grid(task: Task) -> tuple[int, int]:
    grid = task.grid
    if grid is None or len(grid) != 2:
        raise BadArgument(
            f"The inputs of {task.name} are not all pairs of two operands"
            f"{'' if grid is None else f' but a grid of {len(grid)}'}, so there is no square to draw; "
            "look at snapshot.logits instead."
        )
    return grid[0], grid[1]


def _one_logit(snapshot: Snapshot, answer: int | None) -> np.ndarray:
    # float32 is as exact as the model and a quarter of the page that text would take.
    every = np.asarray(snapshot.logits, dtype=np.float32)
    if answer is None:
        return every[np.arange(len(every)), np.asarray(snapshot.task.labels)]
    if not 0 <= answer < every.shape[1]:
        raise UnknownName(
            f"{snapshot.task.name} has no class {answer}; its classes are 0 to {every.shape[1] - 1}."
        )
    return every[:, answer]


def _tokens(task: Task, size: int) -> list[Any]:
    """What the operand's values are called; numbers where they are the tokens' own."""
    names = list(task.token_names)[:size]
    return list(range(size)) if names == [str(i) for i in range(size)] else [drawn(name) for name in names]


def _kind(names: list[Any]) -> dict[str, Any]:
    return {"type": "category"} if isinstance(names[0], str) else {}
