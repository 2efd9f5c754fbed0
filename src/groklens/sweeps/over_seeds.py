"""What the seeds of a sweep have in common: how many generalised, their median delay, and their spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, described
from groklens.sweeps.events import PHASES, phases


def over_seeds(
    events: xr.Dataset | Any, late: float = 1_000, seed: str | Sequence[str] = "seed"
) -> xr.Dataset:
    """Events of a sweep summed up over its seeds, by the other axes.

    `generalised_share`: the share of seeds that generalised, in [0, 1]. `delay`: the median over all seeds of the steps
    from memorising to generalising (of an even number of seeds the mean of the two in the middle), a seed that did not
    generalise counting as later than all others: nan where half or more did not, `delay_low` and `delay_high` the least
    and largest of those that did. `phase`: that of most seeds (`gl.sweeps.phases(late=)`; of equally many, the one that
    has learned less), `phase_share` the share of seeds in it.
    `seeds`: how many are there; `missing`: how many are not, because their loss diverged or they are not trained.
    Shares and medians are of those that are there. `seed` is what the axis of the seeds is called; with several names
    the runs at every place of all those axes are taken together, as if each were another seed.

    Raises `BadArgument` for what is no table of events, where it has no axis of that name, and for no name.

    >>> over_seeds(runs.events(), late=2_000).generalised_share  # doctest: +SKIP
    """
    if not isinstance(events, xr.Dataset):
        raise BadArgument(
            f"A sweep's table of events is summed up, and {described(events)} was given; give runs.events()."
        )
    axes = [seed] if isinstance(seed, str) else list(seed)
    for name in axes or [""]:
        if name not in events.dims:
            held = ", ".join(map(str, events.dims)) or "none"
            raise BadArgument(
                f"The table has no axis {name!r}; it has {held}. Say which of them to sum up over: over_seeds(events, "
                "seed='lr'); of a sweep without seeds every place is one run: over_seeds(events.expand_dims('seed'))."
            )
    there = events["last_step"].notnull()
    delay = events["delay"].where(there & events["generalised"].notnull(), np.inf).where(there)
    # Not by interpolation, which makes nan of what lies beside infinity.
    middle = [delay.quantile(0.5, axes, method=end, skipna=True) for end in ("lower", "higher")]
    median = ((middle[0] + middle[1]) / 2).drop_vars("quantile")
    of_phase = xr.concat([(phases(events, late) == name).sum(axes) for name in PHASES], "phase")
    seeds = there.astype(int).sum(axes)
    names = np.array([*PHASES, ""])[xr.where(seeds > 0, of_phase.argmax("phase"), len(PHASES)).values]
    table = xr.Dataset(
        {
            "generalised_share": (events["generalised"].notnull().sum(axes) / seeds).where(seeds > 0),
            "delay": median.where(np.isfinite(median)),
            "delay_low": events["delay"].min(axes),
            "delay_high": events["delay"].max(axes),
            "phase": (seeds.dims, names),
            "phase_share": (of_phase.max("phase") / seeds).where(seeds > 0),
            "seeds": seeds,
            "missing": math.prod(events.sizes[name] for name in axes) - seeds,
        }
    )
    for name, (called, units) in _CALLED.items():
        table[name].attrs = {"long_name": called, "units": units}
    table["phase"].attrs["late"] = late
    return table


_CALLED = {
    "generalised_share": ("seeds that generalised", "share of seeds"),
    "delay": ("median steps from memorising to generalising", "updates"),
    "delay_low": ("fewest steps from memorising to generalising", "updates"),
    "delay_high": ("most steps from memorising to generalising", "updates"),
    "phase": ("phase of most seeds", "phase"),
    "phase_share": ("seeds in that phase", "share of seeds"),
    "seeds": ("runs", "runs"),
    "missing": ("runs that diverged or are not trained", "runs"),
}
