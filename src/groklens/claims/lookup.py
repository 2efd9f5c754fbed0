"""Looking up findings and controls by their keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar, runtime_checkable

from groklens.errors import UnknownName, did_you_mean


@runtime_checkable
class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=_Keyed)


def by_key(keyed: Iterable[K]) -> dict[str, K]:
    """Dictionary from key to finding, or to control of one finding; those without a key are left out.

    >>> from groklens.claims import Finding
    >>> list(by_key([Finding("it rains", 0.25, "share", "refuted", key="weather.rain")]))
    ['weather.rain']
    """
    return {each.key: each for each in keyed if each.key}


def with_key(keyed: Iterable[K], key: str, kind: str = "finding", listed: Iterable[str] = ()) -> K:
    """The finding (or other `kind` of thing) that has this key; `UnknownName` where none has.

    `listed` are keys that there are elsewhere: a misspelling is asked back as the nearest of these too.
    """
    found = by_key(keyed)
    if key in found:
        return found[key]
    asked = did_you_mean(key, [*found, *listed])
    known = f"the keys are {', '.join(found)}." if found else f"No {kind} here has a key."
    raise UnknownName(f"There is no {kind} {key!r} here; {asked or known}")
