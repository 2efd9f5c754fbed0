"""The last MLP's neurons for interventions: their site, a choice of them, and the cluster of each component."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.harmonics import ComponentName
from groklens.hypotheses import AnyCircuit, as_circuit
from groklens.measures import IN_CLUSTER
from groklens.models import Site
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot, neuron_shares


def site(snapshot: Snapshot) -> Site:
    """The site of the last MLP's activations, at the answer; `BadArgument` for a model without that hook."""
    of(snapshot)
    return snapshot.anatomy.neurons_sought


def of(snapshot: Snapshot) -> Float[Tensor, "input neuron"]:
    """The last MLP's activations at the answer (input × neuron); `BadArgument` for a model without that hook."""
    if snapshot.neurons is None:
        raise BadArgument(f"There is nothing to intervene on: {snapshot.anatomy.no_neurons_in(snapshot)}.")
    return snapshot.neurons


def chosen(snapshot: Snapshot, neurons: Any) -> Int[Tensor, "chosen"]:
    """Indices of the last MLP's neurons, from one number, several, or a boolean mask.

    Raises `BadArgument` for what names no neuron, or one that the model does not have.
    """
    count = of(snapshot).shape[1]
    try:
        index = torch.as_tensor(neurons)
    except (TypeError, ValueError, RuntimeError):
        index = torch.zeros(0, 0)  # of no shape that is taken
    if index.dtype == torch.bool and index.shape == (count,):
        return torch.nonzero(index)[:, 0]
    if index.ndim > 1 or (
        len(index.reshape(-1)) and (index.is_floating_point() or index.dtype == torch.bool)
    ):
        raise BadArgument(
            f"neurons is {described(neurons)}; give their numbers, such as [0, 3], or a mask over all {count}."
        )
    index = index.reshape(-1).long()
    if len(index) and not (int(index.min()) >= 0 and int(index.max()) < count):
        raise BadArgument(
            f"neurons names {int(index.min())} to {int(index.max())}; the last MLP has {count}, numbered from 0."
        )
    return index


def clusters(snapshot: AnyRun, circuit: AnyCircuit) -> dict[ComponentName, Int[Tensor, "neuron"]]:
    """The cluster of neurons of each of the circuit's components: those of whose variance it explains at least 85 %.

    The rule of Nanda et al. (2023), section 4.1. Components that no neuron has are left out.
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    circuit = as_circuit(circuit, snapshot.task)
    names, explained, _ = neuron_shares(snapshot, circuit.symmetry(snapshot.task))
    found = {
        component: torch.tensor(
            [i for i, name in enumerate(names) if name == component and explained[i] >= IN_CLUSTER]
        )
        for component in circuit.components
    }
    return {component: index for component, index in found.items() if len(index)}
