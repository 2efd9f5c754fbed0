"""Writing a parity by hand into the weights of an MLP on one-hot bits."""

from __future__ import annotations

from typing import Any

import torch

from groklens.hypotheses.parity import Parity
from groklens.models import MLP
from groklens.tasks import Task


def parity_spec(parity: Parity) -> MLP:
    """An MLP with room for the parity: a ramp for every count of set bits but the last, with weights for each bit."""
    return MLP(d_mlp=len(parity.bits), d_embed=None, combine="concat", act_fn="relu")


def write_parity(model: Any, task: Task, parity: Parity) -> None:
    """Write the parity of the bits: neurons are ramps of their sum s, max(0, s − j), and the read-out zigzags with it.

    The piecewise linear function through (0, 1), (1, −1), (2, 1), … has slope −2 up to 1, and its slope changes by 4 at
    every further count, in turn up and down. Class 0 gets it, and class 1 its negative. Raises `BadArgument` where the
    positions hold no bits.
    """
    parity.signs(task)
    for bit in parity.bits:
        model.W_in[bit, int(task.inputs[:, bit].max())] = 1.0
    count = torch.arange(len(parity.bits))
    model.b_in.copy_(-count.float())
    slopes = 4.0 * (1 - 2 * (count % 2)) * -1
    slopes[0] = -2.0
    model.W_U[:, 0], model.W_U[:, 1] = slopes, -slopes
    model.b_U[0], model.b_U[1] = 1.0, -1.0
