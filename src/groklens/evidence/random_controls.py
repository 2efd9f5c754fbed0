"""Random controls: the number of a finding under 20 random draws from a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.claims import DRAWS, Control
from groklens.models import tied_accuracy
from groklens.progress import each
from groklens.snapshots import Snapshot, judged_by


def random_control(name: str, draw: Callable[[torch.Generator], float], key: str) -> Control:
    """The control made of 20 random draws, all from one generator (seed 0)."""
    generator = torch.Generator().manual_seed(0)
    return Control.of(name, [draw(generator) for _ in draw_numbers()], key=key)


def draw_numbers() -> Iterator[int]:
    """The numbers 0 … 19 of one control's draws, counted by the progress bar."""
    return each(range(DRAWS), "testing the circuit: random draw")


def accuracy_left(snapshot: Snapshot, logits: Float[Tensor, "input answer"]) -> float:
    """Accuracy of changed logits at the resolution of the model's own, below which differences are rounding alone."""
    resolution = 1e-6 * float(snapshot.logits.abs().max())
    return tied_accuracy(logits, judged_by(snapshot.task, "all"), resolution, snapshot.outside)
