"""Whether a split can be the one that a model was trained on."""

from __future__ import annotations

import math
from typing import NamedTuple

from jaxtyping import Bool
from torch import Tensor

from groklens.capture import Snapshot
from groklens.capture.statistics import inputs_right
from groklens.claims import Control, Finding, percent

#: Accuracy from which on a model counts as having learned inputs, test or train.
ENOUGH = 0.99
#: Standard errors by which train accuracy has to exceed test accuracy to be better: one-sided, at 1 %.
BETTER = 2.33
#: Standard errors within which an accuracy agrees with what is expected.
NEAR = 3.0
#: The least share of what it saw that a model which has memorised it is taken to be correct on.
MEMORISED = 0.9
#: Standard errors by which accuracy over all inputs has to exceed chance to be knowledge of any kind.
KNOWS = 4.0


class Sides(NamedTuple):
    """Accuracies on both sides of a split, how many inputs are on each, and accuracy at chance."""

    train: float
    test: float
    n_train: int
    n_test: int
    chance: float


def split_cannot_be(snapshot: Snapshot) -> bool:
    """Whether a model has memorised something, and its split has nothing to do with what.

    A model that has memorised a share f of all inputs, and is judged by an unrelated split of the same share, has seen
    a share f of either side: it is correct on about f of both, and on the rest at chance. So the split is doubted where

    * neither side is learned (accuracy below 0.99 on train and on test inputs), and where labels are corrupted, the
      model has not come to be right on more inputs than it answers as trained;
    * train accuracy is no better than test accuracy: not by 2.33 standard errors of their difference (1 %, one-sided;
      at 5 % every twentieth wrong split would pass for a right one);
    * both lie within 3 standard errors of what memorising a share f makes expected: from 0.9 f (most of what was seen)
      to f + (1 − f) · chance (all of it, and the rest at chance);
    * accuracy over all inputs exceeds chance by 4 standard errors: an untrained model knows nothing, which is no
      doubt about its split. Chance is 1/classes, or the commonest answer's share where that is more.

    A model that was trained on this split and is only beginning to learn is better on what it was trained on, or
    far from f. One that has learned a rule for just a share f of all inputs cannot be told from one of another
    split, and is undecided too. Nothing is doubted where training recorded the split (`snapshot.split_recorded`).
    """
    if snapshot.train_index is None or snapshot.split_recorded or snapshot.test_index is None:
        return False
    if not len(snapshot.test_index):
        return False
    sides = sides_of(snapshot)
    return (
        max(sides.train, sides.test) < ENOUGH
        and not (
            snapshot.task.is_corrupted and float(inputs_right(snapshot).double().mean()) > _overall(sides)
        )
        and not _better_on_train(sides)
        and _as_memorised(sides.train, sides.n_train, sides)
        and _as_memorised(sides.test, sides.n_test, sides)
        and _knows_something(sides)
    )


def split_finding(snapshot: Snapshot) -> Finding:
    """The claim that the split given is the model's, refuted: for snapshots of which `split_cannot_be`."""
    sides = sides_of(snapshot)
    return Finding(
        "the split given is the one that the model was trained on",
        sides.train,
        "accuracy",
        "refuted",
        (
            Control.of("test inputs by the same split", [sides.test]),
            Control.of("chance", [sides.chance]),
        ),
        source="a model that memorised a share of all inputs is correct on that share of any unrelated split's sides",
        note=said(snapshot),
        key="split.fits",
        role="aside",
    )


def said(snapshot: Snapshot) -> str:
    """Why the split given is doubted, in words."""
    sides = sides_of(snapshot)
    return (
        f"train accuracy {percent(sides.train)} is no better than test accuracy {percent(sides.test)}, and both are "
        f"near the {percent(_share(sides))} trained on, as where that many other inputs were memorised"
    )


def sides_of(snapshot: Snapshot) -> Sides:
    """Accuracies against the answers trained towards, on both sides of the snapshot's split."""
    train, test = snapshot.train_index, snapshot.test_index
    assert train is not None
    assert test is not None
    right, targets = _as_trained(snapshot).double(), snapshot.task.targets
    commonest = float(targets.bincount().max()) / len(targets)
    chance = max(1 / snapshot.task.d_vocab_out, commonest)
    return Sides(float(right[train].mean()), float(right[test].mean()), len(train), len(test), chance)


def _as_trained(snapshot: Snapshot) -> Bool[Tensor, "input"]:
    if not snapshot.task.is_corrupted:
        return inputs_right(snapshot)
    return (snapshot.logits.argmax(dim=1) == snapshot.task.targets) & ~snapshot.outside


def _share(sides: Sides) -> float:
    return sides.n_train / (sides.n_train + sides.n_test)


def _error(share: float, count: int) -> float:
    """Standard error of a share of `count` inputs."""
    return math.sqrt(max(share * (1 - share), 0.0) / count)


def _better_on_train(sides: Sides) -> bool:
    both = _overall(sides)
    error = math.sqrt(max(both * (1 - both), 0.0) * (1 / sides.n_train + 1 / sides.n_test))
    return sides.train - sides.test > BETTER * error


def _as_memorised(accuracy: float, count: int, sides: Sides) -> bool:
    share = _share(sides)
    low, high = MEMORISED * share, share + (1 - share) * sides.chance
    return low - NEAR * _error(low, count) <= accuracy <= high + NEAR * _error(high, count)


def _knows_something(sides: Sides) -> bool:
    n_inputs = sides.n_train + sides.n_test
    return _overall(sides) - sides.chance > KNOWS * _error(sides.chance, n_inputs)


def _overall(sides: Sides) -> float:
    return (sides.train * sides.n_train + sides.test * sides.n_test) / (sides.n_train + sides.n_test)
