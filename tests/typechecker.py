"""How types are checked while the tests run: by beartype, an int being welcome where a float is asked for.

jaxtyping's own wrapper binds the arguments of every call and checks them twice, before the call and with what it
returns. Here they are checked once, on the way in, and what is returned on the way out: by beartype alone, within a
context of jaxtyping's where annotations name arrays, so that the axes of all of them are compared.

That comparison costs more than many of the functions that it is made for, and a loop calls them with arrays of one
shape. Of each such function, a few first calls in every test are checked, and one in many after them.
"""

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from typing import Any, get_args, get_type_hints
from unittest.mock import patch

import jaxtyping
from beartype import BeartypeConf, beartype
from jaxtyping import _import_hook

_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))
_beartype_of_arrays = beartype(
    conf=BeartypeConf(is_pep484_tower=True, violation_type=jaxtyping.TypeCheckError)
)
_by_jaxtyping = jaxtyping.jaxtyped
#: So many calls of a function of arrays are checked in a test, and then one in so many.
FIRST, SELDOM = 4, 32
_calls: dict[Callable[..., Any], int] = {}


def begin() -> None:
    """A test begins: the first calls are checked again, of every function."""
    _calls.clear()


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Checks of a function's types, as jaxtyping asks for them."""
    return _beartype(function)


def install(package: str) -> None:
    """Check the types of every function of a package from now on; called before it is imported."""
    # What a protocol asks for is gathered once, as Python 3.12 does, and not whenever a value is held to it.
    typing._get_protocol_attrs = functools.cache(typing._get_protocol_attrs)  # type: ignore[attr-defined]
    _import_hook._JaxtypingLoader = _Loader
    jaxtyping.install_import_hook(package, "typechecker.check")
    jaxtyping.jaxtyped = _jaxtyped


class _Loader(_import_hook._JaxtypingLoader):
    """Finds the checked code of a module where jaxtyping keeps it, and runs it with nothing of Python's replaced.

    jaxtyping's own goes on looking there while the module runs: whatever that one imports, torch and pandas too, is
    compiled from its source again.
    """

    exec_module = SourceFileLoader.exec_module

    def get_code(self, fullname: str) -> Any:
        where = functools.partial(_import_hook._optimized_cache_from_source, self._typechecker.get_hash())
        with patch("importlib._bootstrap_external.cache_from_source", where):
            return super().get_code(fullname)


def _jaxtyped(function: Any = None, **options: Any) -> Any:
    """Stands for `jaxtyping.jaxtyped`, which the import hook puts before every function and class."""
    if function is None:
        return functools.partial(_jaxtyped, **options)
    if inspect.isclass(function) and dataclasses.is_dataclass(function):
        if "__init__" in vars(function):
            function.__init__ = _jaxtyped(function.__init__, **options)
        return function
    if not inspect.isfunction(function):
        return _by_jaxtyping(function, **options)
    # One defined inside another is made anew at every call of that one, and making its checks takes longer than what
    # it does; the wrapper of a dataclass's own __init__ is there already.
    if "<locals>" in function.__qualname__ or hasattr(function, "__wrapped__"):
        return function
    hints = {name: _resolved(hint, function.__globals__) for name, hint in function.__annotations__.items()}
    if not any(_has_axes(hint) for hint in hints.values()):
        return _by_types(function, hints)
    if inspect.isgeneratorfunction(
        function
    ):  # which runs when its call, and the context with it, has long ended
        return _by_jaxtyping(function, **options)
    return _by_shapes(function, hints)


def _checked(function: Callable[..., Any], hints: dict[str, Any], by: Any) -> Callable[..., Any]:
    written, function.__annotations__ = function.__annotations__, hints
    checked = by(function)
    function.__annotations__ = written
    return checked


def _by_types(function: Callable[..., Any], hints: dict[str, Any]) -> Callable[..., Any]:
    checked = _checked(function, hints, _beartype)
    if checked is function:
        return function

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return (function if jaxtyping.config.jaxtyping_disable else checked)(*args, **kwargs)

    return called


def _by_shapes(function: Callable[..., Any], hints: dict[str, Any]) -> Callable[..., Any]:
    checked = _checked(function, hints, _beartype_of_arrays)
    context = _by_jaxtyping("context")

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        before = _calls.get(called, 0)
        _calls[called] = before + 1
        if jaxtyping.config.jaxtyping_disable or (before >= FIRST and before % SELDOM):
            return function(*args, **kwargs)
        with context:
            return checked(*args, **kwargs)

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
