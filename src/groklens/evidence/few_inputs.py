"""What so few test inputs can show: whether luck answers all of them, and the least accuracy that they speak for."""

from __future__ import annotations

from typing import NamedTuple

from groklens.claims import how_many, percent
from groklens.evidence.split_fits import ENOUGH
from groklens.snapshots import Snapshot, judged_by, scores
from groklens.theory import binomial_tail, least_share

#: How often luck may pass for knowledge.
LEVEL = 0.01
#: The least accuracy that has to be told from luck: right as often as wrong.
HALF = 0.5
#: Inputs are few where, all answered, they do not speak for this accuracy on others like them: fewer than 44.
MUCH = 0.9


class Judged(NamedTuple):
    """How many inputs a model is judged on, how many of them it answers, and how many a blind one may answer."""

    n: int
    correct: int
    blind: float

    @property
    def luck(self) -> float:
        """How often a model that answers `blind` of such inputs answers as many as these."""
        return binomial_tail(self.correct, self.n, self.blind)

    @property
    def are_too_few(self) -> bool:
        """Whether that is more often than in one of a hundred cases; not where one answer for all is enough anyway."""
        return self.blind < ENOUGH and self.luck > LEVEL

    @property
    def too_few_in_words(self) -> str:
        """Why the inputs are too few, in words."""
        return (
            f"{how_many(self.n, 'input')} {'is' if self.n == 1 else 'are'} too few to tell: a model that is correct on "
            f"{percent(self.blind)} of such inputs answers as many in {percent(self.luck)} of cases"
        )

    @property
    def few_in_words(self) -> str:
        """The accuracy that a few inputs speak for, in words; empty where they are many."""
        if not are_few(self.n):
            return ""
        least = least_share(self.correct, self.n, LEVEL)
        return (
            f"; {how_many(self.n, 'input')} can show, at 1 %, no more than an accuracy above {percent(least)}"
        )


def are_few(n: int) -> bool:
    """Whether so many inputs, were all of them answered, would speak for less than nine in ten of others."""
    return LEVEL ** (1 / n) < MUCH


def judged(snapshot: Snapshot) -> Judged:
    """How many test inputs there are, or all inputs where none is known, how many are answered, and blindly would be.

    Blindly half of the inputs are answered, or more where one answer is the label of more.
    """
    index = snapshot.test_index
    correct = scores(snapshot, "all" if index is None or not len(index) else "test").correct.double()
    labels = judged_by(snapshot.task, "all")
    commonest = float(labels.bincount().max()) / len(labels)
    # Of inputs answered at several positions shares are summed, and what is left of one does not count.
    return Judged(len(correct), int(float(correct.sum()) + 1e-6), max(HALF, commonest))
