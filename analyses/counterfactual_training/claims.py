"""What the forks of `counterfactual_training` say: each change beside a fork with none, and beside a random one."""

import numpy as np
import xarray as xr

import groklens as gl

KNOWN = 0.99
#: Later, if at least so many times as long; lost, if fewer test inputs are right.
TWICE, LOST = 2, 0.5
_VARMA = "Varma et al. 2023, section 5 (ungrokking)"


def findings(lives: xr.Dataset) -> list[gl.Finding]:
    """Every finding."""
    slower = {"decay removed": "without weight decay", "rate cut": "at a tenth of the rate"}
    return [
        no_change(lives),
        *(
            later(lives, change, said, place)
            for change, said in slower.items()
            for place in ("before", "within")
        ),
        *(stays(lives, change, said) for change, said in slower.items()),
        ungrokked(lives),
        undone_at_once(lives),
        delayed_by_removal(lives),
        comes_back(lives),
    ]


def waits(lives: xr.Dataset, change: str, place: str) -> np.ndarray:
    """Updates from the fork until the parent's test inputs are known, by seed; inf where not by the last step."""
    found = []
    for seed in range(lives.sizes["seed"]):
        one = lives.isel(seed=seed).sel(place=place)
        steps, from_step = lives["step"].values, float(one["forked_at"])
        known = (one["accuracy"].sel(change=change).values >= KNOWN) & (steps >= from_step)
        found.append(steps[known][0] - from_step if known.any() else np.inf)
    return np.array(found, dtype=float)


def at_once(lives: xr.Dataset, change: str, place: str) -> np.ndarray:
    """Test accuracy where the fork begins, by seed."""
    return _at(lives, change, place, first=True)


def in_the_end(lives: xr.Dataset, change: str, place: str) -> np.ndarray:
    """Test accuracy at the last step, by seed."""
    return _at(lives, change, place, first=False)


def _at(lives: xr.Dataset, change: str, place: str, first: bool) -> np.ndarray:
    chosen = lives.sel(place=place, change=change)
    if not first:
        return chosen["accuracy"].isel(step=-1).values
    return chosen["accuracy"].sel(step=chosen["forked_at"]).values


def said_of(waited: np.ndarray) -> str:
    """Waits as text."""
    return ", ".join("not by the end" if np.isinf(each) else f"{each:.0f}" for each in waited)


def _unchanged(waited: np.ndarray) -> tuple[gl.Control, ...]:
    named = {"none": ("updates until generalising with no change", waited)}
    return gl.Control.several(named) if len(waited) else ()


def no_change(lives: xr.Dataset) -> gl.Finding:
    """A fork with no change is its parent."""
    furthest = float(lives["apart"].max())
    return gl.Finding(
        "a fork with no change follows its parent to the bit",
        furthest,
        "nats between their test losses, at most",
        "supported" if furthest == 0 else "refuted",
        gl.Control.several({"forks": ("each fork", lives["apart"])}),
        source="gl.fork",
        key="no_change",
    )


def later(lives: xr.Dataset, change: str, said: str, place: str) -> gl.Finding:
    """What is taken away delays generalising, or keeps it from coming."""
    changed, unchanged = waits(lives, change, place), waits(lives, "none", place)
    known = np.isfinite(unchanged)
    slow = changed[known] >= TWICE * unchanged[known]
    verdict = "undecided"
    if known.any():
        none_later = (changed[known] <= unchanged[known]).all()
        verdict = "supported" if slow.all() else "refuted" if none_later else "undecided"
    when = {"before": "memorising", "within": "half-way to generalising"}[place]
    return gl.Finding(
        f"{said}, from {when} on, generalising takes at least twice as long, or does not come",
        int(slow.sum()),
        f"of {known.sum()} seeds",
        verdict,
        _unchanged(unchanged[known]),
        source="Nanda et al. 2023, section 5.3; Varma et al. 2023",
        note=f"updates until generalising, by seed: {said_of(changed)}",
        key=f"{change.replace(' ', '_')}.{place}",
    )


