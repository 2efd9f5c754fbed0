"""Reading a model's output as logits at the answer: finding which axes are inputs, positions and classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from groklens.errors import BadArgument, GroklensError, described
from groklens.tasks import Inputs

#: A model's forward pass as it is, from tokens to its output.
Forward = Callable[[Tensor], Any]


class Answers(NamedTuple):
    """Logits at the answer for the task's classes, and whether a class outside of them has a larger one."""

    logits: Float[Tensor, "input answer"] | Float[Tensor, "input read answer"]
    outside: Bool[Tensor, "input"] | Bool[Tensor, "input read"]


def answers(
    every: Float[Tensor, "input class"] | Float[Tensor, "input read class"], d_vocab_out: int
) -> Answers:
    """The logits of all the model's classes, parted into the task's and what lies outside.

    Of equal logits the first counts, as everywhere: a class of the task's.

    >>> answers(torch.tensor([[1.0, 2.0, 3.0], [1.0, 3.0, 3.0]]), 2).outside.tolist()
    [True, False]
    """
    own, others = every[..., :d_vocab_out], every[..., d_vocab_out:]
    if not others.shape[-1]:
        return Answers(own, torch.zeros(every.shape[:-1], dtype=torch.bool, device=every.device))
    return Answers(own, others.amax(dim=-1) > own.amax(dim=-1))


def answer_logits(
    output: Any, d_vocab_out: int, n_inputs: int | None = None
) -> Float[Tensor, "input answer"]:
    """The logits at the last position, for the task's classes only (a separator's class is dropped).

    Half precision is taken to float32. Raises `BadArgument` for anything but floating-point logits (input, class)
    or (input, pos, class), one row per input, with a class for each of the task's.
    """
    _check_kind(output, n_inputs, d_vocab_out)
    if n_inputs is not None and len(output) != n_inputs:
        raise BadArgument(_not_first(output, n_inputs))
    return _last(output, d_vocab_out)[:, :d_vocab_out]


def logits_at_reads(
    output: Any, tokens: Inputs, d_vocab_out: int, forward: Forward, reads: tuple[int, ...]
) -> Float[Tensor, "input read class"]:
    """The logits at several positions over all the model's classes; errors as for `logits_at_answer`.

    A model that puts tokens of its own in front has their positions too: positions are counted from the end.
    """
    logits_at_answer(output, tokens, d_vocab_out, forward)  # raises for what are no logits
    n_pos = tokens.shape[1]
    if output.ndim != 3 or output.shape[1] < n_pos:
        raise BadArgument(
            f"The model gives {said_output(output)}, and the task is answered at {len(reads)} of its {n_pos} "
            "positions; logits are expected for every position: (input, pos, class)."
        )
    return as_float(output[:, [position - n_pos for position in reads]])


def logits_at_answer(
    output: Any, tokens: Inputs, d_vocab_out: int, forward: Forward
) -> Float[Tensor, "input class"]:
    """The logits at the last position over all the model's classes, from what it gave for `tokens`.

    Where more than one axis of the output is as long as there are inputs, another number of inputs is run to see
    which of them follows it; where two may be positions, one position fewer. Raises `BadArgument` for outputs that are
    no logits, or not (input, class) or (input, pos, class), or of which that cannot be told.
    """
    n_inputs = len(tokens)
    _check_kind(output, n_inputs, d_vocab_out)
    if len(output) != n_inputs:
        raise BadArgument(_not_first(output, n_inputs))
    if n_inputs in output.shape[1:]:
        _check_inputs_first(output, tokens, forward)
    if output.ndim == 3:
        _check_classes_last(output, tokens, d_vocab_out, forward)
    return _last(output, d_vocab_out)


