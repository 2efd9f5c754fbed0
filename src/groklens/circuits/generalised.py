"""Whether a model generalises."""

from __future__ import annotations

import torch

from groklens.capture import Snapshot
from groklens.circuits.finding import Control, Finding, Verdict
from groklens.models import accuracy

#: Accuracy from which on a model counts as having learned inputs, held-out or train.
ENOUGH = 0.99


def generalises(snapshot: Snapshot) -> Finding:
    """The claim that the model is right on inputs it was not trained on: accuracy ≥ 0.99 there.

    Where the split is not known it is taken over all inputs, and the finding says so; where nothing was held
    out it cannot be supported. The control is always giving the commonest answer.
    """
    task, test = snapshot.task, snapshot.test_index
    claim = "the model is right on held-out inputs"
    note = ""
    if test is not None and len(test) == 0:
        return Finding(
            claim, None, "accuracy", "refuted", note="nothing was held out: memorising cannot be told apart"
        )
    if test is None:
        index = torch.arange(len(task.labels))
        claim, note = "the model is right on all inputs", "the split is not known, so all inputs count; "
    else:
        index = test
    labels = task.labels[index]
    value = accuracy(snapshot.logits[index], labels)
    commonest = float(labels.bincount().max()) / len(labels)
    verdict: Verdict = "supported" if value >= ENOUGH else "refuted"
    note += f"accuracy {value:.4f} against the {ENOUGH} asked for"
    return Finding(
        claim,
        value,
        "accuracy",
        verdict,
        (Control.of("always the commonest answer", [commonest]),),
        source="accuracy ≥ 0.99 on held-out inputs",
        note=note,
    )
