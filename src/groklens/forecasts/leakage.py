"""Whether a signal says only which configuration a run has, and so foretells what its other seeds have shown."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from groklens.forecasts.at_risk import at_risk
from groklens.forecasts.predictors import Predictor, named_signal
from groklens.forecasts.ranking import bootstrap, concordance, interval, positives_first
from groklens.forecasts.referee import numbered_runs


def leakage(
    library: xr.Dataset,
    signal: str,
    clock: float = 2.0,
    horizon: float | None = 10.0,
    *,
    draws: int = 400,
    seed: int = 0,
) -> xr.Dataset:
    """How far a signal's value is the configuration's, and whether it foretells anything that others' runs do not show.

    Each run is foretold by the outcomes of the runs whose values are nearest to its own, as many as a configuration has
    other seeds: `by_run` is the AUROC where they may be of its own configuration, `by_configuration` where they are of
    others, `own` how much the first is above the second; `within` is the AUROC among runs of one configuration alone,
    of the value itself. `share` is the share of the values' variance that lies between configurations, in [0, 1];
    `share_null` what it is with the values dealt out anew. `…_low` and `…_high` are 95 % intervals over configurations.
    `leaks`: a run is foretold (`by_run_low` above ½), and more of that by its own configuration than by others (`own`,
    its interval above 0, more than `by_configuration` less ½). An honest signal foretells runs of other configurations
    too, and noise foretells none.

    >>> bool(gl.forecasts.leakage(library, "weight_norm")["leaks"])  # doctest: +SKIP
    False
    """
    signal = named_signal(library, signal)
    table = at_risk(numbered_runs(library), clock, horizon)
    table = table.isel(
        run=np.flatnonzero(Predictor(signal, (f"signal_{signal}",)).known(table) & table["known"].values)
    )
    value, changes = table[f"signal_{signal}"].values.astype(float), table["changes"].values
    _, group = np.unique(table["configuration"].values, return_inverse=True)
    first, same = positives_first(changes), group[:, None] == group[None, :]
    k = max(1, int(np.median(np.bincount(group))) - 1) if len(group) else 1
    itself = np.eye(len(value), dtype=bool)
    rng = np.random.default_rng(seed)
    weights = bootstrap(group, draws, rng)
    by_run, by_others = (
        concordance(_nearest(value, changes, without, k), first, weights)
        for without in (itself, itself | same)
    )
    found = {"within": float(concordance(value, first & same)[0]), "share": _share_between(value, group)}
    found["share_null"] = float(
        np.mean([_share_between(rng.permutation(value), group) for _ in range(draws)])
    )
    for name, each in (("by_run", by_run), ("by_configuration", by_others), ("own", by_run - by_others)):
        low, high = interval(each[1:])
        found |= {name: float(each[0]), f"{name}_low": low, f"{name}_high": high}
    foretold = found["by_run_low"] > 0.5 and found["own_low"] > 0
    leaks = foretold and found["own"] > found["by_configuration"] - 0.5
    return xr.Dataset(found | {"leaks": leaks})


def _nearest(
    value: Float[np.ndarray, "run"],
    changes: Bool[np.ndarray, "run"],
    without: Bool[np.ndarray, "run run"],
    k: int,
) -> Float[np.ndarray, "run"]:
    """The share that changed of the k runs of nearest value, and of those as near as the last of them."""
    if not len(value):
        return np.zeros(0)
    away = np.where(without, np.inf, np.abs(value[:, None] - value[None, :]))
    limit = np.sort(away, axis=1)[:, min(k, len(value)) - 1]
    near = (away <= limit[:, None]) & ~without
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num((near @ changes.astype(float)) / near.sum(axis=1), nan=0.5)


def _share_between(value: Float[np.ndarray, "run"], group: np.ndarray) -> float:
    """Variance of the configurations' means, weighted by their runs, over the variance of all (η²)."""
    if not len(value) or np.ptp(value) == 0:
        return float("nan")
    sizes = np.bincount(group)
    means = np.bincount(group, weights=value) / sizes
    return float((sizes * (means - value.mean()) ** 2).sum() / ((value - value.mean()) ** 2).sum())
