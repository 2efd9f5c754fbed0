"""Sharp and continuous scores of the same answers, on logits made by hand."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import ExactMatch, brier_score, edit_distance
from groklens.measures.continuous import levenshtein

TASK = gl.TableTask([[0, 0], [0, 1], [1, 0], [1, 1]], labels=[0, 1, 1, 0], d_vocab_out=2)
SEVERAL = gl.TableTask(
    [[0, 1, 2, 0], [1, 2, 0, 0]], labels=[[1, 2, 0], [2, 0, 0]], reads=(0, 1, 2), d_vocab_out=3
)


def answering(right):
    """A snapshot that is right where it is said, certain everywhere."""
    model = gl.MLP(d_mlp=4, d_embed=None).build(TASK, seed=0)
    given = [label if good else 1 - label for label, good in zip(TASK.labels.tolist(), right, strict=True)]
    logits = 50.0 * torch.nn.functional.one_hot(torch.tensor(given), 2)
    return gl.interventions.patch(gl.Snapshot(model, TASK), "logits", logits)


class Says(torch.nn.Module):
    """The same answers at every input, certain."""

    def __init__(self, answers, classes=3):
        super().__init__()
        self.logits = torch.nn.Parameter(50.0 * torch.nn.functional.one_hot(torch.tensor(answers), classes))

    def forward(self, tokens):
        return self.logits.expand(len(tokens), -1, -1)


def saying(*answers):
    return gl.Snapshot(gl.hooked(Says([*answers, 0])), SEVERAL)


def test_exact_match_asks_for_all_and_accuracy_for_each():
    some = answering([True, True, True, False])
    assert gl.measures.all_accuracy(some) == 0.75
    assert [ExactMatch(inputs=n)(some) for n in (1, 2, 3, 4)] == [0.75, 0.5, 1.0, 0.0]
    with pytest.raises(BadArgument, match=r"inputs is 5, and .* has 4"):
        ExactMatch(inputs=5)(some)


def test_of_several_reads_an_input_matches_where_all_do():
    first = saying(1, 2, 0)  # of the first input all, of the second 0 = 0 alone
    assert gl.measures.all_accuracy(first) == pytest.approx(4 / 6)
    assert ExactMatch()(first) == 0.5
    assert ExactMatch(inputs=2)(first) == 0


def test_edit_distance_counts_what_it_takes():
    assert edit_distance(saying(1, 2, 0)) == pytest.approx((0 + 2 / 3) / 2)  # 120 → 200: drop 1, add 0
    assert edit_distance(answering([True, False, False, True])) == 0.5
    strings = torch.tensor([[1, 2, 3, 4], [1, 2, 3, 4], [1, 1, 1, 1], [1, 2, 3, 4]])
    others = torch.tensor([[1, 2, 3, 4], [4, 1, 2, 3], [2, 2, 2, 2], [1, 3, 2, 4]])
    assert levenshtein(strings, others).tolist() == [0, 2, 4, 2]


def test_the_brier_score_is_squared_distance_from_the_truth():
    assert brier_score(answering([True] * 4)) == pytest.approx(0)
    assert brier_score(answering([False] * 4)) == pytest.approx(2)
    level = gl.interventions.patch(answering([True] * 4), "logits", torch.zeros(4, 2))
    assert brier_score(level) == pytest.approx(0.5)
    assert brier_score(saying(1, 2, 0)) == pytest.approx(2 * 2 / 6)
