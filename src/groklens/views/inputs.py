"""What views accept (a table, run, snapshot or explanation), and the table, run or circuit that each yields.

Views compute nothing themselves. Where they are given a run, the measures that they show are taken of it here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from groklens.errors import BadArgument, described

if TYPE_CHECKING:
    import xarray as xr

    from groklens.harmonics import ComponentName
    from groklens.hypotheses import Circuit
    from groklens.runs import Run
    from groklens.snapshots import Snapshot

#: Circuits found, by run and step: every view of a run asks for it, and the search takes longer than most pictures.
_FOUND: WeakKeyDictionary[Run, dict[int | None, Circuit | None]] = WeakKeyDictionary()
#: Steps that a view looks at where nobody chose: enough to see what moves, few enough to send around.
MOST_STEPS = 24


def is_table(source: Any) -> bool:
    """Whether `source` is an xarray dataset, decided without importing xarray."""
    return hasattr(source, "data_vars") and hasattr(source, "coords")


def is_explanation(source: Any) -> bool:
    """Whether `source` is an Explanation."""
    return hasattr(source, "findings") and hasattr(source, "table")


def is_snapshot(source: Any) -> bool:
    """Whether `source` is one model at one step."""
    return hasattr(source, "step") and hasattr(source, "task")


def explained(source: Any) -> Any:
    """The explanation; `BadArgument` for anything that has to be explained first."""
    if is_explanation(source):
        return source
    raise BadArgument(
        f"An explanation is meant here, and {described(source)} was given; explain it first: "
        "why = gl.explain(run)."
    )


def run_of(source: Any) -> Run:
    """The run behind a source or at a path (a snapshot as a run of one step); `BadArgument` for a table."""
    from groklens.runs import as_run, kept_steps

    if is_table(source):
        raise BadArgument(
            "A table of measures holds no activations; give the run, a snapshot such as run.final, or the "
            "explanation."
        )
    if is_explanation(source):
        return source.source
    run = as_run(source)
    kept_steps(run)  # says in the same words everywhere that there are none
    return run


def final_of(source: Any) -> Snapshot:
    """The last snapshot of a source."""
    if is_explanation(source) or is_snapshot(source):
        return source.final if is_explanation(source) else source
    return run_of(source).final


def table_of(
    source: Any, names: Sequence[Any], steps: Sequence[int] | None = None, missing: str = "refuse"
) -> xr.Dataset:
    """A table with the measures `names`: the source's own, else computed from its run at `steps`.

    With `missing="leave out"` a measure that cannot be taken is left out of it. Raises `UnknownName` for a
    name that is no measure, `BadArgument` where there is no run to take it of.
    """
    from groklens.evidence import track
    from groklens.measures import chosen_measures

    held = source if is_table(source) else getattr(source, "table", None)
    if is_table(source) or (held is not None and set(called(names)) <= set(held.data_vars)):
        assert held is not None
        return held if steps is None else at_steps(held, steps)
    wanted = chosen_measures(names)
    run = run_of(source)
    chosen = shown_steps(run, steps)
    relative = any("circuit" in each.about.needs for each in wanted)
    circuit = circuit_of(run if isinstance(source, (str, Path)) else source) if relative else None
    return track(run, wanted, circuit, steps=chosen)


def called(names: Sequence[Any]) -> list[str]:
    """What the columns of these measures are called; names stay as they are."""
    return [each if isinstance(each, str) else str(getattr(each, "__name__", each)) for each in names]


def circuit_of(source: Any) -> Circuit | None:
    """The circuit of a source: its own, or the one found in the run's last snapshot; None for none."""
    from groklens.evidence import find_circuit
    from groklens.hypotheses import Circuit

    if is_table(source):
        spec = json.loads(source.attrs.get("circuit") or "{}") or {}
        return Circuit(spec["group"], spec["components"]) if spec else None
    if is_explanation(source):
        return source.circuit
    final = final_of(source)
    if final.task.symmetry is None:
        return None
    # A snapshot's model may be changed by whoever holds it; what groklens wrote is the same each time it is read.
    known = None if is_snapshot(source) else _found_in(run_of(source))
    if known is None:
        return find_circuit(final)
    if final.step not in known:
        known[final.step] = find_circuit(final)
    return known[final.step]


def _found_in(run: Run) -> dict[int | None, Circuit | None] | None:
    """The circuits found in the last snapshots of a run, by step; None of a run that groklens did not write."""
    return None if run.path is None else _FOUND.setdefault(run, {})


def components_of(source: Any, wanted: Sequence[ComponentName] | None) -> list[ComponentName]:
    """The components to single out: those asked for, else the circuit's, else none."""
    if wanted is not None:
        return [wanted] if isinstance(wanted, (int, str)) else list(wanted)
    if is_table(source):
        spec = json.loads(source.attrs.get("circuit") or "{}") or {}
        return list(spec.get("components", []))
    circuit = circuit_of(source)
    return [] if circuit is None else list(circuit.components)


def spread(steps: Sequence[int], most: int = MOST_STEPS) -> list[int]:
    """At most `most` of the steps, evenly spaced in the list, including the first and the last."""
    if len(steps) <= most:
        return list(steps)
    places = sorted({round(i * (len(steps) - 1) / (most - 1)) for i in range(most)})
    return [steps[place] for place in places]


def shown_steps(run: Run, steps: Sequence[int] | None, most: int = MOST_STEPS) -> list[int]:
    """The kept steps that a view shows: those asked for, ascending, else at most `most` of all."""
    from groklens.runs import kept_steps

    return spread(run.steps, most) if steps is None else kept_steps(run, steps)


def at_steps(table: xr.Dataset, steps: Sequence[int]) -> xr.Dataset:
    """The table at some of its steps, ascending; `UnknownName` for a step that it does not have."""
    from groklens.runs import chosen_steps

    return table.sel(step=chosen_steps("The run", table["step"].values.tolist(), steps))
