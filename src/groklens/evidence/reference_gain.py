"""The finding that a model generalises where no answer is certain: by what it gains over guessing."""

from __future__ import annotations

import math

import torch

from groklens.claims import Control, Finding, Verdict, percent
from groklens.errors import BadArgument
from groklens.evidence.split_fits import ENOUGH
from groklens.snapshots import Snapshot, scores
from groklens.tasks import Task


def gains_as_reference(snapshot: Snapshot) -> Finding:
    """The claim that a model predicts as well as the task's reference: at least 0.99 of what that gains over guessing.

    For tasks such as a language, where no next token is certain and accuracy says little: the number is
    (log(classes) − loss) / (log(classes) − loss of the reference), both losses on the probe; 0 for guessing, 1 for a
    model as good as the reference (`task.reference`), above 1 for a better one. The control is what always giving the
    probe's own frequencies of tokens gains. Undecided where that is enough already, or the reference gains nothing.
    """
    task = snapshot.task
    assert task.reference is not None  # for the type checker
    guessing, known, loss = math.log(task.d_vocab_out), reference_loss(task), scores(snapshot, "test").loss
    possible = guessing - known
    value, constant = (
        (guessing - each) / possible if possible > 0 else math.nan for each in (loss, _constant_loss(task))
    )
    verdict: Verdict = "supported" if value >= ENOUGH else "refuted"
    if not possible > 0 or constant >= ENOUGH:
        verdict = "undecided"
    name = task.reference.name
    controls = (Control.of("always the frequencies of the probe", [constant], key="frequencies"),)
    return Finding(
        f"the model gains on the probe, over guessing, what the {name} predictor gains",
        None if math.isnan(value) else value,
        "share of the gain",
        verdict,
        () if math.isnan(constant) else controls,
        source=f"at least {percent(ENOUGH)} of the reference's fall in loss from log(classes)",
        note=f"loss {loss:.3g} nats, {known:.3g} of the {name} predictor, {guessing:.3g} of guessing",
        key="generalises",
    )


def reference_loss(task: Task) -> float:
    """Mean cross-entropy of the task's reference on the labels of its probe, in nats."""
    assert task.reference is not None  # for the type checker
    found = task.reference.log_probabilities(task.inputs)
    if found.shape != (*task.inputs.shape, task.d_vocab_out):
        raise BadArgument(
            f"The reference of {task.name} gives {tuple(found.shape)} for inputs {tuple(task.inputs.shape)}; it has to "
            f"give log-probabilities of {task.d_vocab_out} classes at every position."
        )
    labels = task.labels if task.labels.ndim > 1 else task.labels[:, None]
    return -float(found[:, list(task.reads)].gather(-1, labels[..., None]).mean())


def _constant_loss(task: Task) -> float:
    """The least loss of a predictor that says the same everywhere: the entropy of the labels."""
    share = task.labels.flatten().bincount().double() / task.labels.numel()
    return -float(torch.special.xlogy(share, share).sum())
