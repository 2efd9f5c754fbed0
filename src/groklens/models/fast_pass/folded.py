"""The fast pass of transformers and MLPs, with every linear map folded that can be folded exactly.

What is folded, and why the result is the same:

* **One position.** The answer is read at the last position, so the last layer's query, MLP and readout are
  needed there alone.
* **Tables.** Before any attention a position's residual depends on its token only, and so do its norm, query,
  key and value: they are computed once a token and looked up, not once an input. With causal attention the
  first position sees itself alone and stays a table in every layer; a separator's table has a single row.
* **W_out W_U and W_O W_in.** With no norm between them, linear maps compose. In the last layer activations go
  to the logits by W_L = W_out W_U, in one product; and where the residual before attention is one row (the
  separator of a model of one layer), neurons and logits read the mixed values by W_O [W_in, W_U].
* **Operands of an MLP.** W_E W_in is a table of one row a token, for each operand; features are one product.
* **Runs.** Weights have a leading axis of runs, of length one unless models are stacked, so that one batch of
  products steps them all. In training, stacks of one layer have their inputs along the last axis (`one_layer`).

`tests/models/test_engine.py` holds this to the plain models: values, gradients and trajectories.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from groklens.models.activations import MLP_ACTIVATIONS
from groklens.models.fast_pass.grid import GridPass, grid_of
from groklens.models.fast_pass.layer import Answer, Layer, Weights, normalise, unwrap
from groklens.models.fast_pass.rows import Entering, Positions, Rows
from groklens.models.workspace import Workspace


def transformer(
    native: Any,
    of: Weights,
    tokens_at: Positions,
    workspace: Workspace,
    heads: Float[Tensor, "run input feature"] | None = None,
) -> Answer:
    """Logits and the last MLP's activations, both at the answer, of TransformerLens' `NativeModel`.

    With `heads`, as if the last layer's heads had read these values at the answer, one after another.
    """
    residuals, last = _last_layer(native, of, tokens_at, workspace)
    residual, z = residuals[-1], last.attend_last(residuals) if heads is None else Rows(heads)
    head, norm = of(unwrap(native.head).weight), unwrap(native.ln_out)
    if isinstance(norm, nn.Identity) and last.is_linear_outside_neurons:
        return last.readout(residual, z, head)
    final, neurons = last.after(residual, z)
    return normalise(norm, of, final.each()) @ head.mT, neurons


def by_grid(native: Any, of: Weights, tokens_at: Positions) -> GridPass | None:
    """The pass by `grid` of a transformer of one layer, where it applies to these inputs of one run, else None.

    The numbers of `transformer` with other rounding, and no gradient: for looking.
    """
    if len(native.layers) > 1 or tokens_at[-1].index is not None or len(tokens_at[-1].tokens) > 1:
        return None
    grid = grid_of(tokens_at)
    if grid is None or not isinstance(unwrap(native.ln_out), nn.Identity):
        return None
    residuals, last = _last_layer(native, of, tokens_at, Workspace())
    return (
        last.on_grid(residuals, of(unwrap(native.head).weight), grid)
        if last.is_linear_outside_neurons
        else None
    )


def neuron_inputs(
    native: Any, of: Weights, tokens_at: Positions, workspace: Workspace, only: Tensor | None = None
) -> Float[Tensor, "run input neuron"]:
    """What the last MLP, or `only` some of its neurons, receive at the answer, of TransformerLens' `NativeModel`."""
    residuals, last = _last_layer(native, of, tokens_at, workspace)
    return last.received(residuals[-1], last.attend_last(residuals), only)


def patterns(
    native: Any, of: Weights, tokens_at: Positions, workspace: Workspace
) -> Iterator[Float[Tensor, "run input head query key"]]:
    """What every position attends to, layer after layer, of TransformerLens' `NativeModel`."""
    residuals = _embedded(native, of, tokens_at)
    for number, each in enumerate(native.layers):
        layer = Layer(unwrap(each), of, workspace)
        of_queries = [layer.pattern(residuals, query) for query in range(len(residuals))]
        unseen = [(0, 0) * 3 + (0, len(residuals) - len(pattern)) for pattern in of_queries]
        padded = [F.pad(pattern, room) for pattern, room in zip(of_queries, unseen, strict=True)]
        yield torch.stack(torch.broadcast_tensors(*padded)).permute(2, 3, 4, 0, 1)
        residuals = layer.whole(residuals) if number + 1 < len(native.layers) else []


def read_from(
    native: Any, of: Weights, tokens_at: Positions, workspace: Workspace
) -> Float[Tensor, "key run input feature"]:
    """What the last layer's heads read from each position at the answer, one head after another."""
    residuals, last = _last_layer(native, of, tokens_at, workspace)
    return last.read_from(residuals, len(residuals) - 1)


def _last_layer(
    native: Any, of: Weights, tokens_at: Positions, workspace: Workspace
) -> tuple[list[Rows], Layer]:
    """The residuals that enter the last layer, by position, and that layer."""
    residuals = _embedded(native, of, tokens_at)
    *layers, last = (Layer(unwrap(layer), of, workspace) for layer in native.layers)
    for layer in layers:
        residuals = layer.whole(residuals)
    return residuals, last


def _embedded(native: Any, of: Weights, tokens_at: Positions) -> list[Rows]:
    """The residuals before the first layer, by position."""
    embed, pos = of(unwrap(native.tok_embed).weight), of(unwrap(native.pos).weight)
    return [at.rows(at.of(embed) + pos[:, i : i + 1]) for i, at in enumerate(tokens_at)]


def mlp(model: Any, of: Weights, inputs: Entering) -> Answer:
    """Logits and activations of a `HookedMLP`."""
    neurons = MLP_ACTIVATIONS[model.cfg.act_fn](mlp_neuron_inputs(model, of, inputs))
    return torch.baddbmm(of(model.b_U)[:, None], neurons, of(model.W_U)), neurons


def mlp_neuron_inputs(model: Any, of: Weights, inputs: Entering) -> Float[Tensor, "run input neuron"]:
    """What the neurons of a `HookedMLP` receive."""
    read = of(model.W_in)
    if model.W_E is not None:
        read = of(model.W_E)[:, None] @ read  # run × operand (or 1) × token × neuron
    if isinstance(inputs, Tensor):
        terms = [inputs.to(read.dtype) @ read[:, 0]]
    else:
        operands = enumerate(inputs[position] for position in model.cfg.positions)
        terms = [at.rows(at.of(read[:, min(i, read.shape[1] - 1)])).each() for i, at in operands]
    combined = prod(terms[1:], start=terms[0]) if model.cfg.combine == "product" else sum(terms)
    return combined + of(model.b_in)[:, None]
