"""Dating the phases of a run (memorisation, circuit formation, cleanup) from its table of measures."""

from __future__ import annotations

import numpy as np
import xarray as xr

from groklens.claims import Phase, percent
from groklens.evidence import ENOUGH

#: Circuit formation lasts while test loss stays above this share of its peak.
PEAK_SHARE = 0.5
#: Excluded loss must have risen by this many nats over formation for a circuit to have formed.
RISE = 0.1
#: Settled: test loss below this share of its peak for good …
SETTLED_LOSS = 0.01
#: … and Σ‖θ‖² within this share of its last value for good.
SETTLED_NORM = 0.05

Interval = tuple[int, int] | None


def find_phases(table: xr.Dataset) -> list[Phase]:
    """The phases memorisation, circuit formation and cleanup of a run, dated between kept steps from its measures.

    The rules, after Nanda et al. (2023), section 5.1, who give none in numbers:

    * **memorisation** runs from the start until train accuracy first reaches 0.99;
    * **circuit formation** runs from there, while test loss stays above half of its peak, provided that
      excluded loss rises by at least 0.1 nats in that time: train inputs come to rely on the circuit while
      test inputs do not yet profit;
    * **cleanup** runs from the fall of test loss below half of its peak until test loss stays below
      1 % of its peak and Σ‖θ‖² stays within 5 % of its last value.

    Every event is an interval (last kept step before it, first at or after it]; None for what did not happen
    within the run. Settling needs a kept step after it: the last one alone shows nothing. Without test
    inputs only memorisation is dated, and a table of one step has no phases.

    Sensitivity on the shipped mod113 run, each constant moved by a factor of two (`TestSensitivity` in
    `tests/explain/test_phases.py`): halving the share of the peak moves the fall later by two kept steps of
    22; doubling the tolerance of the norm moves the settling earlier by one; no other change moves anything.
    Doubling the share of the peak to all of it finds no circuit formation: test loss has a summit at
    step 1,200, long before train inputs rely on the circuit.
    """
    steps = [int(step) for step in table["step"].values]
    if len(steps) < 2 or "train_accuracy" not in table:
        return []
    memorised = _first(steps, table["train_accuracy"].values >= ENOUGH)
    phases = [Phase("memorisation", (steps[0], steps[0]), memorised)]
    if "test_loss" not in table:
        return phases
    fall = _fall(steps, table["test_loss"].values)
    settled = _settled(steps, table, fall)
    unseen = _why_none_formed(table, memorised, fall)
    if unseen:
        late = "no circuit formation was seen that it could follow"
        return [*phases, Phase("circuit formation", None, None, unseen), Phase("cleanup", None, None, late)]
    return [*phases, Phase("circuit formation", memorised, fall), Phase("cleanup", fall, settled)]


def stage_phases(table: xr.Dataset) -> list[Phase]:
    """The stages of a model of sequences as phases, from a table of `stages`: which reference it is nearest to when.

    A phase begins at the first kept step at which its reference is the nearest and ends at the first at which another
    is; one that comes back is listed again, and the last is not over. Nearest is by KL alone, however little apart.
    """
    steps, names = [int(step) for step in table["step"].values], table["stage"].values.tolist()
    begins = [place for place, name in enumerate(names) if place == 0 or name != names[place - 1]]
    events = [(steps[max(place - 1, 0)], steps[place]) for place in begins]
    ends = [*events[1:], None]
    if len(steps) < 2:
        return []
    return [Phase(names[place], start, end) for place, start, end in zip(begins, events, ends, strict=True)]


def _why_none_formed(table: xr.Dataset, memorised: Interval, fall: Interval) -> str:
    """Why no circuit is seen to form, in words; empty where excluded loss rises from memorising to the fall."""
    if memorised is None:
        return f"train accuracy stays below {percent(ENOUGH)} at every step looked at"
    learned, falls = f"train accuracy reaches {percent(ENOUGH)}", "test loss falls below half of its peak"
    if fall is None:
        return "test loss does not fall below half of its peak"
    if fall == memorised:
        return f"{learned} and {falls} {_between(fall)}, and no step was kept at which one had happened alone"
    if fall[1] < memorised[1]:
        return f"{falls} {_between(fall)}, before {learned} {_between(memorised)}"
    if "excluded_loss" not in table:
        return "no circuit was found whose forming could be dated"
    excluded = table["excluded_loss"]
    if excluded.sel(step=fall[1]) - excluded.sel(step=memorised[1]) >= RISE:
        return ""
    return f"excluded loss rises by less than {RISE} nats while test loss stays above half of its peak"


def _between(moment: tuple[int, int]) -> str:
    low, high = moment
    return f"at step {high:,}" if low == high else f"between steps {low:,} and {high:,}"


def _fall(steps: list[int], test_loss: np.ndarray) -> Interval:
    """The interval in which test loss first falls below the given share of its peak, after the peak."""
    peak = int(np.argmax(test_loss))
    low = test_loss < PEAK_SHARE * test_loss[peak]
    low[: peak + 1] = False
    return _first(steps, low)


def _settled(steps: list[int], table: xr.Dataset, fall: Interval) -> Interval:
    """The interval after which test loss and weight norm stay settled, with a kept step left to show it."""
    if fall is None:
        return None
    loss = table["test_loss"].values
    rest = loss < SETTLED_LOSS * loss.max()
    if "sum_squared_weights" in table:
        norm = table["sum_squared_weights"].values
        rest &= np.abs(norm - norm[-1]) <= SETTLED_NORM * norm[-1]
    for_good = np.logical_and.accumulate(rest[::-1])[::-1]
    for_good &= np.array(steps) >= fall[1]
    interval = _first(steps, for_good)
    return None if interval is None or interval[1] == steps[-1] else interval


def _first(steps: list[int], holds: np.ndarray) -> Interval:
    """The interval that ends at the first step where `holds` is true; None where it never is."""
    where = np.flatnonzero(holds)
    if not len(where):
        return None
    index = int(where[0])
    return (steps[max(index - 1, 0)], steps[index])
