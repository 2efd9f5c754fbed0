"""Copying a user's model so that the copy computes with weights of its own, and checking that it does."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, GroklensError
from groklens.models.answering import own_model
from groklens.models.at_rest import at_rest, at_rest_with_gradients, random_set_aside
from groklens.models.noise import Sample, changeable, equal, perturbed, sample
from groklens.models.protocol import device_of, every_logit, forward_of
from groklens.models.unbuilt import Unbuilt
from groklens.tasks import Inputs

#: How many inputs a copy is tried on.
PROBED = 8
_TYPE = "derive it from torch.nn.Module or HookedRootModule and keep every weight as a parameter of the model"

State = dict[str, Any]


def real_copy(model: Any, inputs: Inputs, d_vocab_out: int) -> Any:
    """A deep copy of the model, verified to compute its logits from all of its own weights and nothing else.

    The copy's weights are changed at random, through `load_state_dict`: its logits have to move, the original's must
    not, to the bit, and every weight with a gradient that its logits depend on has to be in its `state_dict`. Then
    they are put back. At most eight of `inputs` are run. The original, its mode, gradients and the random states are
    as they were, also after an exception; where a "copy" has written to it, its weights are put back to the bit.
    Beside the copy there is one more set of weights in memory while it is made.

    A transformer of a run on disk that is not built yet has no weights but those read of it: its copy is not tried.

    Raises `BadArgument` for a model that cannot be copied so: `copy.deepcopy` does not reach what a closure, a
    patched `forward` or a global variable holds, and `state_dict` does not know what stands in a plain list.

    >>> twin = real_copy(model, task.inputs, task.d_vocab_out)  # doctest: +SKIP
    """
    if isinstance(model, Unbuilt) and model.is_alone:
        return model.twin()
    rows = torch.linspace(0, len(inputs) - 1, min(PROBED, len(inputs))).long()
    look = _Look(inputs[rows].to(device_of(model)), d_vocab_out)
    with _untouched(model) as before:
        other = _deepcopy(model)
        with at_rest(model), at_rest(other):
            _check(model, other, look, before)
    return other


def _check(model: Any, other: Any, look: _Look, before: State) -> None:
    """Raise unless `other` is an independent copy of `model`; its weights are restored where it is one."""
    logits = look(model)
    own = before if _same(_tensors(other), before) else _cloned(other)
    if not any(map(changeable, own.values())):
        raise _refusal(model, "has no weights in its state_dict")
    copied, used = look.depends_on(other)
    if not _alike(copied, logits):
        raise _refusal(model, "gives other logits than the model itself")
    _load(model, other, _perturbed(_state(other), afresh=not logits.isfinite().all()))
    moved, still_used = look.depends_on(other)
    if not _seem_same(_tensors(model), before) or not equal(look(model), logits):
        raise _refusal(model, "shares its weights with the model itself")
    hidden = [
        value for place, value in still_used.items() if place in used and _seems_same(used[place], value)
    ]
    if equal(moved, logits):
        raise _not_moved(model, logits)
    if hidden:
        raise _refusal(model, f"computes with {_listed(hidden)} that its state_dict does not hold")
    _load(model, other, _put_back(_state(other), own))
    if not _alike(look(other), logits):
        raise _refusal(model, "gives other logits once its own weights are loaded into it again")


def _not_moved(model: Any, logits: Tensor) -> BadArgument:
    """A message that the logits stay the same when a copy's weights are changed."""
    if logits.isfinite().any():
        return _refusal(model, "does not compute with its own weights: its logits stay when they are changed")
    return BadArgument(
        f"This {type(own_model(model)).__name__} has diverged: its logits are not finite, whatever its weights, so "
        "that no copy can be told from it. Look at an earlier step."
    )


class _Look:
    """Logits of a few inputs, over all the classes of a model."""

    def __init__(self, tokens: Inputs, d_vocab_out: int) -> None:
        self._tokens, self._d_vocab_out = tokens, d_vocab_out

    def __call__(self, model: Any) -> Float[Tensor, "input class"]:
        with at_rest(model):  # each look by itself, so that a model that draws draws the same
            output = forward_of(model)(self._tokens)
            return every_logit(model, output, self._tokens, self._d_vocab_out).detach().clone()

    def depends_on(self, model: Any) -> tuple[Float[Tensor, "input class"], dict[int, Sample]]:
        """The logits, and samples of the weights with a gradient behind them, by where they are in memory."""
        with at_rest_with_gradients(model):
            output = forward_of(model)(self._tokens)
            logits = every_logit(model, output, self._tokens, self._d_vocab_out)
        return logits.detach().clone(), _leaves(logits)


