"""Scores of the same answers, sharp and continuous: exact match, edit distance and the Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.errors import BadArgument, whole_fields
from groklens.measures.family import Family
from groklens.measures.measure import About, measure
from groklens.measures.skills import brier_each
from groklens.snapshots import Snapshot, scores

_SCHAEFFER = "Schaeffer et al. 2023, arXiv:2304.15004 §2"


@dataclass(frozen=True)
class ExactMatch(Family):
    """Share of tests passed, where a test is all answers of one input, or of several in a row, and all must be correct.

    The sharp metric: where each answer is correct with probability p, by itself, L of them are with p^L, which looks
    like a jump though p rises evenly; `all_accuracy` is p. 1: every test is passed. `inputs` is how many inputs in a
    row make a test (what is left over at the end makes none): of a stream's probe they are drawn at random, of a table
    they are neighbours. Raises `BadArgument` for more than there are.

    >>> ExactMatch(inputs=10).__name__
    'exact_match_inputs_10'
    """

    inputs: int = 1
    about = About("tests passed", "share of tests", (0, 1), f"{_SCHAEFFER} (exact string match)", "all")

    def __post_init__(self) -> None:
        """Refuse what is no number of inputs."""
        whole_fields(self, "inputs", least=1)

    def value(self, snapshot: Snapshot, circuit: object) -> float:
        """The share of the tests that the snapshot passes."""
        del circuit
        correct = scores(snapshot, "all").correct == 1  # of several reads, the share that is correct
        if self.inputs > len(correct):
            raise BadArgument(
                f"inputs is {self.inputs}, and {snapshot.task.name} has {len(correct)}; ask for at most as many a test."
            )
        tests = len(correct) // self.inputs
        in_tests: Bool[Tensor, "test input"] = correct[: tests * self.inputs].reshape(tests, self.inputs)
        return float(in_tests.all(dim=1).double().mean())


@measure(
    long_name="edit distance",
    units="share of answers",
    valid_range=(0, 1),
    source=f"{_SCHAEFFER} (token edit distance: Levenshtein), over the number of answers",
    split="all",
)
def edit_distance(snapshot: Snapshot) -> float:
    """Insertions, deletions and exchanges that turn what is answered into the labels, as a share of the answers.

    The mean over all inputs, each with the answers at its reads in their order; in [0, 1], 0 where all are correct. Of
    a task with one answer an input it is 1 less the accuracy.
    """
    task = snapshot.task
    reads = range(len(task.reads))
    answered = torch.stack([snapshot.logits_at(read).argmax(dim=1) for read in reads], dim=1)
    labels = task.labels.reshape(len(answered), len(task.reads))
    return float(levenshtein(answered, labels).double().mean()) / len(task.reads)


@measure(
    long_name="Brier score",
    units="squared probability",
    valid_range=(0, 2),
    source="Brier 1950, Monthly Weather Review 78; of several reads their mean",
    split="all",
)
def brier_score(snapshot: Snapshot) -> float:
    """Sum over the classes of the squared distance of probability from 0 or 1, the mean over all inputs and reads.

    In [0, 2]: 0 certain and correct, 2 certain and wrong, 1 − 1/classes at chance. Continuous as the loss is, and
    bounded: no single input can dominate it.
    """
    task = snapshot.task
    labels = task.labels.reshape(len(task.labels), len(task.reads))
    each = [brier_each(snapshot.logits_at(read), labels[:, read]).mean() for read in range(len(task.reads))]
    return float(torch.stack(each).mean())


def levenshtein(one: Int[Tensor, "input token"], other: Int[Tensor, "input token"]) -> Float[Tensor, "input"]:
    """Edit distance of two sequences of one length, for each input.

    >>> levenshtein(torch.tensor([[1, 2, 3]]), torch.tensor([[2, 3, 1]])).tolist()
    [2.0]
    """
    n_inputs, length = one.shape
    row = torch.arange(length + 1.0).expand(n_inputs, -1)
    for place in range(length):
        exchanged = row[:, :-1] + (one[:, place, None] != other)
        found = [torch.full((n_inputs,), place + 1.0)]
        for at in range(length):
            beside = torch.minimum(row[:, at + 1], found[-1]) + 1
            found.append(torch.minimum(beside, exchanged[:, at]))
        row = torch.stack(found, dim=1)
    return row[:, -1]
