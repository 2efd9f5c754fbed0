"""`gl.find_circuit`: searching a model for a circuit and testing it against its controls.

In order: does the model generalise; which components are key in its logits; which of those are seen in its
neurons (a perfect lookup table has every component in its logits and none in its neurons; where neither neurons
nor embeddings are found, all stay, and it is said that nobody looked); is keeping them enough; is removing them
fatal, from the functions of the answer or, where the operands' difference matters too, from all that is read out.
A circuit is what passes all of it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from groklens.claims import Finding
from groklens.evidence.circuit_battery import asked, neuron_findings
from groklens.evidence.generalising import generalises
from groklens.evidence.neuron_components import components_in_neurons
from groklens.evidence.where_group_acts import said_where
from groklens.groups import FiniteGroup, Symmetry, as_group
from groklens.harmonics import nontrivial
from groklens.hypotheses import Circuit
from groklens.measures import KEY_SIMILARITY, key_by_logits
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot, logit_similarities, once_per_snapshot
from groklens.threads import one_thread

log = logging.getLogger("groklens")


@dataclass
class Search:
    """The result of a search for a circuit: the circuit, or None and the reason, and every finding on the way."""

    circuit: Circuit | None = None
    reason: str = ""
    findings: list[Finding] = field(default_factory=list)


@one_thread()
def find_circuit(snapshot: AnyRun, group: FiniteGroup | str | None = None) -> Circuit | None:
    """The circuit by which the model generalises, or None; then the logger `groklens` has the reason.

    A circuit is asked for more than a spectrum: the model generalises, the components are key by its logits
    and seen in its neurons (or, where it has none by that name, in its embedding), keeping only their projection
    keeps the accuracy, and removing it takes it towards chance, each beyond ≥ 20 random draws of equal size.
    `group` looks in the components of a group other than the task's own: a control. Raises `BadArgument` when that
    group does not fit the inputs.

    >>> from groklens.tasks import ModularArithmetic
    >>> from groklens.hypotheses import planted
    >>> task = ModularArithmetic(13, "add")
    >>> find_circuit(Snapshot(planted(task, [2, 5]), task))
    Circuit('C13', [2, 5])
    """
    return _circuit(as_snapshot(snapshot), _hashable(group))


def _hashable(group: FiniteGroup | str | Any | None) -> FiniteGroup | str | None:
    """The group asked for, as a value that can be remembered by: a table becomes the group that it is."""
    return group if group is None or isinstance(group, (str, FiniteGroup)) else as_group(group)


@once_per_snapshot
def _circuit(snapshot: Snapshot, group: FiniteGroup | str | None) -> Circuit | None:
    """The circuit found or None, whose reason is logged once."""
    found = search(snapshot, group)
    if found.circuit is None:
        log.warning("No circuit in %r: %s", snapshot, found.reason)
    return found.circuit


def search(snapshot: Snapshot, group: FiniteGroup | str | None = None) -> Search:
    """The result of `find_circuit` with its findings and its reason, computed once per snapshot."""
    return _search(snapshot, _hashable(group))


@once_per_snapshot
def _search(whole: Snapshot, group: FiniteGroup | str | None) -> Search:
    general = generalises(whole)
    found = Search(findings=[general])
    if not is_asked(whole, group):
        return _none(found, f"not asked: {whole.task.name} has no group whose components could be looked for")
    if general.verdict != "supported":
        said = (
            "it does not generalise"
            if general.verdict == "refuted"
            else "whether it generalises cannot be told"
        )
        return _none(found, f"{said}: {general.note}")
    snapshot = whole.where_group_acts
    symmetry = _symmetry(snapshot, group)
    key = key_by_logits(logit_similarities(snapshot, symmetry))
    if not key:
        return _none(
            found,
            f"no component of {symmetry.group.name} is key (logit similarity > {KEY_SIMILARITY})."
            + _unfollowed(snapshot, symmetry),
        )
    candidate = Circuit(symmetry.group, key)
    shown, finding = components_in_neurons(snapshot, candidate)
    found.findings += said_where(whole, [finding])
    if not shown:
        return _none(found, _in_logits_alone(snapshot, candidate) + _unfollowed(snapshot, symmetry))
    circuit = Circuit(symmetry.group, shown)
    enough = asked(snapshot, circuit, "sufficiency.logits")
    needed = [asked(snapshot, circuit, key) for key in ("necessity.logits", "necessity.readout")]
    found.findings += said_where(whole, [enough, *needed])
    failed = [enough] if _fails(snapshot, enough) else []
    if not any(check.verdict == "supported" for check in needed):
        failed += needed
    carried = [] if failed else _not_carried(snapshot, circuit)
    found.findings += said_where(whole, carried)
    failed += carried
    if failed:
        said = f"{circuit!r} is {failed[0].verdict}: {failed[0].in_words} ({failed[0].note})."
        return _none(found, said + _unfollowed(snapshot, symmetry))
    found.circuit = circuit
    return found


def _not_carried(snapshot: Snapshot, circuit: Circuit) -> list[Finding]:
    """The findings at the neurons where every one is refuted: they show the components, and nothing read is theirs.

    Neurons that cancel, read by +W and −W, show a component as strongly as neurons that are read.
    """
    if snapshot.anatomy.neurons is None or not snapshot.anatomy.can_be_edited:
        return []
    if asked(snapshot, circuit, "sufficiency.neurons").verdict != "refuted":
        return []
    found = neuron_findings(snapshot, circuit)
    return found if all(each.verdict == "refuted" for each in found) else []


def _fails(snapshot: Snapshot, enough: Finding) -> bool:
    """Whether the finding on keeping the circuit rules it out.

    Where little is left out of a small group, keeping the rest shows nothing, but nothing against it either. Without
    neurons or embeddings to see it in that is not enough: it is all there is between a circuit and a lookup table.
    """
    return enough.verdict == "refuted" or (
        enough.verdict != "supported" and snapshot.anatomy.shows_logits_alone
    )


def is_asked(snapshot: Snapshot, group: FiniteGroup | str | None = None) -> bool:
    """Whether there is a group in which a circuit could be looked for; without one none is asked for, nor refuted."""
    return group is not None or snapshot.task.symmetry is not None


def _symmetry(snapshot: Snapshot, group: FiniteGroup | str | None) -> Symmetry:
    if group is None:
        assert snapshot.task.symmetry is not None  # `is_asked` comes first
        return snapshot.task.symmetry
    whole = as_group(group)
    return Circuit(whole, list(nontrivial(whole))[:1]).symmetry(snapshot.task)


def _none(found: Search, reason: str) -> Search:
    found.reason = reason
    return found


def _unfollowed(snapshot: Snapshot, symmetry: Symmetry) -> str:
    """A note for tables whose labels are not the products of the group that was given."""
    task = getattr(snapshot.task, "whole", snapshot.task)
    if getattr(task, "follows_group", True):
        return ""
    return f" The labels are not the products of {symmetry.group.name} in this order of its elements."


def _in_logits_alone(snapshot: Snapshot, key: Circuit) -> str:
    """A note for components that are not where they were looked for besides: in neurons, or else in embeddings."""
    group = key.group
    whole = len(key.components) == len(nontrivial(group))
    one = whole or len(key.components) == 1
    seen = "neurons" if snapshot.anatomy.neurons is not None else "embeddings"
    behind = "" if seen == "neurons" else " or behind the embeddings; name the neurons to tell"
    return (
        f"{'every component' if whole else f'{len(key.components)} of the components'} of {group.name} "
        f"show{'s' * one} in the logits and none in the {seen}, as in a lookup table{behind}."
    )
