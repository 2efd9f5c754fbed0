"""Choosing the fast pass (`models.folded`) where it applies and the plain model elsewhere, for logits and neurons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.models.at_rest import at_rest
from groklens.models.fast_pass import folded
from groklens.models.fast_pass.one_layer import one_layer
from groklens.models.fast_pass.rows import Entering, Positions, entering
from groklens.models.fast_pass.sequences import sequences
from groklens.models.outputs import Answers, answers, as_float
from groklens.models.protocol import device_of, run_logits
from groklens.models.workspace import Workspace
from groklens.tasks import Inputs

#: How much the quick pass and the model may differ, of the largest logit.
_AGREES = 1e-4
_POINTWISE = ("relu", "gelu", "gelu_new", "silu", "solu")  # solu_ln has a norm of its own in between


def quick_logits(
    model: Any, tokens: Inputs, d_vocab_out: int, workspace: Workspace | None = None
) -> Float[Tensor, "input answer"]:
    """Logits at the answer by the quick pass where `quick_applies`, by the plain model elsewhere.

    With a `workspace`, they are overwritten by the next call that is given it.
    """
    if not quick_applies(model):
        return run_logits(model, tokens, d_vocab_out)
    return quick_forward(model, tokens, d_vocab_out, workspace)[0]


def quick_forward(
    model: Any,
    tokens: Inputs,
    d_vocab_out: int,
    workspace: Workspace | None = None,
    embedding: Float[Tensor, "token d_model"] | None = None,
    heads: Float[Tensor, "input head d_head"] | None = None,
) -> tuple[Float[Tensor, "input answer"], Float[Tensor, "input neuron"] | None]:
    """Logits and the last MLP's activations, both at the answer, by the quick pass; None without an MLP.

    With `embedding`, as the model would be with that token embedding; with `heads`, as if the last layer's heads had
    read these values at the answer (`hook_z`). It then has to have one, or them. The activations are for looking at:
    no gradient is asked through them.
    """
    (logits, _), neurons = quick_answers(model, tokens, d_vocab_out, workspace, embedding, heads)
    return logits, neurons


def quick_answers(
    model: Any,
    tokens: Inputs,
    d_vocab_out: int,
    workspace: Workspace | None = None,
    embedding: Float[Tensor, "token d_model"] | None = None,
    heads: Float[Tensor, "input head d_head"] | None = None,
) -> tuple[Answers, Float[Tensor, "input neuron"] | None]:
    """`quick_forward`, and beside the logits where a class outside the task's has a larger one."""
    own = None if embedding is None else _token_embedding(model)

    def of(parameter: Tensor) -> Tensor:
        return (parameter if embedding is None or parameter is not own else embedding)[None]

    entered = entering(tokens[None])
    if heads is None and not torch.is_grad_enabled() and (grid := _by_grid(model, of, entered)) is not None:
        every, neurons = grid.whole()
        return _answers(model, every, d_vocab_out), neurons
    read = None if heads is None else heads.flatten(1)[None]
    logits, values = folded_forward(model, of, entered, workspace, read)
    every = logits[0].expand(len(tokens), -1)  # one row where inputs are alike
    return _answers(model, every, d_vocab_out), None if values is None else values[0].expand(len(tokens), -1)


def quick_blocks(
    model: Any, tokens: Inputs, d_vocab_out: int, most: int
) -> Iterator[tuple[slice, Answers, Float[Tensor, "row neuron"] | None]] | None:
    """What `quick_answers` gives, in blocks of at most so many, where inputs are a grid of one layer's; else None.

    The model is looked at when this is called, and not again.
    """
    grid = _by_grid(model, lambda parameter: parameter[None], entering(tokens[None]))
    if grid is None:
        return None
    return (
        (rows, _answers(model, every, d_vocab_out), neurons) for rows, every, neurons in grid.blocks(most)
    )


def _by_grid(model: Any, of: folded.Weights, inputs: Entering) -> folded.GridPass | None:
    if type(model).__name__ == "HookedMLP":
        return None
    assert isinstance(inputs, list)  # a transformer has tokens
    return folded.by_grid(folded.unwrap(model.original_model), of, inputs)


def _answers(model: Any, every: Float[Tensor, "input column"], d_vocab_out: int) -> Answers:
    """The logits of the task's classes, and what is outside; columns beyond the model's classes mean nothing."""
    n_classes = _n_classes(model)
    if n_classes < d_vocab_out:
        raise BadArgument(
            f"The model gives {n_classes} logits, the task has {d_vocab_out} classes; build the model "
            f"with d_vocab_out={d_vocab_out}."
        )
    return answers(as_float(every[:, :n_classes]), d_vocab_out)


def _n_classes(model: Any) -> int:
    """How many classes the model has."""
    if type(model).__name__ == "HookedMLP":
        return model.W_U.shape[1]
    return folded.unwrap(folded.unwrap(model.original_model).head).weight.shape[0]


def _token_embedding(model: Any) -> Tensor:
    """The parameter that embeds tokens."""
    if type(model).__name__ == "HookedMLP":
        return model.W_E
    return folded.unwrap(folded.unwrap(model.original_model).tok_embed).weight


