"""How types are checked while the tests run: by beartype, an int being welcome where a float is asked for.

jaxtyping's wrapper binds the arguments of every call and checks them twice, to compare the axes of several arrays.
Only functions whose annotations name an array need it; of all others the types are checked by beartype alone, which
takes a tenth of the time.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import jaxtyping
from beartype import BeartypeConf, beartype

_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))
_by_shapes = jaxtyping.jaxtyped


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Checks of a function's types; one defined inside another is left alone.

    Those are made anew at every call of the outer one, and making their checks takes longer than what they do.
    """
    return function if "<locals>" in getattr(function, "__qualname__", "") else _beartype(function)


def install(package: str) -> None:
    """Check the types of every function of a package from now on; called before it is imported."""
    jaxtyping.install_import_hook(package, "typechecker.check")
    jaxtyping.jaxtyped = _jaxtyped


def _jaxtyped(function: Any = None, **options: Any) -> Any:
    """Stands for `jaxtyping.jaxtyped`, which the import hook puts before every function and class."""
    if function is None:
        return functools.partial(_jaxtyped, **options)
    if not inspect.isfunction(function):
        return _by_shapes(function, **options)
    hints = {name: _resolved(hint, function.__globals__) for name, hint in function.__annotations__.items()}
    if any(_has_axes(hint) for hint in hints.values()):
        return _by_shapes(function, **options)
    return _by_types(function, hints)


def _by_types(function: Callable[..., Any], hints: dict[str, Any]) -> Callable[..., Any]:
    written, function.__annotations__ = function.__annotations__, hints
    checked = check(function)
    function.__annotations__ = written
    if checked is function:
        return function

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return (function if jaxtyping.config.jaxtyping_disable else checked)(*args, **kwargs)

    return called


def _resolved(hint: Any, names: dict[str, Any]) -> Any:
    """An annotation as an object; anything where its names are imported for type checkers only."""

    def holder() -> None:
        pass

    holder.__annotations__ = {"hint": hint}
    try:
        return get_type_hints(holder, names, include_extras=True)["hint"]
    except Exception:  # as jaxtyping does
        return Any


def _has_axes(hint: Any) -> bool:
    is_array = inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray)
    return is_array or any(_has_axes(each) for each in get_args(hint) if not isinstance(each, str))
