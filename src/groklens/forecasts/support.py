"""Whether a run is one of those that the library knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Bool

from groklens.claims import how_many
from groklens.errors import BadArgument
from groklens.forecasts.kept_settings import set_otherwise
from groklens.forecasts.library import HYPER
from groklens.forecasts.nulls import HYPER_PARAMETERS
from groklens.forecasts.predictors import hyper_parameters
from groklens.forecasts.trajectory import Trajectory
from groklens.forecasts.what_run import labels_of
from groklens.recipes import Recipe
from groklens.runs import Run

#: The coordinates whose values must be known together.
_KIND = ("task", "model", "optimizer")
_DECAY = HYPER + "weight_decay"
#: How far beyond the library's hyper-parameters a run's may lie, for rounding.
_ROUNDING = 1e-3
#: How far after the library's last clock a run may be looked at, as a multiple of it.
_LATER = 2.0


@dataclass(frozen=True)
class Support:
    """Whether the library has runs like this one: `inside`, how many `runs`, and if not, the `reasons`."""

    inside: bool
    runs: int = 0
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.inside:
            are = "was" if self.runs == 1 else "were"
            return f"{how_many(self.runs, 'run')} of the library {are} still at risk at such a time"
        return "; ".join(self.reasons)


def of_known_kind(library: xr.Dataset, labels: Mapping[str, str], recipe: Recipe | None) -> tuple[str, ...]:
    """Why a run's task, model and optimiser, and their settings, are none that the library has together; else empty."""
    reasons = []
    for kind in _KIND:
        known = np.unique(library[kind].values)
        if labels[kind] not in known:
            said = "is not known" if labels[kind] == "unknown" else f"is {labels[kind]}"
            reasons.append(f"its {_WORD[kind]} {said}, and the library has {', '.join(map(str, known))}")
    same = library.isel(run=np.flatnonzero(_alike(library, labels)))
    if not reasons and not same.sizes["run"]:
        reasons.append(f"the library has no run of {' with '.join(labels[kind] for kind in _KIND)}")
    return tuple(reasons) or _of_other_settings(same, labels, recipe)


def _alike(library: xr.Dataset, labels: Mapping[str, str]) -> Bool[np.ndarray, "run"]:
    """Which runs of the library have a run's task, model and optimiser, all three, by name."""
    return np.asarray(np.all([library[kind].values == labels[kind] for kind in _KIND], axis=0))


def _of_other_settings(
    alike: xr.Dataset, labels: Mapping[str, str], recipe: Recipe | None
) -> tuple[str, ...]:
    """Which parts of a recipe of a known kind are none that the library's runs of the kind have (`settings_of`)."""
    known = np.unique(alike["settings"].values).tolist()
    if labels["settings"] in known:
        return ()
    parts = {part for each in known for part in each.split(", ")}
    others = [part.split(" ")[0] for part in labels["settings"].split(", ") if part not in parts]
    how = [] if recipe is None else [one for name in others for one in set_otherwise(recipe, name, parts)]
    said = (
        " and ".join(_WORD.get(name, name) for name in others) or "combination of task, model and optimiser"
    )
    return (
        f"its {said} is set otherwise than in the library's runs of {' with '.join(labels[kind] for kind in _KIND)}"
        f"{': ' if how else ''}{'; '.join(how)} "
        "(task, model, optimiser, loss and batch must be those, but for rate, decay, share and the run's seed)",
    )


_WORD = {"task": "task", "model": "model", "optimizer": "optimiser"}


