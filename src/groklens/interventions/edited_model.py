"""`EditedModel`: a model that always runs with certain hooks, which is what interventions put into a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.models import matching_hooks
from groklens.snapshots import Snapshot
from groklens.tasks import Inputs, Task, check_tokens

#: What a hook's value becomes: (value, index of each batch row in the task's inputs) → value.
Edit = Callable[[Tensor, Tensor], Tensor]


class EditedModel:
    """A model whose `edits` are hooks that run on every forward pass; the original model is left as it is.

    It has the model's own hooks, weights and `cfg`, so everything that takes a model takes it. Activations
    downstream of an edit are what the edit makes of them. Only the task's own inputs can be run: an edit may
    depend on the input. Raises `UnknownName` for a hook that it does not have.
    """

    original_model = None  # the quick pass would run past the hooks

    def __init__(self, model: Any, task: Task, edits: dict[str, Edit], output: Edit | None = None) -> None:
        self.model = model
        self._edits = {matching_hooks(model, name)[0]: edit for name, edit in edits.items()}
        self._output = output
        self.row_of = _Rows(task) if _numbered(task) else _RowsByBytes(task)

    @property
    def unedited(self) -> Any:
        """Run the model without any edit; it takes any tokens."""
        return getattr(self.model, "unedited", self.model)

    def __call__(self, tokens: Inputs) -> Tensor:
        """The model's output with the edits in place."""
        with self._edited(tokens):
            return self._finished(self.model(tokens), tokens)

    def run_with_cache(self, tokens: Inputs, **options: Any) -> Any:
        """Output and activations with the edits in place; options as in the model's own method."""
        with self._edited(tokens):
            output, cache = self.model.run_with_cache(tokens, **options)
        return self._finished(output, tokens), cache

    def run_with_hooks(self, tokens: Inputs, fwd_hooks: Any = ()) -> Tensor:
        """Output with the edits in place, and further hooks after them."""
        with self._edited(tokens):
            return self._finished(self.model.run_with_hooks(tokens, fwd_hooks=list(fwd_hooks)), tokens)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the model's."""
        if name == "model":  # while it is being copied
            raise AttributeError(name)
        return getattr(self.model, name)

    def _edited(self, tokens: Tensor) -> AbstractContextManager[Any]:
        rows = self.row_of(tokens)

        def hook(edit: Edit) -> Callable[..., Tensor]:
            return lambda value, hook: edit(value, rows)

        return self.model.hooks(fwd_hooks=[(name, hook(edit)) for name, edit in self._edits.items()])

    def _finished(self, output: Tensor, tokens: Tensor) -> Tensor:
        return output if self._output is None else self._output(output, self.row_of(tokens))


def edited(snapshot: Snapshot, edits: dict[str, Edit], output: Edit | None = None) -> Snapshot:
    """The snapshot of the edited model, with the same task, step and split; `BadArgument` where it cannot be edited."""
    if not snapshot.anatomy.can_be_edited:
        raise BadArgument(
            f"A {snapshot.anatomy.kind} has no hooks(fwd_hooks=…), so nothing can be changed inside it; "
            "interventions take a TransformerBridge, a HookedRootModule or what gl.hooked makes of a torch module."
        )
    model = EditedModel(snapshot.anatomy.model, snapshot.task, edits, output)
    return snapshot.with_model(model)


def check_equal_inputs(edited: EditedModel, task: Task, values: Tensor) -> None:
    """Raise `BadArgument` where a task holds an input twice and `values` (input × …) differ: edits are by input."""
    rows = edited.row_of(task.inputs)
    again = torch.nonzero(rows != torch.arange(len(rows)))[:, 0]
    if not len(again):
        return
    here, there = values[again].double().flatten(1), values[rows[again]].double().flatten(1)
    apart = (here - there).abs().amax(dim=1) > 1e-3 * (1 + there.abs().amax(dim=1))  # not by rounding
    if bool(apart.any()):
        first = int(apart.int().argmax())
        raise BadArgument(
            f"Inputs {int(again[first])} and {int(rows[again[first]])} of {task.name} are the same, and what is to be "
            "put in differs: a model cannot tell them apart. Give equal inputs equal values, or take a task or probe "
            "without repeats."
        )


class _Rows:
    """Finds which of a task's inputs each row of tokens is."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._keys, self._order = self._key(task.inputs).sort()

    def __call__(self, tokens: Int[Tensor, "batch pos"]) -> Int[Tensor, "batch"]:
        keys = self._key(tokens.cpu())
        place = torch.searchsorted(self._keys, keys).clamp_max(len(self._keys) - 1)
        if not torch.equal(self._keys[place], keys):
            raise _another_input(self._task)
        return self._order[place]

    def _key(self, tokens: Int[Tensor, "batch pos"]) -> Int[Tensor, "batch"]:
        base = check_tokens(self._task, "their keys") ** torch.arange(tokens.shape[1])
        return (tokens * base).sum(dim=1)


def _numbered(task: Task) -> bool:
    """Whether every sequence of the task's tokens has a whole number of its own that an int64 holds."""
    return task.d_vocab is not None and task.d_vocab**task.n_ctx < 2**63


class _RowsByBytes:
    """Which of a task's inputs each row of features, or of many tokens, is, by its bytes: of equal ones the last."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._rows = {key: row for row, key in enumerate(_bytes(task.inputs))}

    def __call__(self, inputs: Inputs) -> Int[Tensor, "batch"]:
        try:
            return torch.tensor([self._rows[key] for key in _bytes(inputs)])
        except KeyError as error:
            raise _another_input(self._task) from error


def _bytes(inputs: Tensor) -> list[bytes]:
    return [row.tobytes() for row in inputs.detach().cpu().numpy()]


def _another_input(task: Task) -> BadArgument:
    return BadArgument(
        f"An edited model runs on the inputs of {task.name} alone: its edits depend on the input."
    )
