"""Whether a model adds at all, and what a helix says of its numbers: asked before any circuit is spoken of."""

from __future__ import annotations

from collections.abc import Sequence

from groklens.claims import ASIDE, DRAWS, Control, Finding, percent
from groklens.evidence.battery import both, tried, untried
from groklens.hypotheses import Helix
from groklens.measures import RENAMED, SHUFFLED, HelixFit
from groklens.snapshots import Snapshot, scores

#: How much of the way from the commonest answer's share to all correct counts as adding.
ADDS = 0.5


def helix_findings(snapshot: Snapshot, helix: Helix, sites: Sequence[str] | None = None) -> list[Finding]:
    """That the model adds, that a helix says its numbers, and, where it adds, that it is sufficient and necessary.

    Where the model does not add, both are undecided and untried: nothing in it is the circuit of what it does not do.
    """
    adding, fits = adds(snapshot), says_numbers(snapshot, helix)
    sites = helix.sites(snapshot) if sites is None else sites
    if adding.verdict == "supported":
        return [adding, fits, *tried(snapshot, helix, sites)]
    why = f"the model gives {percent(adding.value or 0)} of the answers, so there is no addition to be explained"
    return [
        adding,
        fits,
        *(untried(check, why) for site in sites for check in both(helix, site)),
    ]


def adds(snapshot: Snapshot) -> Finding:
    """The claim that the model adds: supported where enough of its answers are right, else refuted.

    Enough is half of the way from the share of the commonest answer, which needs no addition, to all.
    """
    labels = snapshot.task.labels
    value, commonest = scores(snapshot, "all").accuracy, float(labels.bincount().max()) / len(labels)
    floor = commonest + ADDS * (1 - commonest)
    return Finding(
        "the model adds: it gives the answers",
        value,
        "accuracy",
        "supported" if value >= floor else "refuted",
        (Control.of("always the commonest answer", [commonest], key="commonest_answer"),),
        source="half of the way from the commonest answer's share to all",
        note=f"{percent(floor)} is asked for before a circuit of addition is spoken of",
        key="adds",
    )


def says_numbers(snapshot: Snapshot, helix: Helix) -> Finding:
    """The claim, beside the causal ones, that a helix says the states of numbers that it was not fitted to."""
    # Of any task with numbers, also one whose tokens are none: the hypothesis says which hook and operand.
    found = HelixFit(helix.hook, helix.operand, helix.periods).value(snapshot, None)
    r2 = dict(zip(found["fit"].values.tolist(), found.values.tolist(), strict=True))
    value, shuffled, renamed = r2["helix"], *(_spread(r2, names) for names in (SHUFFLED, RENAMED))
    simpler = Control.several(
        {
            "polynomial": ("polynomials, as many", r2["polynomial"]),
            "line": ("the number itself alone", r2["line"]),
        }
    )
    controls = (
        *simpler,
        Control("helix of shuffled numbers", *shuffled, key="shuffled_numbers"),
        Control("helix of numbers with their digits renamed", *renamed, key="renamed_digits"),
    )
    best = max(control.high for control in controls)
    return Finding(
        f"{helix.in_words} says the states of unseen numbers at {helix.hook_in(snapshot)}",
        value,
        "R²",
        "refuted" if value <= 0 else "supported" if value > best else "undecided",
        controls,
        source=HelixFit.about.source,
        note="of the variance of numbers in other folds; a shape is no mechanism",
        key="numbers.helix",
        role=ASIDE,
    )


def _spread(r2: dict[str, float], names: tuple[str, str, str]) -> tuple[float, float, float, int]:
    """Mean, lowest, highest and number of a control's draws."""
    mean, low, high = (r2[name] for name in names)
    return mean, low, high, DRAWS
