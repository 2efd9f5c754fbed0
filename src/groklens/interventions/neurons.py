"""The last MLP's neurons as interventions see them: at which hook, and in which component's cluster."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.capture import Snapshot
from groklens.capture.statistics import neuron_shares
from groklens.circuits import Circuit
from groklens.errors import BadArgument
from groklens.harmonics import ComponentName
from groklens.measures.neurons import IN_CLUSTER


def neuron_hook(snapshot: Snapshot) -> str:
    """The hook of the last MLP's activations; `BadArgument` for a model without MLP."""
    of(snapshot)
    return f"blocks.{getattr(snapshot.model.cfg, 'n_layers', 1) - 1}.mlp.hook_post"


def of(snapshot: Snapshot) -> Float[Tensor, "input neuron"]:
    """The last MLP's activations at the answer; `BadArgument` for a model without MLP."""
    if snapshot.neurons is None:
        raise BadArgument(f"{snapshot!r} has no MLP, so no neurons to intervene on.")
    return snapshot.neurons


def clusters(snapshot: Snapshot, circuit: Circuit) -> dict[ComponentName, Int[Tensor, "neuron"]]:
    """The neurons of each of the circuit's components: those that it explains best, to at least 85 %.

    The rule of Nanda et al. (2023), section 4.1. Components that no neuron has are left out.
    """
    names, explained, _ = neuron_shares(snapshot, circuit.symmetry(snapshot.task))
    found = {
        component: torch.tensor(
            [i for i, name in enumerate(names) if name == component and explained[i] >= IN_CLUSTER]
        )
        for component in circuit.components
    }
    return {component: index for component, index in found.items() if len(index)}
