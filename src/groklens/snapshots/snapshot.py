"""One model at one step, looked at on its whole task."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.errors import BadArgument, GroklensError, described, whole_number
from groklens.models import (
    Answer,
    answered,
    as_float,
    at_rest,
    check_model,
    matching_hooks,
    n_layers,
    weights,
)
from groklens.snapshots.axes import axis_names, position_axis
from groklens.snapshots.blocks import Block, device_of, does_not_run, rows_a_block, run_in_blocks
from groklens.snapshots.split_index import TrainIndex, split_index
from groklens.tasks import Task, check_task

#: Bytes of activations that a snapshot may keep; beyond it they are recomputed, in row blocks.
CACHE_BUDGET = 512 * 2**20


class Snapshot:
    """One model at one step on its whole task: weights, logits and activations, computed when asked for.

    Args:
        model: any `HookedModel`; it is run in evaluation mode and without gradients. Its mode, the random state
            and its hooks are as they were after every look.
        task: what it was trained on.
        step: number of updates, or None where that is not known.
        train_index: the inputs it was trained on, as indices or a mask; None where the split is not known.
        train_share: the share of inputs that it was trained on, for a split of which only that is known.
        answer: where the logits are in what the model gives, for one that gives a tuple, a mapping or other axes than
            (input, class) or (input, pos, class): `answer=lambda output: output[0]`.
        split_recorded: whether training itself wrote the split down, which is not to be doubted then.

    Logits and activations are float32 as the model gives them; measures take them to float64. Activations
    are cached up to `CACHE_BUDGET` bytes a snapshot. What a model in half precision gives is taken to float32.
    Raises `BadArgument` for a model that cannot be hooked, a task whose tokens it does not have, outputs that
    are no logits or not finite, or a train_index that is no split of the task.
    """

    def __init__(
        self,
        model: Any,
        task: Task,
        step: int | None = None,
        train_index: TrainIndex | None = None,
        train_share: float | None = None,
        answer: Answer | Any = None,
        split_recorded: bool = False,
    ) -> None:
        _check_pair(model, task)
        self.model = answered(model, answer)
        self.task = task
        self.step = step
        self.train_index = None if train_index is None else split_index(train_index, len(task.labels))
        self.train_share = train_share
        self.split_recorded = split_recorded
        self.derived: dict[str, Any] = {}  # what measures share of this snapshot, by name
        self._cache: dict[tuple[str, int | None], Tensor] = {}

    def __repr__(self) -> str:
        where = "unknown step" if self.step is None else f"step {self.step}"
        return f"Snapshot({self.task.name}, {where})"

    def with_model(self, model: Any) -> Snapshot:
        """The snapshot of another model in this one's place: the same task, step and split."""
        return Snapshot(
            model,
            self.task,
            self.step,
            self.train_index,
            self.train_share,
            split_recorded=self.split_recorded,
        )

    @cached_property
    def weights(self) -> dict[str, Tensor]:
        """Weights by TransformerLens name (`W_E`, `W_Q`, …), per-layer ones stacked; clone before writing.

        What has other axes than TransformerLens gives it is left out, as is a W_E without a row for every operand.
        """
        found = {name: as_float(value) for name, value in weights(self.model).items()}
        operands = self.task.inputs[:, : self.task.n_operands]
        if "W_E" in found and operands.numel() and len(found["W_E"]) <= int(operands.max()):
            del found["W_E"]
        return found

    @property
    def logits(self) -> Float[Tensor, "input answer"]:
        """Logits at the answer for every input, the task's classes only; `outside` says where others are larger."""
        return self._at_answer[0]

    @property
    def outside(self) -> Bool[Tensor, "input"]:
        """Whether the largest logit of an input, over all the model's classes, is none of the task's.

        Such an input is answered wrong, by an operator's or a separator's class, whatever the task's logits are.
        """
        return self._at_answer[2]

    @cached_property
    def _at_answer(self) -> tuple[Tensor, Tensor | None, Tensor]:
        """Logits, neurons and `outside` at the answer; neurons only where the quick pass gives them in passing."""
        logits = neurons = None
        outside = torch.zeros(len(self.task.labels), dtype=torch.bool)
        for block in self._run(None):
            if logits is None:
                logits = _room(block.logits, self.task)
                neurons = None if block.neurons is None else _room(block.neurons, self.task)
                if neurons is not None and neurons.nbytes > CACHE_BUDGET:
                    neurons = None
            logits[block.rows], outside[block.rows] = block.logits, block.outside
            if neurons is not None and block.neurons is not None:
                neurons[block.rows] = block.neurons
        assert logits is not None  # a task has inputs
        return logits, neurons, outside

    def blocks(self) -> Iterator[Block]:
        """Logits and neurons at the answer, some inputs at a time and in their order; nothing is kept.

        What a snapshot holds already is cut into blocks; else the model is run, to the same numbers. For
        statistics of many inputs: a few MB are in use whatever their number.
        """
        if "_at_answer" not in self.__dict__ or (self.neuron_hook and self._kept_neurons is None):
            yield from self._run(self.neuron_hook)
            return
        logits, neurons, outside = self.logits, self._kept_neurons, self.outside
        for start in range(0, len(logits), rows_a_block(self.model, self.task)):
            rows = slice(start, start + rows_a_block(self.model, self.task))
            yield Block(rows, logits[rows], None if neurons is None else neurons[rows], outside[rows])

    def _run(self, hook: str | None) -> Iterator[Block]:
        for block in run_in_blocks(self.model, self.task, hook):
            least, largest = torch.aminmax(block.logits)  # nan where one of them is
            if not math.isfinite(float(largest) - float(least)):
                wrong = torch.nonzero(~block.logits.isfinite().all(dim=1))[:, 0] + block.rows.start
                raise BadArgument(
                    f"{self!r} has logits that are not finite, on input {int(wrong[0])} first; the model has "
                    "diverged. Look at an earlier step."
                )
            yield block

    @cached_property
    def test_index(self) -> Int[Tensor, "test"] | None:
        """The inputs held out of training, all of a stream's probe, or None where the split is not known."""
        if self.task.is_stream:
            return torch.arange(len(self.task.labels))
        if self.train_index is None:
            return None
        held_out = torch.ones(len(self.task.labels), dtype=torch.bool)
        held_out[self.train_index] = False
        return torch.nonzero(held_out)[:, 0]

    def activations(self, name: str, pos: int | None = None) -> Tensor:
        """The activation at one hook for every input: input × pos × … (× head for `hook_z`, …).

        `pos` selects one position and drops the axis, -1 being the answer's; None keeps them all. Attention
        patterns are input × head × query × key, and `pos` selects the query. Raises `UnknownName` for a hook
        that the model does not have.
        """
        key = (name, pos)
        if key not in self._cache:
            if not isinstance(name, str):
                raise BadArgument(
                    f"A hook's name is text such as 'blocks.0.mlp.hook_post'; found {described(name)}."
                )
            (hook,) = matching_hooks(self.model, name)
            parts = [self._hooked(hook, tokens, pos) for tokens in self._blocks()]
            value = as_float(torch.cat(parts).cpu())
            if value.nbytes + sum(kept.nbytes for kept in self._cache.values()) > CACHE_BUDGET:
                return value
            self._cache[key] = value
        return self._cache[key]

    @property
    def neuron_hook(self) -> str | None:
        """Where the last layer's MLP activations pass, after the non-linearity; None without a hook of that name."""
        return self.last_mlp if self.last_mlp in getattr(self.model, "hook_dict", {}) else None

    @property
    def last_mlp(self) -> str:
        """The hook at which the last layer's MLP activations are looked for."""
        return f"blocks.{n_layers(self.model) - 1}.mlp.hook_post"

    @property
    def neurons(self) -> Float[Tensor, "input neuron"] | None:
        """Last layer's MLP activations at the answer, after the non-linearity; None without `neuron_hook`."""
        if self.neuron_hook is None:
            return None
        neurons = self._at_answer[1]
        return self.activations(self.neuron_hook, pos=-1) if neurons is None else neurons

    @property
    def _kept_neurons(self) -> Tensor | None:
        """The neurons, where they have been computed and kept."""
        if self.neuron_hook is None or "_at_answer" not in self.__dict__:
            return None
        neurons = self._at_answer[1]
        return self._cache.get((self.neuron_hook, -1)) if neurons is None else neurons

    @cached_property
    def neuron_logit_map(self) -> Float[Tensor, "neuron answer"] | None:
        """W_L: what each neuron of the last layer adds to each logit, W_out W_U (a final norm left out).

        None where the model has no such weights, or they are not those of its neurons and classes.
        """
        readout, out = self.weights.get("W_U"), self.weights.get("W_out")
        if readout is None or readout.shape[1] < self.task.d_vocab_out:
            return None
        readout = readout.double()[:, : self.task.d_vocab_out]
        if out is not None:
            readout = out[-1].double() @ readout if out.shape[-1] == len(readout) else readout[:0]
        elif "W_Q" in self.weights:
            return None
        return readout if self._n_neurons in (None, len(readout)) else None

    @property
    def _n_neurons(self) -> int | None:
        """How many neurons pass at the hook, by one input; None without a hook."""
        kept = self._kept_neurons
        if self.neuron_hook is None or kept is not None:
            return None if kept is None else kept.shape[1]
        return self._hooked(self.neuron_hook, self._blocks()[0][:1], -1).shape[-1]

    def _hooked(self, name: str, tokens: Tensor, pos: int | None) -> Tensor:
        try:
            with at_rest(self.model):
                _, cache = self.model.run_with_cache(tokens, names_filter=name)
        except GroklensError:
            raise
        except Exception as error:  # a user's model raises whatever it raises
            raise BadArgument(does_not_run(self.task, tokens, error)) from error
        value = cache[name]
        axis = position_axis(axis_names(name, value.ndim))
        if pos is None or (axis is None and pos == -1):  # without positions, all of it is the answer's
            return value
        if axis is None:
            raise BadArgument(f"{name!r} gives {described(value)}, which has no positions; use pos=None.")
        if not -value.shape[axis] <= whole_number("pos", pos, such_as=-1) < value.shape[axis]:
            raise BadArgument(
                f"pos is {pos}, but {name!r} has {value.shape[axis]} positions; -1 is the answer's, None keeps all."
            )
        return value.select(axis, pos)

    def _blocks(self) -> list[Tensor]:
        inputs = self.task.inputs.to(device_of(self.model))
        return list(inputs.split(rows_a_block(self.model, self.task)))


def _check_pair(model: object, task: object) -> None:
    if isinstance(model, Task):
        raise BadArgument(
            "The task was given first; give the model and then its task: gl.Snapshot(model, task)."
        )
    check_model(model)
    check_task(task)


def _room(block: Tensor, task: Task) -> Tensor:
    """Uninitialised memory for what `block` holds of some inputs, for all."""
    return block.new_empty(len(task.labels), *block.shape[1:])
