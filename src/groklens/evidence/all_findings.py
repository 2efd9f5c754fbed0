"""Every finding about a model, in the order in which a report shows them: the search's, the battery's, the asides."""

from __future__ import annotations

from dataclasses import replace

import xarray as xr

from groklens.claims import Control, Finding, Verdict, by_key
from groklens.evidence.algorithm import algorithm_findings
from groklens.evidence.answers_outside import outside_answers
from groklens.evidence.circuit_battery import neuron_findings
from groklens.evidence.generalising import ENOUGH, generalises
from groklens.evidence.key_components import key_in_logits
from groklens.evidence.restricted_loss import restricted_predicts
from groklens.evidence.rules_agree import rules_agree
from groklens.evidence.search import Search, is_asked
from groklens.evidence.split_fits import split_doubted, split_finding
from groklens.evidence.untrained import Untrained
from groklens.evidence.where_group_acts import said_where
from groklens.evidence.which_layer import said_which_layer
from groklens.evidence.wrong_labels import wrong_labels
from groklens.snapshots import Snapshot, scores


def all_findings(final: Snapshot, blank: Untrained, found: Search, table: xr.Dataset) -> list[Finding]:
    """Every finding about the snapshot: those of the search, of the causal battery on its circuit, and asides."""
    circuit, general = found.circuit, by_key(found.findings)["generalises"]
    findings = [general]
    part, blank_part = final.where_group_acts, blank.where_group_acts
    findings += [] if circuit is None else said_where(final, [key_in_logits(part, circuit, blank_part)])
    findings += [finding for finding in found.findings if finding is not general]
    findings += outside_answers(final, blank)
    findings += [split_finding(final)] if split_doubted(final) else []
    findings += wrong_labels(final, blank)
    if circuit is None and final.task.reference is not None:  # nobody looks for a circuit in a language
        return findings
    if circuit is None:
        return [*findings, _no_circuit(final, general.verdict, found.reason)]
    of_circuit = neuron_findings(part, circuit)
    of_circuit += algorithm_findings(part, circuit, blank_part)
    if "restricted_loss" in table and "test_loss" in table:
        of_circuit.append(restricted_predicts(table, scores(part, "test").loss))
    if part.neurons is not None and part.neuron_logit_map is not None:
        of_circuit.append(rules_agree(part, blank_part))
    return said_which_layer(part, findings + said_where(final, of_circuit))


def beside_untrained(found: Search, untrained: Untrained) -> Search:
    """The search with its finding that the model generalises beside an untrained model.

    Undecided, and without a circuit, where that answers as many inputs as are asked for, as of few it does by luck.
    """
    general = by_key(found.findings)["generalises"]
    value = generalises(untrained.snapshot).value
    extra = () if value is None else (Control.of(untrained.name, [value], key="untrained"),)
    beside = replace(general, controls=(*general.controls, *extra))
    if value is not None and value >= ENOUGH and general.verdict == "supported":
        note = f"{untrained.name} does as well; {general.note}"
        beside = replace(beside, verdict="undecided", note=note)
        found = replace(found, circuit=None, reason=f"whether it generalises cannot be told: {note}")
    return replace(found, findings=[beside if each is general else each for each in found.findings])


def _no_circuit(final: Snapshot, generalised: Verdict, reason: str) -> Finding:
    """That it generalises by a circuit: refuted where it does not generalise and a circuit is asked for at all."""
    verdict: Verdict = "refuted" if is_asked(final) and generalised == "refuted" else "undecided"
    return Finding("the model generalises by a circuit", None, "", verdict, note=reason, key="circuit")
