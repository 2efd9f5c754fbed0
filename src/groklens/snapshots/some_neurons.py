"""Some neurons of the last MLP at the answer, for every input: by the quick pass for the work of those alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.models import at_rest, device_of
from groklens.models.fast_pass import quick_holds, quick_neurons
from groklens.snapshots.blocks import activation, activation_of_all, inputs_in_blocks
from groklens.snapshots.snapshot import Snapshot
from groklens.tasks import LAST


def some_neurons(snapshot: Snapshot, chosen: Sequence[int]) -> Float[Tensor, "input chosen"]:
    """The activations of those of `snapshot.neurons` that are chosen; nothing is remembered.

    Of a model without neurons, or without that hook, raises `UnknownName`.
    """
    anatomy, task, index = snapshot.anatomy, snapshot.task, torch.tensor(list(chosen))
    model = anatomy.model
    if task.reads != LAST or not quick_holds(model, task.inputs, task.d_vocab_out):
        return activation_of_all(anatomy, anatomy.neurons_sought)[:, index]
    parts, index = [], index.to(device_of(model))
    for tokens in inputs_in_blocks(anatomy):
        with at_rest(model):
            parts.append(quick_neurons(model, tokens, index))
    return torch.cat(parts).cpu()


def n_neurons(snapshot: Snapshot) -> int:
    """How many neurons the last MLP has, found by running one input; `UnknownName` without that hook."""
    anatomy = snapshot.anatomy
    return activation(anatomy, anatomy.neurons_sought, inputs_in_blocks(anatomy)[0][:1]).shape[-1]
