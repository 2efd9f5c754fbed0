"""Which signals a forecast looks at: those that it can measure on the run before it, and that see no answer."""

from __future__ import annotations

from collections.abc import Iterable

import xarray as xr

from groklens.errors import UnknownName, described, did_you_mean
from groklens.forecasts.library import SIGNAL
from groklens.forecasts.signals import SIGNALS

#: The signals that a forecast of a run measures on it; no oracle is among them.
USED = tuple(each for each in SIGNALS if each.sees != "oracle")


def used(signals: str | Iterable[str]) -> tuple[str, ...]:
    """Names of signals, or one name, as those of a forecast.

    Raises `UnknownName` for one that it cannot measure: an oracle, a costly one, or a column of a user's library.

    >>> used("weight_norm")
    ('weight_norm',)
    """
    known = [each.name for each in USED]
    names = (signals,) if isinstance(signals, str) else tuple(signals)
    for name in names:
        if name not in known:
            meant = did_you_mean(name, known) if isinstance(name, str) else ""
            raise UnknownName(
                f"A forecast uses no signal {described(name)}; {meant or 'it uses ' + ', '.join(known) + '.'} What is "
                "an oracle, or is kept in the library alone, cannot be measured on a run."
            )
    return names


def without_others(library: xr.Dataset) -> xr.Dataset:
    """A library without the columns of signals that a forecast cannot measure on a run."""
    known = {SIGNAL + each.name for each in USED}
    return library.drop_vars([name for name in library if str(name).startswith(SIGNAL) and name not in known])
