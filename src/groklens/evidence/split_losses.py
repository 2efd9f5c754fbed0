"""The finding that a split shows in a model's losses: they are larger on test inputs than on train inputs."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import torch
import xarray as xr
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.claims import DRAWS, Control, Finding, Verdict, number, percent
from groklens.evidence.beyond_tokens import errors_beyond_tokens, seems_drawn
from groklens.evidence.came_to_know import coming_to_know
from groklens.evidence.untrained import Untrained
from groklens.evidence.warm_start import begins_with_others, others_put_in_before, warm_start
from groklens.runs import Run
from groklens.snapshots import Snapshot, judged_by, scores

#: How often a split that has nothing to do with the training shows all the same: one drawn at random, and one that may
#: be by a rule, whose test inputs may be harder for another reason.
LEVEL, BY_A_RULE = 0.01, 0.001


class Pairs(NamedTuple):
    """How often, of one test and one train input, the test input has the larger loss, and by how many errors.

    `beyond_tokens` is by how many beside other inputs of the same tokens and answers, `drawn` whether the split seems
    to be drawn at random.
    """

    share: float
    errors: float
    beyond_tokens: float = 0.0
    drawn: bool = False

    @property
    def level(self) -> float:
        """How often chance may show such a split."""
        return LEVEL if self.drawn else BY_A_RULE

    @property
    def shown(self) -> float:
        """The standard errors that show: beside inputs of the same tokens and answers, where the split seems drawn.

        What tokens and answers add to losses is noise then, and taken out. Of a split that may be by a rule it is what
        shows in both ways: the smaller, and none where they point to different sides.
        """
        if self.drawn:
            return self.beyond_tokens
        if self.errors * self.beyond_tokens <= 0:
            return 0.0
        return min(self.errors, self.beyond_tokens, key=abs)


class _Looked(NamedTuple):
    """Where a split is looked for: the snapshot, what shows there, and the standard errors asked for, on both sides."""

    snapshot: Snapshot
    found: Pairs
    beyond: float
    below: float
    where: str

    @property
    def verdict(self) -> Verdict:
        """Supported where test losses are larger by as much, refuted where they are as much smaller."""
        if self.found.shown > self.beyond:
            return "supported"
        return "refuted" if self.found.shown < -self.below else "undecided"


def split_losses(run: Run, final: Snapshot, untrained: Untrained, table: xr.Dataset) -> list[Finding]:
    """The finding that a split which no training recorded shows in the losses; none where that is not asked.

    A model that was trained on all inputs answers both sides of a random split alike, whatever is called a test input,
    and its accuracy says nothing. One that was trained on the train inputs alone keeps larger losses on the others,
    long after it answers all of them: of public models that grokked, 58 to 98 % of pairs. The number is the share of
    pairs of a test and a train input in which the test input's loss is larger (Mann–Whitney), at the step where the
    split shows least of those at which test inputs came to be answered (`coming_to_know`). Supported beyond
    chance beside inputs of the same tokens and answers (`errors_beyond_tokens`): at 1 % where the split seems drawn at
    random (`seems_drawn`), else at 0.1 % and in all pairs too, as test inputs by a rule may be harder for whoever
    learns them all; refuted as far on the other side; else undecided: the sides are not told apart, which is no proof
    that they are one. Asked of models that answer the test inputs of a split as given (`split_recorded` is of one that
    is known), and of forks that begin with weights of whatever origin.
    """
    if not _is_asked(run, final):
        return []
    place = _judged_where(run, final, table)
    found = place.found
    said = (
        f"{place.where}{_from_half(found.errors)} half of the pairs of a test and a train input, and "
        f"{_from_half(found.beyond_tokens)} it beside inputs of the same tokens and answers"
    )
    return [
        Finding(
            "losses are larger on test inputs than on train inputs, by the split given",
            found.share,
            "share of pairs",
            place.verdict,
            (
                Control.of(
                    "random splits of the same sizes", _of_random_splits(place.snapshot), key="random_splits"
                ),
                Control.of(untrained.name, [pairs(untrained.snapshot).share], key="untrained"),
            ),
            source=f"rank-sum test, one-sided at {percent(found.level)}, {_COMPARED[found.drawn]}",
            note=said + _SAID[place.verdict],
            key="split.losses",
            role="aside",
        )
    ]


def _from_half(errors: float) -> str:
    return f"{number(abs(errors))} standard errors {'below' if errors < 0 else 'above'}"


def split_shows(run: Run, final: Snapshot, table: xr.Dataset) -> bool:
    """Whether a split shows in the losses as `split_losses` asks, or need not, as training recorded it."""
    if not _is_asked(run, final):
        return True
    return _judged_where(run, final, table).verdict == "supported"


def _is_asked(run: Run, final: Snapshot) -> bool:
    if final.train_index is None:
        return False
    return not final.split_recorded or (begins_with_others(run) and warm_start(run, final) is not None)


#: What is compared, by whether the split seems drawn at random.
_COMPARED = {
    True: "beside inputs of the same tokens and answers, as the split seems drawn at random",
    False: "in all pairs and beside inputs of the same tokens and answers, as the split may be by a rule",
}
#: What follows from each verdict.
_SAID: dict[Verdict, str] = {
    "supported": "; test inputs that are harder for another reason, of a split by a rule, may look the same, and "
    "so may those that were trained on for a while, after train inputs and between two kept steps",
    "undecided": "; a model that was trained on all inputs looks the same, so that which of them are test inputs is "
    "the word of whoever gave the split",
    "refuted": "; so looks a split that is turned round, or one whose test inputs are the easier ones",
}


def pairs(snapshot: Snapshot) -> Pairs:
    """How a snapshot's losses compare over the pairs of its test and train inputs; equal losses are half larger."""
    some, is_test = _sides(snapshot)
    ranks, ties = _ranks(scores(snapshot, "all").losses[some])
    found = _compared(ranks, ties, is_test)
    beyond = errors_beyond_tokens(snapshot, ranks, is_test, some)
    return found._replace(beyond_tokens=beyond, drawn=seems_drawn(snapshot, is_test, some))


