"""Scores of attention heads from their patterns, which are read layer by layer, in blocks of inputs, and reduced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import xarray as xr
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.errors import UnknownName
from groklens.memory import BUDGETS, rows_within
from groklens.models import Heads
from groklens.snapshots import Change, Each, Snapshot, passing
from groklens.tasks import Task, Words

#: Copies of a layer's pattern that are in use while it is reduced, float32.
_COPIES = 4


class Places(NamedTuple):
    """The keys of every query whose attention counts, and the queries that are asked."""

    keys: Bool[Tensor, "input query key"]
    queries: Bool[Tensor, "input query"]


#: From tokens to the places of a pattern that count.
Looked = Callable[[Int[Tensor, "input pos"]], Places]


def before(tokens: Int[Tensor, "input pos"]) -> Places:
    """The token before each, from the second on."""
    n_pos = tokens.shape[1]
    place = torch.eye(n_pos, dtype=torch.bool).roll(-1, dims=1).tril(-1)
    return _alike(place, torch.arange(n_pos) >= 1, len(tokens))


def first(tokens: Int[Tensor, "input pos"]) -> Places:
    """The first token, for all the others."""
    n_pos = tokens.shape[1]
    place = torch.zeros(n_pos, n_pos, dtype=torch.bool)
    place[:, 0] = True
    return _alike(place, torch.arange(n_pos) >= 1, len(tokens))


def followed(tokens: Int[Tensor, "input pos"]) -> Places:
    """What followed earlier occurrences of each token, where there are any."""
    earlier = torch.roll(tokens, 1, dims=1)
    place = (tokens[:, :, None] == earlier[:, None, :]).tril()
    place[:, :, 0] = False  # nothing comes before the first
    return Places(place, place.any(dim=2))


def repeated(tokens: Int[Tensor, "input pos"]) -> Places:
    """What followed the place half a sequence back, for the second half."""
    n_pos = tokens.shape[1]
    query, key = torch.arange(n_pos)[:, None], torch.arange(n_pos)[None, :]
    return _alike(key == query - n_pos // 2 + 1, torch.arange(n_pos) >= n_pos // 2, len(tokens))


def _alike(place: Tensor, asked: Tensor, n_inputs: int) -> Places:
    return Places(place.expand(n_inputs, -1, -1), asked.expand(n_inputs, -1))


def with_patterns(snapshot: Snapshot) -> list[Heads]:
    """The heads of every layer that shows its patterns."""
    return [layer for layer in snapshot.anatomy.heads if snapshot.anatomy.has(layer.pattern)]


def by_head(
    snapshot: Snapshot,
    looked: Mapping[str, Looked],
    changes: Mapping[str, Change] | None = None,
    beside: Mapping[str, Each] | None = None,
) -> dict[str, xr.DataArray]:
    """The mean attention on the places that count, over the queries that are asked, of every head with a pattern.

    All of `looked` are scored in one run of the model; sums are float64. 0 where no query is asked. Of words in texts
    of several lengths, which are filled up, no query behind the word is asked: the filling repeats a token. `changes`
    are made to activations while it runs, and what passes at the hooks of `beside` is handed over (`passing`).
    """
    layers = with_patterns(snapshot)
    sums = _Sums(snapshot.task, looked)
    n_pos, n_heads = snapshot.task.n_ctx, max((layer.count for layer in layers), default=1)
    rows = rows_within(len(snapshot.task.inputs), 4 * _COPIES * n_heads * n_pos**2, BUDGETS.block)
    hooks = [layer.pattern.hook for layer in layers]
    each = {**dict.fromkeys(hooks, sums.add), **(beside or {})}
    passing(snapshot.anatomy, list(each), partial(_handed, each), rows=rows, changes=changes)
    names = [name for layer in layers for name in layer.names]
    return {
        name: xr.DataArray(np.concatenate(sums.means(name, hooks)), coords={"head": names}, dims="head")
        for name in looked
    }


def _handed(each: Mapping[str, Each], hook: str, value: Tensor, rows: slice) -> None:
    each[hook](hook, value, rows)


class _Sums:
    """The attention on each kind of place, summed over the queries asked while a model runs."""

    def __init__(self, task: Task, looked: Mapping[str, Looked]) -> None:
        self._tokens, self._looked = task.inputs, looked
        self._asked: Tensor | None = None
        if isinstance(task, Words) and task.padded:
            self._asked = torch.arange(task.n_ctx) <= task.word_positions[:, None]
        self._totals: dict[tuple[str, str], Tensor] = {}
        self._counts = dict.fromkeys(looked, 0)
        self._at: slice | None = None
        self._places: dict[str, Places] = {}

    def add(self, hook: str, pattern: Float[Tensor, "input head query key"], rows: slice) -> None:
        """Take the pattern of some inputs in."""
        if rows != self._at:
            self._at = rows
            self._places = {name: look(self._tokens[rows]) for name, look in self._looked.items()}
            if self._asked is not None:
                asked = self._asked[rows]
                self._places = {
                    n: Places(each.keys, each.queries & asked) for n, each in self._places.items()
                }
            for name, found in self._places.items():
                self._counts[name] += int(found.queries.sum())
        for name, (keys, queries) in self._places.items():
            mass = torch.where(keys[:, None], pattern, 0.0).sum(dim=-1, dtype=torch.float64)
            total = torch.where(queries[:, None], mass, 0.0).sum(dim=(0, 2))
            self._totals[name, hook] = self._totals.get((name, hook), torch.zeros(())) + total

    def means(self, name: str, hooks: list[str]) -> list[np.ndarray]:
        """The mean by head of each of these hooks."""
        missing = [hook for hook in hooks if (name, hook) not in self._totals]
        if missing:
            raise UnknownName(
                f"The model has {missing[0]!r}, but nothing passes there when it runs: the hook is switched off, or "
                "attention is computed without its pattern (attn_implementation='eager' shows it)."
            )
        return [(self._totals[name, hook] / max(self._counts[name], 1)).numpy() for hook in hooks]
