"""`gl.views.stages`: how far a model of sequences is from each reference predictor over training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groklens.errors import BadArgument
from groklens.views.drawing.by_label import panels_by_label
from groklens.views.inputs import is_table, run_of, shown_steps
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    import xarray as xr


def stages(source: Any, log_steps: bool = True) -> Figure:
    """Distance of a model of sequences from each reference over training steps, and its loss beside theirs.

    Above, KL(reference‖model) of each reference in nats: at every step the lowest curve names the stage, and where two
    cross one stage ends and the next begins. Below, the model's loss, with the loss of each reference as a dashed line:
    a plateau on a line is a model that knows what that reference knows and no more.

    Args:
        source: a table of `gl.measures.stages`, which may have an axis of seeds besides, each a line; or a run, an
            explanation or a path, of which it is taken at up to 24 of the kept steps.
        log_steps: whether steps are on a log axis.

    Raises `BadArgument` for a table without these columns, or a run of a task that names no references.

    >>> gl.views.stages(gl.measures.stages(run))  # doctest: +SKIP
    """
    table = source if is_table(source) else _taken(source)
    if "mean_kl" not in table or "reference" not in table["mean_kl"].dims:
        raise BadArgument(
            "This table has no KL from references by step; give one of gl.measures.stages(run), or the run."
        )
    rows = [table["mean_kl"], *([table["loss"]] if "loss" in table else [])]
    levels = {1: table["reference_loss"]} if "loss" in table and "reference_loss" in table else {}
    figure = panels_by_label(table, rows, levels, log_steps)
    names = ", ".join(table["reference"].values.tolist())
    return Figure(
        figure,
        f"Over training steps: KL(reference‖model) of the references {names}, and the loss beside theirs.",
    )


def _taken(source: Any) -> xr.Dataset:
    from groklens.measures import stages as measured

    run = run_of(source)
    return measured(run, steps=shown_steps(run, None))