def as_float(values: Tensor) -> Tensor:
    """The values, half precision taken to float32: numpy has no bfloat16, and sums would be rounded to it."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def said_output(output: object) -> str:
    """What a model gave, and what is in it, in words."""
    if isinstance(output, Tensor):
        return f"a tensor of shape {tuple(output.shape)} and type {str(output.dtype).removeprefix('torch.')}"
    parts: list[str] = []
    if isinstance(output, Mapping):
        parts = [f"{name!r} {described(part)}" for name, part in output.items()]
    elif isinstance(output, (list, tuple)):
        parts = [described(part) for part in output]
    elif not isinstance(output, Tensor):
        named = [
            (place.removeprefix("output"), part) for place, part in _parts(output) if _may_be_logits(part)
        ]
        parts = [f"{name} {described(part)}" for name, part in named]
    return described(output) + (f" ({', '.join(parts[:4])})" if parts else "")


def _last(output: Tensor, d_vocab_out: int) -> Tensor:
    last = as_float(output[:, -1] if output.ndim == 3 else output)
    if last.shape[-1] < d_vocab_out:
        raise BadArgument(
            f"The model gives {last.shape[-1]} logits, the task has {d_vocab_out} classes; build the model "
            f"with d_vocab_out={d_vocab_out}."
        )
    return last


def _check_kind(output: Any, n_inputs: int | None, d_vocab_out: int) -> None:
    if _may_be_logits(output):
        return
    rows = "input" if n_inputs is None else n_inputs
    where = _where_logits_are(output, d_vocab_out)
    advice = f"Say where they are: {_typed(where)}." if where else "Let its forward return that alone."
    raise BadArgument(
        f"The model gives {said_output(output)}; floating-point logits are expected: one tensor of shape "
        f"({rows}, class) or ({rows}, pos, class). {advice}"
    )


def _may_be_logits(output: Any) -> bool:
    return isinstance(output, Tensor) and output.is_floating_point() and output.ndim in (2, 3)


def _where_logits_are(output: Any, d_vocab_out: int) -> str | None:
    """How to get at the logits in an output that holds some; None where nothing in it may be logits.

    What has a class for each of the task's goes first, and among those what is called logits.
    """
    found = [(place, part) for place, part in _parts(output) if _may_be_logits(part)]
    found.sort(key=lambda item: (item[1].shape[-1] < d_vocab_out, "logits" not in item[0]))
    return found[0][0] if found else None


def _parts(output: Any) -> list[tuple[str, Any]]:
    """What an output holds, by the expression that gives it."""
    if isinstance(output, Mapping):
        own = [("output.logits", output.logits)] if hasattr(output, "logits") else []
        return [*own, *((f"output[{name!r}]", part) for name, part in output.items())]
    if isinstance(output, (list, tuple)):
        names = getattr(output, "_fields", None)
        return [(f"output.{names[i]}" if names else f"output[{i}]", part) for i, part in enumerate(output)]
    if is_dataclass(output) and not isinstance(output, type):
        return [(f"output.{field.name}", getattr(output, field.name, None)) for field in fields(output)]
    return [("output.logits", getattr(output, "logits", None))]


def _check_inputs_first(output: Tensor, tokens: Tensor, forward: Forward) -> None:
    """Raise unless the first axis is the one that follows the number of inputs."""
    n_inputs, shape = len(tokens), tuple(output.shape)
    for others in (torch.cat([tokens, tokens[-1:]]), tokens[:-1]):
        found = _shape(forward, others) if len(others) else None
        if found == (len(others), *shape[1:]):
            return
        if found is not None:
            raise BadArgument(_not_first(output, n_inputs, found, len(others)))
    raise BadArgument(
        f"The model gives logits of shape {shape} for {n_inputs} inputs, and runs neither with one more nor with one "
        f"fewer, so that it cannot be told which axis is the inputs'; {_expected(n_inputs)} Let the model run on any "
        "number of inputs."
    )


def _check_classes_last(output: Tensor, tokens: Tensor, d_vocab_out: int, forward: Forward) -> None:
    """Raise unless the axes are (input, pos, class), as far as the sizes allow doubt."""
    (n_inputs, n_pos), (_, middle, last) = tokens.shape, output.shape
    fits = middle <= n_pos + 1  # a model may put a token of its own in front
    if middle < d_vocab_out or (fits and last != n_pos):
        return
    shape = tuple(output.shape)
    if fits and last >= d_vocab_out:
        found = _shape(forward, tokens[:, :-1])
        if found == (n_inputs, middle - 1, last):
            return
        if found != (n_inputs, middle, last - 1):
            raise BadArgument(
                f"The model gives logits of shape {shape} for {n_inputs} inputs of {n_pos} positions and "
                f"{d_vocab_out} classes, and with one position fewer it does not say which axis is the positions'; "
                f"{_expected(n_inputs)} Give the answer's logits alone: {_typed('output[:, -1]')}, or "
                "output[..., -1] where positions come last."
            )
    raise BadArgument(
        f"The model gives logits of shape {shape} for {n_inputs} inputs of {n_pos} positions: the axes seem to be "
        f"(input, class, pos), as torch's cross-entropy takes them; {_expected(n_inputs)} Turn them: "
        f"{_typed('output.transpose(1, 2)')}."
    )


def _shape(forward: Forward, tokens: Tensor) -> tuple[int, ...] | None:
    """The shape that the model gives for other tokens; None where it does not run on them."""
    try:
        return tuple(forward(tokens).shape)
    except GroklensError:
        raise
    except Exception:  # a user's model raises whatever it raises
        return None


def _not_first(output: Tensor, n_inputs: int, found: tuple[int, ...] | None = None, others: int = 0) -> str:
    """What is said of logits whose first axis is not the inputs'; `found` is their shape for `others` inputs."""
    shape = tuple(output.shape)
    also = f", and of shape {found} for {others}" if found else ""
    if found:
        axis = next(
            (i for i in range(1, min(len(shape), len(found))) if found[i] == others != shape[i]), None
        )
    else:
        axis = shape.index(n_inputs) if n_inputs in shape else None
    advice = "Put the inputs on the first axis."
    if axis is not None:
        advice = f"Put the inputs on the first axis: {_typed(f'output.transpose(0, {axis})')}."
    return (
        f"The model gives logits of shape {shape} for {n_inputs} inputs{also}; {_expected(n_inputs)} {advice}"
    )


def _expected(n_inputs: int) -> str:
    return f"one row per input is expected: ({n_inputs}, class) or ({n_inputs}, pos, class)."


def _typed(expression: str) -> str:
    return (
        f"gl.Snapshot(model, task, answer=lambda output: {expression}), or answer= of gl.explain or gl.hooked"
    )
