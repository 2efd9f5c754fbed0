"""The finding that the train/test split given is the one a model was trained on, judged by its accuracies."""

from __future__ import annotations

import math
from typing import NamedTuple

from groklens.claims import Control, Finding, percent
from groklens.snapshots import Snapshot, correct_by_targets, judged_by, scores
from groklens.theory import hypergeometric_tail

#: Accuracy from which on a model counts as having learned inputs, test or train.
ENOUGH = 0.99
#: How often the accuracy of one side exceeds the other's as far by chance, to be better; one-sided, exact (Fisher).
LEVEL = 0.01
#: The same in standard errors.
BETTER = 2.33
#: Standard errors above `BETTER` at which memorising the split given has to show: it is missed in 1 %.
POWER = 2.33
#: Standard errors within which an accuracy agrees with what is expected.
NEAR = 3.0
#: The least share of what it saw that a model which has memorised it is taken to be correct on.
MEMORISED = 0.9
#: Standard errors by which accuracy over all inputs has to exceed chance to be knowledge of any kind.
KNOWS = 4.0


class Sides(NamedTuple):
    """Accuracy and number of inputs on both sides of a split, and accuracy at chance."""

    train: float
    test: float
    n_train: int
    n_test: int
    chance: float


def split_doubted(snapshot: Snapshot) -> bool:
    """Whether the accuracies are those of a model that memorised inputs of another split than the one given.

    A model that has memorised a share f of all inputs, and is judged by an unrelated split of the same share, has seen
    a share f of either side: it is correct on about f of both, and on the rest at chance. So the split is doubted where

    * neither side is learned: test accuracy is below 0.99, and train accuracy by 3 standard errors of what a memoriser
      of this split would have (0.99, binomial); and where labels are corrupted, the model has not come to be correct on
      more inputs than it answers as trained;
    * memorising this split would have shown (power): a train accuracy of 0.99 and a test accuracy at chance differ by
      2.33 + 2.33 of their standard errors at least, so that it would be missed in 1 %. Tasks of a few inputs show
      nothing: modulo 5 none is doubted;
    * it has not shown: train accuracy exceeds test accuracy by no more than 2.33 standard errors of their difference
      (1 %, one-sided; at 5 % every twentieth wrong split would pass for a right one), and is no more than that below;
    * accuracy over all inputs is what memorising a share f makes it: from 0.9 f (most of what was seen) to
      f + (1 − f) · chance (all of it, and the rest at chance), and 3 standard errors of guessing the rest;
    * accuracy over all inputs exceeds chance by 4 standard errors: an untrained model knows nothing, which is no
      doubt about its split. Chance is 1/classes, or the commonest answer's share where that is more.

    It is doubted where labels are random (`task.has_random_labels`) and test inputs are answered beyond chance by 4
    standard errors: no model learns those that it has not seen.

    It is doubted too where test accuracy exceeds train accuracy so far that as many inputs of those answered fall on
    the test side of a random split in less than 1 % of cases (Fisher's exact test) and labels are not corrupted: so
    looks a split that is turned round, or of which the test inputs were trained on, as no model learns what it has not
    seen better than what it has.

    Standard errors are those of shares, the difference's with both sides pooled. A model that was trained on this split
    and is only beginning to learn is better on what it was trained on, or far from f. This is a doubt and no more: a
    model of this very split that has learned a rule for a share f of all inputs gives the same accuracies. Nothing is
    doubted where training recorded the split (`snapshot.split_recorded`).

    >>> split_doubted(gl.Snapshot(memoriser, task, train_index=other_split))  # doctest: +SKIP
    True
    """
    if snapshot.train_index is None or snapshot.split_recorded or snapshot.test_index is None:
        return False
    if not len(snapshot.test_index):
        return False
    sides = sides_of(snapshot)
    if _turned_round(sides) and not snapshot.task.is_corrupted:
        return True
    if snapshot.task.has_random_labels and _answers_unseen(sides):
        return True
    return (
        not _learned(sides)
        and not _corrected(snapshot, sides)
        and _would_show(sides)
        and abs(sides.train - sides.test) <= BETTER * _error_between(sides)
        and _as_memorised(sides)
        and _knows_something(sides)
    )


_ELSE = "inputs of another split memorised and a rule learned for such a share look the same"


