"""Checks of values from a caller or a file for type and range: numbers, booleans, choices, titles, sizes in memory."""

from __future__ import annotations

import contextlib
import inspect
import math
import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, described, did_you_mean, is_number

#: Bytes that one description may ask for on any machine: a tebibyte.
MOST_BYTES = 2**40
#: Characters of a name that goes into titles and listings.
LONGEST_TITLE = 200
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
#: Where Linux says how much a container may use.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    such_as: str = "1e-3",
) -> float:
    """`value` as a finite Python float within its bounds; `BadArgument` for anything else, booleans included.

    >>> number("lr", 1, above=0)
    1.0
    """
    found = _finite(value)
    if found is not None and not (
        (least is not None and found < least)
        or (above is not None and found <= above)
        or (below is not None and found >= below)
    ):
        return found
    quotes = ", without quotes" if isinstance(value, str) else ""
    raise BadArgument(
        f"{name} is {described(value)}; give a number{_bounds(least, above, below)}{quotes}, such as {such_as}."
    )


def _bounds(least: float | None, above: float | None, below: float | None) -> str:
    if least is not None and below is not None:
        return f" in [{least:g}, {below:g})"
    bounds = ((" of at least", least), (" above", above), (" below", below))
    return "".join(f"{word} {f'{at:g}' if at else 'zero'}" for word, at in bounds if at is not None)


def _finite(value: Any) -> float | None:
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # one number of numpy or torch
    if not is_number(value):
        return None
    try:
        found = float(value)
    except (OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None


def number_fields(spec: object, *names: str, **bounds: Any) -> None:
    """Convert these fields of a frozen value to Python floats, so that 1 and 1.0 give equal text."""
    for name in names:
        object.__setattr__(spec, name, number(name, getattr(spec, name), **bounds))


def flag(name: str, value: Any) -> bool:
    """`value` as a Python bool, numpy's accepted; `BadArgument` for anything else, 0 and 1 included.

    >>> flag("bias", True)
    True
    """
    if isinstance(value, bool):
        return value
    if getattr(value, "shape", None) == () and isinstance(value.item(), bool):
        return bool(value.item())
    raise BadArgument(f"{name} is {described(value)}; give True or False.")


def flag_fields(spec: object, *names: str) -> None:
    """Convert these fields of a frozen value to Python bools."""
    for name in names:
        object.__setattr__(spec, name, flag(name, getattr(spec, name)))


def choice(name: str, value: Any, choices: Iterable[Any]) -> Any:
    """`value` if it is one of `choices`, of the same type; otherwise a `BadArgument` that lists them.

    >>> choice("loss", "mse", ("cross_entropy", "mse"))
    'mse'
    """
    known = list(choices)
    for one in known:
        alike = (isinstance(value, str) and isinstance(one, str)) or type(value) is type(one)
        if alike and value == one:
            return one
    asked = did_you_mean(value, [one for one in known if isinstance(one, str)])
    hint = f"{asked} Otherwise " if asked else ""
    raise BadArgument(f"{name} is {described(value)}; {hint}choose one of {', '.join(map(repr, known))}.")


def title(name: str, value: Any, such_as: str = "mine") -> str:
    """`value` if it can stand in a title; `BadArgument` for control characters or a text that is too long.

    >>> title("name", "xor")
    'xor'
    """
    if not isinstance(value, str):
        raise BadArgument(f"{name} is {described(value)}; give a text such as {such_as!r}.")
    if len(value) > LONGEST_TITLE:
        raise BadArgument(
            f"{name} has {len(value):,} characters ({described(value)}); give at most {LONGEST_TITLE}, such as "
            f"{such_as!r}."
        )
    odd = [c for c in value if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    if odd:
        raise BadArgument(
            f"{name} is {described(value)}, which holds the control character {odd[0]!r}; give a text of one line, "
            f"such as {such_as!r}."
        )
    return value


def check_fields(what: str, given: Mapping[Any, Any], kind: Callable[..., Any]) -> None:
    """Raise `BadArgument` unless `kind(**given)` has every argument that it needs and none that it has not."""
    parameters = inspect.signature(kind).parameters
    for name in given:
        if not isinstance(name, str) or name not in parameters:
            asked = did_you_mean(name, parameters)
            raise BadArgument(
                f"{what}: it has a field {described(name)}, which there is not; "
                f"{asked or 'its fields are ' + ', '.join(parameters) + '.'}"
            )
    missing = [name for name, p in parameters.items() if p.default is p.empty and name not in given]
    if missing:
        raise BadArgument(f"{what}: it lacks {', '.join(missing)}; its fields are {', '.join(parameters)}.")


def in_bytes(count: float) -> str:
    """A number of bytes as text, in the largest unit that it fills.

    >>> in_bytes(1536), in_bytes(24_000_000_000_000_000_000)
    ('1.5 KiB', '20.8 EiB')
    """
    power = min(len(_UNITS) - 1, max(0, int(math.log2(max(1, count)) // 10)))
    return f"{count / 1024**power:,.{1 if power else 0}f} {_UNITS[power]}"


def check_memory(what: str, count: float, advice: str, limit: float | None = None) -> None:
    """Raise `BadArgument` where `what` takes more bytes than `limit`, by default this machine's memory."""
    most = memory_here() if limit is None else limit
    if count > most:
        place = "this machine has" if limit is None else "no description may ask for more than"
        raise BadArgument(f"{what} takes {in_bytes(count)} of memory, and {place} {in_bytes(most)}; {advice}")


def memory_here() -> int:
    """Bytes of memory that this process may use: the machine's, or the limit of its container or shell."""
    found = [MOST_BYTES]
    with contextlib.suppress(AttributeError, OSError, ValueError):  # Windows has no such name
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    try:
        import resource

        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        found += [soft] if soft != resource.RLIM_INFINITY else []
    except (ImportError, OSError):
        pass
    for path in _LIMITS:
        try:
            found.append(int(Path(path).read_text()))
        except (OSError, ValueError):  # "max", or no such file
            continue
    return min(size for size in found if size > 0)
