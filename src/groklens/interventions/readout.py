"""Logits from changed neurons or embeddings, by one matrix product where the readout is linear."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.groups import Symmetry
from groklens.harmonics import answer_means
from groklens.hypotheses import hooks_at
from groklens.interventions import neurons as neurons_
from groklens.interventions.ablate import ablated_neurons
from groklens.interventions.patch import patched
from groklens.models import at_rest, device_of, embedded_positions, run_logits
from groklens.models.fast_pass import quick_forward, quick_holds
from groklens.snapshots import Snapshot, logit_means, once_per_snapshot

#: How many inputs are run through the hooks to see whether the readout is linear.
PROBED = 32
#: Largest difference, as a share of the largest logit, that float32 may make.
ROUNDING = 1e-4


def logits_of(snapshot: Snapshot, changed: Float[Tensor, "input neuron"]) -> Float[Tensor, "input answer"]:
    """The logits that the model would give if the last MLP's neurons at the answer were `changed` (input × answer).

    Where what follows the neurons is linear, as without a final norm, a change of neurons adds its product
    with W_L: the same numbers as `patch`, to float32, for one matrix product. Whether it is linear is found out
    by running a few inputs through the hooks. Raises `BadArgument` for a model in which no neurons are found.
    """
    if not is_linear(snapshot):
        return patched(snapshot, neurons_.site(snapshot), changed).logits
    neurons = neurons_.of(snapshot)
    moved = torch.nonzero((changed != neurons).any(dim=0))[:, 0]
    if 2 * len(moved) > neurons.shape[1]:  # selecting would copy more than it saves
        return snapshot.logits + (changed - neurons) @ read_by(snapshot)
    return snapshot.logits + (changed[:, moved] - neurons[:, moved]) @ read_by(snapshot)[moved]


def logits_without(snapshot: Snapshot, index: Int[Tensor, "member"]) -> Float[Tensor, "input answer"]:
    """The logits with the neurons of `index` mean-ablated: held at their means over the inputs (input × answer)."""
    if not is_linear(snapshot):
        return logits_of(snapshot, ablated_neurons(snapshot, index))
    silent = torch.zeros(neurons_.of(snapshot).shape[1], dtype=torch.bool)
    silent[index] = True
    if len(silent) // 2 < int(silent.sum()) < len(silent):  # what the others add to the logits without any
        return _varying(snapshot, mean_neuron_logits(snapshot), ~silent, 1)
    return _varying(snapshot, snapshot.logits, silent, -1)


def _varying(
    snapshot: Snapshot, logits: Float[Tensor, "input answer"], members: Bool[Tensor, "neuron"], sign: int
) -> Float[Tensor, "input answer"]:
    """The logits with what some neurons add about their mean over the inputs, or without it."""
    index = torch.nonzero(members)[:, 0]
    own, read = neurons_.of(snapshot).index_select(1, index), read_by(snapshot)[index]
    return torch.addmm(logits - sign * (own.mean(dim=0) @ read), own, read, alpha=sign)


def logits_with(
    snapshot: Snapshot, index: Int[Tensor, "member"], values: Float[Tensor, "input member"]
) -> Float[Tensor, "input answer"]:
    """The logits with the neurons of `index` at these values and the others as they are (input × answer)."""
    neurons = neurons_.of(snapshot)
    if not is_linear(snapshot):
        return logits_of(snapshot, neurons.index_copy(1, index, values))
    return torch.addmm(snapshot.logits, values - neurons.index_select(1, index), read_by(snapshot)[index])


@once_per_snapshot
def mean_neuron_logits(snapshot: Snapshot) -> Float[Tensor, "input answer"]:
    """The logits with every neuron at its mean over the inputs, which shows what bypasses the neurons."""
    return logits_without(snapshot, torch.arange(neurons_.of(snapshot).shape[1]))


def means_without(
    snapshot: Snapshot, index: Int[Tensor, "member"], symmetry: Symmetry
) -> Float[Tensor, "element answer"]:
    """Mean over the inputs with each answer of `logits_without`, float64.

    Where the readout is linear, means of the neurons are read, not neurons: a hundred times fewer.
    """
    if not is_linear(snapshot):
        return answer_means(logits_without(snapshot, index), symmetry)
    read = read_by(snapshot).double()[index]
    return logit_means(snapshot, symmetry) - _neuron_means(snapshot, symmetry)[:, index] @ read


@once_per_snapshot
def _neuron_means(snapshot: Snapshot, symmetry: Symmetry) -> Float[Tensor, "element neuron"]:
    """Mean of the neurons over the inputs with each answer, minus their mean over all inputs, float64."""
    means = answer_means(neurons_.of(snapshot), symmetry)
    return means - means.mean(dim=0)


def read_by(snapshot: Snapshot) -> Float[Tensor, "neuron answer"]:
    """The neuron–logit map W_L (neuron × answer), on the neurons' device and of their dtype."""
    map_ = snapshot.neuron_logit_map
    assert map_ is not None
    return map_.cpu().to(neurons_.of(snapshot).dtype)


@once_per_snapshot
def is_linear(snapshot: Snapshot) -> bool:
    """Whether logits are linear in the neurons, tested by halving the neurons of a few inputs through the hooks."""
    neurons = neurons_.of(snapshot)
    if snapshot.neuron_logit_map is None:
        return False
    rows = torch.linspace(0, len(neurons) - 1, PROBED).long().unique()
    halved = patched(snapshot, neurons_.site(snapshot), 0.5 * neurons)
    tokens = snapshot.task.inputs[rows].to(device_of(snapshot.anatomy.model))
    with at_rest(snapshot.anatomy.model):
        plain = run_logits(halved.model, tokens, snapshot.logits.shape[1]).cpu()
    linear = snapshot.logits[rows] - 0.5 * neurons[rows] @ read_by(snapshot)
    return bool((plain - linear).abs().max() <= ROUNDING * float(snapshot.logits.abs().max()))


def embedded_logits(
    snapshot: Snapshot, values: Float[Tensor, "input pos d_model"]
) -> Float[Tensor, "input answer"]:
    """The logits with other embeddings at `hook_embed`, the same as `patch` gives (input × answer).

    Where the new embedding of each token is the same in every input and position, that is a model with another
    W_E, and the quick pass runs it.
    """
    tokens, table = snapshot.task.inputs, snapshot.weights["W_E"].detach().cpu().clone()
    read = tokens[:, list(embedded_positions(snapshot.anatomy.model, snapshot.task, values.shape[1]))]
    table[read.flatten()] = values.flatten(0, 1)
    same_everywhere = bool(
        table[read].sub_(values).abs_().amax() <= 1e-6
    )  # in a third of what allclose takes
    if not same_everywhere or not _is_quick(snapshot):
        return patched(snapshot, hooks_at(snapshot, "embeddings")[0], values).logits
    device = device_of(snapshot.anatomy.model)
    moved = tokens.to(device), snapshot.task.d_vocab_out
    with at_rest(snapshot.anatomy.model):
        return quick_forward(snapshot.anatomy.model, *moved, embedding=table.to(device))[0].cpu()


@once_per_snapshot
def _is_quick(snapshot: Snapshot) -> bool:
    """Whether the quick pass runs the model: tried once, and not for each of a control's draws."""
    return quick_holds(snapshot.anatomy.model, snapshot.task.inputs, snapshot.task.d_vocab_out)
