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


def renamed_weights(model: Any, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights by the names that the model is asked by: rows of W_E by token, columns of W_U by class.

    What reads one-hot operands (W_in without a W_E) has a row per token. One that lacks a row for an element is left
    out. Of a model that is asked by its own names, the weights are as they were.
    """
    if not isinstance(model, Renamed):
        return weights
    reads_one_hots = "W_E" not in weights and "W_Q" not in weights
    axes = [("W_E", 0, model.tokens), ("W_U", -1, model.classes), ("b_U", -1, model.classes)]
    axes += [("W_in", -2, model.tokens)] if reads_one_hots else []
    found = dict(weights)
    for name, axis, order in axes:
        if name in weights:
            found.pop(name)
            known = order[order < weights[name].shape[axis]]
            if torch.equal(known, order[: len(known)]):  # what it lacks is no element: a separator
                found[name] = _along(weights[name], known, axis)
    return found


def _along(values: Tensor, order: Int[Tensor, "some"], axis: int) -> Tensor:
    """The values in this order along one axis; what comes after those that are named stays in its place."""
    more = torch.arange(len(order), values.shape[axis])
    return values.index_select(axis, torch.cat([order, more]).to(values.device))