def folded_forward(
    model: Any,
    of: folded.Weights,
    inputs: Entering,
    workspace: Workspace | None = None,
    heads: Float[Tensor, "run input feature"] | None = None,
) -> folded.Answer:
    """The quick pass of runs stacked, `of` giving each parameter of `model` its values by run."""
    if workspace is None:
        workspace = Workspace()
    workspace.start()
    if type(model).__name__ == "HookedMLP":
        return folded.mlp(model, of, inputs)
    assert isinstance(inputs, list)  # a transformer has tokens
    return folded.transformer(folded.unwrap(model.original_model), of, inputs, workspace, heads)


def stacked_pass(
    model: Any, of: folded.Weights
) -> Callable[[Entering, Workspace], Float[Tensor, "run input answer"]]:
    """The forward pass of stacked runs, as a function of inputs and workspace that gives logits at the answer.

    The numbers of `folded_forward`; on a processor with other rounding and in less time, where `one_layer` applies.

    The model is looked at when this is called, and not again.
    """
    is_there = type(model).__name__ != "HookedMLP" and device_of(model).type == "cpu"
    by_columns = one_layer(folded.unwrap(model.original_model), of) if is_there else None

    def logits(inputs: Entering, workspace: Workspace) -> Tensor:
        if by_columns is None or not (isinstance(inputs, Positions) and inputs.is_read_from_one):
            return folded_forward(model, of, inputs, workspace)[0]
        workspace.start()
        return by_columns.logits(inputs, workspace)

    return logits


def sequence_logits(
    model: Any, of: folded.Weights, tokens: Int[Tensor, "run input pos"]
) -> Float[Tensor, "run input pos answer"]:
    """The quick pass at every position of runs stacked, where `sequences_apply`."""
    return sequences(folded.unwrap(model.original_model), of, tokens)


def sequences_apply(model: Any) -> bool:
    """Whether the quick pass at every position computes this model: a transformer, rotary positions included."""
    return not _in_half_precision(model) and _is_plain_transformer(model, (None, "standard", "rotary"))


def quick_applies(model: Any) -> bool:
    """Whether the quick pass computes this model: one that `Transformer` or `MLP` builds, no hooks set.

    In half precision the order of sums shows, so those run as they are.
    """
    if _in_half_precision(model):
        return False
    if type(model).__name__ == "HookedMLP":
        return not _has_hooks(model, model.modules())
    return _is_plain_transformer(model, (None, "standard"))


def _in_half_precision(model: Any) -> bool:
    return any(p.dtype in (torch.bfloat16, torch.float16) for p in getattr(model, "parameters", list)())


def _is_plain_transformer(model: Any, positions: tuple[str | None, ...]) -> bool:
    """Whether this is TransformerLens' own transformer with such positions, without extras and without hooks."""
    native: Any = getattr(model, "original_model", None)
    cfg = getattr(model, "cfg", None)
    if type(native).__name__ not in ("NativeModel", "PlainTransformer") or cfg is None:
        return False
    return (
        getattr(cfg, "positional_embedding_type", "standard") in positions
        and (bool(getattr(cfg, "attn_only", False)) or cfg.act_fn in _POINTWISE)
        and not getattr(cfg, "gated_mlp", False)
        and cfg.n_key_value_heads in (None, cfg.n_heads)
        and max(cfg.attn_scores_soft_cap, cfg.output_logits_soft_cap) <= 0
        and not _adds_to_logits(native)
        and not _has_hooks(model, (model, *native.modules()))
    )


def quick_holds(model: Any, tokens: Inputs, d_vocab_out: int) -> bool:
    """Whether the quick pass gives what the model itself gives, tried on three of these inputs.

    A configuration does not say everything that a model computes: its `forward`, or that of a part, may be another
    than its class's, an activation may be exchanged, a scale or an epsilon changed.
    """
    if not quick_applies(model):
        return False
    few = tokens[:: max(1, len(tokens) // 3)][:3].to(device_of(model))
    with at_rest(model):
        ours, theirs = quick_forward(model, few, d_vocab_out)[0], run_logits(model, few, d_vocab_out)
    if not (ours.isfinite().all() and theirs.isfinite().all()):
        return bool(torch.equal(ours.isfinite(), theirs.isfinite()))
    return bool((ours - theirs).abs().max() <= _AGREES * theirs.abs().max() + 1e-6)


def _adds_to_logits(native: Any) -> bool:
    """Whether the unembedding has a bias, which the quick pass leaves out; models built here have zeros there."""
    bias = getattr(folded.unwrap(native.head), "bias", None)
    return bias is not None and bool(bias.count_nonzero())


def _has_hooks(model: Any, modules: Any) -> bool:
    """Whether somebody has set hooks: TransformerLens', or torch's that are not TransformerLens' own."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(hook.fwd_hooks or hook.bwd_hooks for hook in model.hook_dict.values()) or any(
        not str(getattr(hook, "__module__", "")).startswith("transformer_lens")
        for module in modules
        for kind in kinds
        for hook in getattr(module, kind).values()
    )
