"""Running a model without side effects: evaluation mode, no gradients, random states restored afterwards."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import RLock
from typing import Any

import numpy as np
import torch
from torch import nn

from groklens.models.answering import is_hooked
from groklens.models.unbuilt import draws_nothing
from groklens.threads import plain_torch

log = logging.getLogger("groklens")
#: Random numbers drawn during a look come from here, so that two looks agree whatever was drawn between them.
_SEED = 0
_one_at_a_time = RLock()


@contextmanager
def at_rest(model: Any) -> Iterator[None]:
    """Context of a model in evaluation mode, without gradients or autocast; its mode and random states are restored.

    Every module's own `training` flag is as it was afterwards, also when an exception ends the look, and so are the
    random states of torch on the CPU and on the devices of the model's parameters, of numpy and of Python's `random`.
    A model that draws from them in evaluation mode gets the same numbers in every look, and the log says so, once. Of
    one that is known to draw none (`draws_nothing`) nothing has to be restored.

    >>> import torch
    >>> model = torch.nn.Dropout()
    >>> with at_rest(model):
    ...     model.training
    False
    >>> model.training
    True
    """
    if draws_nothing(model):
        with plain_torch(), torch.no_grad():
            yield
        return
    with random_set_aside(model) as drawn:
        flags = [(module, module.training) for module in _modules(model)]
        try:
            with plain_torch(), torch.no_grad():
                if any(training for _, training in flags):
                    _evaluate(model, [module for module, _ in flags])
                with _buffers_kept(model):
                    yield
            if drawn():
                _say_once(type(model).__name__)
        finally:
            _restore(flags)


@contextmanager
def at_rest_with_gradients(model: Any) -> Iterator[None]:
    """`at_rest` with gradients; what the look leaves on the model's modules that has one is forgotten.

    TransformerLens' attention keeps the residual that it last read, and a tensor with a gradient behind it cannot be
    copied, nor the model that holds it.
    """
    before = {id(value) for _, _, value in _computed(model)}
    try:
        with at_rest(model), torch.enable_grad():
            yield
    finally:
        for module, name, value in _computed(model):
            if id(value) not in before:
                setattr(module, name, None)


def _computed(model: Any) -> list[tuple[nn.Module, str, torch.Tensor]]:
    """The attributes of a model's modules that are tensors with a gradient behind them."""
    return [
        (module, name, value)
        for module in _modules(model)
        for name, value in vars(module).items()
        if isinstance(value, torch.Tensor) and value.grad_fn is not None
    ]


@contextmanager
def random_set_aside(model: Any) -> Iterator[Callable[[], bool]]:
    """Context in which the random generators of torch, numpy and Python start from one seed, then are restored.

    Gives a function that says at the end whether torch's or numpy's have been drawn from. Python's are put back
    without a word: checks of types draw from them, which is no noise. Generators that a model has for itself are
    its own. Looks in several threads of Python take turns, for the generators are those of the process.

    >>> with random_set_aside(torch.nn.Linear(2, 2)) as drawn:
    ...     drawn()
    False
    """
    with _one_at_a_time:
        python, numpy = random.getstate(), np.random.get_state(legacy=False)  # noqa: NPY002 (the global one)
        generators = [_generator(device) for device in _devices(model)]
        states = [generator.get_state() for generator in generators]
        try:
            random.seed(_SEED)
            seeded = [generator.manual_seed(_SEED).get_state() for generator in generators]
            first = _seed_numpy()
            yield (
                lambda: (
                    float(np.random.random_sample()) != first  # noqa: NPY002
                    or any(not torch.equal(g.get_state(), s) for g, s in zip(generators, seeded, strict=True))
                )
            )
        finally:
            for generator, state in zip(generators, states, strict=True):
                generator.set_state(state)
            np.random.set_state(numpy)  # noqa: NPY002
            random.setstate(python)


@contextmanager
def _buffers_kept(model: Any) -> Iterator[None]:
    """Context in which a plain module's buffers may count or average what it is run on, and are then as they were."""
    before = [
        (module, name, buffer, buffer._version, buffer.clone())
        for module in (_modules(model) if is_hooked(model) else [])
        for name, buffer in module._buffers.items()
        if buffer is not None and not buffer.is_inference()
    ]
    try:
        yield
    finally:
        for module, name, buffer, version, values in before:
            if buffer._version != version:
                buffer.copy_(values)
            module._buffers[name] = buffer


def _modules(model: Any) -> list[Any]:
    modules = getattr(model, "modules", None)
    return [module for module in modules() if hasattr(module, "training")] if callable(modules) else []


def _evaluate(model: Any, modules: list[Any]) -> None:
    for part in [model] if callable(getattr(model, "eval", None)) else modules:
        part.eval()


def _restore(flags: list[tuple[Any, bool]]) -> None:
    changed = [(module, training) for module, training in flags if module.training != training]
    for module, training in reversed(changed):
        if type(module).train is not nn.Module.train:  # changing its mode does more than set a flag
            module.train(training)
    for module, training in flags:  # whatever a parent's train() has told its children
        if module.training != training:
            module.training = training


def _devices(model: Any) -> list[torch.device]:
    parameters = getattr(model, "parameters", None)
    devices = {each.device for each in parameters() if each.is_cuda} if callable(parameters) else set()
    return [torch.device("cpu"), *devices]


def _generator(device: torch.device) -> torch.Generator:
    if device.type == "cuda":
        return torch.cuda.default_generators[device.index or 0]
    return torch.default_generator


def _seed_numpy() -> float:
    """Set numpy's global generator to the seed, and give the number that it draws first from there."""
    state, first = _seeded(type(np.random.get_bit_generator()))  # type: ignore[attr-defined]
    np.random.set_state(state)  # noqa: NPY002
    return first


@lru_cache
def _seeded(kind: type[np.random.BitGenerator]) -> tuple[dict[str, Any], float]:
    """The seed's state of a kind of generator, which may be another than the usual, and its first number."""
    return dict(kind(_SEED).state), float(np.random.RandomState(kind(_SEED)).random_sample())


@lru_cache
def _say_once(kind: str) -> None:
    log.warning(
        "A %s draws random numbers in evaluation mode; every look is given the same ones. Noise that belongs to "
        "training alone has to ask: F.dropout(x, p, training=self.training).",
        kind,
    )
