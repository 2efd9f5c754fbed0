"""Running a model on all inputs of a task in blocks, some inputs at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.errors import BadArgument, GroklensError, UnknownName, described, whole_number
from groklens.memory import BUDGETS, rows_within
from groklens.models import (
    Anatomy,
    Answers,
    Site,
    answers,
    as_float,
    at_rest,
    device_of,
    every_logit,
    matching_hooks,
    run_answers,
)
from groklens.models.fast_pass import passed_at, quick_answers, quick_blocks, quick_holds, quick_neuron_inputs
from groklens.snapshots.axes import axis_names, position_axis
from groklens.tasks import LAST, Task


class Block(NamedTuple):
    """Logits and last-MLP neurons at the answer for the inputs `rows`; no neurons where no hook of an MLP was found.

    `logits` are those of the task's classes; `outside` says of which inputs another class has a larger one. Both are by
    read too where the task is answered at several positions; neurons are those at the last.
    """

    rows: slice
    logits: Float[Tensor, "row answer"] | Float[Tensor, "row read answer"]
    neurons: Float[Tensor, "row neuron"] | None
    outside: Bool[Tensor, "row"] | Bool[Tensor, "row read"]


def run_in_blocks(anatomy: Anatomy, neurons: Site | None) -> Iterator[Block]:
    """Run a model on every input of the task in order, by the fast pass where it applies, else the plain model.

    The quick pass gives the last MLP's neurons in passing, the plain model those that pass at `neurons`. The model is
    in evaluation mode while it runs, and as it was between blocks (`at_rest`). Raises `BadArgument` for a model that
    does not run on these inputs.
    """
    model, task = anatomy.model, anatomy.task
    with running(task, task.inputs):
        is_quick = task.reads == LAST and quick_holds(model, task.inputs, task.d_vocab_out)
        grid = _on_grid(anatomy) if is_quick else None
    if grid is not None:
        for rows, (logits, outside), values in grid:
            yield _block(rows, logits, values, outside)
        return
    start, run = 0, _quick if is_quick else _plain
    for tokens in inputs_in_blocks(anatomy):
        with running(task, task.inputs), at_rest(model):
            (logits, outside), values = run(model, tokens, task, neurons)
        yield _block(slice(start, start + len(tokens)), logits, values, outside)
        start += len(tokens)


def _on_grid(anatomy: Anatomy) -> Any:
    """The quick pass over a grid of operands, which has looked at the model; None where the inputs are no grid."""
    with at_rest(anatomy.model):
        inputs = anatomy.task.inputs.to(device_of(anatomy.model))
        return quick_blocks(anatomy.model, inputs, anatomy.task.d_vocab_out, rows_a_block(anatomy))


def _block(rows: slice, logits: Tensor, neurons: Tensor | None, outside: Tensor) -> Block:
    return Block(rows, logits.cpu(), None if neurons is None else neurons.cpu(), outside.cpu())


def gathered(blocks: Iterator[Block], n_inputs: int) -> Block:
    """The blocks of all inputs joined; with neurons where the blocks have them and all fit `BUDGETS.remembered`."""
    first = next(blocks)
    logits, outside = _room(first.logits, n_inputs), _room(first.outside, n_inputs)
    neurons = None if first.neurons is None else _room(first.neurons, n_inputs)
    if neurons is not None and neurons.nbytes > BUDGETS.remembered:
        neurons = None
    for block in chain([first], blocks):
        logits[block.rows], outside[block.rows] = block.logits, block.outside
        if neurons is not None and block.neurons is not None:
            neurons[block.rows] = block.neurons
    return Block(slice(0, n_inputs), logits, neurons, outside)


def inputs_in_blocks(anatomy: Anatomy) -> tuple[Tensor, ...]:
    """The task's inputs on the model's device, in blocks that are run at once."""
    return anatomy.task.inputs.to(device_of(anatomy.model)).split(rows_a_block(anatomy))


def activation_of_all(anatomy: Anatomy, site: Site) -> Tensor:
    """The activation at a site for every input of the task; `UnknownName` for a hook that the model does not have."""
    (hook,) = matching_hooks(anatomy.model, site.hook)
    blocks = inputs_in_blocks(anatomy)
    if isinstance(site.pos, str):
        rows = positions_of(anatomy.task, site.pos).split(len(blocks[0]))
        whole = (activation(anatomy, Site(hook), tokens) for tokens in blocks)
        parts = [taken_at(hook, value, own) for value, own in zip(whole, rows, strict=True)]
    else:
        parts = [activation(anatomy, Site(hook, site.pos), tokens) for tokens in blocks]
    return as_float(torch.cat(parts).cpu())


def positions_of(task: Task, name: str) -> Int[Tensor, "input"]:
    """The position of every input that goes by a name; `UnknownName` where the task has none of that name."""
    if name in task.token_positions:
        return task.token_positions[name]
    known = ", ".join(map(repr, task.token_positions))
    raise UnknownName(
        f"pos is {name!r}; {task.name} {f'names the positions {known}' if known else 'names no positions'}. Give one "
        "of its names, or a number: -1 is the answer's."
    )


def taken_at(hook: str, value: Tensor, positions: Int[Tensor, "row"]) -> Tensor:
    """What passes at a hook, each input's at its own position; `BadArgument` for a hook without positions."""
    if position_axis(axis_names(hook, value.ndim)) != 1:
        raise BadArgument(
            f"{hook!r} gives {described(value)}, whose second axis is no position of a token, so that no position can "
            "be taken by its name; give a number, or pos=None."
        )
    return value[torch.arange(len(value), device=value.device), positions.to(value.device)]


