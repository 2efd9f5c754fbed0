"""`SweepRuns`: the runs of a sweep, by their place on its axes, and their tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from groklens.errors import BadArgument, RunNotFound, UnknownName, described
from groklens.evidence import track
from groklens.hypotheses import AnyCircuit
from groklens.measures import AnyMeasures
from groklens.parts import know
from groklens.progress import part_of, progress_shown
from groklens.runs import Run, RunPaths, as_path, read_json
from groklens.sweeps.axes import Axis
from groklens.sweeps.events import events_of
from groklens.sweeps.plan import Member, SweepPlan

#: What fields are called in tables and pictures.
_CALLED = {
    "seed": "seed",
    "weight_decay": "weight decay",
    "lr": "learning rate",
    "train_fraction": "share of inputs trained on",
    "batch_size": "batch size",
    "d_mlp": "neurons",
    "d_model": "width",
    "n_layers": "layers",
    "n_heads": "heads",
    "p": "modulus",
    "fraction": "share of corrupted labels",
}


# Not Sequence[Run]: whoever checks types while the program runs would open a run at random to look at it.
class SweepRuns(Sequence):
    """The runs of a sweep, in the order of its places; each is opened when it is asked for.

    `runs.at(seed=0, weight_decay=0.1)` is one by its place, `runs[3]` by its number. `failed` names those whose loss
    was no longer finite; they stand in the folder with what they had kept, and are missing (nan) in tables.

    >>> runs = gl.sweeps.load("runs/decay")  # doctest: +SKIP
    >>> runs.track(["test_loss", "gini_embedding"]).test_loss.dims  # doctest: +SKIP
    ('seed', 'weight_decay', 'step')
    """

    def __init__(self, path: str | Path) -> None:
        self.path = as_path(path, "the folder of a sweep").absolute()
        if not RunPaths(self.path).sweep.is_file():
            raise RunNotFound(
                f"{self.path} holds no sweep.json, so no sweep is there; gl.Sweep(recipe, over={{…}}).run("
                f"{str(path)!r}) makes one, and gl.load opens a single run."
            )
        self._plan = SweepPlan.read(self.path)
        self._members = sorted(self._plan.members, key=lambda member: member.place)

    def __repr__(self) -> str:
        axes = " × ".join(f"{len(axis.labels)} {axis.name}" for axis in self.axes)
        failed = f", {len(self.failed)} failed" if self.failed else ""
        return f"SweepRuns({self.path.name}: {axes}, {len(self)} of {len(self._members)} runs{failed})"

    def __len__(self) -> int:
        return len(self._there)

    def __getitem__(self, number: Any) -> Any:
        """The run of this number among those that are there."""
        found = self._there[number]
        return [self._open(each) for each in found] if isinstance(number, slice) else self._open(found)

    def __iter__(self) -> Iterator[Run]:
        return (self._open(member) for member in self._there)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes of the sweep."""
        return self._plan.axes

    @property
    def places(self) -> list[dict[str, Any]]:
        """Where each run stands on the axes, in the order of the runs: `{"seed": 0, "weight_decay": 0.1}`."""
        return [
            {axis.name: axis.labels[at] for axis, at in zip(self.axes, member.place, strict=True)}
            for member in self._there
        ]

    @property
    def n_planned(self) -> int:
        """How many runs the sweep has, trained or not."""
        return len(self._members)

    @cached_property
    def failed(self) -> dict[str, str]:
        """What was said of each run that failed, by its folder."""
        said: dict[str, str] = {}
        for file in sorted((self.path / "stacks").glob("*.json")):
            said |= read_json(file).get("failed", {})
        return {member.folder: said[member.id] for member in self._members if member.id in said}

    def at(self, **places: Any) -> Run:
        """The run at one place: `runs.at(seed=0, weight_decay=0.1)`; `UnknownName` where there is none."""
        names = [axis.name for axis in self.axes]
        places = {name if name in names else name.rpartition(".")[2]: value for name, value in places.items()}
        if set(places) != set(names):
            raise BadArgument(f"A place has {', '.join(names)}; found {', '.join(places) or 'nothing'}.")
        wanted = []
        for axis in self.axes:
            if places[axis.name] not in axis.labels:
                raise UnknownName(
                    f"The sweep has no {axis.name} {described(places[axis.name])}; it has {_some(axis.labels)}."
                )
            wanted.append(axis.labels.index(places[axis.name]))
        member = next(each for each in self._members if each.place == tuple(wanted))
        if member not in self._there:
            why = self.failed.get(member.folder, "it is not trained yet: call run again.")
            raise UnknownName(f"There is no finished run of {member.folder}: {why}")
        return self._open(member)

    def track(
        self,
        measures: AnyMeasures,
        circuit: AnyCircuit | None = None,
        *,
        steps: Iterable[int] | int | None = None,
        progress: bool | None = None,
    ) -> xr.Dataset:
        """Every measure at every kept step of every run: a dataset over the sweep's axes and `step`.

        As `gl.track` for each; steps that only some runs kept are nan for the others, as is a run that failed.
        Raises what `gl.track` raises, and `BadArgument` where no run is there.
        """
        tables = {}
        with progress_shown(progress):
            for i, member in enumerate(self._there):
                with part_of(f"run {i + 1} of {len(self)}: ", i, len(self)):
                    tables[member.place] = track(self._open(member), measures, circuit, steps=steps)
        return self._over_axes(tables)

    def history(self) -> xr.Dataset:
        """Losses and accuracies of every run at every step that was evaluated, over the sweep's axes and `step`."""
        return self._over_axes({member.place: _evaluated(self._open(member)) for member in self._there})

    def events(self) -> xr.Dataset:
        """When each run memorised, generalised and settled, over the sweep's axes (`gl.sweeps.events_of`)."""
        return self._over_axes({member.place: events_of(self._open(member)) for member in self._there})

    @cached_property
    def _there(self) -> list[Member]:
        """The runs that are trained to their end."""
        return [
            member
            for member in self._members
            if member.folder not in self.failed and RunPaths(self.path / member.folder).header.is_file()
        ]

    def _open(self, member: Member) -> Run:
        return Run(self.path / member.folder)

    def _over_axes(self, tables: dict[tuple[int, ...], xr.Dataset]) -> xr.Dataset:
        """Tables by place as one over the axes, in their order; nan where a place has none."""
        if not tables:
            raise BadArgument(f"No run of the sweep in {self.path} is trained to its end.")
        joined = xr.concat(list(tables.values()), dim="run", join="outer", combine_attrs="drop_conflicts")
        names = [axis.name for axis in self.axes]
        places = np.array(list(tables))
        whole = np.full([len(axis.labels) for axis in self.axes], -1)
        whole[tuple(places.T)] = np.arange(len(places))
        at = xr.DataArray(whole, dims=names)
        found = joined.isel(run=at.where(at >= 0, 0)).where(at >= 0)
        for name, variable in joined.variables.items():
            found[name].attrs = dict(variable.attrs)
        for axis in self.axes:
            found = found.assign_coords({axis.name: list(axis.labels)})
            found[axis.name].attrs["long_name"] = _CALLED.get(axis.name, axis.name)
        return found.transpose(*names, ...)


def _evaluated(run: Run) -> xr.Dataset:
    """The rows of a history at which the test inputs were evaluated."""
    history = run.history
    scored = [name for name in ("test_loss", "train_accuracy") if name in history]
    return history if not scored else history.isel(step=np.flatnonzero(history[scored[0]].notnull().values))


def load(path: str | Path, parts: Iterable[Any] = ()) -> SweepRuns:
    """Open the sweep in a folder, whatever of it is trained; `parts` are classes of your own that it was trained with.

    Raises `RunNotFound` where there is none.

    >>> load("runs/decay").axes  # doctest: +SKIP
    """
    know(parts)
    return SweepRuns(path)


def _some(labels: tuple[Any, ...]) -> str:
    return ", ".join(map(str, labels[:8])) + (", …" if len(labels) > 8 else "")
