"""Reading one snapshot's activations at several hooks in a single forward pass, block by block, or into buffers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from groklens.errors import BadArgument, UnknownName, whole_number
from groklens.memory import BUDGETS, rows_within
from groklens.models import NamesFilter, at_rest, device_of, is_hooked, matching_hooks
from groklens.models.fast_pass import passed_at, quick_holds, quick_neurons, quick_patterns
from groklens.snapshots import Snapshot, axis_names, position_axis, rows_a_block, running


class ActivationReader:
    """Reads a snapshot's activations: block by block of inputs, or into one buffer per hook (input × …).

    The next read overwrites the buffers; reading by blocks needs none.

    Which hooks fire and what shape they give is learned from the snapshot's first input. Raises
    `UnknownName` for hooks that the model does not have or that give nothing, `BadArgument` for a position
    outside the input or a hook whose first axis is not the inputs'.
    """

    def __init__(self, snapshot: Snapshot, names_filter: NamesFilter, pos: int | None) -> None:
        self.pos = pos
        self.names: dict[str, tuple[str, ...]] = {}
        self._rows: dict[str, Tensor] = {}  # of one input: its shape and type
        self._n_pos, self._n_inputs = 1, len(snapshot.task.labels)
        for hook, value in _first_input(snapshot, names_filter).items():
            axes = axis_names(hook, value.ndim)
            axis = position_axis(axes)
            self._n_pos = 1 if axis is None else value.shape[axis]
            row = _select(hook, axes, value, pos)
            self.names[hook] = axes if pos is None else _without(axes, position_axis(axes))
            self._rows[hook] = torch.empty_like(row, dtype=_dtype(row), device="cpu")

    def read(self, snapshot: Snapshot) -> dict[str, Tensor]:
        """Activations at every hook, by hook name; valid until the next read."""
        for rows, values in self.blocks(snapshot):
            for hook, value in values.items():
                self._buffers[hook][rows] = value
        return self._buffers

    @cached_property
    def _buffers(self) -> dict[str, Tensor]:
        """Room for the activations of every input, by hook name."""
        return {hook: row.new_empty(self._n_inputs, *row.shape[1:]) for hook, row in self._rows.items()}

    def blocks(self, snapshot: Snapshot) -> Iterator[tuple[slice, dict[str, Tensor]]]:
        """Activations at every hook for some inputs after others, each time with which inputs these are."""
        inputs, quick = snapshot.task.inputs, self._quick(snapshot)
        captured = max(sum(row.nbytes for row in self._rows.values()), 512)
        # The quick pass holds several times what it gives; the model itself whatever its layers are wide.
        size = rows_within(len(inputs), 8 * captured if quick else max(captured, 4096), BUDGETS.capture)
        size = size if quick else min(size, rows_a_block(snapshot.anatomy))
        for start in range(0, len(inputs), size):
            tokens = inputs[start : start + size]
            if quick is None:
                found = self._plainly(snapshot, tokens)
            else:
                with at_rest(snapshot.anatomy.model):
                    found = quick(tokens.to(device_of(snapshot.anatomy.model)))
            yield slice(start, start + len(tokens)), found

    def _plainly(self, snapshot: Snapshot, tokens: Tensor) -> dict[str, Tensor]:
        cache, found = run_with_cache(snapshot, tokens, list(self._rows)), {}
        for hook, expected in self._rows.items():
            if hook not in cache:
                raise UnknownName(
                    f"{snapshot!r} passes nothing at {hook!r}, which the first step does: the models of this run "
                    "are not alike. Capture the steps that have it: steps=[…]."
                )
            value = cache[hook]
            row = _select(hook, axis_names(hook, value.ndim), value, self.pos)
            if row.shape != (len(tokens), *expected.shape[1:]):
                raise BadArgument(
                    f"Hook {hook!r} gave shape {tuple(row.shape)} for {len(tokens)} inputs, where "
                    f"({len(tokens)}, {', '.join(map(str, expected.shape[1:]))}) was expected: one row per "
                    "input, alike at every step. Leave it out of names_filter."
                )
            found[hook] = row
        return found

    def _quick(self, snapshot: Snapshot) -> Callable[[Tensor], dict[str, Tensor]] | None:
        """What the fast pass gives at these hooks for some inputs, where it gives it: neurons, or patterns, alone."""
        model, task, anatomy = snapshot.anatomy.model, snapshot.task, snapshot.anatomy
        at_answer = self.pos is not None and self.pos in (-1, self._n_pos - 1)
        patterns = [layer.pattern.hook for layer in anatomy.heads]

        def neurons(tokens: Tensor) -> dict[str, Tensor]:
            return {anatomy.neurons_sought.hook: quick_neurons(model, tokens)}

        def of_heads(tokens: Tensor) -> dict[str, Tensor]:
            given = dict(zip(patterns, quick_patterns(model, tokens), strict=True))
            return {hook: given[hook] for hook in self._rows}

        if list(self._rows) == [anatomy.neurons_sought.hook] and at_answer:
            given = neurons
        elif set(self._rows) <= set(patterns) and self.pos is None:
            given = of_heads
        else:
            return None
        return given if quick_holds(model, task.inputs, task.d_vocab_out) else None


def _dtype(row: Tensor) -> torch.dtype:
    return torch.float32 if row.dtype == torch.bfloat16 else row.dtype  # numpy has no bfloat16


def run_with_cache(
    snapshot: Snapshot, tokens: Tensor, names: list[str] | Callable[[str], bool]
) -> dict[str, Any]:
    """Activations of the plain model by hook name, without gradients; no hook stays on the model."""
    model = snapshot.anatomy.model
    with running(snapshot.task, tokens), at_rest(model), warnings.catch_warnings():
        # TransformerLens warns of hooks that are switched off; asking for one is an error here.
        warnings.filterwarnings("ignore", message="run_with_cache: skipped")
        tokens = tokens.to(device_of(model))
        if not callable(names):
            return passed_at(model, tokens, names)
        _, cache = model.run_with_cache(tokens, names_filter=names)
    return {name: cache[name] for name in cache.keys() if names(name)}  # noqa: SIM118 (not a dict)


def _first_input(snapshot: Snapshot, names_filter: NamesFilter) -> dict[str, Tensor]:
    names = list(dict.fromkeys(matching_hooks(snapshot.anatomy.model, names_filter)))
    own = is_hooked(snapshot.anatomy.model) and callable(
        names_filter
    )  # what is not asked for by name may be silent
    found = run_with_cache(snapshot, snapshot.task.inputs[:1], set(names).__contains__ if own else names)
    fired = {name: found[name] for name in names if isinstance(found.get(name), Tensor)}
    silent = [name for name in names if name not in fired]
    if not fired or (silent and not callable(names_filter)):
        raise UnknownName(
            f"The model has {', '.join(map(repr, silent[:5]))}, but nothing passes there when it runs: the "
            "hook is switched off, or belongs to a part that this model does not use. "
            "See snapshot.model.hook_dict for others."
        )
    return fired


def _select(hook: str, axes: tuple[str, ...], value: Tensor, pos: int | None) -> Tensor:
    if pos is None:
        return value
    axis = position_axis(axes)
    if axis is None and pos == -1:  # without positions, all of it is the answer's
        return value
    if axis is None:
        raise BadArgument(f"Hook {hook!r} has axes {', '.join(axes)} and no position; use pos=None.")
    pos, size = whole_number("pos", pos, such_as=-1), value.shape[axis]
    if not -size <= pos < size:
        raise BadArgument(
            f"pos is {pos}, but {hook!r} has {size} position{'s' * (size > 1)}: give {-size} to {size - 1}, "
            "or None for all."
        )
    return value.select(axis, pos)


def _without(axes: tuple[str, ...], axis: int | None) -> tuple[str, ...]:
    return tuple(name for index, name in enumerate(axes) if index != axis)