def _leaves(logits: Tensor) -> dict[int, Sample]:
    found: dict[int, Sample] = {}
    seen, left = set(), [logits.grad_fn]
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        weight = getattr(node, "variable", None)
        if weight is not None and weight.numel():
            found[weight.data_ptr()] = sample(weight)
        left += [following for following, _ in node.next_functions]
    return found


@contextmanager
def _untouched(model: Any) -> Iterator[State]:
    """Context that yields the model's weights, cloned, and undoes whatever is written to them, to the bit."""
    before = _cloned(model)
    try:
        yield before
    finally:
        written = _unlike(_tensors(model), before)
        with torch.no_grad():
            for name in written:
                _tensors(model)[name].copy_(before[name])
        if written and _unlike(_tensors(model), before):  # its state_dict gives copies: there is one way left
            model.load_state_dict({**_state(model), **before})


def _unlike(state: dict[str, Tensor], before: dict[str, Tensor]) -> list[str]:
    return [name for name, value in state.items() if name in before and not equal(value, before[name])]


def _deepcopy(model: Any) -> Any:
    if not callable(getattr(model, "load_state_dict", None)):
        raise BadArgument(
            f"A {type(model).__name__} has no load_state_dict, so no copy of it can be given weights; give it one, or "
            f"{_TYPE}."
        )
    try:
        with random_set_aside(model):  # a __deepcopy__ may build a model
            return copy.deepcopy(model)
    except Exception as error:  # deepcopy raises whatever an attribute raises
        raise BadArgument(
            f"A {type(model).__name__} cannot be copied ({_said(error)}). Keep no activations with gradients, open "
            f"files or locks on the model, and {_TYPE}."
        ) from error


def _load(model: Any, other: Any, state: State) -> None:
    try:
        other.load_state_dict(state)
    except GroklensError:
        raise
    except Exception as error:  # a user's load_state_dict raises whatever it raises
        raise BadArgument(
            f"A copy of this {type(model).__name__} does not take its own state_dict back ({_said(error)}); {_TYPE}, "
            "so that load_state_dict takes what state_dict gives."
        ) from error


def _perturbed(state: State, afresh: bool) -> State:
    """The state with all its real and complex numbers changed at random, in place where it is the model's own."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        return {
            name: perturbed(value, generator, afresh) if changeable(value) else value
            for name, value in state.items()
        }


def _put_back(state: State, own: dict[str, Tensor]) -> State:
    """The state with what was changed as it was, in place where it is the model's own."""
    with torch.no_grad():
        for name, value in own.items():
            if not changeable(value):
                continue
            try:
                state[name].copy_(value)
            except RuntimeError:  # expanded, or made in inference mode
                state[name] = value
    return state


def _seem_same(state: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two states agree in samples: noise changes every entry of what it changes."""
    return state.keys() == other.keys() and all(
        _seems_same(sample(value), sample(other[name])) for name, value in state.items() if changeable(value)
    )


def _seems_same(before: Sample, after: Sample) -> bool:
    return before.shape == after.shape and equal(before.entries, after.entries)


def _listed(weights: list[Sample]) -> str:
    shapes = ", ".join(str(value.shape) for value in weights[:3])
    more = ", …" if len(weights) > 3 else ""
    return f"{len(weights)} weight{'s' * (len(weights) > 1)} (of shape {shapes}{more})"


def _refusal(model: Any, what: str) -> BadArgument:
    return BadArgument(
        f"A copy of this {type(own_model(model)).__name__} {what}: it is no copy. Copying does "
        "not reach what a closure, a patched forward, a global variable or a plain list holds; "
        f"{_TYPE}."
    )


def _state(model: Any) -> State:
    if not callable(getattr(model, "state_dict", None)):
        raise BadArgument(
            f"A {type(model).__name__} has no state_dict, so no copy of it can be told from it; {_TYPE}."
        )
    return dict(model.state_dict())


def _tensors(model: Any) -> dict[str, Tensor]:
    """What of the state is tensors; what a module says beside them (`get_extra_state`) is its own affair."""
    return {name: value.detach() for name, value in _state(model).items() if isinstance(value, Tensor)}


def _cloned(model: Any) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in _tensors(model).items()}


def _same(state: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return state.keys() == other.keys() and all(equal(value, other[name]) for name, value in state.items())


def _alike(logits: Tensor, wanted: Tensor) -> bool:
    """Whether logits agree to rounding."""
    return logits.shape == wanted.shape and torch.allclose(
        logits, wanted, rtol=1e-4, atol=1e-5, equal_nan=True
    )


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
