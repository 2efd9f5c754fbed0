"""Reading files that others wrote, without running anything in them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groklens.errors import DamagedRun


def read_torch(path: Path) -> Any:
    """What a torch file holds, tensors and plain containers only; code in it is refused, never run."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise DamagedRun(f"There is no {path}.") from error
    except pickle.UnpicklingError as error:
        raise DamagedRun(
            f"{path} holds pickled Python objects, which could run code when opened, so it is refused "
            f"({_first_line(error)}). Where it was written, save plain tensors instead: "
            "torch.save(model.state_dict(), path), and configurations as dictionaries of numbers and strings."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
        raise DamagedRun(
            f"{path} is no complete torch file ({_first_line(error)}); copy it again."
        ) from error


def read_state(path: Path) -> dict[str, Tensor]:
    """A state dictionary: names to tensors."""
    state = read_torch(path)
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise DamagedRun(f"{path} holds no state dictionary (names to tensors), but {_kind(state)}.")
    return state


def read_config(path: Path) -> dict[str, Any]:
    """A JSON object."""
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise DamagedRun(f"There is no {path}, which says what the weights beside it are.") from error
    except (ValueError, OSError) as error:
        raise DamagedRun(f"{path} is no complete JSON file ({error}); copy it again.") from error
    if not isinstance(values, dict):
        raise DamagedRun(f"{path} holds no JSON object but a {type(values).__name__}.")
    return values


def load_weights(model: Any, weights: dict[str, Tensor], path: Path) -> Any:
    """Put named weights into a model, every one of them and in its shape; `DamagedRun` names what does not fit."""
    own = dict(model.named_parameters())
    wrong = [
        name
        for name, parameter in own.items()
        if name in weights and tuple(weights[name].shape) != tuple(parameter.shape)
    ]
    missing = [name for name in own if name not in weights]
    if missing or wrong:
        what = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(wrong)} in another shape"
        raise DamagedRun(f"{path} {what}: it is not the model that its configuration describes.")
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(weights[name])
    return model


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


def _kind(value: Any) -> str:
    return (
        f"a dictionary with {', '.join(map(str, list(value)[:5]))}"
        if isinstance(value, dict)
        else repr(type(value))
    )
