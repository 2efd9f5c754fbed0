"""Whether a model generalises."""

from __future__ import annotations

import torch

from groklens.capture import Snapshot
from groklens.claims import Control, Finding, Verdict, percent
from groklens.models import accuracy

#: Accuracy from which on a model counts as having learned inputs, held-out or train.
ENOUGH = 0.99


def generalises(snapshot: Snapshot) -> Finding:
    """The claim that the model is right on inputs it was not trained on: accuracy ≥ 0.99 there.

    Where the split is not known it is taken over all inputs, and the finding says so: below 0.99 it is undecided,
    since a model that is right on those that it was trained on looks the same as one that has learned half of the
    rule. It is refuted all the same where the share trained on is known, and fewer inputs are right than a model
    has right that has memorised so many. Where nothing was held out it is undecided. The control is always giving
    the commonest answer.
    """
    task, test = snapshot.task, snapshot.test_index
    if test is not None and len(test) == 0:
        note = "nothing was held out, so that generalising cannot be told from memorising"
        claim = "the model is right on test inputs"
        return Finding(claim, None, "accuracy", "undecided", note=note, key="generalises")
    known, share = test is not None, snapshot.train_share
    index = test if test is not None else torch.arange(len(task.labels))
    labels = task.labels[index]
    value = accuracy(snapshot.logits[index], labels)
    commonest = float(labels.bincount().max()) / len(labels)
    below: Verdict = "refuted" if known else "undecided"
    unknown = "" if known else "which inputs it was trained on is not known, so all count; "
    if share is not None and value < ENOUGH * share and not known:
        below, unknown = (
            "refuted",
            f"{unknown}{percent(share)} were, so that it has not memorised them either; ",
        )
    return Finding(
        f"the model is right on {'test' if known else 'all'} inputs",
        value,
        "accuracy",
        "supported" if value >= ENOUGH else below,
        (Control.of("always the commonest answer", [commonest]),),
        source="accuracy of at least 99 % on test inputs",
        note=f"{unknown}accuracy {percent(value)} against the {percent(ENOUGH)} asked for",
        key="generalises",
    )
