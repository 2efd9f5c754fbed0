"""`check_used`: refuses a hook at which a model shows its values and does not use what a hook gives back."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from groklens.errors import BadArgument
from groklens.models import at_rest_with_gradients, device_of, matching_hooks
from groklens.snapshots import Snapshot, running


def check_used(snapshot: Snapshot, hook: str) -> None:
    """Raise `BadArgument` where nothing that the model answers is computed from what a hook gives back.

    Tried on the first input: the answer has no gradient with respect to the value given back, which a value that is
    used has even where it changes nothing; and another value changes no number of it, which counts for models that
    answer without gradients. TransformerLens' native attention hands its scores over like that, for looking at.
    """
    model, tokens = snapshot.anatomy.model, snapshot.task.inputs[:1]
    whole = getattr(model, "unedited", model)  # of an edited model an edit may stand in the way
    (name,) = matching_hooks(whole, hook)
    given: list[Tensor] = []
    with running(snapshot.task, tokens), at_rest_with_gradients(whole), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TransformerLens, which says so too, once
        tokens = tokens.to(device_of(whole))
        answer = _answer(whole, tokens, name, lambda value: _followed(value, given))
        if not given or _reaches(given[0], answer):
            return
        if not torch.equal(answer, _answer(whole, tokens, name, lambda value: 1.5 * value + 1)):
            return
    raise BadArgument(
        f"This model does not use what a hook at {name!r} gives back, so that nothing would follow from another value "
        f"there: it can be looked at alone. Change what is computed from it instead, {_instead(snapshot, name)}."
    )


def _instead(snapshot: Snapshot, name: str) -> str:
    """Where the same can be changed: the patterns of the attention that a hook belongs to, or nobody knows where."""
    patterns = (layer.pattern for layer in snapshot.anatomy.heads)
    beside = [site.hook for site in patterns if site.hook.rpartition(".")[0] == name.rpartition(".")[0]]
    return repr(beside[0]) if beside else "at a later hook of snapshot.model.hook_dict"


def _answer(model: Any, tokens: Tensor, name: str, change: Any) -> Tensor:
    with model.hooks(fwd_hooks=[(name, lambda value, hook: change(value))]):
        return torch.as_tensor(model(tokens))


def _followed(value: Tensor, given: list[Tensor]) -> Tensor:
    """The value as it is, with what a gradient can be asked of; whole numbers have none and are let pass."""
    if not value.is_floating_point():
        return value
    given.append(value.detach().clone().requires_grad_())
    return given[-1].clone()  # which a model may change in place


def _reaches(value: Tensor, answer: Tensor) -> bool:
    if not answer.requires_grad:
        return False
    return torch.autograd.grad(answer.sum(), value, allow_unused=True)[0] is not None
