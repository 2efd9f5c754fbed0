"""Mean-ablating neurons of the last MLP."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor

from groklens.interventions import neurons as neurons_
from groklens.interventions.patch import patched
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot


def ablate(snapshot: AnyRun, neurons: Sequence[int] | Int[Tensor, "chosen"]) -> Snapshot:
    """The snapshot with these neurons of the last MLP held at their means over the inputs, at the answer.

    `clusters(snapshot, circuit)` names the neurons of each component. Raises `BadArgument` for a neuron that
    the model does not have, or a model without neurons.
    """
    snapshot = as_snapshot(snapshot)
    return patched(snapshot, neurons_.site(snapshot), ablated_neurons(snapshot, neurons))


def ablated_neurons(
    snapshot: Snapshot, neurons: Sequence[int] | Int[Tensor, "chosen"]
) -> Float[Tensor, "input neuron"]:
    """The last MLP's activations with `neurons` at their means over the inputs (input × neuron)."""
    values = neurons_.of(snapshot)
    index = neurons_.chosen(snapshot, neurons)
    changed = values.clone()
    changed[:, index] = values[:, index].mean(dim=0)
    return changed