def stays(lives: xr.Dataset, change: str, said: str) -> gl.Finding:
    """What is taken away once the network has generalised undoes nothing."""
    end, control = (in_the_end(lives, each, "after") for each in (change, "none"))
    verdict = "supported" if end.min() >= KNOWN else "refuted" if end.max() < KNOWN else "undecided"
    verdict = verdict if control.min() >= KNOWN else "undecided"
    return gl.Finding(
        f"{said} from after generalising on, the network goes on generalising",
        float(end.min()),
        "test accuracy at the end, least of the seeds",
        verdict,
        gl.Control.several({"none": ("with no change", control)}),
        source="Nanda et al. 2023; Varma et al. 2023",
        key=f"{change.replace(' ', '_')}.after",
    )


def ungrokked(lives: xr.Dataset) -> gl.Finding:
    """Less data than the critical share, and the network forgets how to generalise."""
    below, above = (in_the_end(lives, each, "after") for each in ("data cut below", "data cut above"))
    verdict = "undecided"
    if above.min() >= KNOWN:
        verdict = "supported" if below.max() < LOST else "refuted" if below.min() >= KNOWN else "undecided"
    return gl.Finding(
        "a network that has generalised loses it when its data are cut below the critical share, and not above it",
        float(below.mean()),
        "test accuracy at the end, mean of the seeds",
        verdict,
        gl.Control.several({"above": ("data cut above it", above), "each": ("cut below, each seed", below)}),
        source=_VARMA,
        note="on the parent's test inputs, which no fork was trained on; undecided where the cut above it is lost too",
        key="ungrokking",
    )


def undone_at_once(lives: xr.Dataset) -> gl.Finding:
    """Without the circuit the network does not generalise; after a random change of that size it does more."""
    whole, cut, random = (
        at_once(lives, each, "after") for each in ("none", "circuit removed", "random change")
    )
    lost, by_chance = whole - cut, whole - random
    known = whole.min() >= KNOWN
    return gl.Finding(
        "the circuit projected out of embedding and read-out, a network that had generalised is wrong at once, and at "
        "least twice as often as after a random change of that size",
        float(lost.mean()),
        "test accuracy lost, mean of the seeds",
        "undecided"
        if not known
        else "supported"
        if (lost >= LOST).all() and (lost >= TWICE * by_chance).all()
        else "refuted"
        if (lost <= by_chance).all()
        else "undecided",
        gl.Control.several({"random": ("lost by a random change", by_chance)}),
        source="ours; Nanda et al. 2023, section 5.1, remove it from the logits",
        note=f"components of the circuit, by seed: {', '.join(f'{k:.0f}' for k in lives['components'].values)}",
        key="circuit_removed.after",
    )


def delayed_by_removal(lives: xr.Dataset) -> gl.Finding:
    """What has formed of the circuit by half-way is worth updates, more than a random change costs."""
    none, cut, random = (
        waits(lives, each, "within") for each in ("none", "circuit removed", "random change")
    )
    known = np.isfinite(none)
    verdict = "undecided"
    if known.any():
        longer, sooner = cut[known] > random[known], cut[known] <= random[known]
        verdict = "supported" if longer.all() and (cut > none)[known].all() else "undecided"
        verdict = "refuted" if sooner.all() else verdict
    return gl.Finding(
        "the circuit projected out half-way to generalising, generalising comes later than after a random change of "
        "that size",
        int((cut[known] > random[known]).sum()),
        f"of {known.sum()} seeds",
        verdict,
        _unchanged(none[known]),
        source="ours",
        note=f"updates until generalising, circuit removed: {said_of(cut)}; random change: {said_of(random)}",
        key="circuit_removed.within",
    )


def comes_back(lives: xr.Dataset) -> gl.Finding:
    """The circuit taken out after generalising is learned again, sooner than the first time."""
    again, first = waits(lives, "circuit removed", "after"), waits(lives, "none", "before")
    sooner = again < first
    return gl.Finding(
        "beside the question: the circuit taken out after generalising is learned again sooner than from memorising on",
        int(sooner.sum()),
        f"of {len(again)} seeds",
        "supported" if sooner.all() else "refuted" if not sooner.any() else "undecided",
        (),
        source="ours",
        note=f"updates until generalising, again: {said_of(again)}; the first time: {said_of(first)}",
        key="comes_back",
        role="aside",
    )
