"""How well a model answers each kind of question of a task that asks several, of inputs that it was not trained on."""

from __future__ import annotations

import torch

from groklens.claims import percent
from groklens.evidence.split_fits import ENOUGH
from groklens.snapshots import Snapshot, correct_by_labels

#: As many kinds as are listed in a sentence.
_MOST = 5


def accuracy_by_kind(snapshot: Snapshot) -> dict[str, float]:
    """Accuracy on the test inputs of every kind that a task asks (`task.kinds`), in [0, 1]; none of a task of one kind.

    Kinds without test inputs are left out; without a split, all inputs count.
    """
    kinds, test = snapshot.task.kinds, snapshot.test_index
    if not kinds:
        return {}
    is_test = torch.ones(len(snapshot.task.labels), dtype=torch.bool)
    if test is not None:
        is_test = torch.zeros_like(is_test).index_fill_(0, test, True)
    held_out = {name: rows[is_test[rows]] for name, rows in kinds.items()}
    return {
        name: float(correct_by_labels(snapshot, rows).double().mean())
        for name, rows in held_out.items()
        if len(rows)
    }


def said_by_kind(found: dict[str, float]) -> str:
    """The accuracies of kinds in words: those short of what counts as generalising first, the least first."""
    ordered = sorted(found.items(), key=lambda each: each[1])
    said = ", ".join(f"{name} {percent(value)}" for name, value in ordered[:_MOST])
    rest = [value for _, value in ordered[_MOST:]]
    if not rest:
        return said
    return f"{said}, {len(rest)} more at {percent(min(rest))} or above"


def some_generalise(found: dict[str, float]) -> bool:
    """Whether a kind is answered as what generalises is, and another is not."""
    return min(found.values(), default=1.0) < ENOUGH <= max(found.values(), default=0.0)
