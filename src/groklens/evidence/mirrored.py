"""The finding on test inputs that a table by heart of unordered pairs does not answer: no mirror was trained on."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from groklens.claims import Control, Finding, Verdict, how_many
from groklens.evidence.few_inputs import Judged, judged
from groklens.snapshots import Snapshot, correct_by_labels
from groklens.tasks import Task


def beside_mirrors(snapshot: Snapshot) -> list[Finding]:
    """The finding that a model answers inputs of which it saw no order; none where they are answered beyond luck.

    Where a + b is b + a, whoever knows unordered pairs by heart answers every test input whose mirror, its operands
    exchanged, was trained on. Refuted where no more of the others are answered than by luck, undecided where luck may
    answer all of them. Asked of models that answer enough test inputs.
    """
    sides = _sides(snapshot)
    if sides is None:
        return []
    mirrored, others = (correct_by_labels(snapshot, each).double() for each in sides)
    n, blind = len(others), judged(snapshot).blind
    left = Judged(n, int(float(others.sum()) + 1e-6), blind)
    if not left.are_too_few:
        return []
    verdict: Verdict = "undecided" if Judged(n, n, blind).are_too_few else "refuted"
    return [
        Finding(
            "the model is correct on test inputs whose operands were trained on in no order",
            float(others.mean()) if n else None,
            "accuracy",
            verdict,
            (
                Control.of(
                    "test inputs whose mirror was trained on", [float(mirrored.mean())], key="mirrored"
                ),
            ),
            source="a table by heart of unordered pairs answers whatever was trained on in one order",
            note=f"{_said(len(mirrored), n)}{f'; of the others, {left.too_few_in_words}' if n else ''}",
            key="generalises.unmirrored",
            role="aside",
        )
    ]


def trained_on_mirrored(snapshot: Snapshot) -> str:
    """How many test inputs were trained on with their operands exchanged, and what of the others, in words."""
    sides = _sides(snapshot)
    assert sides is not None  # asked before
    n = len(sides[1])
    said = f"{_said(*map(len, sides))}, as a table by heart of unordered pairs would be{' on those' if n else ''}"
    answered = int(float(correct_by_labels(snapshot, sides[1]).double().sum()) + 1e-6)
    return f"{said}, and on {answered} of the {how_many(n, 'other')}, which luck may do" if n else said


def _said(mirrored: int, others: int) -> str:
    each = "all" if not others else f"{mirrored:,} of {mirrored + others:,}"
    return f"{each} were trained on with their operands exchanged"


def _sides(snapshot: Snapshot) -> tuple[Int[Tensor, "mirrored"], Int[Tensor, "other"]] | None:
    """The test inputs whose mirror was trained on, and the others; None where there is none."""
    test, train = snapshot.test_index, snapshot.train_index
    mirror = None if train is None or test is None or not len(test) else mirrors(snapshot.task)
    if mirror is None or train is None or test is None:
        return None
    trained = torch.zeros(len(mirror), dtype=torch.bool).index_fill_(0, train, True)
    is_mirrored: Bool[Tensor, "test"] = (mirror[test] >= 0) & trained[mirror[test]]
    return (test[is_mirrored], test[~is_mirrored]) if bool(is_mirrored.any()) else None


def mirrors(task: Task) -> Int[Tensor, "input"] | None:
    """Of every input of two operands the one with both exchanged, -1 where that is none; None where answers differ.

    The operands are the tokens of the two positions at which inputs differ.

    >>> mirrors(gl.TableTask([[0, 1], [1, 0], [1, 1]], [1, 1, 0]))  # doctest: +SKIP
    tensor([1, 0, 2])
    """
    inputs = task.inputs
    if task.is_stream or inputs.is_floating_point():
        return None
    operands = (inputs != inputs[0]).any(0).nonzero()[:, 0].tolist()
    if len(operands) != 2:
        return None
    exchanged = inputs.clone()
    exchanged[:, operands] = inputs[:, operands[::-1]]
    kinds, kind = torch.unique(torch.cat([inputs, exchanged]), dim=0, return_inverse=True)
    at = torch.full((len(kinds),), -1).scatter_(0, kind[: len(inputs)], torch.arange(len(inputs)))
    mirror = at[kind[len(inputs) :]]
    there = mirror >= 0
    same = bool((task.labels[mirror[there]] == task.labels[there]).all())
    return mirror if same else None
