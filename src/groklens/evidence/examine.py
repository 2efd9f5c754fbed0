"""`gl.examine`: the causal battery on a given circuit, found or assumed."""

from __future__ import annotations

from collections.abc import Sequence

from groklens.claims import Finding
from groklens.errors import BadArgument
from groklens.evidence.addition import helix_findings
from groklens.evidence.battery import tried
from groklens.evidence.circuit_battery import asked, embedding_findings, neuron_findings
from groklens.evidence.generalising import generalises
from groklens.evidence.key_components import complete_in_logits, key_in_logits
from groklens.evidence.neuron_components import components_in_neurons
from groklens.evidence.untrained import Untrained
from groklens.evidence.where_group_acts import said_where
from groklens.hypotheses import Circuit, Helix
from groklens.interventions import AnyHypothesis, as_hypothesis
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot
from groklens.tasks import LAST, in_words
from groklens.threads import one_thread


@one_thread()
def examine(
    snapshot: AnyRun,
    circuit: AnyHypothesis,
    untrained: tuple[Snapshot, str] | None = None,
    *,
    sites: Sequence[str] | str | None = None,
) -> list[Finding]:
    """Run the causal battery on a hypothesis: whether the model generalises, and whether it does so by this circuit.

    A hypothesis is a circuit, a parity of bits, or a set of neurons or heads (`gl.hypotheses`). Each finding has the
    number, its controls and a verdict. Of a circuit: that the model is correct where it was not trained,
    that each component is key in the logits, that no other is, that the neurons show them all, that the
    circuit is sufficient, and that it is necessary, to the functions of the answer and to the readout. The
    third is what a hypothesis with a component missing fails: a model keeps its accuracy on most of its
    components. Where the model has neurons and embeddings, sufficiency and necessity are asked of them too:
    those can fail where the circuit holds in the logits, and are reported apart. `untrained` adds a control
    snapshot, with its name, to what the logits show. Of other hypotheses: sufficiency and necessity at every site
    where they can be tried (`hypothesis.sites(snapshot)`), or at those of `sites`, which adds `"residual"` or `"heads"`
    to a circuit's. Raises `BadArgument` when the hypothesis does not fit the task, or for a site that the model lacks.
    Of a `Helix` of numbers: that the model adds at all, that the helix says unseen numbers, and the two at its hook.
    Where the group acts on some inputs only, as in multiplication with zero, all but the first are made there, and
    say so.

    >>> for finding in examine(run.final, gl.Circuit("C113", [14, 35])):  # doctest: +SKIP
    ...     print(finding)
    """
    snapshot = as_snapshot(snapshot)
    if snapshot.task.reads != LAST:
        raise BadArgument(
            f"{snapshot.task.name} is answered at {in_words(snapshot.task.reads)}, and a hypothesis is tried on one "
            "answer at the last position; examine the model on inputs that end where it answers."
        )
    sites = (sites,) if isinstance(sites, str) else None if sites is None else tuple(dict.fromkeys(sites))
    hypothesis, part = as_hypothesis(circuit, snapshot), snapshot.where_group_acts
    if isinstance(hypothesis, Circuit):
        control = None if untrained is None else Untrained(*untrained).where_group_acts
        found = _of_a_circuit(part, hypothesis, control)
        found += tried(part, hypothesis, [site for site in sites or () if site not in hypothesis.sites(part)])
    elif isinstance(hypothesis, Helix):
        found = helix_findings(part, hypothesis, sites)
    else:
        found = tried(part, hypothesis, hypothesis.sites(part) if sites is None else sites)
    return [generalises(snapshot), *said_where(snapshot, found)]


def _of_a_circuit(part: Snapshot, circuit: Circuit, control: Untrained | None) -> list[Finding]:
    circuit.symmetry(part.task)  # raises where the group does not fit
    _, shown = components_in_neurons(part, circuit)
    return [
        key_in_logits(part, circuit, control),
        complete_in_logits(part, circuit),
        shown,
        asked(part, circuit, "sufficiency.logits"),
        asked(part, circuit, "necessity.logits"),
        asked(part, circuit, "necessity.readout"),
        *neuron_findings(part, circuit),
        *embedding_findings(part, circuit),
    ]
