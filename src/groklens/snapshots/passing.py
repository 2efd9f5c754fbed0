"""Handing activations over while a model runs, block by block, so that none is kept longer than its layer takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor

from groklens.models import Anatomy, as_float, at_rest, device_of
from groklens.snapshots.blocks import rows_a_block, running

#: What is done with an activation: the hook's name, the value on the processor, and the inputs that it is of.
Each = Callable[[str, Tensor, slice], None]
#: What an activation of some inputs is replaced by while the model runs.
Change = Callable[[Tensor, slice], Tensor]


def passing(
    anatomy: Anatomy,
    hooks: Sequence[str],
    each: Each,
    *,
    rows: int | None = None,
    changes: Mapping[str, Change] | None = None,
) -> None:
    """Run a model on all inputs of its task, `rows` at a time, and hand each activation to `each` as it passes.

    Nothing is remembered: a layer's patterns on long contexts are reduced before those of the next are there.
    `changes` put others in the place of activations (`anatomy.can_be_edited`). A model without `hooks(fwd_hooks=…)` is
    run with its cache, which holds a block's activations of all these hooks at once.

    >>> passing(snapshot.anatomy, ["blocks.0.attn.hook_pattern"], reduce)  # doctest: +SKIP
    """
    task, model, start = anatomy.task, anatomy.model, 0
    for tokens in task.inputs.split(min(rows or len(task.inputs), rows_a_block(anatomy))):
        here = slice(start, start + len(tokens))
        with running(task, tokens), at_rest(model):
            changed = [(name, _changing(change, here)) for name, change in (changes or {}).items()]
            take = partial(_handed, each, here)
            # What stands around a model changes activations by hooks of its own, which come after ours.
            if changed or (anatomy.can_be_edited and getattr(model, "unedited", model) is model):
                taken = [(name, _taking(take, name)) for name in hooks]
                with model.hooks(fwd_hooks=[*changed, *taken]):
                    model(tokens.to(device_of(model)))
            else:
                _from_cache(model, tokens.to(device_of(model)), hooks, take)
        start = here.stop


def _handed(each: Each, rows: slice, name: str, value: Tensor) -> None:
    each(name, as_float(value.detach().cpu()), rows)


def _from_cache(
    model: Any, tokens: Tensor, hooks: Sequence[str], take: Callable[[str, Tensor], None]
) -> None:
    _, cache = model.run_with_cache(tokens, names_filter=list(hooks))
    for name in hooks:
        if name in cache.keys():  # noqa: SIM118 (not a dict)
            take(name, cache[name])


def _taking(take: Callable[[str, Tensor], None], name: str) -> Callable[..., None]:
    return lambda value, hook: take(name, value)


def _changing(change: Change, rows: slice) -> Callable[..., Tensor]:
    return lambda value, hook: change(value, rows)
