"""`Renamed`: a model asked by other names of its tokens and classes, as the elements of a group are."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.models.answering import AnsweringModel


class Renamed(AnsweringModel):
    """A model asked by other tokens and answering by other classes; everything else is that model's own.

    `tokens[t]` is what the model calls the token t, `classes[c]` what it calls the class c.
    """

    #: Nothing is computed but by that model.
    renames_alone = True

    def __init__(self, model: Any, tokens: Int[Tensor, "token"], classes: Int[Tensor, "class"]) -> None:
        super().__init__(model, partial(_along, order=classes, axis=-1))
        self.tokens, self.classes = tokens, classes

    def __call__(self, tokens: Any, *args: Any, **options: Any) -> Any:
        return super().__call__(self._own(tokens), *args, **options)

    def run_with_cache(self, tokens: Any, *args: Any, **options: Any) -> Any:
        return super().run_with_cache(self._own(tokens), *args, **options)

    def run_with_hooks(self, tokens: Any, *args: Any, **options: Any) -> Any:
        return super().run_with_hooks(self._own(tokens), *args, **options)

    def _own(self, tokens: Tensor) -> Tensor:
        return self.tokens.to(tokens.device)[tokens]


def renamed_weight(model: Any, name: str, value: Tensor, one_hots: bool) -> Tensor | None:
    """A weight by the names that the model is asked by: rows of W_E by token, columns of W_U by class.

    What reads one-hot operands (W_in, `one_hots`) has a row per token. None for one that lacks a row for an element.
    Of a model that is asked by its own names, weights are as they were.
    """
    if not isinstance(model, Renamed):
        return value
    axes = {"W_E": (0, model.tokens), "W_U": (-1, model.classes), "b_U": (-1, model.classes)}
    axes |= {"W_in": (-2, model.tokens)} if one_hots else {}
    if name not in axes:
        return value
    axis, order = axes[name]
    known = order[order < value.shape[axis]]
    whole = torch.equal(known, order[: len(known)])  # what it lacks is no element: a separator
    return _along(value, known, axis) if whole else None


def _along(values: Tensor, order: Int[Tensor, "some"], axis: int) -> Tensor:
    """The values in this order along one axis; what comes after those that are named stays in its place."""
    more = torch.arange(len(order), values.shape[axis])
    return values.index_select(axis, torch.cat([order, more]).to(values.device))
