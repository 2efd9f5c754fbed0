"""What goes wrong, by name, and the words to say it in: what was found, what was expected, what to type."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable
from numbers import Real
from types import FunctionType, ModuleType
from typing import Any


class GroklensError(Exception):
    """Base of every error that groklens raises on purpose; catch it to show one clear line."""


class BadArgument(GroklensError, ValueError):
    """A value given by the caller is outside what the function accepts."""


class TaskNeeded(BadArgument):
    """A file holds weights and does not say what they were trained on."""


class ConfigNeeded(BadArgument):
    """A file holds weights and does not say how the model computes with them; `lacking` names what has to be said."""

    def __init__(self, message: str, lacking: Iterable[str] = ()) -> None:
        """`lacking` are names of a TransformerLens configuration."""
        super().__init__(message)
        self.lacking = tuple(lacking)


class UnknownName(GroklensError, KeyError):
    """A hook, component, measure or field of that name does not exist here."""

    def __str__(self) -> str:
        # KeyError would print the message in quotes.
        return str(self.args[0]) if self.args else ""


class DamagedRun(GroklensError, OSError):
    """A file of a run is missing, truncated, edited or of an unknown schema."""


class RunNotFound(DamagedRun, FileNotFoundError):
    """There is no run where one was looked for: nothing at all, or files of which none is one."""


class RunInUse(GroklensError, RuntimeError):
    """Another process, or another recorder, is writing the run."""


class RecipeMismatch(GroklensError, ValueError):
    """A folder holds a run of another recipe than the one asked for."""


class TrainingDiverged(GroklensError, ArithmeticError):
    """The loss stopped being a finite number."""


def described(value: object) -> str:
    """What a value is, in the words of whoever gave it.

    >>> described(None), described("add"), described([1, 2]), described(int)
    ('None', "'add'", 'a list of 2', 'the class int')
    """
    if value is None or isinstance(value, (bool, str, int, float)):
        return repr(value) if len(repr(value)) < 80 else f"{repr(value)[:70]}…"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, ModuleType):
        return f"the module {value.__name__}"
    if isinstance(value, FunctionType):
        return "a lambda" if value.__name__ == "<lambda>" else f"the function {value.__name__}"
    kind = type(value).__name__
    article = "an" if kind[0] in "AEIOaeio" else "a"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"{article} {kind} of shape {tuple(shape)}"
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        return f"{article} {kind} of {len(value)}" if value else f"an empty {kind}"
    return f"{article} {kind}"


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """The question that names what is spelt nearly so, or nothing where nothing is.

    >>> did_you_mean("tset_loss", ["test_loss", "ipr"])
    "did you mean 'test_loss'?"
    """
    spelt = {str(each): each for each in known}
    close = difflib.get_close_matches(str(name), list(spelt), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(repr(spelt[each]) for each in close)}?" if close else ""


def whole_number(name: str, value: Any, least: int | None = None, such_as: int = 100) -> int:
    """`value` as a Python int, whoever made it (numpy, torch, 1e4); `BadArgument` for anything else.

    >>> whole_number("steps", 1e4)
    10000
    """
    number = _whole(value)
    if number is None or abs(number) >= 2**63 or (least is not None and number < least):
        at_least = "" if least is None else f" of at least {least}"
        quotes = ", without quotes" if isinstance(value, str) else ""
        raise BadArgument(
            f"{name} is {described(value)}; give a whole number{at_least}{quotes}, such as {such_as}."
        )
    return number


def whole_fields(spec: object, *names: str, least: int | None = None) -> None:
    """Make these fields of a frozen value Python ints; `BadArgument` names what is none."""
    for name in names:
        object.__setattr__(spec, name, whole_number(name, getattr(spec, name), least))


def is_number(value: object) -> bool:
    """Whether `value` is a real number, numpy's included, and no truth value.

    >>> is_number(0.3), is_number("0.3")
    (True, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if getattr(value, "ndim", None) == 0:
        return _whole(value.item())  # one number of numpy or torch
    try:
        return operator.index(value)
    except (TypeError, ValueError, RuntimeError):  # numpy and torch have reasons of their own
        return None
