"""A planted model that computes by the pizza algorithm: operands are added, and rectified at many angles."""

from __future__ import annotations

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument
from groklens.harmonics import discrete_log
from groklens.hypotheses.circuit import Circuit
from groklens.models import MLP
from groklens.tasks import Task

#: Neurons a component. Odd: the readout's second harmonic then aliases only with harmonics that a rectified
#: wave does not have, up to one of order 1/PHASES² of it.
PHASES = 33


def pizza_spec(circuit: Circuit) -> MLP:
    """The network into which a pizza of this circuit is written; `BadArgument` where no pizza exists."""
    if discrete_log(circuit.group) is None or circuit.group.order % 2 == 0:
        raise BadArgument(
            f"A pizza has nothing to say of opposite operands, so its group is cyclic of odd order; "
            f"{circuit.group.name} is not. "
            "Plant a 'clock'."
        )
    n = len(circuit.components)
    return MLP(d_mlp=n * PHASES, d_embed=2 * n, combine="concat", act_fn="relu")


def write_pizza(model: Any, task: Task, circuit: Circuit) -> None:
    """Write the pizza of Zhong et al. (2023), section 3.2, into the empty model of `pizza_spec`.

    The neurons of component k add both operands' waves at angles φ, which gives
    2 cos(w_k(x−y)/2) cos(w_k(x+y)/2 + φ). Rectified and read out at cos(2φ + w_k z), it integrates over φ to
    |cos(w_k(x−y)/2)| cos(w_k(x+y−z)): correct answers, weaker the nearer the operands are to opposite, where
    an even order would leave nothing.
    """
    group, symmetry = circuit.group, task.symmetry
    logs, n = discrete_log(group), group.order
    assert logs is not None  # checked by `pizza_spec`
    assert symmetry is not None  # checked by `planted`
    stands_for = torch.arange(n)  # the element of each second token: its inverse, for a−b
    stands_for[task.operands[:, 1]] = symmetry.elements[:, 1]
    phases = torch.arange(PHASES, dtype=torch.float64) * 2 * math.pi / PHASES
    for i, k in enumerate(circuit.components):
        waves, neurons = slice(2 * i, 2 * i + 2), slice(i * PHASES, (i + 1) * PHASES)
        circle = _circle(int(k) * logs, n)
        turn = circle.T @ circle[stands_for] * 2 / n
        reading = torch.stack([phases.cos(), -phases.sin()])  # cos(angle + φ) from cos and sin of the angle
        model.W_E[:n, waves] = circle.float()
        model.W_in[0, waves, neurons] = reading.float()
        model.W_in[1, waves, neurons] = (turn @ reading).float()
        angles = 2 * phases[:, None] + 2 * math.pi * (int(k) * logs % n) / n
        model.W_U[neurons, :n] = angles.cos().float()


def _circle(steps: Tensor, n: int) -> Float[Tensor, "element 2"]:
    angle = 2 * math.pi * (steps % n).double() / n
    return torch.stack([angle.cos(), angle.sin()], dim=1)
