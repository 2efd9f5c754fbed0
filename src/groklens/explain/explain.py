"""`explain`: from a run, or one model, to its explanation."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import xarray as xr

from groklens.claims import Control, Finding, Verdict, by_key, verdict_of
from groklens.evidence import (
    Search,
    Untrained,
    algorithm_findings,
    generalises,
    key_in_logits,
    name_algorithm,
    neuron_findings,
    outside_answers,
    said,
    search,
    split_doubted,
    split_finding,
    untrained_like,
    wrong_labels,
)
from groklens.explain.explanation import Explanation
from groklens.explain.phases import find_phases
from groklens.explain.taken_for_granted import taken_for_granted
from groklens.harmonics import ComponentName
from groklens.measures import PROGRESS, key_components, tabulate
from groklens.models import Answer
from groklens.progress import progress_shown
from groklens.runs import AnyRun, Run, as_run, kept_steps
from groklens.snapshots import Snapshot, TrainIndex
from groklens.tasks import Task
from groklens.threads import one_thread

#: Losses that differ by less than this share of themselves are equal: logits are float32.
ROUNDING = 1e-3
#: From a warning of `_explain` to whoever called `explain`, the decorator's frame included.
_CALLER = 4


@one_thread()
def explain(
    run: AnyRun | Any,
    task: Task | None = None,
    *,
    steps: Iterable[int] | int | None = None,
    train_index: TrainIndex | None = None,
    answer: Answer | Any = None,
    progress: bool | None = None,
) -> Explanation:
    """When, with what and why a run came to generalise, or that it did not, with controls for every claim.

    Give a run, its path, a snapshot, or a lone model and its `task`: that is a run of one step, without phases.
    `train_index` says which inputs the model was trained on, where the run does not say; `answer` where a lone
    model's logits are in what it gives (`answer=lambda output: output[0]`). `steps` limits the table to some kept
    steps. The circuit is found once, in the last snapshot (`find_circuit`), and tracked over all steps. `progress`
    shows or hides the bar, which otherwise shows on a terminal and in a notebook. Warns of a split that may not
    be the model's (`split_doubted`), without phases then. Raises `BadArgument` for a model without a task, a split
    other than the run's own, or a run without kept steps.

    >>> why = explain(run)  # doctest: +SKIP
    >>> why = explain(model, task)  # doctest: +SKIP
    """
    run = as_run(run, task, train_index, answer)
    with progress_shown(progress):
        return _explain(run, kept_steps(run, steps))


def _explain(run: Run, chosen: list[int]) -> Explanation:
    final = run.at(chosen[-1])
    # First what the model gives, whether its split is doubted, and whether it can be copied: then the work.
    _ = final.logits
    doubted = split_doubted(final)
    if doubted:
        warnings.warn(f"The split given may not be the model's: {said(final)}.", stacklevel=_CALLER)
    blank = untrained_like(run, final)
    found = search(final)
    measures = PROGRESS if found.circuit else [m for m in PROGRESS if "circuit" not in m.about.needs]
    at_hand = {**({} if blank.step is None else {blank.step: blank.snapshot}), chosen[-1]: final}
    table = tabulate(run, measures, found.circuit, chosen, at_hand)
    generalised = by_key(found.findings)["generalises"].verdict
    findings = _findings(final, blank, found, table) + taken_for_granted(run)
    return Explanation(
        run=run.name,
        task=run.task.name,
        generalised=generalised == "supported",
        algorithm=name_algorithm(final, generalised, found.circuit),
        verdict=verdict_of(findings, found.circuit is not None and found.circuit.is_everything),
        key_components=[] if run.task.symmetry is None else key_components(final),
        circuit=found.circuit,
        phases=[] if doubted else find_phases(table),
        findings=findings,
        table=table,
        final=final,
        source=run,
    )


def _findings(final: Snapshot, blank: Untrained, found: Search, table: xr.Dataset) -> list[Finding]:
    circuit, general = found.circuit, by_key(found.findings)["generalises"]
    findings = [_with_untrained(general, blank)]
    findings += [] if circuit is None else [key_in_logits(final, circuit, blank)]
    findings += [finding for finding in found.findings if finding is not general]
    findings += outside_answers(final, blank)
    findings += [split_finding(final)] if split_doubted(final) else []
    findings += wrong_labels(final, blank)
    if circuit is None:
        return [*findings, _no_circuit(general.verdict, found.reason)]
    findings += neuron_findings(final, circuit)
    findings += algorithm_findings(final, circuit, blank)
    if "restricted_loss" in table and "test_loss" in table:
        findings.append(_restricted(table))
    if final.neurons is not None and final.neuron_logit_map is not None:
        findings.append(_rules_agree(final, blank))
    return findings


def _no_circuit(generalised: Verdict, reason: str) -> Finding:
    verdict: Verdict = "refuted" if generalised == "refuted" else "undecided"
    return Finding("the model generalises by a circuit", None, "", verdict, note=reason, key="circuit")


def _with_untrained(general: Finding, untrained: Untrained) -> Finding:
    value = generalises(untrained.snapshot).value
    extra = () if value is None else (Control.of(untrained.name, [value], key="untrained"),)
    return replace(general, controls=(*general.controls, *extra))


def _restricted(table: xr.Dataset) -> Finding:
    last = table.isel(step=-1)
    restricted, test = float(last["restricted_loss"]), float(last["test_loss"])
    first = float(table["restricted_loss"][0])
    return Finding(
        "the circuit alone predicts at least as well as the model: restricted loss at or below test loss",
        restricted,
        "nats",
        "supported" if restricted <= test * (1 + ROUNDING) else "refuted",
        (
            Control.of("test loss of the whole model", [test], key="whole_model"),
            Control.of("restricted loss at the first step", [first], key="first_step"),
        ),
        source="Nanda et al. 2023, section 5",
        key="restricted_loss",
        role="aside",
    )


def _rules_agree(final: Snapshot, untrained: Untrained) -> Finding:
    sets, share = _named_by_all(final)
    _, by_chance = _named_by_all(untrained.snapshot)
    return Finding(
        "three authors' rules name the same key components",
        share,
        "share of the components that any of them names",
        "supported" if share == 1 else "undecided",
        (Control.of(untrained.name, [by_chance], key="untrained"),),
        source="logit similarity > 0.005; clusters of neurons at 85 %; over 5 % of W_L",
        note="; ".join(f"{rule}: {', '.join(map(str, names)) or 'none'}" for rule, names in sets.items()),
        key="rules.agree",
        role="aside",
    )


def _named_by_all(snapshot: Snapshot) -> tuple[dict[str, list[ComponentName]], float]:
    """The key components by each rule, and the share of those named by any that all of them name."""
    sets = {rule: key_components(snapshot, rule) for rule in ("logits", "clusters", "readout")}
    union = set().union(*map(set, sets.values()))
    shared = set.intersection(*map(set, sets.values()))
    return sets, len(shared) / len(union) if union else 0.0