def split_finding(snapshot: Snapshot) -> Finding:
    """The claim that the split given is the model's, undecided, for snapshots where `split_doubted` holds."""
    sides = sides_of(snapshot)
    return Finding(
        "the split given is the one that the model was trained on",
        sides.train,
        "accuracy",
        "undecided",
        (
            Control.of("test inputs by the same split", [sides.test], key="test_inputs"),
            Control.of("chance", [sides.chance], key="chance"),
        ),
        source="a model that memorised a share of all inputs is correct on that share of any unrelated split's sides",
        note=split_doubt(snapshot)
        if snapshot.task.has_random_labels
        else f"{split_doubt(snapshot)}; {_ELSE}",
        key="split.fits",
        role="aside",
    )


def split_doubt(snapshot: Snapshot) -> str:
    """What is known of a doubted split, in words."""
    sides = sides_of(snapshot)
    if snapshot.task.has_random_labels and _answers_unseen(sides):
        return f"no label of {snapshot.task.name} follows from others, and test accuracy is {percent(sides.test)}"
    if _turned_round(sides):
        return f"train accuracy {percent(sides.train)} is below test accuracy {percent(sides.test)}"
    return (
        f"train accuracy {percent(sides.train)} is not clearly above test accuracy {percent(sides.test)}, and both are "
        f"near the {percent(_share(sides))} trained on"
    )


def sides_of(snapshot: Snapshot) -> Sides:
    """Accuracies against the targets on both sides of the snapshot's split."""
    train, test = snapshot.train_index, snapshot.test_index
    assert train is not None
    assert test is not None
    correct, targets = correct_by_targets(snapshot).double(), judged_by(snapshot.task, "train")
    commonest = float(targets.bincount().max()) / len(targets)
    chance = max(1 / snapshot.task.d_vocab_out, commonest)
    return Sides(float(correct[train].mean()), float(correct[test].mean()), len(train), len(test), chance)


def beyond_chance(share: float, chance: float, count: int) -> bool:
    """Whether a share of so many inputs exceeds chance by 4 standard errors."""
    return share - chance > KNOWS * _error(chance, count)


def _share(sides: Sides) -> float:
    return sides.n_train / (sides.n_train + sides.n_test)


def _error(share: float, count: int) -> float:
    """Standard error of a proportion of `count` inputs."""
    return math.sqrt(max(share * (1 - share), 0.0) / count)


def _error_between(sides: Sides) -> float:
    """Standard error of the difference between train and test accuracy if both were equal."""
    return _pooled(_overall(sides), sides)


def _pooled(accuracy: float, sides: Sides) -> float:
    return math.hypot(_error(accuracy, sides.n_train), _error(accuracy, sides.n_test))


def _turned_round(sides: Sides) -> bool:
    """Whether the model is clearly better on test inputs than on train inputs."""
    answered = round(sides.test * sides.n_test)
    every, n = answered + round(sides.train * sides.n_train), sides.n_train + sides.n_test
    return sides.test > sides.train and hypergeometric_tail(answered, sides.n_test, every, n) < LEVEL


def _answers_unseen(sides: Sides) -> bool:
    """Whether test inputs are answered beyond chance, as far as their number can show."""
    return beyond_chance(sides.test, sides.chance, sides.n_test)


def _learned(sides: Sides) -> bool:
    """Whether either side may have been learned, as far as its number of inputs can show."""
    return sides.test >= ENOUGH or sides.train >= ENOUGH - NEAR * _error(ENOUGH, sides.n_train)


def _corrected(snapshot: Snapshot, sides: Sides) -> bool:
    """Whether more inputs are answered correctly than as trained, where labels are corrupted."""
    return snapshot.task.is_corrupted and scores(snapshot, "all").accuracy > _overall(sides)


def _would_show(sides: Sides) -> bool:
    """Whether a model that memorised the split given would visibly be better on train inputs."""
    overall = ENOUGH * _share(sides) + (1 - _share(sides)) * sides.chance
    return ENOUGH - sides.chance >= (BETTER + POWER) * _pooled(overall, sides)


def _as_memorised(sides: Sides) -> bool:
    """Whether accuracy over all inputs is that of a model which memorised a share of them and guesses the rest."""
    share, n_inputs = _share(sides), sides.n_train + sides.n_test
    guessed = (1 - share) * sides.chance
    error = math.sqrt(guessed * (1 - sides.chance) / n_inputs)
    return MEMORISED * share <= _overall(sides) <= share + guessed + NEAR * error


def _knows_something(sides: Sides) -> bool:
    n_inputs = sides.n_train + sides.n_test
    return _overall(sides) - sides.chance > KNOWS * _error(sides.chance, n_inputs)


def _overall(sides: Sides) -> float:
    return (sides.train * sides.n_train + sides.test * sides.n_test) / (sides.n_train + sides.n_test)
