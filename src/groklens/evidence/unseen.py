"""A circuit in a model of which only the logits can be looked at: what is left undecided, and is said to be."""

from __future__ import annotations

from groklens.claims import Finding
from groklens.hypotheses import Circuit
from groklens.snapshots import Snapshot, nothing_to_see


def logits_alone(snapshot: Snapshot) -> bool:
    """Whether neither neurons nor an embedding are found in the model by TransformerLens' names."""
    return snapshot.neuron_hook is None and "W_E" not in snapshot.weights


def not_seen(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that the neurons compute with the circuit's components, undecided: there was nothing to look at."""
    count = len(circuit.components)
    return Finding(
        f"the neurons compute with the {count} component{'s' * (count > 1)} that are key in the logits",
        None,
        "share of power",
        "undecided",
        source="a component is seen in neurons or embeddings",
        key="neurons.show",
        note=f"{nothing_to_see(snapshot)}; call your hook and your embedding so, or give the inner model",
    )


def not_fitted(snapshot: Snapshot) -> Finding:
    """The claim that per-neuron fits are sufficient, undecided: no neurons were found."""
    return Finding(
        "per-neuron fits of the circuit's components keep the accuracy",
        None,
        "accuracy",
        "undecided",
        source="Nanda et al. 2023, section 5.2, against fits under relabelled elements",
        note=nothing_to_see(snapshot),
        key="sufficiency.neurons",
    )
