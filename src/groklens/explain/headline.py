"""The headline of an explanation: one sentence that follows from its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groklens.claims import Finding, by_key, counted_with, how_many, named, number, percent
from groklens.evidence import (
    ENOUGH,
    accuracy_by_kind,
    are_few,
    begins_with_others,
    judged,
    judged_on,
    nothing_held_out,
    said_by_kind,
    split_doubt,
    trained_on_mirrored,
    warm_start,
)
from groklens.explain.goes_on_from import trained_on_until
from groklens.snapshots import judged_by
from groklens.theory import wilson

if TYPE_CHECKING:
    from groklens.explain.explanation import Explanation
    from groklens.tasks import Task


def headline(why: Explanation) -> str:
    """The headline: what the model learned, by which circuit, with which verdict, and what is left undecided.

    It says no more than the findings: `in part` where a finding that counts is undecided, which it names, and the
    verdict on "it generalises by a circuit" in its last words. Of a task without a group no circuit is asked for.
    """
    general = by_key(why.findings)["generalises"]
    unfinished = ", unfinished" if why.source.finished is False else ""
    rests = why.generalised and why.verdict == "supported" and _is_unseen(why)
    unseen = "; the split given does not show in its losses" if rests else ""
    return f"{why.run} ({why.task}{unfinished}) {_outcome(why, general)}{unseen}."


def _is_unseen(why: Explanation) -> bool:
    """Whether the split does not show in the losses: it is the word of whoever gave it."""
    shows = by_key(why.findings).get("split.losses")
    return shows is not None and shows.verdict != "supported"


def _resting_on_the_split(why: Explanation, score: str) -> str:
    """What is said of test inputs that may have been trained on: a table learned by heart is correct on any of them."""
    how = "it does not show in its losses, as it would not had it been trained on all inputs"
    if by_key(why.findings)["split.losses"].verdict == "refuted":
        how = "its losses are smaller on these than on train inputs"
    first = warm_start(why.source, why.final)
    if first is None and why.table.sizes["step"] > 1:
        how = how.replace("its losses", "its losses where these came to be answered", 1)
    if first is not None:
        how = f"its weights answered them at step {first:,}, the first, and {how.replace('its losses', 'losses there')}"
    by = _by_what(why) if why.circuit is None else _nor_by_a_circuit(why)
    own = "the split given is its own"
    if begins_with_others(why.source):
        own = "the weights that it began with had not been trained on them"
    return f"is correct on {score} of {_inputs(why)}, if {own}: {how}{by}"


def _resting_on_mirrors(why: Explanation, score: str) -> str:
    """What is said of test inputs that were trained on in another order: unordered pairs by heart answer those."""
    by = _by_what(why) if why.circuit is None else _nor_by_a_circuit(why)
    return f"is correct on {score} of {_inputs(why)}, of which {trained_on_mirrored(why.final)}{by}"


def _outcome(why: Explanation, general: Finding) -> str:
    score = percent(general.value or 0.0)
    if general.verdict == "undecided":
        return _outcome_undecided(why, score)
    if not why.generalised:
        return f"{_not_generalising(why, score)}; {_not_by_a_circuit(why)}{_before(why)}"
    # Where the split is not known, the finding is about all inputs, and the sentence is too.
    known = why.final.test_index is not None
    if not known:
        by = _by_what(why)
        return f"is correct on {score} of all inputs, its split not known{by if by.startswith(';') else ',' + by}"
    if why.verdict != "supported" and "generalises.unmirrored" in by_key(why.findings):
        return _resting_on_mirrors(why, score)
    if why.verdict != "supported" and _is_unseen(why):
        return _resting_on_the_split(why, score)
    said_already = why.circuit is not None or why.final.task.reference is not None
    return f"generalises{_judged_by(why, '' if said_already else score)}{_by_what(why)}"


def _before(why: Explanation) -> str:
    """That the model did generalise at a step before, where it did, and how to have that step judged."""
    step = why.generalised_at
    if step is None:
        return ""
    score = percent(float(why.table["test_accuracy"].sel(step=step)))
    return f"; it was correct on {score} of {_inputs(why)} at step {step:,}, which gl.explain(run, steps={step}) judges"


def _judged_by(why: Explanation, score: str) -> str:
    """By what a model is said to generalise, where nothing else says it or the inputs are few."""
    if score:
        return f", as it is correct on {score} of {_inputs(why)}"
    return f", judged by {_inputs(why)}," if _inputs(why) not in ("test inputs", "the probe's inputs") else ""


def _inputs(why: Explanation) -> str:
    """What a model is judged on, in words, with how many they are where they are few."""
    test = why.final.test_index
    if test is None or not len(test):
        return judged_on(why.final)
    return how_many(len(test), "test input") if are_few(len(test)) else "test inputs"


def _are_too_few(why: Explanation) -> bool:
    answered = (by_key(why.findings)["generalises"].value or 0.0) >= ENOUGH
    return answered and not why.final.task.has_random_labels and judged(why.final).are_too_few


def _outcome_undecided(why: Explanation, score: str) -> str:
    general = by_key(why.findings)["generalises"]
    if why.final.task.reference is not None:
        return f"cannot be judged, as {_reference_says_little(why)}: that it generalises is undecided"
    if "split.fits" in by_key(why.findings):
        return (
            f"cannot be judged, as the split given may not be the model's: {split_doubt(why.final)}; whether it "
            "memorised, generalises or neither is undecided"
        )
    if _once_trained_on(why) and general.value is not None and general.value >= ENOUGH:
        return (
            f"is correct on {score} of test inputs{_once_trained_on(why)}: that it generalises is undecided"
        )
    if not nothing_held_out(why.final) and _are_too_few(why):
        unsure = "too few to tell from luck: whether it generalises is undecided"
        return f"is correct on {score} of {_inputs(why)}, {unsure}"
    if why.final.test_index is not None and not nothing_held_out(why.final):
        return (
            f"is correct on {score} of {judged_on(why.final)}, {_but(why)}: that it generalises is undecided"
        )
    if nothing_held_out(why.final):
        return (
            f"was trained on every input and is correct on {score} of them: that it generalises is undecided"
        )
    return (
        f"is correct on {score} of all inputs, and which of them it was trained on is not known: "
        "whether it memorised, generalises or neither is undecided"
    )


def _once_trained_on(why: Explanation) -> str:
    """That some test inputs were trained on before, by the run that a fork goes on from."""
    since = trained_on_until(why.source)
    return "" if since is None else f", of which some were trained on until step {since:,}"


def _reference_says_little(why: Explanation) -> str:
    general, reference = by_key(why.findings)["generalises"], why.final.task.reference
    untrained = by_key(general.controls).get("untrained")
    if untrained is not None and untrained.high >= ENOUGH:
        return f"the control, {untrained.name}, gains as much"
    name = "" if reference is None else f"{reference.name} "
    return f"the {name}predictor gains hardly more than the frequencies of tokens do"


def _but(why: Explanation) -> str:
    """Why a model is not said to generalise although it answers enough test inputs, in words."""
    general = by_key(why.findings)["generalises"]
    if general.control("commonest_answer").high >= ENOUGH:
        return "as is always giving one answer"
    if why.final.task.has_random_labels:
        return f"and no label of {why.task} follows from others"
    return f"as is the control, {general.control('untrained').name}"


def _not_generalising(why: Explanation, score: str) -> str:
    if why.final.task.reference is not None:
        gained = f"gains {score} of what the {why.final.task.reference.name} predictor gains over guessing"
        return f"{gained}, short of the {percent(ENOUGH)} that count as generalising"
    if why.final.test_index is None:
        return f"is correct on {score} of all inputs, too few to have memorised those that it was trained on"
    kinds = accuracy_by_kind(why.final) if why.final.task.kinds else {}
    by_kind = f" ({said_by_kind(kinds)})" if kinds else ""
    short = f"short of the {percent(ENOUGH)} {'of each ' if kinds else ''}that count as generalising"
    what = "the probe's inputs" if why.final.task.is_stream else f"test inputs{_once_trained_on(why)}"
    return f"{_on_train_inputs(why)}is correct on {score} of {what}{by_kind}, {short}"


def _on_train_inputs(why: Explanation) -> str:
    """What is said of train inputs; memorised only where test inputs, and not train inputs, are answered blindly."""
    if why.final.task.is_stream:
        return ""
    if why.algorithm != "memorised" and why.generalised_at is not None and _had_memorised(why):
        return "no longer fits its train inputs and "
    if why.algorithm != "memorised":
        return "" if why.final.task.symmetry is None else "has not memorised its train inputs and "
    general = by_key(why.findings)["generalises"]
    n = len(why.final.task.labels) if why.final.test_index is None else len(why.final.test_index)
    least, _ = wilson((general.value or 0.0) * n, n)
    guessing = general.control("commonest_answer").high
    is_by_heart = least <= guessing and not _one_answer_fits(why)
    return f"{'has memorised' if is_by_heart else 'fits'} its train inputs and "


def _one_answer_fits(why: Explanation) -> bool:
    """Whether always giving one answer is correct on as many train inputs as count as memorised."""
    train = why.final.train_index
    targets = judged_by(why.final.task, "train")[slice(None) if train is None else train]
    return float(targets.bincount().max()) >= ENOUGH * len(targets)


def _had_memorised(why: Explanation) -> bool:
    at = why.table.sel(step=why.generalised_at)
    return "train_accuracy" in at and float(at["train_accuracy"]) >= ENOUGH


def _not_by_a_circuit(why: Explanation) -> str:
    if why.final.task.reference is not None:
        return _most_like(why)
    if why.final.task.symmetry is None:
        return "a circuit is not asked for, as its task has no group"
    return "that it generalises by a circuit is refuted"


def _most_like(why: Explanation) -> str:
    """Which reference a model of sequences is nearest to, and whether that is more than chance."""
    distances = why.table["reference_kl"].isel(step=-1)
    nearest = distances["reference"].values[distances.values.argmin()]
    kl = f"KL {number(float(distances.min()))} nats"
    reference, verdict = why.final.task.reference, by_key(why.findings)["stage"].verdict
    if reference is not None and verdict == "undecided":
        return f"whether it predicts most like the {reference.name} predictor is undecided"
    return f"of its references it predicts most like the {nearest} predictor ({kl})"


def _by_what(why: Explanation) -> str:
    if why.final.task.reference is not None:
        return f" as the {why.final.task.reference.name} predictor does; {_most_like(why)}"
    if why.circuit is None and why.final.task.symmetry is None:
        return (
            "; how it computes is undecided, as its task has no group in which a circuit could be looked for"
        )
    if why.circuit is None:
        return "; how it computes is undecided, as no circuit survives its controls"
    group = why.circuit.group.name
    if why.circuit.is_everything:
        return f" by every component of {group}, so that no circuit can be told from the whole: undecided"
    return f" by {_a_circuit(why)}: {_verdict_with_reason(why)}"


def _a_circuit(why: Explanation) -> str:
    assert why.circuit is not None  # asked before
    kind = f"{why.algorithm}-like circuit" if why.algorithm in ("clock", "pizza") else "circuit"
    return (
        f"a {kind} on {named(why.circuit.components)} of {why.circuit.group.name}{_on_a_part(why.final.task)}"
    )


def _nor_by_a_circuit(why: Explanation) -> str:
    """What is left undecided of the circuit that was found, of a model whose split does not show."""
    assert why.circuit is not None  # asked before
    if why.circuit.is_everything:
        return f"; how it computes is undecided, as no circuit can be told from the whole of {why.circuit.group.name}"
    return f"; that it computes by {_a_circuit(why)} is {_verdict_with_reason(why)}"


def _on_a_part(task: Task) -> str:
    """Where the group acts, of a task on whose inputs it does not act everywhere."""
    acting, every = 0 if task.symmetry is None else len(task.symmetry.elements), len(task.labels)
    return f", which acts on {acting:,} of the {every:,} inputs" if acting < every else ""


def _verdict_with_reason(why: Explanation) -> str:
    undecided, refuted = counted_with("undecided", why.findings), counted_with("refuted", why.findings)
    if why.verdict == "supported":
        return f"supported in part, {_because(undecided, 'undecided')}" if undecided else "supported"
    if refuted:
        return f"undecided, {_because(refuted, 'refuted')}"
    return f"undecided, {_because(undecided, 'undecided')}" if undecided else "undecided"


def _because(names: list[str], verdict: str) -> str:
    listed = " and ".join(names)
    return f"as {listed} {'is' if len(names) == 1 else 'are'} {verdict}"
