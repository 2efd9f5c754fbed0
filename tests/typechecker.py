"""How types are checked while the tests run: by beartype, an int being welcome where a float is asked for."""

from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype

_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Checks of a function's types; one defined inside another is left alone.

    Those are made anew at every call of the outer one, and making their checks takes longer than what they do.
    """
    return function if "<locals>" in getattr(function, "__qualname__", "") else _beartype(function)
