"""Putting a circuit to the test: a found one, or one that somebody believes in."""

from __future__ import annotations

from groklens.capture import Given, Snapshot, as_snapshot
from groklens.capture.statistics import logit_similarities
from groklens.circuits import AnyCircuit, Circuit, as_circuit
from groklens.circuits.causal import necessity, readout_necessity, sufficiency
from groklens.circuits.generalised import generalises
from groklens.circuits.key import KEY_SIMILARITY
from groklens.circuits.seen import seen_components
from groklens.circuits.unseen import logits_alone, not_fitted
from groklens.claims import Control, Finding, Verdict, named
from groklens.harmonics import nontrivial
from groklens.interventions.evidence import (
    clusters_carry,
    embedding_necessity,
    embedding_sufficiency,
    neuron_necessity,
    neuron_sufficiency,
)
from groklens.threads import one_thread


@one_thread()
def examine(
    snapshot: Given, circuit: AnyCircuit, untrained: tuple[Snapshot, str] | None = None
) -> list[Finding]:
    """The whole causal battery on a hypothesis: does the model generalise, and by this circuit?

    Each finding has the number, its controls and a verdict: that the model is right where it was not trained,
    that each component is key in the logits, that no other is, that the neurons show them all, that the
    circuit is sufficient, and that it is necessary, to the functions of the answer and to the readout. The
    third is what a hypothesis with a component missing fails: a model keeps its accuracy on most of its
    components. Where the model has neurons and embeddings, sufficiency and necessity are asked of them too:
    those can fail where the circuit holds in the logits, and are reported apart. `untrained` adds a control
    snapshot, with its name, to what the logits show. Raises `BadArgument` when the circuit's group does not
    fit the task.

    >>> for finding in examine(run.final, gl.Circuit("C113", [14, 35])):  # doctest: +SKIP
    ...     print(finding)
    """
    snapshot = as_snapshot(snapshot)
    circuit = as_circuit(circuit, snapshot.task)
    circuit.symmetry(snapshot.task)  # raises where the group does not fit
    _, seen = seen_components(snapshot, circuit)
    return [
        generalises(snapshot),
        key_in_logits(snapshot, circuit, untrained),
        complete_in_logits(snapshot, circuit),
        seen,
        sufficiency(snapshot, circuit),
        necessity(snapshot, circuit),
        readout_necessity(snapshot, circuit),
        *neuron_findings(snapshot, circuit),
        *_embedding_findings(snapshot, circuit),
    ]


def neuron_findings(snapshot: Snapshot, circuit: Circuit) -> list[Finding]:
    """Sufficiency and necessity by neurons; none where none are found.

    Where an embedding cannot be looked at either, the fits are undecided, and say that nobody looked.
    """
    if logits_alone(snapshot):
        return [not_fitted(snapshot)]
    if snapshot.neurons is None or not hasattr(snapshot.model, "hooks"):
        return []
    checks = (neuron_sufficiency, neuron_necessity, clusters_carry)
    return [check(snapshot, circuit) for check in checks]


def _embedding_findings(snapshot: Snapshot, circuit: Circuit) -> list[Finding]:
    found = "W_E" in snapshot.weights and "hook_embed" in getattr(snapshot.model, "hook_dict", {})
    if not found or not hasattr(snapshot.model, "hooks"):
        return []
    return [embedding_sufficiency(snapshot, circuit), embedding_necessity(snapshot, circuit)]


def key_in_logits(
    snapshot: Snapshot, circuit: Circuit, untrained: tuple[Snapshot, str] | None = None
) -> Finding:
    """The claim that every component of the circuit is key: the least of their logit similarities.

    Supported above 0.005. The controls are the largest similarity among the group's other components, and the
    largest similarity of an untrained model.
    """
    symmetry = circuit.symmetry(snapshot.task)
    similarities = logit_similarities(snapshot, symmetry)
    least = min(circuit.components, key=lambda name: similarities[name])
    others = [similarities[name] for name in nontrivial(circuit.group) if name not in circuit.components]
    controls = [Control.of("the group's other components", others)] if others else []
    if untrained is not None:
        blank = logit_similarities(untrained[0], symmetry)
        controls.append(Control.of(untrained[1], [blank[name] for name in circuit.components]))
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
    """The claim that no component outside the circuit is key: the largest of their logit similarities.

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
        (Control.of("the circuit's own components", [similarities[name] for name in circuit.components]),),
        source="Chughtai et al. 2023, section 4: logit similarity > 0.005",
        note="vacuous: the circuit is every component"
        if largest is None
        else f"the largest, of {named([largest])}",
        key="logits.complete",
    )
