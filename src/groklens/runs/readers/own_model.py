"""Loading a file's weights into a model of the user's own with the same names."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groklens.errors import BadArgument, GroklensError, described
from groklens.models.published import by_new_names, names_of
from groklens.runs.readers.safe_loading import one_line

#: What wrappers put before every name.
PREFIXES = ("_orig_mod.", "module.", "model.")
#: What is beside weights and no part of a model: masks, and how many models an average is of.
_BUFFERS = ("mask", "IGNORE", "n_averaged")


def check_takes_weights(model: Any) -> None:
    """Raise `BadArgument` for a class in place of a model, or for an object without `load_state_dict`."""
    if isinstance(model, type) or not callable(getattr(model, "load_state_dict", None)):
        build = " (it describes one: give .build(task, seed=0))" if hasattr(model, "build") else ""
        raise BadArgument(
            f"model is {described(model)}{build}, which has no load_state_dict; give a model made as the one that was "
            "trained, such as model=MyModel(...)."
        )


def filled(model: Any, state: Mapping[str, Tensor], path: Path) -> Any:
    """A copy of `model` with the weights `state` of the file at `path`.

    Raises `BadArgument` naming the weights that are missing, those that the model does not have, and those of another
    shape.

    >>> filled(model, state, Path("model.pt"))  # doctest: +SKIP
    """
    own = _copied(model, path)
    expected = dict(own.state_dict()) if hasattr(own, "state_dict") else {}
    chosen = min(_spellings(own, state, expected), key=lambda names: len(set(names) ^ set(expected)))
    chosen = {
        name: tensor
        for name, tensor in chosen.items()
        if name in expected or name.split(".")[-1] not in _BUFFERS
    }
    said = (_misfit(chosen, expected) or _other_kind(chosen, expected)) if expected else ""
    if said:
        raise BadArgument(f"{path} does not fit the model given, a {type(model).__name__}: {said}.")
    try:
        own.load_state_dict(chosen)
    except Exception as error:  # the user's own code may raise anything
        raise BadArgument(
            f"{path} does not fit the model given, a {type(model).__name__}: {one_line(error)}"
        ) from error
    if callable(getattr(own, "eval", None)):
        own.eval()  # dropout would make every look at it another
    return own


def stripped(state: Mapping[str, Any] | Any) -> dict[str, Any]:
    """The same weights without prefixes that wrappers (`torch.compile`, `DataParallel`, …) add to every name.

    >>> stripped({"module._orig_mod.embed.W_E": 1})
    {'embed.W_E': 1}
    """
    names = {name: name.replace("._orig_mod.", ".") for name in state}
    while True:
        prefix = next(
            (p for p in PREFIXES if names and all(name.startswith(p) for name in names.values())), ""
        )
        if not prefix:
            return {short: state[name] for name, short in names.items()}
        names = {name: short.removeprefix(prefix) for name, short in names.items()}


def transformer_names(state: Mapping[str, Any]) -> dict[str, Any]:
    """The same weights by TransformerLens' names, where those follow one common prefix.

    >>> transformer_names({"net.embed.W_E": 1, "net.blocks.0.attn.W_Q": 2})
    {'embed.W_E': 1, 'blocks.0.attn.W_Q': 2}
    """
    short = stripped(state)
    less = _one_level_less(short)
    return less if names_of(short) is None and names_of(less) is not None else short


def _one_level_less(state: Mapping[str, Any]) -> dict[str, Any]:
    """The weights without the first word of all names, where it is the same for all."""
    first = {name.partition(".")[0] for name in state}
    if len(first) != 1 or not all("." in name for name in state):
        return dict(state)
    return {name.partition(".")[2]: tensor for name, tensor in state.items()}


def _spellings(
    model: Any, state: Mapping[str, Tensor], expected: Mapping[str, Any]
) -> list[dict[str, Tensor]]:
    """The weights by their own names, without wrappers' prefixes, with the model's prefix, and by a bridge's names."""
    short = stripped(state)
    found = [dict(state), short, transformer_names(state), _one_level_less(short)]
    if (start := _prefix(state, expected)) is not None:
        under = {name: value for name, value in state.items() if name.startswith(start)}
        found.append({name.removeprefix(start): value for name, value in under.items()})
    first = {name.partition(".")[0] for name in expected}
    if len(first) == 1:
        found += [
            {f"{next(iter(first))}.{name}": tensor for name, tensor in each.items()} for each in list(found)
        ]
    short = transformer_names(state)
    if names_of(short) == "old" and type(getattr(model, "original_model", None)).__name__ == "NativeModel":
        with contextlib.suppress(ValueError, RuntimeError, IndexError):  # of another model: said by name
            found.append(by_new_names(short, model.cfg))
    return found


def beside(model: Any, state: Mapping[str, Tensor]) -> list[str]:
    """The names that stand outside of the prefix under which a file has all the weights of the model.

    >>> beside(model, {"net.weight": weight, "loss.weight": other})  # doctest: +SKIP
    ['loss.weight']
    """
    start = _prefix(state, dict(model.state_dict()) if hasattr(model, "state_dict") else {})
    if start is None:
        return []
    return [name for name in state if not name.startswith(start) and name.split(".")[-1] not in _BUFFERS]


def _prefix(state: Mapping[str, Tensor], expected: Mapping[str, Any]) -> str | None:
    """The only prefix under which the weights have all that the model expects, as `net.` beside a criterion's."""
    first = f".{next(iter(expected), '')}"
    prefixes = [name.removesuffix(first) + "." for name in state if len(first) > 1 and name.endswith(first)]
    fits = [prefix for prefix in prefixes if all(prefix + name in state for name in expected)]
    return fits[0] if len(fits) == 1 else None


def _other_kind(state: Mapping[str, Tensor], expected: Mapping[str, Any]) -> str:
    """What is said of weights whose numbers the model cannot hold as they are; empty where it holds all."""
    for name, own in expected.items():
        value = state[name]
        if not isinstance(own, Tensor) or not isinstance(value, Tensor):
            continue
        if value.layout != torch.strided or value.is_meta:
            what = "without values (device meta)" if value.is_meta else "sparse"
            return f"{name} is {what}; save it as a plain tensor, such as weight.to_dense().cpu()"
        kind = str(value.dtype).removeprefix("torch.")
        if value.is_complex() and not own.is_complex():
            return f"{name} is of complex numbers ({kind}), and the model's are real"
        whole = not value.is_floating_point() and not value.is_complex() and value.dtype != torch.bool
        if whole and own.is_floating_point() and value.ndim:
            return (
                f"{name} is of whole numbers ({kind}), which mean weights only with the scales that they were "
                "quantised with; save it dequantised, in float32"
            )
    return ""


def _copied(model: Any, path: Path) -> Any:
    try:
        return copy.deepcopy(model)
    except GroklensError:
        raise
    except Exception as error:  # whatever a user's object raises
        raise BadArgument(
            f"The model given for {path}, a {type(model).__name__}, cannot be copied for every step: {one_line(error)}"
        ) from error


def _misfit(state: Mapping[str, Tensor], expected: Mapping[str, Any]) -> str:
    missing = [name for name in expected if name not in state]
    more = [name for name in state if name not in expected]
    shapes = [
        f"{name} {tuple(state[name].shape)} for {tuple(expected[name].shape)}"
        for name in expected
        if name in state and isinstance(expected[name], Tensor) and expected[name].shape != state[name].shape
    ]
    said = (("missing are", missing), ("the model has no", more), ("in other shapes are", shapes))
    return "; ".join(f"{what} {_some(names)}" for what, names in said if names)


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
