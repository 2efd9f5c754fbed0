"""Which axis of what passes at a point is the inputs', found by running other numbers of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, nn

from groklens.errors import BadArgument, GroklensError, described
from groklens.models.at_rest import at_rest
from groklens.models.hooking.passes import placed
from groklens.models.hooking.points import INSIDE, Point

#: How many inputs are run to see which axis follows their number.
_FEW, _MORE = 2, 3
#: An axis that no value has: nothing there follows the number of inputs alone.
NO_AXIS = -1


def input_axes(
    module: nn.Module, forward: Callable[[Tensor], Any], tokens: Tensor, points: Iterable[Point]
) -> dict[Point, int | None]:
    """The axis of the inputs at each point: None where all inputs share what passes, `NO_AXIS` where it is mixed.

    Two and three copies of the first input are run. Of a module that runs on no other number the inputs are taken to
    come first, and what passes is held to that. Points that nothing passes are left out.
    """
    wanted = [point for point in points if point.part not in INSIDE]
    shapes = (
        [_shapes(module, forward, tokens, wanted, count) for count in (_FEW, _MORE)] if wanted else [{}, {}]
    )
    if None in shapes:
        return dict.fromkeys(points, 0)
    few, more = shapes
    found: dict[Point, int | None] = {point: 0 for point in points if point.part in INSIDE}
    for point in wanted:
        if point in few and point in more:  # type: ignore[operator]
            found[point] = _axis(few[point], more[point])  # type: ignore[index]
    return found


def inputs_first(value: Tensor, axis: int | None, n_inputs: int, name: str) -> Tensor:
    """What passes with the inputs on the first axis; `BadArgument` for what is not by input."""
    if axis is None:
        return (
            value.expand(n_inputs, *value.shape[1:])
            if value.ndim and len(value) == 1
            else value.expand(n_inputs, *value.shape)
        )
    if axis == NO_AXIS or value.shape[axis] != n_inputs:
        raise BadArgument(
            f"{name!r} passes {described(value)} for {n_inputs} inputs, of which no axis is the inputs'; look at "
            "another part."
        )
    return value.movedim(axis, 0)


def as_it_was(value: Tensor, axis: int | None, name: str) -> Tensor:
    """What was changed, with its axes as the module has them; `BadArgument` for what all inputs share."""
    if axis is None:
        raise BadArgument(
            f"What passes at {name!r} is the same for all inputs, so it cannot be changed by input; change what it is "
            "added to."
        )
    return value.movedim(0, axis)


def _shapes(
    module: nn.Module, forward: Callable[[Tensor], Any], tokens: Tensor, points: list[Point], count: int
) -> dict[Point, tuple[int, ...]] | None:
    """The shape of what passes at each point for `count` inputs; None where the module does not run on them."""
    seen: dict[Point, tuple[int, ...]] = {}

    def noting(point: Point) -> Callable[[Tensor], Tensor]:
        def note(value: Tensor) -> Tensor:
            seen[point] = tuple(value.shape)
            return value

        return note

    try:
        with at_rest(module), placed(module, {point: noting(point) for point in points}):
            forward(tokens[:1].repeat(count, *[1] * (tokens.ndim - 1)))
    except GroklensError:
        raise
    except Exception:  # a user's module raises whatever it raises
        return None
    return seen


def _axis(few: tuple[int, ...], more: tuple[int, ...]) -> int | None:
    if few == more:
        return None
    if len(few) != len(more):
        return NO_AXIS
    moved = [axis for axis, (a, b) in enumerate(zip(few, more, strict=True)) if a != b]
    follows = len(moved) == 1 and (few[moved[0]], more[moved[0]]) == (_FEW, _MORE)
    return moved[0] if follows else NO_AXIS
