"""A callback of ours as one of another library's, which is imported when a callback is made and not before."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import Any

from groklens.errors import BadArgument


def of_library(own: type, name: str, modules: tuple[str, ...]) -> type:
    """The class `own`, derived too from the class called `name` of the library that the user's trainer is of.

    `modules` are the names that the library goes by: of those that this process has imported all are taken, or the
    first that can be imported. Raises `BadArgument` where there is none.

    >>> of_library(object, "Path", ("pathlib",)).__mro__[1].__name__  # doctest: +SKIP
    'Path'
    """
    there = [module for module in modules if module in sys.modules] or _first_installed(modules)
    return _derived(own, tuple(getattr(sys.modules[module], name) for module in there))


def _first_installed(modules: tuple[str, ...]) -> list[str]:
    for module in modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if module.startswith(str(error.name)):
                continue
            raise
        return [module]
    package = modules[0].split(".")[0]
    raise BadArgument(f"This callback is for {package}, which is not installed: pip install {package}.")


@cache
def _derived(own: type, bases: tuple[Any, ...]) -> type:
    bases = tuple(base for base in bases if not issubclass(own, base))
    described_as = {"__module__": own.__module__, "__doc__": own.__doc__}
    # A trainer that starts processes sends its callbacks there, where this class is not made yet.
    sent = {"__reduce__": lambda self: (_again, (own,), dict(vars(self)))}
    return type(own.__name__, (own, *bases), described_as | sent)


def _again(own: Any) -> Any:
    return own.__new__(own)