def why_outside(library: xr.Dataset, run: Run, now: int) -> tuple[str, ...]:
    """Why a run, looked at after `now` updates, lies outside of what the library has seen; empty where it lies inside.

    Inside: it is no fork, its task, model and optimiser stand together in the library with the same settings, each
    hyper-parameter lies between the least and the largest that runs of this kind had, those without decay apart, and
    it is looked at between the first of the library's clocks and twice the last. No model is opened for it; a run's
    signals are looked at where the law is made (`far_from`).
    """
    labels = labels_of(run)
    if run.recipe is not None and run.recipe.start is not None:
        return ("it is a fork, whose time to memorise is its parent's: ask for the forecast of the parent",)
    if reasons := of_known_kind(library, labels, run.recipe):
        return reasons
    try:
        whole = Trajectory(run, now)
        memorised, _ = whole.memorised, whole.evaluated("test_accuracy")
    except BadArgument as error:
        return (str(error),)
    hyper = {HYPER + each.name: each.value(whole) for each in HYPER_PARAMETERS}
    alike = library.isel(run=np.flatnonzero(_alike(library, labels)))
    among = _of_its_decay(alike, hyper)
    beyond = _beyond(among, hyper, _whose(among, alike))
    return (*beyond, *_at_another_time(library, memorised, now))


def _of_its_decay(alike: xr.Dataset, own: Mapping[str, float]) -> xr.Dataset:
    """The runs with decay for a run with decay, those without for one without, which is a kind of its own.

    What others do at a share says nothing of it. All runs where the library has none such: its decay is the reason.
    """
    if _DECAY not in alike:
        return alike
    same = np.flatnonzero((alike[_DECAY].values == 0) == (own.get(_DECAY, float("nan")) == 0))
    return alike.isel(run=same) if len(same) else alike


def _whose(among: xr.Dataset, alike: xr.Dataset) -> str:
    """Whose hyper-parameters a run's are held against, in words: of all alike, or of those with decay, or without."""
    if among.sizes["run"] == alike.sizes["run"]:
        return "the library's are"
    return f"those of the library's runs {'with' if among[_DECAY].values.any() else 'without'} decay are"


def _beyond(alike: xr.Dataset, own: Mapping[str, float], of_whom: str) -> list[str]:
    """Hyper-parameters beyond those of the library's runs of this kind, `of_whom` in words."""
    found = []
    for name in hyper_parameters(alike):
        values = alike[name].values.astype(float)
        values = values[np.isfinite(values)]
        value = own.get(name, float("nan"))
        said = name.removeprefix("hyper_").replace("_", " ")
        if not len(values):
            continue
        if np.isnan(value):
            found.append(f"its {said} is not known")
        elif not values.min() * (1 - _ROUNDING) <= value <= values.max() * (1 + _ROUNDING):
            found.append(f"its {said} is {value:g}, and {of_whom} {values.min():g} to {values.max():g}")
    return found


def far_from(table: xr.Dataset, row: xr.Dataset, signals: tuple[str, ...]) -> tuple[str, ...]:
    """Signals of a run that it does not have, or farther out than any run at risk by more than the standard deviation.

    A network of another width, say, has another norm of its weights: the law would be stretched to what was not seen.
    """
    found = []
    for name in signals:
        values, value = table[name].values.astype(float), float(row[name].values.ravel()[0])
        values = values[np.isfinite(values)]
        slack = values.std() if len(values) else np.inf
        said = name.removeprefix("signal_").replace("_", " ")
        if not np.isfinite(value):
            found.append(f"its {said} cannot be measured here, and the forecast looks at it")
        elif not values.min(initial=np.inf) - slack <= value <= values.max(initial=-np.inf) + slack:
            found.append(
                f"its {said} is {value:.3g}, and the library's are {values.min():.3g} to {values.max():.3g}"
            )
    return tuple(found)


def _at_another_time(library: xr.Dataset, memorised: float, now: int) -> list[str]:
    """That a run is looked at earlier or later, by its own clock, than any of the library was."""
    if np.isnan(memorised):
        return ["it has not memorised its train inputs"]
    first, last = float(library["clock"].min()), _LATER * float(library["clock"].max())
    if first * (1 - _ROUNDING) <= now / memorised <= last * (1 + _ROUNDING):
        return []
    return [
        f"it is looked at at {now / memorised:.3g} times the step at which it had memorised, and the library at "
        f"{first:g} to {last:g} times"
    ]
