"""The findings that every component of a circuit is key in the logits, and that no other is."""

from __future__ import annotations

from groklens.claims import Control, Finding, Verdict, named
from groklens.evidence.untrained import Untrained
from groklens.harmonics import nontrivial
from groklens.hypotheses import Circuit
from groklens.measures import KEY_SIMILARITY
from groklens.snapshots import Snapshot, logit_similarities


def key_in_logits(snapshot: Snapshot, circuit: Circuit, untrained: Untrained | None = None) -> Finding:
    """The claim that every component of the circuit is key; its number is the least of their logit similarities.

    Supported above 0.005. The controls are the largest similarity among the group's other components, and the
    largest similarity of an untrained model.
    """
    symmetry = circuit.symmetry(snapshot.task)
    similarities = logit_similarities(snapshot, symmetry)
    least = min(circuit.components, key=lambda name: similarities[name])
    others = [similarities[name] for name in nontrivial(circuit.group) if name not in circuit.components]
    controls = [Control.of("the group's other components", others, key="other_components")] if others else []
    if untrained is not None:
        blank = logit_similarities(untrained.snapshot, symmetry)
        controls.append(
            Control.of(untrained.name, [blank[name] for name in circuit.components], key="untrained")
        )
    value = similarities[least]
    return Finding(
        "every component of the circuit is key in the logits",
        value,
        "cosine",
        "supported" if value > KEY_SIMILARITY else "refuted",
        tuple(controls),
        source="Chughtai et al. 2023, section 4: logit similarity > 0.005",
        note=f"the least, of {named([least])}",
        key="logits.key",
    )


def complete_in_logits(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that no component outside the circuit is key; its number is the largest of their logit similarities.

    Supported up to 0.005, refuted above. The control is the circuit's own components. A circuit of every
    component leaves none out, which is undecided.
    """
    similarities = logit_similarities(snapshot, circuit.symmetry(snapshot.task))
    others = [name for name in similarities if name not in circuit.components]
    largest = max(others, key=lambda name: similarities[name], default=None)
    value = None if largest is None else similarities[largest]
    verdict: Verdict = "undecided"
    if value is not None:
        verdict = "refuted" if value > KEY_SIMILARITY else "supported"
    return Finding(
        "no component outside the circuit is key in the logits",
        value,
        "cosine",
        verdict,
        (
            Control.of(
                "the circuit's own components",
                [similarities[name] for name in circuit.components],
                key="own_components",
            ),
        ),
        source="Chughtai et al. 2023, section 4: logit similarity > 0.005",
        note="vacuous: the circuit is every component"
        if largest is None
        else f"the largest, of {named([largest])}",
        key="logits.complete",
    )
