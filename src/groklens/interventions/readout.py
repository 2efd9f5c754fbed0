"""Logits from changed neurons, without another forward pass where the readout is linear."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.capture import Snapshot
from groklens.interventions import neurons as neurons_
from groklens.interventions.patch import patch

#: How many inputs are run through the hooks to see whether the readout is linear.
PROBED = 32
#: Largest difference, as a share of the largest logit, that float32 may make.
ROUNDING = 1e-4


def logits_of(snapshot: Snapshot, changed: Float[Tensor, "input neuron"]) -> Float[Tensor, "input answer"]:
    """The logits if the last MLP's neurons at the answer were `changed`.

    Where what follows the neurons is linear, as without a final norm, a change of neurons adds its product
    with W_L: the same numbers as `patch`, to float32, for one matrix product. Whether it is linear is found out
    by running a few inputs through the hooks. Raises `BadArgument` for a model without MLP.
    """
    if not _is_linear(snapshot):
        return patch(snapshot, neurons_.neuron_hook(snapshot), changed, pos=-1).logits
    neurons = neurons_.of(snapshot)
    moved = torch.nonzero((changed != neurons).any(dim=0))[:, 0]
    if 2 * len(moved) > neurons.shape[1]:  # selecting would copy more than it saves
        return snapshot.logits + (changed - neurons) @ _read(snapshot)
    return snapshot.logits + (changed[:, moved] - neurons[:, moved]) @ _read(snapshot)[moved]


def _read(snapshot: Snapshot) -> Float[Tensor, "neuron answer"]:
    map_ = snapshot.neuron_logit_map
    assert map_ is not None
    return map_.cpu().to(neurons_.of(snapshot).dtype)


def _is_linear(snapshot: Snapshot) -> bool:
    if "linear readout" not in snapshot.derived:
        snapshot.derived["linear readout"] = _agrees(snapshot)
    return snapshot.derived["linear readout"]


@torch.no_grad()
def _agrees(snapshot: Snapshot) -> bool:
    """Whether halving the neurons of a few inputs does through the hooks what it does to a linear readout."""
    neurons = neurons_.of(snapshot)
    if snapshot.neuron_logit_map is None:
        return False
    rows = torch.linspace(0, len(neurons) - 1, PROBED).long().unique()
    halved = patch(snapshot, neurons_.neuron_hook(snapshot), 0.5 * neurons, pos=-1)
    device = next(iter(snapshot.model.parameters())).device
    output = halved.model(snapshot.task.inputs[rows].to(device)).detach().cpu()
    plain = (output[:, -1] if output.ndim == 3 else output)[:, : snapshot.logits.shape[1]]
    linear = snapshot.logits[rows] - 0.5 * neurons[rows] @ _read(snapshot)
    return bool((plain - linear).abs().max() <= ROUNDING * float(snapshot.logits.abs().max()))
