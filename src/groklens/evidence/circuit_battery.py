"""The battery of a circuit: at the logits, in the read-out, in per-neuron fits, at neurons and embeddings."""

from __future__ import annotations

from dataclasses import replace

import torch

from groklens.claims import ASIDE, Control, Finding, how_many
from groklens.evidence.battery import Check, accuracy_left, judged, judged_together
from groklens.evidence.clusters_carry import clusters_carry
from groklens.hypotheses import Circuit, Neurons
from groklens.interventions import clusters, mean_neuron_logits
from groklens.snapshots import Snapshot, once_per_snapshot

_NANDA = "Nanda et al. 2023, section 5, against random subspaces"
_FITS = "Nanda et al. 2023, section 5.2, against fits under relabelled elements"
_EMBEDDED = "projections at hook_embed, against components of equal dimension"

#: What is asked of a circuit, in the order in which it is reported. A pizza's logits also depend on the operands'
#: difference, which `necessity.logits` leaves in and `necessity.readout` takes out.
BATTERY = (
    Check("keep", "logits", "keeping only the circuit's part of the logits keeps the accuracy", _NANDA),
    Check(
        "remove",
        "logits",
        "removing the circuit's part of the logits takes the accuracy towards chance",
        f"{_NANDA} and equal energy",
    ),
    Check(
        "remove",
        "readout",
        "removing the circuit's components from what is read out takes the accuracy towards chance",
        f"{_NANDA} and equal energy",
    ),
    Check(
        "keep",
        "fits",
        "replacing neurons by per-neuron fits of the circuit's components keeps the accuracy",
        _FITS,
        named="neurons",
    ),
    Check(
        "remove",
        "neurons",
        "mean-ablating the circuit's neurons takes the accuracy towards chance",
        "clusters of Nanda et al. 2023, section 4.1, against random sets of neurons",
        role=ASIDE,
    ),
    Check(
        "keep",
        "embeddings",
        "keeping only the circuit's components of the embeddings keeps the accuracy",
        _EMBEDDED,
        role=ASIDE,
    ),
    Check(
        "remove",
        "embeddings",
        "removing the circuit's components from the embeddings takes the accuracy towards chance",
        _EMBEDDED,
        role=ASIDE,
    ),
)
_BY_KEY = {check.key: check for check in BATTERY}
#: The checks whose controls are noise of all logits, or subspaces of it: drawing it takes most of their time.
_OF_LOGITS = ("sufficiency.logits", "necessity.logits", "necessity.readout")


def asked(snapshot: Snapshot, circuit: Circuit, key: str) -> Finding:
    """The finding of the battery with this key, computed once per snapshot; `BadArgument` without neurons or heads."""
    return _asked(snapshot, circuit, key)


@once_per_snapshot
def _asked(snapshot: Snapshot, circuit: Circuit, key: str) -> Finding:
    check = _BY_KEY[key]
    if key == "necessity.neurons":
        return _of_its_neurons(snapshot, circuit, check)
    if key in _OF_LOGITS:
        found = _of_the_logits(snapshot, circuit)[_OF_LOGITS.index(key)]
        return _said_of_everything(found, check) if circuit.is_everything else found
    fixed = [_mean_neurons(snapshot)] if check.site == "fits" else []
    found = judged(snapshot, circuit, check, fixed)
    return _said_of_everything(found, check) if circuit.is_everything else found


@once_per_snapshot
def _of_the_logits(snapshot: Snapshot, circuit: Circuit) -> list[Finding]:
    """What is found of keeping and removing the circuit at the logits and the read-out: one noise serves all."""
    return judged_together(snapshot, circuit, [_BY_KEY[key] for key in _OF_LOGITS])


def neuron_findings(snapshot: Snapshot, circuit: Circuit) -> list[Finding]:
    """The findings of sufficiency and necessity at the neurons; none where the model has no known neurons.

    Where an embedding cannot be looked at either, the fits are undecided, and say that nobody looked.
    """
    if snapshot.anatomy.shows_logits_alone:
        return [_fits_not_tried(snapshot)]
    if snapshot.anatomy.neurons is None or not snapshot.anatomy.can_be_edited:
        return []
    of_battery = [asked(snapshot, circuit, key) for key in ("sufficiency.neurons", "necessity.neurons")]
    return [*of_battery, clusters_carry(snapshot, circuit)]


def embedding_findings(snapshot: Snapshot, circuit: Circuit) -> list[Finding]:
    """The findings of sufficiency and necessity at the token embeddings; none for a model without them."""
    if snapshot.anatomy.embedding is None or not snapshot.anatomy.can_be_edited:
        return []
    return [asked(snapshot, circuit, f"{of}.embeddings") for of in ("sufficiency", "necessity")]


def _said_of_everything(found: Finding, check: Check) -> Finding:
    """The finding on a circuit of every component: keeping all of them shows nothing, and no others can be drawn."""
    if check.key == "sufficiency.logits" and found.verdict != "refuted":
        note = "vacuous: the circuit is every component, so nothing is left out"
        return replace(found, verdict="undecided", note=note)
    if check.key in ("necessity.logits", "necessity.readout"):
        note = f"{found.note}; the circuit is every component, so no other functions could be drawn"
        return replace(found, note=note)
    return found


def _mean_neurons(snapshot: Snapshot) -> Control:
    """The control that shows what goes past the neurons: every one of them at its mean."""
    left = accuracy_left(snapshot, mean_neuron_logits(snapshot))
    return Control.of("every neuron at its mean", [left], key="mean_neurons")


def _fits_not_tried(snapshot: Snapshot) -> Finding:
    """The claim that per-neuron fits are sufficient, undecided as no neurons were found."""
    return Finding(
        "replacing each neuron by the fit of its own component in the circuit keeps the accuracy",
        None,
        "accuracy",
        "undecided",
        source=_FITS,
        note=f"{snapshot.anatomy.nothing_to_see}; {snapshot.anatomy.how_to_name}",
        key="sufficiency.neurons",
    )


def _of_its_neurons(snapshot: Snapshot, circuit: Circuit, check: Check) -> Finding:
    """The claim that the circuit's clusters of neurons are necessary; undecided where no neuron is in one, or all."""
    assert snapshot.neurons is not None  # asked before
    found, n = clusters(snapshot, circuit), snapshot.neurons.shape[1]
    if not found:
        note = f"none of {how_many(n, 'neuron')} is in a cluster"
        return Finding(check.claim, None, "accuracy", "undecided", note=note, key=check.key, role=check.role)
    members = Neurons(torch.cat(list(found.values())))
    finding = judged(snapshot, members, check)
    count, pool = len(members.index), members.pool(snapshot)
    drawn_from_all = ", draws from all" if len(pool) == n else ""
    return replace(finding, note=f"{finding.note}; {count} of {how_many(n, 'neuron')}{drawn_from_all}")
