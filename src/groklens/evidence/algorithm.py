"""Naming the algorithm of a model (`clock`, `pizza`, `irreps`, `memorised`, …), with the measures that decided."""

from __future__ import annotations

import math
from collections.abc import Callable

from groklens.claims import Control, Finding, Verdict
from groklens.errors import BadArgument
from groklens.evidence.generalising import ENOUGH
from groklens.evidence.kinds import accuracy_by_kind, some_generalise
from groklens.evidence.untrained import Untrained
from groklens.harmonics import discrete_log
from groklens.hypotheses import Circuit
from groklens.measures import distance_irrelevance, gradient_symmetricity
from groklens.snapshots import Snapshot, scores

#: A pizza has gradients at least this symmetric and a distance irrelevance below `PIZZA_IRRELEVANCE`: the joint
#: criterion of Zhong et al. (2023) as their later runs use it.
PIZZA_SYMMETRICITY = 0.98
PIZZA_IRRELEVANCE = 0.6
#: A clock has gradients less symmetric than this and a distance irrelevance of at least `PIZZA_IRRELEVANCE`; of
#: the authors' 817 one-layer runs, those with at most this symmetricity are none of them pizzas.
CLOCK_SYMMETRICITY = 0.9


def name_algorithm(snapshot: Snapshot, generalised: Verdict, circuit: Circuit | None) -> str:
    """The model's algorithm as one word: `memorised`, `none`, `undecided`, `clock`, `pizza` or `irreps`.

    `memorised`: not generalised, train accuracy at least 0.99, however many test inputs are answered: the word is by
    this threshold, and the headline says which of them only memorised. `none`: neither. `undecided`: generalised, but
    no circuit survives its controls; or whether it generalised cannot be told (`generalises`); or it answers one
    kind of question as what generalises does and another not. With a circuit:
    `clock` or `pizza` for a cyclic group where gradient symmetricity and distance irrelevance agree, otherwise
    `irreps`.
    """
    if generalised == "supported":
        return "undecided" if circuit is None else _by_circuit(snapshot, circuit)
    if generalised == "undecided":
        return "undecided"
    if some_generalise(accuracy_by_kind(snapshot)):
        return "undecided"
    if snapshot.train_index is None:  # refuted all the same: too few are correct to have been memorised
        return "none"
    on_train = scores(snapshot, "train").accuracy
    return "memorised" if not math.isnan(on_train) and on_train >= ENOUGH else "none"


def _by_circuit(snapshot: Snapshot, circuit: Circuit) -> str:
    symmetricity, irrelevance = discriminators(snapshot, circuit)
    if symmetricity is None or irrelevance is None:
        return "irreps"
    if symmetricity > PIZZA_SYMMETRICITY and irrelevance < PIZZA_IRRELEVANCE:
        return "pizza"
    if symmetricity < CLOCK_SYMMETRICITY and irrelevance >= PIZZA_IRRELEVANCE and snapshot.anatomy.multiplies:
        return "clock"
    return "irreps"


def discriminators(snapshot: Snapshot, circuit: Circuit) -> tuple[float | None, float | None]:
    """Gradient symmetricity and distance irrelevance (of the correct logit); None where they mean nothing.

    They are defined for cyclic groups, and the first for models whose operands are embedded.
    """
    own = snapshot.task.symmetry
    if own is None or own.group != circuit.group or discrete_log(circuit.group) is None:
        return None, None
    return _try(gradient_symmetricity, snapshot), _try(distance_irrelevance, snapshot)


def algorithm_findings(snapshot: Snapshot, circuit: Circuit, untrained: Untrained) -> list[Finding]:
    """Findings on the measures that decide between clock and pizza, each beside an untrained model's value."""
    name = _by_circuit(snapshot, circuit)
    symmetricity, irrelevance = discriminators(snapshot, circuit)
    blank = discriminators(untrained.snapshot, circuit)
    if symmetricity is None or irrelevance is None:
        return []
    verdict: Verdict = "undecided" if name == "irreps" else "supported"
    note = f"pizza above {PIZZA_SYMMETRICITY}, clock below {CLOCK_SYMMETRICITY}"
    pairs = (
        ("algorithm.symmetricity", "gradient symmetricity", symmetricity, blank[0], "cosine", note),
        (
            "algorithm.irrelevance",
            "distance irrelevance of the correct logit",
            irrelevance,
            blank[1],
            "ratio of standard deviations",
            f"pizza below {PIZZA_IRRELEVANCE}, clock from there on",
        ),
    )
    return [
        Finding(
            f"the algorithm is {'neither clock nor pizza for certain' if name == 'irreps' else 'a ' + name}: {what}",
            value,
            units,
            verdict,
            () if control is None else (Control.of(untrained.name, [control], key="untrained"),),
            source="Zhong et al. 2023, section 4",
            note=rule,
            key=key,
        )
        for key, what, value, control, units, rule in pairs
    ]


def _try(measure: Callable[..., object], snapshot: Snapshot) -> float | None:
    try:
        value = measure(snapshot)
    except BadArgument:
        return None
    return float(value)  # type: ignore[arg-type]
