"""`gl.explain`: from a run, or one model, to its explanation."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from groklens.claims import by_key, verdict_of
from groklens.evidence import (
    all_findings,
    beside_mirrors,
    beside_untrained,
    name_algorithm,
    nearest_reference,
    search,
    split_doubt,
    split_doubted,
    split_losses,
    taken_for_granted,
    unless_trained_on,
    untrained_like,
)
from groklens.explain.collapse import generalised_before
from groklens.explain.explanation import Explanation
from groklens.explain.goes_on_from import trained_on_until
from groklens.explain.phases import find_phases, stage_phases
from groklens.measures import PROGRESS, key_components, stages, tabulate
from groklens.models import Answer
from groklens.progress import progress_shown
from groklens.runs import AnyRun, Run, as_run, kept_steps
from groklens.snapshots import TrainIndex
from groklens.tasks import Task
from groklens.threads import one_thread

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
    """Explain when, how and why a run came to generalise, or that it did not, with controls for every claim.

    Give a run, its path, a snapshot, or a lone model and its `task`: that is a run of one step, without phases.
    `train_index` says which inputs the model was trained on, where the run does not say; `answer` where a lone
    model's logits are in what it gives (`answer=lambda output: output[0]`). `steps` limits the table to some kept
    steps. The last of them is judged, and the circuit found there (`find_circuit`) and tracked over all. `progress`
    shows or hides the bar, which otherwise shows on a terminal and in a notebook. Warns of a split that may not
    be the model's (`split_doubted`); there are no phases then, nor where a split does not show in the losses.
    Raises `BadArgument` for a model without a task, a split other than the run's own, or a run without kept steps.

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
        warnings.warn(f"The split given may not be the model's: {split_doubt(final)}.", stacklevel=_CALLER)
    blank = untrained_like(run, final)
    found = beside_untrained(search(final), blank)
    measures = PROGRESS if found.circuit else [m for m in PROGRESS if "circuit" not in m.about.needs]
    at_hand = {**({} if blank.step is None else {blank.step: blank.snapshot}), chosen[-1]: final}
    table = tabulate(run, measures, found.circuit, chosen, at_hand, beside=True)
    since = trained_on_until(run)
    findings = [unless_trained_on(each, since) for each in all_findings(final, blank, found, table)]
    if by_key(findings)["generalises"].verdict == "supported":
        findings += [*split_losses(run, final, blank, table), *beside_mirrors(final)]
    generalised = by_key(findings)["generalises"].verdict
    findings += taken_for_granted(run)
    unseen = not all(each.verdict == "supported" for each in findings if each.key == "split.losses")
    phases = [] if doubted or unseen else find_phases(table)
    if run.task.symmetry is None:
        phases = phases[:1]  # no circuit was looked for, so when one formed is not known
    if run.task.reference is not None:
        compared = stages(run, steps=chosen)
        findings.append(nearest_reference(compared, run.task))
        phases = stage_phases(compared)
        table = table.assign(reference_kl=compared["mean_kl"])
    return Explanation(
        run=run.name,
        task=run.task.name,
        generalised=generalised == "supported",
        algorithm=name_algorithm(final, generalised, found.circuit),
        verdict=verdict_of(findings, found.circuit is not None and found.circuit.is_everything),
        key_components=[] if run.task.symmetry is None else key_components(final),
        circuit=found.circuit,
        phases=phases,
        findings=findings,
        table=table,
        final=final,
        source=run,
        generalised_at=generalised_before(run, table) if generalised == "refuted" else None,
    )
