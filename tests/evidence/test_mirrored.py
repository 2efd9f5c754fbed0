"""A table by heart of unordered pairs, which answers whatever was trained on in the other order."""

import pytest
import torch

import groklens as gl
from groklens.claims import by_key
from groklens.evidence.mirrored import mirrors

TASK = gl.ModularArithmetic(13, "add")
A, B = TASK.inputs[:, 0], TASK.inputs[:, 1]
UPPER = (A <= B).nonzero()[:, 0]
DIFFERENCE = gl.ModularArithmetic(13, "sub")


class ByHeart(torch.nn.Module):
    """Answers of the inputs known, surer of those of `surer`, and none elsewhere."""

    def __init__(self, task, known, surer=()):
        super().__init__()
        logits = torch.zeros(len(task.labels), task.d_vocab_out)
        known = torch.as_tensor(known)
        logits[known, task.labels[known]] = 12.0 + torch.rand(
            len(known), generator=torch.Generator().manual_seed(0)
        )
        logits[torch.as_tensor(surer, dtype=torch.long)] *= 2
        self.logits, self.n = torch.nn.Parameter(logits), task.d_vocab_out

    def forward(self, tokens):
        return self.logits[tokens[:, 0] * self.n + tokens[:, 1]]


def both_orders(index):
    return torch.cat([index, mirrors(TASK)[index]]).unique()


def explained(known, index, task=TASK):
    return gl.explain(gl.hooked(ByHeart(task, known, index)), task, train_index=index)


def test_pairs_trained_on_in_one_order_are_not_said_to_generalise_in_the_other():
    why = explained(both_orders(UPPER), UPPER)
    assert (why.generalised, why.finding("split.losses").verdict) == (True, "supported")
    found = why.finding("generalises.unmirrored")
    assert (found.value, found.verdict, found.role) == (None, "undecided", "aside")
    assert found.control("mirrored").high == 1.0
    assert ") generalises" not in why.headline
    assert (
        ") is correct on 100 % of test inputs, of which all were trained on with their operands exchanged, as a table "
        "by heart of unordered pairs would be; how it computes is undecided" in why.headline
    )


@pytest.mark.parametrize(
    ("n", "answered", "verdict"), [(8, 8, None), (8, 0, "refuted"), (6, 6, "undecided"), (6, 0, "undecided")]
)
def test_the_others_are_looked_at_where_luck_does_not_answer_them(n, answered, verdict):
    """A table of 41 × 41, of which n off the diagonal were trained on in no order."""
    task = gl.ModularArithmetic(41, "add")
    mirror, a, b = mirrors(task), *task.inputs[:, :2].unbind(1)
    others = ((a < b) & (a * b % 41 == 1)).nonzero()[: n // 2, 0]
    left = (a <= b).index_fill(0, others, False)
    known = (left | left[mirror]).nonzero()[:, 0]
    others = torch.cat([others, mirror[others]])
    why = explained(torch.cat([known, others[:answered]]), left.nonzero()[:, 0], task)
    found = by_key(why.findings).get("generalises.unmirrored")
    assert why.generalised
    assert (None if found is None else found.verdict) == verdict
    assert (") generalises, as it is" in why.headline) == (verdict is None)
    if verdict is not None:
        assert (
            f"of which {820 - n // 2} of {820 + n // 2} were trained on with their operands exchanged"
            in why.headline
        )
        assert found.value == answered / n


def test_a_random_split_leaves_pairs_in_no_order_and_nothing_is_said():
    index = TASK.split(0.5, 0)[0]
    why = explained(torch.arange(169), index)
    assert why.generalised
    assert "generalises.unmirrored" not in by_key(why.findings)
    assert mirrors(DIFFERENCE) is None


def test_where_a_circuit_is_supported_the_headline_says_by_which():
    why = gl.explain(gl.planted(TASK, [2, 5]), TASK, train_index=UPPER)
    assert ") generalises by a clock-like circuit on frequencies 2, 5 of C13: supported" in why.headline
    assert why.finding("generalises.unmirrored").verdict == "undecided"


def test_of_each_input_the_one_with_its_operands_exchanged():
    mirror = mirrors(TASK)
    assert torch.equal(TASK.inputs[mirror][:, [1, 0]], TASK.inputs[:, :2])
    half = gl.TableTask([[0, 1, 5], [1, 0, 5], [2, 0, 5]], [1, 1, 0])
    assert mirrors(half).tolist() == [1, 0, -1]