def _sides(snapshot: Snapshot) -> tuple[Int[Tensor, "some"], Bool[Tensor, "some"]]:
    """The inputs that are compared, and whether each is a test input: train inputs of wrong labels tell nothing."""
    index, task = snapshot.test_index, snapshot.task
    assert index is not None  # asked before
    is_test = torch.zeros(len(task.labels), dtype=torch.bool).index_fill_(0, index, True)
    some = (is_test | (judged_by(task, "train") == judged_by(task, "all"))).nonzero()[:, 0]
    return some, is_test[some]


def _of_random_splits(snapshot: Snapshot) -> list[float]:
    """The share of pairs for random splits of the snapshot's sizes, 20 draws of seed 0."""
    some, is_test = _sides(snapshot)
    ranks, ties = _ranks(scores(snapshot, "all").losses[some])
    is_test, generator = is_test.sort(descending=True).values, torch.Generator().manual_seed(0)
    orders = (torch.randperm(len(ranks), generator=generator) for _ in range(DRAWS))
    return [_compared(ranks, ties, is_test[order]).share for order in orders]


def _ranks(losses: Float[Tensor, "input"]) -> tuple[Float[Tensor, "input"], float]:
    """The rank of each loss, equal ones at their mean, and by what ties lessen the variance."""
    _, place, counts = losses.double().unique(return_inverse=True, return_counts=True)
    counts = counts.double()
    ends = counts.cumsum(0)
    return (ends - (counts - 1) / 2)[place], float((counts**3 - counts).sum())


def _compared(ranks: Float[Tensor, "input"], ties: float, is_test: Bool[Tensor, "input"]) -> Pairs:
    n = len(ranks)
    n_test = int(is_test.sum())
    n_pairs = n_test * (n - n_test)
    if not n_pairs:  # every train label is wrong
        return Pairs(0.5, 0.0)
    larger = float(ranks[is_test].sum()) - n_test * (n_test + 1) / 2
    variance = n_pairs / 12 * (n + 1 - ties / (n * (n - 1)))
    errors = (larger - n_pairs / 2) / math.sqrt(variance) if variance > 0 else 0.0
    return Pairs(larger / n_pairs, errors)


def _judged_where(run: Run, final: Snapshot, table: xr.Dataset) -> _Looked:
    """The step at which the split shows least of those at which the model came to answer its test inputs."""
    snapshots = coming_to_know(run, final, table)
    found, at = min(((pairs(each), at) for at, each in enumerate(snapshots)), key=lambda each: each[0].shown)
    # The least of several is above by chance no more often than one is, and below more often.
    beyond, below = _beyond(found.level), _beyond(found.level / len(snapshots))
    if warm_start(run, final) is not None and others_put_in_before(run):
        beyond = math.inf
    return _Looked(snapshots[at], found, beyond, below, _where(run, final, snapshots[at]))


def _where(run: Run, final: Snapshot, looked: Snapshot) -> str:
    if warm_start(run, final) is not None:
        answered = percent(scores(looked, "test").accuracy)
        return f"at step {looked.step:,}, the first, where {answered} of test inputs are answered, "
    return "" if looked is final else f"at step {looked.step:,}, where test inputs came to be answered, "


def _beyond(level: float) -> float:
    """Standard errors that chance exceeds as often as `level`, on one side."""
    return NormalDist().inv_cdf(1 - level)
