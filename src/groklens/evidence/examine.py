"""`gl.examine`: the causal battery on a given circuit, found or assumed."""

from __future__ import annotations

from groklens.claims import Finding
from groklens.evidence.circuit_battery import asked, embedding_findings, neuron_findings
from groklens.evidence.generalising import generalises
from groklens.evidence.key_components import complete_in_logits, key_in_logits
from groklens.evidence.neuron_components import components_in_neurons
from groklens.evidence.untrained import Untrained
from groklens.evidence.where_group_acts import said_where
from groklens.hypotheses import AnyCircuit, as_circuit
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot
from groklens.threads import one_thread


@one_thread()
def examine(
    snapshot: AnyRun, circuit: AnyCircuit, untrained: tuple[Snapshot, str] | None = None
) -> list[Finding]:
    """Run the causal battery on a hypothesis: whether the model generalises, and whether it does so by this circuit.

    Each finding has the number, its controls and a verdict: that the model is correct where it was not trained,
    that each component is key in the logits, that no other is, that the neurons show them all, that the
    circuit is sufficient, and that it is necessary, to the functions of the answer and to the readout. The
    third is what a hypothesis with a component missing fails: a model keeps its accuracy on most of its
    components. Where the model has neurons and embeddings, sufficiency and necessity are asked of them too:
    those can fail where the circuit holds in the logits, and are reported apart. `untrained` adds a control
    snapshot, with its name, to what the logits show. Raises `BadArgument` when the circuit's group does not
    fit the task. Where the group acts on some inputs only, as in multiplication with zero, all but the first are made
    there, and say so.

    >>> for finding in examine(run.final, gl.Circuit("C113", [14, 35])):  # doctest: +SKIP
    ...     print(finding)
    """
    snapshot = as_snapshot(snapshot)
    circuit = as_circuit(circuit, snapshot.task)
    part = snapshot.where_group_acts
    circuit.symmetry(part.task)  # raises where the group does not fit
    _, shown = components_in_neurons(part, circuit)
    control = None if untrained is None else Untrained(*untrained).where_group_acts
    return [
        generalises(snapshot),
        *said_where(
            snapshot,
            [
                key_in_logits(part, circuit, control),
                complete_in_logits(part, circuit),
                shown,
                asked(part, circuit, "sufficiency.logits"),
                asked(part, circuit, "necessity.logits"),
                asked(part, circuit, "necessity.readout"),
                *neuron_findings(part, circuit),
                *embedding_findings(part, circuit),
            ],
        ),
    ]
