"""Measures on train inputs with corrupted labels: share memorised, share corrected, and accuracy on the clean ones."""

from __future__ import annotations

from jaxtyping import Bool
from torch import Tensor

from groklens.measures.measure import measure
from groklens.snapshots import Snapshot, correct_by_labels, judged_by, scores

_SOURCE = "Doshi et al. 2024, arXiv:2310.13061, section 3"
_NEEDS = ("corruption", "split")


def _wrong(snapshot: Snapshot) -> Bool[Tensor, "train"]:
    task, index = snapshot.task, snapshot.train_index
    return judged_by(task, "train")[index] != task.labels[index]


@measure(
    long_name="memorised wrong labels",
    units="accuracy",
    valid_range=(0, 1),
    source=_SOURCE,
    split="train",
    needs=_NEEDS,
)
def fitted_accuracy(snapshot: Snapshot) -> float:
    """Share of the train inputs with a wrong target that are answered with that target, in [0, 1].

    1 where every wrong label is memorised, 0 where none is; nan where no train label is wrong.
    """
    return float(scores(snapshot, "train").correct[_wrong(snapshot)].double().mean())


@measure(
    long_name="corrected wrong labels",
    units="accuracy",
    valid_range=(0, 1),
    source=_SOURCE,
    split="train",
    needs=_NEEDS,
)
def corrected_accuracy(snapshot: Snapshot) -> float:
    """Share of the train inputs with a wrong target that are answered correctly all the same, in [0, 1].

    1 where the model overrules its wrong labels (inversion), 0 where it never does; nan where none is wrong.
    """
    correct = correct_by_labels(snapshot, snapshot.train_index)
    return float(correct[_wrong(snapshot)].double().mean())


@measure(
    long_name="clean train accuracy",
    units="accuracy",
    valid_range=(0, 1),
    source=_SOURCE,
    split="train",
    needs=_NEEDS,
)
def clean_accuracy(snapshot: Snapshot) -> float:
    """Share of the train inputs with uncorrupted labels that are answered correctly, in [0, 1]; nan for none."""
    correct = correct_by_labels(snapshot, snapshot.train_index)
    return float(correct[~_wrong(snapshot)].double().mean())
