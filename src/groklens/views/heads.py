"""`gl.views.heads`: scores of attention heads over training, a colour a head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from groklens.errors import BadArgument
from groklens.views.drawing.by_label import panels_by_label
from groklens.views.drawing.labels import variable
from groklens.views.inputs import called, final_of, is_table, table_of
from groklens.views.renderers.figure import Figure

#: What is drawn where nobody chose.
_USUAL = ("previous_token", "induction")


def heads(source: Any, names: Sequence[Any] | Any | None = None, log_steps: bool = True) -> Figure:
    """Scores of each attention head over training steps, one panel a score, a head in the same colour in all.

    The two halves of an induction circuit are a head of an earlier layer that comes to look one token back and a head
    of a later one that comes to look at what followed the present token before: both rise together or not at all.

    Args:
        source: a table with measures by head, which may have an axis of seeds besides, each a line; or a run, a
            snapshot, an explanation or a path, of which they are taken.
        names: measures whose values have the axis `head`, or their names; `previous_token` and `induction` when not
            given.
        log_steps: whether steps are on a log axis.

    Raises `BadArgument` for a measure that is not by head, or a model without attention patterns.

    >>> gl.views.heads(run, ["previous_token", gl.measures.PrefixMatching(length=8)])  # doctest: +SKIP
    """
    from groklens.measures import NO_COUNT

    if not is_table(source) and final_of(source).anatomy.lacks_a_count("pattern"):
        raise BadArgument(f"There are no scores of single heads to draw: {NO_COUNT}")
    wanted = [names] if isinstance(names, str) or callable(names) else list(names or _usual_of(source))
    table = table_of(source, wanted)
    rows = [variable(table, name) for name in called(wanted)]
    for each in rows:
        if "head" not in each.dims or not {"step", "seed", "head"}.issuperset(map(str, each.dims)):
            raise BadArgument(
                f"{each.name!r} is {' × '.join(map(str, each.dims))}; heads draws scores that are step × head, such as "
                "'previous_token' and 'induction'."
            )
    figure = panels_by_label(table, rows, log_steps=log_steps)
    shown = ", ".join(str(each.attrs.get("long_name", each.name)) for each in rows)
    return Figure(figure, f"Over training steps, by head: {shown}.")


def _usual_of(source: Any) -> tuple[Any, ...]:
    """What is drawn where nobody chose: of a table whatever is by head, else the two halves of induction."""
    if not is_table(source):
        return _USUAL
    by_head = tuple(str(name) for name, found in source.data_vars.items() if "head" in found.dims)
    if by_head and "step" not in source.dims:
        raise BadArgument(
            "heads draws scores over steps, and this table is of one step; see it as gl.frame(table), or give a run: "
            "gl.views.heads(run)."
        )
    return by_head or _USUAL
