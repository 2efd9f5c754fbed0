"""Exceptions that groklens raises, and the helpers that word their messages."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Iterable, Mapping
from numbers import Real
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

#: Characters of an error's line, and of one name in it: more is left out of the middle.
LONGEST_LINE, LONGEST_NAME = 3000, 300
#: A break that stands for a space: after a stop, or before an indented line. Any other is part of a name.
_BREAK_OF_PROSE = re.compile(r"(?<=[.:;,])[ \t]*\r?\n\s*|\s*\r?\n(?:\t| {2,})\s*")


class GroklensError(Exception):
    """The base class of every error that groklens raises on purpose; catch it to show one clear line."""

    def __str__(self) -> str:
        """One line, whatever stands in a path, a name or an error from below."""
        return one_line(super().__str__())


class BadArgument(GroklensError, ValueError):
    """A value given by the caller is outside what the function accepts."""


class TaskNeeded(BadArgument):
    """A file holds weights and does not say which task they were trained on."""


class ConfigNeeded(BadArgument):
    """A file holds weights without the configuration that computing with them needs; `lacking` names it."""

    def __init__(self, message: str, lacking: Iterable[str] = ()) -> None:
        """`lacking` are names of a TransformerLens configuration."""
        super().__init__(message)
        self.lacking = tuple(lacking)


class PartNeeded(BadArgument):
    """A run names parts of the user's own (a task, an optimiser, …) that were not handed in; it is not damaged."""


class UnknownName(GroklensError, KeyError):
    """No hook, component, measure or field has that name here."""

    def __str__(self) -> str:
        # KeyError would print the message in quotes.
        return one_line(str(self.args[0])) if self.args else ""


class DamagedRun(GroklensError, OSError):
    """A file of a run is missing, truncated, edited or of an unknown schema."""


class RunNotFound(DamagedRun, FileNotFoundError):
    """There is no run at the path given: nothing at all, or files that are not a run."""


class RunInUse(GroklensError, RuntimeError):
    """Another process, or another recorder, is writing to the run."""


class RecipeMismatch(BadArgument):
    """A folder is another's: a run's of another recipe than the one asked for, a sweep's, or within one of these."""


class TrainingDiverged(GroklensError, ArithmeticError):
    """The training loss became infinite or nan; `failed` has the message of each such run by its recipe's id."""

    def __init__(self, message: str, failed: Mapping[str, str] = MappingProxyType({})) -> None:
        """`failed` is of runs that were trained with others."""
        super().__init__(message)
        self.failed = dict(failed)


def shown(name: object, longest: int = LONGEST_NAME) -> str:
    """A path or name as it can be printed: control characters escaped, a long one shortened in the middle.

    >>> shown("runs/mine\\n"), shown("abcdefghij", longest=5)
    ('runs/mine\\\\n', 'abc…j')
    """
    text = str(name)
    if len(text) > longest:
        text = f"{text[: longest - longest // 3 - 1]}…{text[len(text) - longest // 3 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """A message as one line: line breaks become spaces, control characters in names are escaped.

    >>> one_line("Two things:\\n\\tone"), one_line("run\\n does not exist")
    ('Two things: one', 'run\\\\n does not exist')
    """
    return shown(_BREAK_OF_PROSE.sub(" ", text).strip(), LONGEST_LINE)


def described(value: object) -> str:
    """A short description of a value, in the words of whoever passed it.

    >>> described(None), described("add"), described([1, 2]), described(int)
    ('None', "'add'", 'a list of 2', 'the class int')
    """
    if isinstance(value, int) and _is_long(value):
        return f"a whole number of about {round(value.bit_length() * 0.30103)} digits"
    if value is None or isinstance(value, (bool, str, int, float, complex)):
        text = repr(value[:100] if isinstance(value, str) else value)
        return text if len(text) < 80 else f"{text[:70]}…"
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


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that an allocation failed, in Python's words or in torch's.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    said = str(error)
    return isinstance(error, MemoryError) or "allocate memory" in said or "out of memory" in said


def _is_long(value: object) -> bool:
    """Whether a value is a whole number too long to print; Python refuses to write the longest."""
    return isinstance(value, int) and abs(value) >= 10**60


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """A question that proposes the names spelt most like this one; empty where none is similar.

    >>> did_you_mean("tset_loss", ["test_loss", "ipr"])
    "did you mean 'test_loss'?"
    >>> did_you_mean("w_u", ["W_E", "W_U"])
    "did you mean 'W_U'?"
    """
    if not isinstance(name, (str, int)) or len(described(name)) > 60 or _is_long(name):
        return ""  # nothing that somebody spelt
    spelt = {str(each): each for each in known}
    close = [each for each in spelt if each.casefold() == str(name).casefold()]
    close = close or difflib.get_close_matches(str(name), list(spelt), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(repr(spelt[each]) for each in close)}?" if close else ""


def whole_number(
    name: str, value: Any, least: int | None = None, such_as: int = 100, most: int = 2**63 - 1
) -> int:
    """`value` as a Python int, whoever made it (numpy, torch, 1e4); `BadArgument` for anything else.

    >>> whole_number("steps", 1e4)
    10000
    """
    number = _whole(value)
    if number is None or abs(number) > most or (least is not None and number < least):
        at_least = "" if least is None else f" of at least {least}"
        if number is not None and abs(number) > most:
            at_least += f"{' and' if at_least else ' of'} at most {most:,}"
        quotes = ", without quotes" if isinstance(value, str) else ""
        raise BadArgument(
            f"{name} is {described(value)}; give a whole number{at_least}{quotes}, such as {such_as}."
        )
    return number


def whole_fields(spec: object, *names: str, least: int | None = None, most: int = 2**63 - 1) -> None:
    """Convert these fields of a frozen value to Python ints; `BadArgument` names a field that is not a whole number."""
    for name in names:
        object.__setattr__(spec, name, whole_number(name, getattr(spec, name), least, most=most))


def is_number(value: object) -> bool:
    """Whether `value` is a real number, numpy's included, and not a boolean.

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
