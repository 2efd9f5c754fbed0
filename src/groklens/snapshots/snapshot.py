"""`gl.Snapshot`: one model at one step, seen on its whole task."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.models import Anatomy, Answer, Renamed, Site, answered, built, check_model, site_of
from groklens.snapshots.acting_part import ActingPart
from groklens.snapshots.blocks import (
    Block,
    activation,
    activation_of_all,
    gathered,
    inputs_in_blocks,
    neuron_inputs_of_all,
    not_finite,
    rows_a_block,
    run_in_blocks,
)
from groklens.snapshots.memo import Memo, key_of
from groklens.snapshots.split_index import TrainIndex, held_out, split_of
from groklens.tasks import Task, check_task

T = TypeVar("T")


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
    are kept up to 512 MiB a snapshot. What a model in half precision gives is taken to float32.
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
        self._model = answered(model, answer)
        self.task = task
        self.step = step
        self.train_index = split_of(task, train_index)
        self.train_share = train_share
        self.split_recorded = split_recorded
        self.taken_from: Any = None  #: The run, which says how test inputs came to be answered.
        self._memo = Memo()

    def __repr__(self) -> str:
        where = "unknown step" if self.step is None else f"step {self.step}"
        return f"Snapshot({self.task.name}, {where})"

    @property
    def model(self) -> Any:
        """The model, with its hooks; of a run on disk it is built when it is first asked for.

        `anatomy.model` computes the same without being built, where that is known how.
        """
        return built(self._model)

    def with_model(self, model: Any) -> Snapshot:
        """The snapshot with another model in place of its own: the same task, step and split."""
        return self._beside(model, self.task, self.train_index)

    def _beside(self, model: Any, task: Task, train_index: Tensor | None) -> Snapshot:
        """The snapshot of another model or task at the same step, with what is known of the split."""
        share, recorded = self.train_share, self.split_recorded
        return Snapshot(model, task, self.step, train_index, share, split_recorded=recorded)

    @cached_property
    def where_group_acts(self) -> Snapshot:
        """The snapshot on the inputs where the task's group acts, with the group's elements as tokens and classes.

        The snapshot itself where the group acts on all of them so, or there is no group. Analyses of a group look here:
        of multiplication with zero, at the inputs without a zero.
        """
        symmetry = self.task.symmetry
        if symmetry is None or symmetry.is_plain:
            return self
        part = ActingPart(self.task)
        renamed = Renamed(self._model, part.tokens, part.classes)
        return self._beside(renamed, part, part.trained_on(self.train_index))

    @cached_property
    def anatomy(self) -> Anatomy:
        """The model's anatomy: its embedding, heads, last MLP and readout, with the sites where one looks."""
        return Anatomy(self._model, self.task)

    @property
    def weights(self) -> Mapping[str, Tensor]:
        """Weights by TransformerLens name (`W_E`, `W_Q`, …), per-layer ones stacked; clone before writing.

        Each is taken from the model when it is first asked for, in float32 or better. They are on the processor, as
        logits and activations are, wherever the model is.

        What has other axes than TransformerLens gives it is left out, as is a W_E without a row for every operand.
        """
        return self.anatomy.weights

    def remembered(self, function: Callable[..., T], *arguments: Hashable) -> T:
        """`function(self, *arguments)`, computed when it is first asked for and remembered with the snapshot.

        What is remembered shares one budget with activations (512 MiB a snapshot): beyond it, what was longest not
        asked for is computed again. Equal arguments give the very same value: do not write to it.

        >>> snapshot.remembered(my_costly_statistic, "C113")  # doctest: +SKIP
        """
        key = key_of(function, arguments)
        if key not in self._memo:
            value = function(self, *arguments)
            self._memo.keep(key, value)
            return value
        return self._memo[key]

    @property
    def derived(self) -> Mapping[str, Any]:
        """What is remembered, by name; for looking at. Of 0.1: `remembered` takes its place."""
        warnings.warn(
            "snapshot.derived goes with the next version; have values kept by snapshot.remembered(function, …).",
            DeprecationWarning,
            stacklevel=2,
        )
        return MappingProxyType(self._memo.by_name())

    @property
    def logits(self) -> Float[Tensor, "input answer"]:
        """Logits at the answer for every input, the task's classes only; `outside` says where others are larger.

        Of a task that is answered at several positions these are the last one's; `logits_at` has the others.
        """
        return self._last_read(self._at_answer.logits, 3)

    def logits_at(self, read: int) -> Float[Tensor, "input answer"]:
        """Logits at the read of this number, of those in `task.reads`, for every input; −1 is the last.

        Raises `BadArgument` for a number that the task does not have.
        """
        n_reads = len(self.task.reads)
        if not -n_reads <= whole_number("read", read, such_as=0) < n_reads:
            raise BadArgument(
                f"read is {read}; {self.task.name} is answered at {n_reads} position{'s' * (n_reads > 1)}, "
                f"{self.task.reads}."
            )
        return self._at_answer.logits if n_reads == 1 else self._at_answer.logits[:, read]

    @property
    def outside(self) -> Bool[Tensor, "input"]:
        """Whether each input's largest logit, over all the model's classes, is none of the task's (input).

        Such an input is answered wrong, by an operator's or a separator's class, whatever the task's logits are.
        """
        return self._last_read(self._at_answer.outside, 2)

    def _last_read(self, found: Tensor, ndim: int) -> Tensor:
        """What belongs to the last read, of values that have an axis of reads where there are several."""
        return found[:, -1] if found.ndim == ndim else found

    @cached_property
    def _at_answer(self) -> Block:
        """Logits, neurons and `outside` of every input; neurons only where the fast pass gives them as well."""
        found = gathered(self._run(None), len(self.task.labels))
        self._memo.beside = found.logits.nbytes + (0 if found.neurons is None else found.neurons.nbytes)
        return found

    def blocks(self) -> Iterator[Block]:
        """Logits and neurons at the answer in blocks of inputs, in order; nothing is remembered.

        What a snapshot holds already is cut into blocks; else the model is run, to the same numbers. For
        statistics of many inputs: a few MB are in use whatever their number.
        """
        if "_at_answer" not in self.__dict__ or (self.anatomy.neurons and self._kept_neurons is None):
            yield from self._run(self.anatomy.neurons)
            return
        (_, logits, _, outside), neurons = self._at_answer, self._kept_neurons
        size = rows_a_block(self.anatomy)
        for start in range(0, len(logits), size):
            rows = slice(start, start + size)
            yield Block(rows, logits[rows], None if neurons is None else neurons[rows], outside[rows])

    def _run(self, neurons: Site | None) -> Iterator[Block]:
        for block in run_in_blocks(self.anatomy, neurons):
            least, largest = torch.aminmax(block.logits)  # nan where one of them is
            if not math.isfinite(float(largest) - float(least)):
                raise BadArgument(f"{self!r} has {not_finite(block.logits, block.rows.start)}")
            yield block

    @cached_property
    def test_index(self) -> Int[Tensor, "test"] | None:
        """The test inputs, all of a stream's probe, or None where the split is not known."""
        return held_out(self.task, self.train_index)

    def activations(self, name: Site | str, pos: int | str | None = None) -> Tensor:
        """The activation at one site, or hook and position, for every input: input × pos × … (× head for `hook_z`, …).

        `pos` selects one position and drops the axis, -1 being the answer's; None keeps them all, and a name takes
        every input at its own (`task.token_positions`). Attention
        patterns are input × head × query × key, and `pos` selects the query. Raises `UnknownName` for a hook
        that the model does not have.
        """
        site = site_of(name, pos)
        if not isinstance(site.hook, str):
            raise BadArgument(
                f"A hook's name is text such as 'blocks.0.mlp.hook_post'; found {described(site.hook)}."
            )
        return self.remembered(_activations, site)

    @property
    def neuron_hook(self) -> str | None:
        """Where the last layer's MLP activations pass, after the non-linearity; None without a hook of that name."""
        return None if self.anatomy.neurons is None else self.anatomy.neurons.hook

    @property
    def last_mlp(self) -> str:
        """The hook of the last layer's MLP activations, whether or not the model has it."""
        return self.anatomy.neurons_sought.hook

    @property
    def neurons(self) -> Float[Tensor, "input neuron"] | None:
        """Last layer's MLP activations at the answer, after the non-linearity; None without `anatomy.neurons`."""
        if self.anatomy.neurons is None:
            return None
        neurons = self._at_answer.neurons
        return self.activations(self.anatomy.neurons) if neurons is None else neurons

    @property
    def neuron_inputs(self) -> Float[Tensor, "input neuron"] | None:
        """What the last layer's MLP receives at the answer; None without `anatomy.neuron_inputs`."""
        return None if self.anatomy.neuron_inputs is None else self.remembered(_neuron_inputs)

    @property
    def _kept_neurons(self) -> Tensor | None:
        """The neurons, if they have been computed and remembered."""
        if self.anatomy.neurons is None or "_at_answer" not in self.__dict__:
            return None
        neurons, key = self._at_answer.neurons, (_activations, (self.anatomy.neurons,))
        return self._memo[key] if neurons is None and key in self._memo else neurons

    @cached_property
    def neuron_logit_map(self) -> Float[Tensor, "neuron answer"] | None:
        """W_L: what each neuron of the last layer adds to each logit, W_out W_U (a final norm left out).

        None where the model has no such weights, or they are not those of its neurons and classes.
        """
        found = self.anatomy.neuron_logit_map
        return found if found is not None and self._n_neurons in (None, len(found)) else None

    @property
    def _n_neurons(self) -> int | None:
        """Number of neurons at their site, found by running one input; None without a site."""
        kept = self._kept_neurons
        if self.anatomy.neurons is None or kept is not None:
            return None if kept is None else kept.shape[1]
        first = inputs_in_blocks(self.anatomy)[0][:1]
        return activation(self.anatomy, self.anatomy.neurons, first).shape[-1]


def _neuron_inputs(snapshot: Snapshot) -> Tensor:
    quick = neuron_inputs_of_all(snapshot.anatomy)
    return snapshot.activations(snapshot.anatomy.neuron_inputs_sought) if quick is None else quick


def _activations(snapshot: Snapshot, site: Site) -> Tensor:
    return activation_of_all(snapshot.anatomy, site)


def _check_pair(model: object, task: object) -> None:
    if isinstance(model, Task):
        raise BadArgument(
            "The task was given first; give the model and then its task: gl.Snapshot(model, task)."
        )
    check_model(model)
    check_task(task)
