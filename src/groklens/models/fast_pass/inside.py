"""What passes inside a model by the quick pass: what neurons receive, attention patterns, what heads read from where.

All of them where `quick_holds`, and the numbers of the hooks to the rounding of float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor

from groklens.models.activations import MLP_ACTIVATIONS
from groklens.models.fast_pass import folded
from groklens.models.fast_pass.rows import entering
from groklens.models.workspace import Workspace
from groklens.tasks import Inputs


def quick_neuron_inputs(
    model: Any, tokens: Inputs, only: Int[Tensor, "neuron"] | None = None
) -> Float[Tensor, "input neuron"]:
    """What the last MLP, or `only` some of its neurons, receive at the answer, before the activation (`hook_pre`)."""
    if type(model).__name__ == "HookedMLP":
        received = folded.mlp_neuron_inputs(model, _alone, entering(tokens[None]))
        received = received if only is None else received[..., only]
    else:
        received = folded.neuron_inputs(*_transformer(model, tokens), only)
    return received[0].expand(len(tokens), -1)


def quick_neurons(
    model: Any, tokens: Inputs, only: Int[Tensor, "neuron"] | None = None
) -> Float[Tensor, "input neuron"]:
    """The last MLP's activations at the answer (`hook_post`), without the logits; `only` some neurons, where given."""
    return quick_activation(model)(quick_neuron_inputs(model, tokens, only))


def quick_activation(model: Any) -> Callable[[Tensor], Tensor]:
    """The function that takes what the last MLP's neurons receive to what they give."""
    if type(model).__name__ == "HookedMLP":
        return MLP_ACTIVATIONS[model.cfg.act_fn]
    last = folded.unwrap(folded.unwrap(model.original_model).layers[-1])
    return folded.unwrap(last.mlp).act


def quick_patterns(model: Any, tokens: Inputs) -> Iterator[Float[Tensor, "input head query key"]]:
    """What every position of a transformer attends to, layer after layer (`hook_pattern`)."""
    for pattern in folded.patterns(*_transformer(model, tokens)):
        yield pattern[0].expand(len(tokens), -1, -1, -1)


def quick_read_from(model: Any, tokens: Inputs) -> Float[Tensor, "input key head d_head"]:
    """What the last layer's heads read at the answer from each position: the sum over positions is `hook_z`."""
    read = folded.read_from(*_transformer(model, tokens))[:, 0]
    return read.expand(-1, len(tokens), -1).unflatten(-1, (model.cfg.n_heads, -1)).transpose(0, 1)


def _transformer(model: Any, tokens: Inputs) -> tuple[Any, folded.Weights, Any, Workspace]:
    return folded.unwrap(model.original_model), _alone, entering(tokens[None]), Workspace()


def _alone(parameter: Tensor) -> Tensor:
    """A parameter's values for a stack of one run."""
    return parameter[None]
