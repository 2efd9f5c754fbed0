"""`gl.views.logits`: one logit of a snapshot over both operands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from groklens.errors import BadArgument, UnknownName, whole_number
from groklens.views.drawing.axes import axis, layout
from groklens.views.drawing.labels import drawn
from groklens.views.drawing.lay_out import lay_out_across, lay_out_up
from groklens.views.drawing.operands import operand_values, square
from groklens.views.inputs import final_of
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    from groklens.snapshots import Snapshot
    from groklens.tasks import Task

#: The picture's width, at which the map in it is about square.
_SIDE = 600
_BAR = {"thickness": 12, "len": 0.7, "outlinewidth": 0, "tickfont": {"size": 12}}
#: What the axes of the map can be.
OPERANDS, SUM = "operands", "sum and difference"


def logits(source: Any, answer: int | None = None, by: str = OPERANDS) -> Figure:
    """One logit for every pair of operands: the correct answer's, or that of the class `answer`.

    Light is a high logit, dark a low one; the scale always holds 0. For the correct answer, an even bright
    field is a model that knows the whole table; bright cells strewn over a dark field are the train
    inputs of one that memorised them. Stripes along the diagonals belong to a rule that depends on the sum; by
    sum and difference they are columns, and what is left in rows depends on the difference, as pizza's does.
    For one class, a bright line where it is the correct answer and nowhere else is a model sure of it.

    Args:
        source: a snapshot, or a run or explanation, whose last snapshot is shown.
        answer: a class; the correct one of every input when not given.
        by: `"operands"`, or `"sum and difference"` of a cyclic group of odd order, where these two tell every
            input from every other.

    Raises `BadArgument` where the inputs are not all pairs of two operands, or have no sum and difference,
    `UnknownName` for a class that the task does not have.

    >>> gl.views.logits(run.final, answer=0)  # doctest: +SKIP
    """
    import plotly.graph_objects as go

    snapshot = final_of(source)
    snapshot = snapshot.where_group_acts if by == SUM else snapshot
    task, sizes = snapshot.task, square(snapshot.task)
    values = _one_logit(snapshot, answer).reshape(sizes)
    first, second = tuple(getattr(task, "operand_names", ("a", "b")))[:2]
    rows, columns = (operand_values(task, size) for size in sizes)
    across, up = second, first
    if by != OPERANDS:
        values, rows = _by_sum(task, values, by)
        columns, across, up = rows, f"{first} + {second}", f"{first} − {second}"
    what = "logit of the correct answer" if answer is None else f"logit of class {answer}"
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
        hovertemplate=f"{drawn(up)} = %{{y}}, {drawn(across)} = %{{x}}: %{{z:.3f}}<extra></extra>",
    )
    lay_out_across(figure, axis(drawn(across), showgrid=False, **_kind(columns)))
    lay_out_up(figure, axis(drawn(up), showgrid=False, **_kind(rows)))
    return Figure(figure, f"{task.name}: {what}, for every {up} and {across}.")


def _one_logit(snapshot: Snapshot, answer: int | None) -> np.ndarray:
    # float32 is as exact as the model and a quarter of the page that text would take.
    every = np.asarray(snapshot.logits, dtype=np.float32)
    if answer is None:
        return every[np.arange(len(every)), np.asarray(snapshot.task.labels)]
    answer = whole_number("answer", answer, such_as=0)
    if not 0 <= answer < every.shape[1]:
        raise UnknownName(
            f"{snapshot.task.name} has no class {answer}; its classes are 0 to {every.shape[1] - 1}."
        )
    return every[:, answer]


def _by_sum(task: Task, values: np.ndarray, by: str) -> tuple[np.ndarray, list[int]]:
    """Values with differences as rows and sums as columns (of exponents for multiplication), and the axes' values."""
    from groklens.harmonics import discrete_log

    if by != SUM:
        raise BadArgument(f"by is {by!r}; choose {OPERANDS!r} or {SUM!r}.")
    symmetry = task.symmetry
    logs = None if symmetry is None else discrete_log(symmetry.group)
    if symmetry is None or logs is None or len(logs) % 2 == 0:
        raise BadArgument(
            f"Sums and differences do not tell the inputs of {task.name} apart; that takes a cyclic group of "
            f"odd order. Use by={OPERANDS!r}."
        )
    n = len(logs)
    x, y = (np.asarray(logs[symmetry.elements[:, i]]) for i in range(2))
    turned = np.empty((n, n), dtype=values.dtype)
    turned[(x - y) % n, (x + y) % n] = values.reshape(-1)
    return turned, list(range(n))


def _kind(names: list[Any]) -> dict[str, Any]:
    return {"type": "category"} if isinstance(names[0], str) else {}
