"""Running a model on a whole task, some inputs at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor

from groklens.errors import BadArgument, GroklensError
from groklens.models import Answers, answers, as_float, at_rest, every_logit, rows_within, run_answers
from groklens.models import device_of as device_of
from groklens.models.fast_pass import quick_answers, quick_holds
from groklens.tasks import Task

#: Bytes that the activations of one block may take.
BLOCK_BUDGET = 256 * 2**20
#: Bytes that its logits and neurons may take in float64. Fresh memory is slow to touch for the first time;
#: arrays of a few MB come back from the allocator as they were left.
STATISTICS_BUDGET = 16 * 2**20


class Block(NamedTuple):
    """What a model gives at the answer for the inputs `rows`; no neurons where no hook of an MLP was found.

    `logits` are those of the task's classes; `outside` says of which inputs another class has a larger one.
    """

    rows: slice
    logits: Float[Tensor, "row answer"]
    neurons: Float[Tensor, "row neuron"] | None
    outside: Bool[Tensor, "row"]


def run_in_blocks(model: Any, task: Task, hook: str | None) -> Iterator[Block]:
    """Every input of `task` in order, by the quick pass where it applies, else by the plain model.

    The quick pass gives the last MLP's neurons in passing, the plain model those that pass at `hook`. The model is
    in evaluation mode while it runs, and as it was between blocks (`at_rest`). Raises `BadArgument` for a model that
    does not run on these inputs.
    """
    start, run = 0, None
    for tokens in task.inputs.to(device_of(model)).split(rows_a_block(model, task)):
        try:
            if run is None:
                run = _quick if quick_holds(model, tokens, task.d_vocab_out) else _plain
            with at_rest(model):
                (logits, outside), neurons = run(model, tokens, task.d_vocab_out, hook)
        except GroklensError:
            raise
        except Exception as error:  # a user's model raises whatever it raises
            raise BadArgument(does_not_run(task, task.inputs, error)) from error
        rows = slice(start, start + len(tokens))
        yield Block(rows, logits.cpu(), None if neurons is None else neurons.cpu(), outside.cpu())
        start += len(tokens)


def does_not_run(task: Task, tokens: Tensor, error: Exception) -> str:
    """What is said of a model that raises `error` on inputs of `task`, in one line."""
    said = " ".join(str(error).split())[:300]
    return (
        f"The model does not run on the inputs of {task.name} (shape {tuple(tokens.shape)}, tokens up to "
        f"{int(task.inputs.max())}): {type(error).__name__}: {said}. Try it by hand: model(task.inputs[:1])."
    )


def rows_a_block(model: Any, task: Task) -> int:
    """How many inputs are run at a time."""
    d_model = getattr(model.cfg, "d_model", None) or 128
    d_mlp = getattr(model.cfg, "d_mlp", None) or 0
    row = 4 * task.n_ctx * (8 * d_model + 2 * d_mlp + task.d_vocab_out)
    of_statistics = 8 * (d_mlp + task.d_vocab_out)
    n_inputs = len(task.labels)
    return min(
        rows_within(n_inputs, row, BLOCK_BUDGET), rows_within(n_inputs, of_statistics, STATISTICS_BUDGET)
    )


def _quick(model: Any, tokens: Tensor, d_vocab_out: int, hook: str | None) -> tuple[Answers, Tensor | None]:
    return quick_answers(model, tokens, d_vocab_out)


def _plain(model: Any, tokens: Tensor, d_vocab_out: int, hook: str | None) -> tuple[Answers, Tensor | None]:
    if hook is None:
        return run_answers(model, tokens, d_vocab_out), None
    output, cache = model.run_with_cache(tokens, names_filter=hook)
    neurons = cache[hook] if hook in cache.keys() else None  # noqa: SIM118 (not a dict)
    every = every_logit(model, output, tokens, d_vocab_out)
    if neurons is not None:
        neurons = as_float(neurons[:, -1] if neurons.ndim > 2 else neurons)  # a hook may have no positions
    return answers(every, d_vocab_out), neurons
