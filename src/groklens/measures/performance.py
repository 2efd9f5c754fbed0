"""Loss and accuracy on train inputs, test inputs and all inputs."""

from __future__ import annotations

from groklens.measures.measure import measure
from groklens.snapshots import Snapshot, scores

_NATS = (0.0, float("inf"))


@measure(
    long_name="loss",
    units="nats",
    valid_range=_NATS,
    source="float64 cross-entropy at the answer",
    split="all",
)
def loss(snapshot: Snapshot) -> float:
    """Mean cross-entropy over every input, in nats: 0 certain and correct, log(classes) at chance."""
    return scores(snapshot, "all").loss


@measure(
    long_name="train loss",
    units="nats",
    valid_range=_NATS,
    source="float64 cross-entropy at the answer",
    split="train",
    needs=("split",),
)
def train_loss(snapshot: Snapshot) -> float:
    """Mean cross-entropy over the train inputs, in nats."""
    return scores(snapshot, "train").loss


@measure(
    long_name="test loss",
    units="nats",
    valid_range=_NATS,
    source="float64 cross-entropy at the answer",
    split="test",
    needs=("split",),
)
def test_loss(snapshot: Snapshot) -> float:
    """Mean cross-entropy over the test inputs, in nats; above log(classes) when confidently wrong."""
    return scores(snapshot, "test").loss


@measure(long_name="accuracy", units="accuracy", valid_range=(0, 1), source="largest logit", split="all")
def all_accuracy(snapshot: Snapshot) -> float:
    """Share of all inputs answered correctly, in [0, 1]; 1/classes at chance."""
    return scores(snapshot, "all").accuracy


@measure(
    long_name="train accuracy",
    units="accuracy",
    valid_range=(0, 1),
    source="largest logit",
    split="train",
    needs=("split",),
)
def train_accuracy(snapshot: Snapshot) -> float:
    """Share of train inputs answered as trained, in [0, 1]: correctly, unless their labels are corrupted."""
    return scores(snapshot, "train").accuracy


@measure(
    long_name="test accuracy",
    units="accuracy",
    valid_range=(0, 1),
    source="largest logit",
    split="test",
    needs=("split",),
)
def test_accuracy(snapshot: Snapshot) -> float:
    """Share of test inputs answered correctly, in [0, 1]."""
    return scores(snapshot, "test").accuracy
