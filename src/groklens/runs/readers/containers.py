"""Finding weights inside the dictionaries and lists that people save, whatever their layout."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groklens.errors import DamagedRun
from groklens.runs.readers.step_names import counted_in, two_ways

State = dict[str, Tensor]
#: Where weights are usually kept, in the order in which they are believed.
_MODELS = (
    "model_state_dict", "state_dict", "model", "module", "net", "network", "params", "parameters", "weights",
)  # fmt: skip
_STEPS = (
    "steps", "epochs", "checkpoint_steps", "checkpoint_epochs", "iterations", "step", "epoch", "global_steps",
    "saved_steps", "saved_epochs", "updates",
)  # fmt: skip
#: Names of what says a step beside weights; an epoch is believed where none of them is there.
SAY_STEPS = ("step", "global_step", "train_step", "iteration", "iter")
_STEP = (*SAY_STEPS, "epoch")
#: What stands beside a model and holds tensors too.
_ASIDE = re.compile(
    r"optim|sched|scaler|rng|callback|loops|^lr|grad|data|indices|inputs|labels|loss|acc"
    r"|activation|cache|metric|histor|logs?$|stat(istic)?s$",
    re.IGNORECASE,
)
#: A moving average of the model's own weights, known by its name, is no second model.
_AVERAGE = re.compile(r"(^|_)(ema|swa|polyak|averaged?)($|_)", re.IGNORECASE)
#: Tensors that are lists of numbers by update, and no weights.
_LISTS = re.compile(r"^[^.]*(loss|acc)[^.]*$", re.IGNORECASE)
#: Names of the configuration beside weights.
CONFIGS = ("config", "cfg", "model_config", "hparams", "hyper_parameters", "args")
#: Dictionaries inside dictionaries that are looked into.
_DEEP = 3


@dataclass(frozen=True)
class Found:
    """The weights of a file by step, and the plain values saved beside them.

    `counted` says whether the steps are the file's own, or its weights were only numbered in their order; `dated`
    whether it says the step of weights that are alone in it.
    """

    states: dict[int, State]
    said: dict[str, Any] = field(default_factory=dict)
    counted: bool = True
    #: Weights beside them that are not the run's: moving averages, and a model that one of the steps follows.
    left_out: tuple[str, ...] = ()
    dated: bool = True


class SeveralModels(Exception):
    """A file holds several models and does not say which is meant; `where` has the keys that lead to each."""

    def __init__(self, where: list[tuple[str, ...]]) -> None:
        super().__init__(", ".join(map(".".join, where)))
        self.where = where

    def told(self, file: Path) -> str:
        """A message with the keys of the models in `file`, and the lines that open each."""
        names = ", ".join(" ".join(".".join(keys).split())[:60] for keys in self.where[:6])
        inside = "".join(f"[{' '.join(key.split())[:60]!r}]" for key in self.where[0])
        return (
            f"{file} holds several models ({names}), and it cannot be told which is meant; save the one by itself: "
            f"saved = torch.load({str(file)!r}, weights_only=True); torch.save(saved{inside}, 'one.pt'); "
            "gl.load('one.pt', …)."
        )


def weights_in(content: object) -> Found | None:
    """The weights inside a file's content, None where there are none; `SeveralModels` where it is ambiguous.

    >>> list(weights_in({"model": {"module.w": torch.zeros(2)}, "epoch": 5}).states)
    [5]
    """
    return _look(content, _DEEP)


def _look(content: object, deep: int) -> Found | None:
    if isinstance(content, (list, tuple)):
        return _series(content, None) or _only(content, deep)
    if not isinstance(content, Mapping) or "param_groups" in content:
        return None
    by_step = _step_keys(content)
    if by_step is not None:
        return _series(list(content.values()), by_step)
    if deep:
        within = _within(content, deep)
        if within is not None:
            return replace(within, said=_plain(content) | within.said)
    state = _state(content)
    if state is None:
        return None
    return Found({_step(content): state}, _plain(content), dated=_said_step(content) is not None)


def _within(content: Mapping[Any, Any], deep: int) -> Found | None:
    """Weights one level further in: a series over steps, or the only model."""
    models = {key: found for key, value in _inside(content).items() if (found := _at(key, value, deep))}
    averages = tuple(key for key in models if _AVERAGE.search(key)) if len(models) > 1 else ()
    models = {key: found for key, found in models.items() if key not in averages}
    series = [key for key in models if isinstance(content[key], (list, tuple)) or len(models[key].states) > 1]
    single = _one_of({key: found for key, found in models.items() if key not in series})
    if len(series) > 1 or len(single) > 1:
        several = series if len(series) > 1 else [key for key in models if key in single]
        raise SeveralModels([(key,) for key in several])
    if not models:
        return None
    if not series:
        found = models[single[0]]
        own = _step(content) or next(iter(found.states))
        dated = found.dated or _said_step(content) is not None
        found = replace(found, states={own: next(iter(found.states.values()))}, dated=dated)
    else:
        found = _with_steps(content, content[series[0]], models[series[0]])
        found = _with_last(content, found, single[0], models[single[0]]) if single else found
    return replace(found, left_out=(*found.left_out, *averages))


def _inside(content: Mapping[Any, Any]) -> dict[str, Any]:
    """The values that may hold weights."""
    return {
        key: value
        for key, value in content.items()
        if isinstance(value, (Mapping, list, tuple)) and isinstance(key, str) and not _ASIDE.search(key)
    }


def _at(key: str, value: object, deep: int) -> Found | None:
    try:
        found = _look(value, deep - 1)
    except SeveralModels as several:
        raise SeveralModels([(key, *keys) for keys in several.where]) from None
    return found


def _one_of(models: Mapping[str, Found]) -> list[str]:
    """The candidate models, without vectors beside a matrix and without copies under a usual name."""
    usual = sorted(models, key=lambda key: key not in _MODELS)
    last = {key: models[key].states[max(models[key].states)] for key in usual}
    weighty = [key for key in usual if any(tensor.ndim > 1 for tensor in last[key].values())] or usual
    copied = [key for key in weighty[1:] if weighty[0] in _MODELS and _same(last[key], last[weighty[0]])]
    return [key for key in weighty if key not in copied]


def _same(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _with_steps(content: Mapping[Any, Any], values: object, found: Found) -> Found:
    """A list of weights with the list of their steps beside it."""
    if found.counted:
        return found
    for name in _STEPS:
        steps = content.get(name)
        steps = steps.tolist() if isinstance(steps, Tensor) else steps
        if not isinstance(steps, (list, tuple)):
            continue
        numbers = [whole(step) for step in steps]
        if len(numbers) != len(found.states) or None in numbers or len(set(numbers)) < len(numbers):
            raise DamagedRun(
                f"Its {name} are {len(numbers)} entries for {len(found.states)} sets of weights, and should be as many "
                "whole numbers, each once; copy it again."
            )
        chosen = zip(numbers, found.states.values(), strict=True)
        return replace(found, states={int(step or 0): state for step, state in chosen}, counted=True)
    return found


def _with_last(content: Mapping[Any, Any], found: Found, key: str, last: Found) -> Found:
    """The series with the model beside it as a later step, or that model named among what is left out."""
    step, state = _step(content), next(iter(last.states.values()))
    if found.counted and step > max(found.states):
        return replace(found, states=found.states | {step: state})
    if any(_same(state, each) for each in found.states.values()):
        return found
    return replace(found, left_out=(*found.left_out, key))


def _series(values: Sequence[Any], steps: list[int] | None) -> Found | None:
    """A list of weights by step: the steps given, those that each entry names, or numbers from 0."""
    if steps is None and values and all(_is_pair(value) for value in values):
        steps, values = [int(value[0]) for value in values], [value[1] for value in values]
        if len(set(steps)) < len(steps):
            return None
    if not values or not all(isinstance(value, Mapping) for value in values):
        return None
    each = [_look(value, 1) for value in values]
    if not all(found is not None and len(found.states) == 1 for found in each):
        return None
    states = [next(iter(found.states.values())) for found in each if found is not None]
    own = [_said_step(value) for value in values]
    if steps is None and None not in own and len(set(own)) == len(own):
        steps = [step for step in own if step is not None]
    counted = steps is not None
    return Found(dict(zip(steps or range(len(states)), states, strict=True)), counted=counted)


def _only(values: Sequence[Any], deep: int) -> Found | None:
    """The only entry of a short list that holds weights, as in (model, optimiser)."""
    short = deep > 0 and len(values) <= 8
    found = (
        [each for value in values if isinstance(value, Mapping) and (each := _look(value, deep - 1))]
        if short
        else []
    )
    return found[0] if len(found) == 1 else None


def _is_pair(value: object) -> bool:
    """Whether a value is (step, weights)."""
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    return pair and whole(value[0]) is not None and isinstance(value[1], Mapping)  # type: ignore[index]


def _state(content: Mapping[Any, Any]) -> State | None:
    """A dictionary's tensors by name, without plain values; None for anything else."""
    tensors = {name: value for name, value in content.items() if isinstance(value, Tensor)}
    others = [value for name, value in content.items() if name not in tensors and not _is_list(name, value)]
    if not all(isinstance(name, str) for name in content) or not all(_is_plain(value) for value in others):
        return None
    tensors = {name: tensor for name, tensor in tensors.items() if not _is_list(name, tensor)}
    return tensors if any(tensor.ndim for tensor in tensors.values()) else None


