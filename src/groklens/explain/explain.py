"""Explaining a run, or one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import xarray as xr

from groklens.capture import LoneModel, RunLike, Snapshot
from groklens.circuits import Circuit, Finding, search
from groklens.circuits.finding import Control, Verdict
from groklens.circuits.generalised import generalises
from groklens.errors import BadArgument
from groklens.explain.algorithm import algorithm_findings, name_algorithm
from groklens.explain.examine import key_in_logits, neuron_findings
from groklens.explain.explanation import Explanation
from groklens.explain.phases import find_phases
from groklens.explain.untrained import untrained_like
from groklens.explain.wrong_labels import wrong_labels
from groklens.harmonics import ComponentName
from groklens.interventions.evidence import NEURONS_SUFFICE
from groklens.measures import PROGRESS, key_components, track
from groklens.progress import progress_shown
from groklens.tasks import Task
from groklens.threads import one_thread

#: Losses that differ by less than this share of themselves are equal: logits are float32.
ROUNDING = 1e-3


@one_thread()
def explain(
    run: RunLike | Any,
    task: Task | None = None,
    *,
    steps: Sequence[int] | None = None,
    progress: bool | None = None,
) -> Explanation:
    """When, with what and why a run came to generalise, or that it did not, with controls for every claim.

    Give a run, or a lone model and its `task`: that is a run of one step, without phases. `steps` limits the
    table to some kept steps. The circuit is found once, in the last snapshot (`find_circuit`), and tracked
    over all steps. `progress` shows or hides the bar, which otherwise shows on a terminal and in a notebook.
    Raises `BadArgument` for a model without a task, or a run without kept steps.

    >>> why = explain(run)  # doctest: +SKIP
    >>> why = explain(model, task)  # doctest: +SKIP
    """
    run = _as_run(run, task)
    with progress_shown(progress):
        return _explain(run, steps)


def _explain(run: RunLike, steps: Sequence[int] | None) -> Explanation:
    chosen = list(steps or run.steps)
    if not chosen:
        raise BadArgument(f"{run!r} has no kept steps, so there is nothing to explain; train it first.")
    final = run.at(chosen[-1])
    found = search(final)
    measures = PROGRESS if found.circuit else [m for m in PROGRESS if "circuit" not in m.about.needs]
    table = track(run, measures, found.circuit, steps=chosen)
    generalised = found.findings[0].verdict == "supported"
    findings = _findings(run, final, found.findings, found.circuit, found.reason, table)
    return Explanation(
        run=str(getattr(run, "name", "")) or run.task.name,
        task=run.task.name,
        generalised=generalised,
        algorithm=name_algorithm(final, generalised, found.circuit),
        verdict=_verdict(generalised, found.circuit, findings),
        key_components=[] if run.task.symmetry is None else key_components(final),
        circuit=found.circuit,
        phases=find_phases(table),
        findings=findings,
        table=table,
        final=final,
        source=run,
    )


def _as_run(run: Any, task: Task | None) -> RunLike:
    if isinstance(run, RunLike):
        return run
    if isinstance(run, Snapshot):
        return LoneModel.of(run)
    if task is None:
        raise BadArgument(
            f"explain was given a {type(run).__name__} and no task. Give a run, or the model and what it was "
            "trained on: gl.explain(model, gl.ModularArithmetic(113, 'add'))."
        )
    return LoneModel(run, task)


def _verdict(generalised: bool, circuit: Circuit | None, findings: list[Finding]) -> Verdict:
    if not generalised:
        return "refuted"
    # Logits can have a circuit that the neurons do not compute, as in a lookup beside neurons that cancel.
    unmade = any(f.claim == NEURONS_SUFFICE and f.verdict == "refuted" for f in findings)
    return "undecided" if circuit is None or unmade else "supported"


def _findings(
    run: RunLike,
    final: Snapshot,
    searched: list[Finding],
    circuit: Circuit | None,
    reason: str,
    table: xr.Dataset,
) -> list[Finding]:
    findings = [_with_untrained(run, final, searched[0]), *searched[1:]]
    blank = untrained_like(run, final)
    findings += wrong_labels(final, blank)
    if circuit is None:
        why = Finding("the model generalises by a circuit", None, "", _verdict_none(findings[0]), note=reason)
        return [*findings, why]
    findings.insert(1, key_in_logits(final, circuit, blank))
    findings += neuron_findings(final, circuit)
    findings += algorithm_findings(final, circuit, blank)
    if "restricted_loss" in table and "test_loss" in table:
        findings.append(_restricted(table))
    if final.neurons is not None:
        findings.append(_rules_agree(final, blank))
    return findings


def _verdict_none(general: Finding) -> Verdict:
    return "undecided" if general.verdict == "supported" else "refuted"


def _with_untrained(run: RunLike, final: Snapshot, general: Finding) -> Finding:
    blank, name = untrained_like(run, final)
    value = generalises(blank).value
    extra = () if value is None else (Control.of(name, [value]),)
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
            Control.of("test loss of the whole model", [test]),
            Control.of("restricted loss at the first step", [first]),
        ),
        source="Nanda et al. 2023, section 5",
    )


def _rules_agree(final: Snapshot, untrained: tuple[Snapshot, str]) -> Finding:
    sets, share = _named_by_all(final)
    _, by_chance = _named_by_all(untrained[0])
    return Finding(
        "three authors' rules name the same key components",
        share,
        "share of components named by all",
        "supported" if share == 1 else "undecided",
        (Control.of(untrained[1], [by_chance]),),
        source="logit similarity > 0.005; clusters of neurons at 85 %; over 5 % of W_L",
        note="; ".join(f"{rule}: {', '.join(map(str, names)) or 'none'}" for rule, names in sets.items()),
    )


def _named_by_all(snapshot: Snapshot) -> tuple[dict[str, list[ComponentName]], float]:
    """The key components by each rule, and the share of those named by any that all of them name."""
    sets = {rule: key_components(snapshot, rule) for rule in ("logits", "clusters", "readout")}
    union = set().union(*map(set, sets.values()))
    shared = set.intersection(*map(set, sets.values()))
    return sets, len(shared) / len(union) if union else 0.0