def neuron_inputs_of_all(anatomy: Anatomy) -> Tensor | None:
    """What the last MLP receives at the answer for every input, by the quick pass; None where it does not apply."""
    model, task = anatomy.model, anatomy.task
    if task.reads != LAST or not quick_holds(model, task.inputs, task.d_vocab_out):
        return None
    parts = []
    for tokens in inputs_in_blocks(anatomy):
        with at_rest(model):
            parts.append(quick_neuron_inputs(model, tokens))
    return torch.cat(parts).cpu()


def activation(anatomy: Anatomy, site: Site, tokens: Tensor) -> Tensor:
    """The activation at a site for some inputs; `BadArgument` for a position that does not exist."""
    with running(anatomy.task, tokens), at_rest(anatomy.model):
        passed = passed_at(anatomy.model, tokens, [site.hook])
    if site.hook not in passed:
        raise UnknownName(
            f"The model has {site.hook!r}, but nothing passes there when it runs: the hook is switched off, or belongs "
            "to a part that this model does not use. See snapshot.model.hook_dict for others."
        )
    value, pos = passed[site.hook], site.pos
    axis = position_axis(axis_names(site.hook, value.ndim))
    if pos is None or (axis is None and pos == -1):  # without positions, all of it is the answer's
        return value
    if axis is None:
        raise BadArgument(f"{site.hook!r} gives {described(value)}, which has no positions; use pos=None.")
    at = whole_number("pos", pos, such_as=-1)
    if not -value.shape[axis] <= at < value.shape[axis]:
        raise BadArgument(
            f"pos is {pos}, but {site.hook!r} has {value.shape[axis]} positions; -1 is the answer's, None keeps all."
        )
    return value.select(axis, at)


#: All that torch says of an embedding, or of a table, without the row that is asked for; models say what is like it.
_NO_SUCH_ROW = re.compile(
    r"index out of range in self|index (?P<row>\d+) is out of bounds for dimension 0 with size \d+"
)
#: What Python and torch say where a model wants other arguments, or numbers instead of tokens.
_OTHER_INPUTS = re.compile(
    r"positional arguments?\b|same dtype|scalar type|for argument #\d|not implemented for '(Long|Int)'"
)


@contextmanager
def running(task: Task, tokens: Tensor) -> Iterator[None]:
    """Context that turns whatever a user's model raises on `tokens` into a `BadArgument` of one line."""
    try:
        yield
    except GroklensError:
        raise
    except Exception as error:  # a user's model raises whatever it raises
        raise BadArgument(does_not_run(task, tokens, error)) from error