def _is_list(name: object, value: object) -> bool:
    """Whether a value is a list of losses or accuracies, or of their steps."""
    named = isinstance(name, str) and (name in _STEPS or _LISTS.match(name) is not None)
    return named and (isinstance(value, (list, tuple)) or getattr(value, "ndim", None) in (0, 1))


def _step_keys(content: Mapping[Any, Any]) -> list[int] | None:
    """The keys as steps, where all of them are, as in 100, "100" or "step_100"."""
    numbers, kinds = [], set()
    for key, value in content.items():
        kind, found = counted_in(key) if isinstance(key, str) else ("*", [key])
        number = whole(found[0]) if len(found) == 1 and not two_ways(str(key)) else None
        if number is None or not isinstance(value, Mapping):
            return None
        numbers.append(number)
        kinds.add(kind)
    return numbers if numbers and len(set(numbers)) == len(numbers) and len(kinds) == 1 else None


def _step(content: Mapping[Any, Any]) -> int:
    return _said_step(content) or 0


def _said_step(content: Mapping[Any, Any]) -> int | None:
    return next((step for name in _STEP if (step := whole(content.get(name))) is not None), None)


def whole(value: object) -> int | None:
    """A value as a step: a whole number from 0, whatever holds it; None for anything else.

    >>> whole("12"), whole(-1)
    (12, None)
    """
    if isinstance(value, Tensor) and value.numel() == 1 and value.device.type != "meta":
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    return int(value) if fits else None  # type: ignore[call-overload]


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _plain(content: Mapping[Any, Any]) -> dict[str, Any]:
    """Numbers and strings beside the weights, those of a configuration included."""
    said = {str(name): value for name, value in content.items() if _is_plain(value)}
    for name in CONFIGS:
        config = content.get(name)
        if isinstance(config, Mapping):
            said = {str(key): value for key, value in config.items() if not isinstance(value, Tensor)} | said
    return said
