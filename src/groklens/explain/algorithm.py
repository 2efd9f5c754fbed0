"""Which algorithm a model computes by, in one word."""

from __future__ import annotations

import math

from groklens.capture import Snapshot
from groklens.circuits import Circuit
from groklens.circuits.generalised import ENOUGH
from groklens.models import accuracy


def name_algorithm(snapshot: Snapshot, generalised: bool, circuit: Circuit | None) -> str:
    """`memorised`, `none`, `undecided` or `irreps`.

    `memorised`: not generalised, train accuracy at least 0.99. `none`: neither. `undecided`: generalised, but
    no circuit survives its controls. `irreps`: generalised by a circuit of the group's components. Where the
    split is not known, a model that is not right everywhere is `none`.
    """
    if generalised:
        return "irreps" if circuit is not None else "undecided"
    if snapshot.train_index is None:
        return "none"
    index = snapshot.train_index
    on_train = accuracy(snapshot.logits[index], snapshot.task.labels[index])
    return "memorised" if not math.isnan(on_train) and on_train >= ENOUGH else "none"
