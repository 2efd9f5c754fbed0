"""Looking at a model, in the middle of somebody else's loop too, without being noticed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

log = logging.getLogger("groklens")
#: Random numbers drawn during a look come from here, so that two looks agree whatever was drawn between them.
_SEED = 0


@contextmanager
def at_rest(model: Any) -> Iterator[None]:
    """The model is in evaluation mode, without gradients and with the random state set aside; all is put back.

    Every module's own `training` flag is as it was afterwards, also when an exception ends the look, and so are the
    random states of torch on the CPU and on the devices of the model's parameters. A model that draws random
    numbers in evaluation mode gets the same ones in every look, and the log says so, once.

    >>> import torch
    >>> model = torch.nn.Dropout()
    >>> with at_rest(model):
    ...     model.training
    False
    >>> model.training
    True
    """
    flags = [(module, module.training) for module in _modules(model)]
    states = _random_states(model)
    seeded = _seed(states)
    try:
        with torch.no_grad():
            if any(training for _, training in flags):
                _evaluate(model, [module for module, _ in flags])
            yield
        _say_of_drawing(model, seeded)
    finally:
        for device, state in states.items():
            _generator(device).set_state(state)
        _restore(flags)


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


def _random_states(model: Any) -> dict[torch.device, Tensor]:
    parameters = getattr(model, "parameters", None)
    devices = {each.device for each in parameters() if each.is_cuda} if callable(parameters) else set()
    return {device: _generator(device).get_state() for device in (torch.device("cpu"), *devices)}


def _generator(device: torch.device) -> torch.Generator:
    if device.type == "cuda":
        return torch.cuda.default_generators[device.index or 0]
    return torch.default_generator


def _seed(states: dict[torch.device, Tensor]) -> dict[torch.device, Tensor]:
    for device in states:
        _generator(device).manual_seed(_SEED)
    return {device: _generator(device).get_state() for device in states}


def _say_of_drawing(model: Any, seeded: dict[torch.device, Tensor]) -> None:
    if any(not torch.equal(_generator(device).get_state(), state) for device, state in seeded.items()):
        _say_once(type(model).__name__)


@lru_cache
def _say_once(kind: str) -> None:
    log.warning(
        "A %s draws random numbers in evaluation mode; every look is given the same ones. Noise that belongs to "
        "training alone has to ask: F.dropout(x, p, training=self.training).",
        kind,
    )