def does_not_run(task: Task, tokens: Tensor, error: Exception) -> str:
    """The message that a model raises `error` on inputs of `task`, in one line."""
    said = " ".join(str(error).split())[:300]
    up_to = f"tokens up to {int(task.inputs.max())}" if task.d_in is None else "features"
    where = f"The model does not run on the inputs of {task.name} (shape {tuple(tokens.shape)}, {up_to})"
    if task.d_in is None and _is_of_no_such_row(task, said, error):
        return (
            f"{where}: it seems to have embeddings of fewer tokens or positions ({said}). Build it with "
            f"d_vocab={int(task.inputs.max()) + 1} and n_ctx={task.n_ctx}, or give the task that it was trained on."
        )
    apart = isinstance(error, TypeError | RuntimeError) and _OTHER_INPUTS.search(said) is not None
    how = " A module that takes operands apart, or one-hots, is given them by gl.hooked(module, inputs=…)."
    return f"{where}: {type(error).__name__}: {said}. Try it by hand: model(task.inputs[:1]).{how * apart}"


def _is_of_no_such_row(task: Task, said: str, error: Exception) -> bool:
    """Whether a model's error is torch's, of a row that the task's tokens, or its positions, ask for."""
    found = _NO_SUCH_ROW.fullmatch(said) if isinstance(error, IndexError) else None
    if found is None or found["row"] is None:
        return found is not None
    row = int(found["row"])
    return row < task.n_ctx or bool((task.inputs == row).any())


def rows_a_block(anatomy: Anatomy) -> int:
    """Number of inputs that are run at a time."""
    task = anatomy.task
    d_model, d_mlp = anatomy.size("d_model") or 128, anatomy.size("d_mlp")
    row = 4 * task.n_ctx * (8 * d_model + 2 * d_mlp + task.d_vocab_out)
    of_statistics = 8 * (d_mlp + task.d_vocab_out)
    n_inputs = len(task.labels)
    return min(
        rows_within(n_inputs, row, BUDGETS.block),
        rows_within(n_inputs, of_statistics, BUDGETS.statistics),
    )


def _quick(model: Any, tokens: Tensor, task: Task, neurons: Site | None) -> tuple[Answers, Tensor | None]:
    return quick_answers(model, tokens, task.d_vocab_out)


def _plain(model: Any, tokens: Tensor, task: Task, neurons: Site | None) -> tuple[Answers, Tensor | None]:
    if neurons is None:
        return run_answers(model, tokens, task.d_vocab_out, task.reads), None
    output, cache = model.run_with_cache(tokens, names_filter=neurons.hook)
    values = cache[neurons.hook] if neurons.hook in cache.keys() else None  # noqa: SIM118 (not a dict)
    every = every_logit(model, output, tokens, task.d_vocab_out, task.reads)
    if values is not None:
        values = as_float(
            values[:, neurons.pos] if values.ndim > 2 else values
        )  # a hook may have no positions
    return answers(every, task.d_vocab_out), values


def not_finite(logits: Tensor, start: int) -> str:
    """What is said of logits that are not finite, their first row being input `start`.

    A mask leaves −∞ and nothing else, a model that diverged anything.
    """
    wrong = torch.nonzero(~logits.flatten(1).isfinite().all(dim=1))[:, 0]
    first = int(wrong[0]) if len(wrong) else 0
    if not (logits.isnan() | (logits == torch.inf)).any() and (logits.flatten(1) == -torch.inf).any():
        at = int(torch.nonzero(logits[first].flatten() == -torch.inf)[0]) % logits.shape[-1]
        return (
            f"a logit of −∞ on input {first + start}, for class {at} of the task, as a mask leaves it; no loss can be "
            "computed with that. Give the task's own classes finite logits: "
            "answer=lambda output: output.clamp(min=-1e4)."
        )
    where = f"on input {first + start} first"
    return f"logits that are not finite, {where}; the model has diverged. Look at an earlier step."


def _room(block: Tensor, n_inputs: int) -> Tensor:
    """Uninitialised memory, for all inputs, of the values that `block` holds for some."""
    return block.new_empty(n_inputs, *block.shape[1:])
