"""Checking values of a configuration in a foreign file for type and range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from groklens.errors import DamagedRun, described, is_number

#: Stands for no default.
_NEEDED: Any = object()


def whole(
    config: Mapping[str, Any],
    name: str,
    file: Path,
    default: Any = _NEEDED,
    *,
    least: int = 1,
    most: int = 2**31,
    by: Path | None = None,
) -> int:
    """A whole number from `least` to `most`; `DamagedRun` names the file and the field of anything else.

    `by` is the file whose weights say that it cannot be more.

    >>> whole({"p": 113}, "p", Path("cfg.json"))
    113
    """
    value = _value(config, name, file, default)
    value = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        weights = "" if by is None else f", by the weights in {by.name}"
        raise DamagedRun(
            f"{file} says that {name} is {described(value)}; a whole number from {least:,} to {most:,} is "
            f"expected{weights}."
        )
    return value


def real(
    config: Mapping[str, Any], name: str, file: Path, default: Any = _NEEDED, *, least: float, most: float
) -> float:
    """A finite number from `least` to `most`; `DamagedRun` names the file and the field of anything else."""
    value = _value(config, name, file, default)
    if not is_number(value) or not math.isfinite(value) or not least <= value <= most:
        raise DamagedRun(
            f"{file} says that {name} is {described(value)}; a number from {least:g} to {most:g} is expected."
        )
    return float(value)


def flag(config: Mapping[str, Any], name: str, file: Path, default: bool) -> bool:
    """A boolean, which may be 1 or 0; `DamagedRun` names the file and the field of anything else."""
    value = _value(config, name, file, default)
    value = default if value is None else value
    if not isinstance(value, (bool, int)) or value not in (0, 1):
        raise DamagedRun(f"{file} says that {name} is {described(value)}; true or false is expected.")
    return bool(value)


def one_of(
    config: Mapping[str, Any], name: str, file: Path, choices: Mapping[str, Any], default: Any = _NEEDED
) -> Any:
    """The value that a name stands for, in any case; `DamagedRun` names the file, the field and the known names."""
    value = _value(config, name, file, default)
    found = choices.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise DamagedRun(
            f"{file} says that {name} is {described(value)}; known are {', '.join(choices)}. Where it is another, "
            "give the model that it was trained with: gl.load(path, task=task, model=model)."
        )
    return found


def largest(state: Mapping[str, Any]) -> int:
    """The longest axis of any tensor, an upper bound on numbers of tokens, classes and neurons.

    >>> largest({})
    0
    """
    return max(
        (length for tensor in state.values() if isinstance(tensor, Tensor) for length in tensor.shape),
        default=0,
    )


def _value(config: Mapping[str, Any], name: str, file: Path, default: Any) -> Any:
    if name not in config and default is _NEEDED:
        raise DamagedRun(f"{file} does not say {name}; copy it again.")
    return config.get(name, default)
