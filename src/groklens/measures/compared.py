"""References beside which a model of sequences is judged: their log-probabilities, a few examples at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.memory import BUDGETS, rows_within
from groklens.tasks import Task
from groklens.theory import Predictor

#: Arrays of log-probabilities that are in use while a model and a reference are compared.
_ARRAYS = 8


class Compared:
    """A reference's log-probabilities on a task's examples, at the positions read.

    They are kept where those of all references, `beside` in number, fit the budget.
    """

    def __init__(self, task: Task, reference: Predictor, beside: int = 1) -> None:
        self.name, self._task, self._reference = reference.name, task, reference
        self._kept: Tensor | None = None
        if 8 * beside * len(task.inputs) * len(task.reads) * task.d_vocab_out <= BUDGETS.remembered:
            self._kept = self._of(slice(None))

    def log(self, rows: slice) -> Float[Tensor, "example pos d_vocab"]:
        """Those of some examples, worked out again where all would not fit."""
        return self._of(rows) if self._kept is None else self._kept[rows]

    def _of(self, rows: slice) -> Float[Tensor, "example pos d_vocab"]:
        task, tokens = self._task, self._task.inputs[rows]
        found = self._reference.log_probabilities(tokens)
        expected = (*tokens.shape, task.d_vocab_out)
        if not isinstance(found, Tensor) or found.shape != torch.Size(expected):
            raise BadArgument(
                f"The predictor {self.name!r} gives {described(found)} for tokens of shape {tuple(tokens.shape)}; "
                f"it has to give {expected}: a log-probability for every token at every position."
            )
        return found[:, list(task.reads)].double()


def kl_from(log: Float[Tensor, "example pos d_vocab"], other: Tensor) -> Float[Tensor, "example pos"]:
    """KL of a reference from another prediction, 0 where the reference's probability is 0."""
    share = log.exp()
    return torch.where(share > 0, share * (log - other), 0.0).sum(dim=-1)


def agreement(log: Float[Tensor, "example pos d_vocab"], other: Tensor) -> Float[Tensor, "example pos"]:
    """1 where the other's likeliest token is the reference's too; of tokens that are equally likely, their share."""
    likeliest = log == log.amax(dim=-1, keepdim=True)
    same = likeliest.gather(-1, other.argmax(dim=-1, keepdim=True))[..., 0]
    return same.double() / likeliest.sum(dim=-1)


def in_parts(task: Task, rows: slice) -> Iterator[slice]:
    """Some rows, a few at a time, whose log-probabilities fit the budget of a block several times over."""
    count = rows.stop - rows.start
    size = rows_within(count, 8 * _ARRAYS * len(task.reads) * task.d_vocab_out, BUDGETS.block)
    for start in range(rows.start, rows.stop, size):
        yield slice(start, min(start + size, rows.stop))


def by_read(labels: Tensor) -> Tensor:
    """Labels or logits with an axis of reads, also where there is one."""
    return labels if labels.ndim > 1 else labels[:, None]


def log_model(logits: Tensor, n_reads: int) -> Float[Tensor, "example pos d_vocab"]:
    """A model's log-probabilities at the positions read, float64."""
    values = logits if n_reads > 1 else logits[:, None]
    return values.double().log_softmax(dim=-1)
