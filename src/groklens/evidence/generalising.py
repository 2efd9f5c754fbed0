"""The finding that a model generalises: its accuracy on test inputs."""

from __future__ import annotations

from dataclasses import replace

from groklens.claims import Control, Finding, Verdict, percent
from groklens.evidence.few_inputs import Judged, judged
from groklens.evidence.kinds import accuracy_by_kind, said_by_kind
from groklens.evidence.reference_gain import gains_as_reference
from groklens.evidence.split_fits import ENOUGH as ENOUGH
from groklens.evidence.split_fits import split_doubt, split_doubted
from groklens.snapshots import Snapshot, Split, scores


def generalises(snapshot: Snapshot) -> Finding:
    """The claim that the model is correct on inputs that it was not trained on: test accuracy ≥ 0.99.

    Where the split is not known it is taken over all inputs, and the finding says so: below 0.99 it is undecided,
    since a model that is correct on those that it was trained on looks the same as one that has learned half of the
    rule. It is refuted all the same where the share trained on is known and fewer inputs are correct than would be,
    had so many been memorised; that takes it that no model is better on test inputs than on train inputs. It is
    undecided where the split given may not be the model's (`split_doubted`), where there are no test inputs, where
    labels are random (`task.has_random_labels`), where the inputs are so few that luck answers them (a model that is
    correct on half of such inputs, or as often as always giving the commonest answer, answers as many in more than 1 %
    of cases: six inputs are too few, seven are not), and where the control is as good as what is asked for: always
    giving the commonest answer. An input whose largest logit is none of the task's classes is wrong. Of a task that
    asks several kinds of question (`task.kinds`) each has to be answered so. Where no answer is certain, as in a
    language, it is the loss that counts, against a stated reference (`gains_as_reference`).
    """
    if snapshot.task.reference is not None:
        return gains_as_reference(snapshot)
    test, inputs = snapshot.test_index, judged_on(snapshot)
    known = test is not None and len(test) > 0
    split: Split = "test" if known else "all"
    value = scores(snapshot, split).accuracy
    labels = snapshot.task.labels[test if known else slice(None)].flatten()
    commonest = float(labels.bincount().max()) / len(labels)
    counted = judged(snapshot)
    verdict, why = _judged(snapshot, value, counted)
    if verdict == "supported" and commonest >= ENOUGH:
        verdict, why = "undecided", f"{why}always giving the commonest answer is enough; "
    kinds = accuracy_by_kind(snapshot)
    if verdict == "supported" and min(kinds.values(), default=1.0) < ENOUGH:
        verdict = "refuted"
    return Finding(
        f"the model is correct on {inputs}",
        value,
        "accuracy",
        verdict,
        (Control.of("always the commonest answer", [commonest], key="commonest_answer"),),
        source=f"accuracy of at least 99 % on {inputs if snapshot.task.is_stream else 'test inputs'}",
        note=f"{why}accuracy {percent(value)} against the {percent(ENOUGH)} asked for"
        + (f"; by kind: {said_by_kind(kinds)}" if kinds else "")
        + (counted.few_in_words if verdict == "supported" else ""),
        key="generalises",
    )


def judged_on(snapshot: Snapshot) -> str:
    """The inputs on which it is judged whether a model generalises, in words: a stream has a probe and no split."""
    if snapshot.task.is_stream:
        return "the probe's inputs"
    return "all inputs" if snapshot.test_index is None or nothing_held_out(snapshot) else "test inputs"


def nothing_held_out(snapshot: Snapshot) -> bool:
    """Whether the model was trained on every input, as far as that is known."""
    if snapshot.test_index is not None:
        return len(snapshot.test_index) == 0
    return snapshot.train_share is not None and snapshot.train_share >= 1


def _judged(snapshot: Snapshot, value: float, counted: Judged) -> tuple[Verdict, str]:
    """The verdict on test accuracy, and what has to be said before the number."""
    enough: Verdict = "supported" if value >= ENOUGH else "refuted"
    if nothing_held_out(snapshot):
        return (
            "undecided",
            "every input was trained on, so that generalising cannot be told from memorising; ",
        )
    if split_doubted(snapshot):
        return "undecided", f"the split given may not be the model's: {split_doubt(snapshot)}; "
    is_known = snapshot.train_index is not None or snapshot.task.is_stream
    unknown = "" if is_known else "which inputs it was trained on is not known, so all count; "
    if enough == "supported" and snapshot.task.has_random_labels:
        return "undecided", f"{unknown}no label of {snapshot.task.name} follows from others; "
    if enough == "supported" and counted.are_too_few:
        return "undecided", f"{unknown}{counted.too_few_in_words}; "
    if is_known:
        return enough, ""
    share = snapshot.train_share
    if enough == "supported" or share is None or snapshot.task.is_corrupted or value >= ENOUGH * share:
        return ("supported" if enough == "supported" else "undecided"), unknown
    return "refuted", f"{unknown}{percent(share)} were, and had they been memorised more would be correct; "


def unless_trained_on(finding: Finding, step: int | None) -> Finding:
    """The finding that a model generalises, not supported where test inputs were trained on before, as it says."""
    if step is None or finding.key != "generalises":
        return finding
    why = f"some test inputs were trained on until step {step:,}, before this run, and may be known by heart"
    verdict: Verdict = "undecided" if finding.verdict == "supported" else finding.verdict
    return replace(finding, verdict=verdict, note=f"{why}; {finding.note}")
