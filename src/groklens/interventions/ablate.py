"""Silencing neurons: each gives its mean over the inputs, whatever the input is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.capture import Snapshot
from groklens.errors import BadArgument
from groklens.interventions import neurons as neurons_
from groklens.interventions.patch import patch


def ablate(snapshot: Snapshot, neurons: Sequence[int] | Int[Tensor, "chosen"]) -> Snapshot:
    """The snapshot with these neurons of the last MLP held at their means over the inputs, at the answer.

    `clusters(snapshot, circuit)` names the neurons of each component. Raises `BadArgument` for a neuron that
    the model does not have, or a model without MLP.
    """
    return patch(snapshot, neurons_.neuron_hook(snapshot), silenced(snapshot, neurons), pos=-1)


def silenced(
    snapshot: Snapshot, neurons: Sequence[int] | Int[Tensor, "chosen"]
) -> Float[Tensor, "input neuron"]:
    """The last MLP's activations with `neurons` at their means."""
    values = neurons_.of(snapshot)
    index = torch.as_tensor(neurons, dtype=torch.long)
    if len(index) and not (int(index.min()) >= 0 and int(index.max()) < values.shape[1]):
        raise BadArgument(
            f"neurons names {int(index.min())} to {int(index.max())}; the last MLP has {values.shape[1]}, "
            "numbered from 0."
        )
    changed = values.clone()
    changed[:, index] = values[:, index].mean(dim=0)
    return changed
