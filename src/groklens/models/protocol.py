"""What groklens asks of a model: any TransformerLens model, or anything shaped like one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, UnknownName, described, did_you_mean

NamesFilter = str | list[str] | Callable[[str], bool]

#: TransformerLens weight names that `weights` looks for, in this order.
WEIGHT_NAMES = (
    "W_E", "W_pos", "W_Q", "W_K", "W_V", "W_O", "W_in", "W_out", "W_U",
    "b_Q", "b_K", "b_V", "b_O", "b_in", "b_out", "b_U",
)  # fmt: skip


@runtime_checkable
class HookedModel(Protocol):
    """A `TransformerBridge`, a `HookedRootModule`, or any object with these."""

    cfg: Any

    def run_with_cache(self, *args: Any, **kwargs: Any) -> Any:
        """Output and activations by hook name."""

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Parameters and buffers by name."""


def check_model(model: object) -> None:
    """Raise `BadArgument` unless `model` has what a `HookedModel` has."""
    missing = [name for name in ("cfg", "run_with_cache", "state_dict") if not hasattr(model, name)]
    if not missing:
        return
    if hasattr(model, "build"):
        raise BadArgument(
            f"{type(model).__name__}(…) describes a model and is none; make one with .build(task, seed=0)."
        )
    found = described(model)
    raise BadArgument(
        f"{found[0].upper()}{found[1:]} has no {', '.join(missing)}; groklens takes a TransformerBridge, a "
        "HookedRootModule, or an object with cfg, run_with_cache and state_dict. To hook a plain "
        "torch module, derive it from transformer_lens.HookedRootModule and call setup()."
    )


def weights(model: HookedModel) -> dict[str, Tensor]:
    """The model's weights by TransformerLens names, detached; per-layer ones are stacked (layer × …).

    Names that the model does not have are left out. Tensors may share memory with the model: clone before
    changing them.
    """
    found = {}
    for name in WEIGHT_NAMES:
        try:
            value = getattr(model, name)
        except (AttributeError, ImportError, KeyError, IndexError, RuntimeError):
            continue  # an attention-only model has no W_in, an MLP no W_Q
        if isinstance(value, Tensor):
            found[name] = value.detach()
    return found


def answer_logits(
    output: Any, d_vocab_out: int, n_inputs: int | None = None
) -> Float[Tensor, "input answer"]:
    """The logits at the last position, for the task's classes only (a separator's class is dropped).

    Half precision is taken to float32. Raises `BadArgument` for anything but floating-point logits (input, class)
    or (input, pos, class), a row an input, with a class for each of the task's.
    """
    rows = "input" if n_inputs is None else n_inputs
    if not isinstance(output, Tensor) or not output.is_floating_point() or output.ndim not in (2, 3):
        raise BadArgument(
            f"The model gives {_output(output)}; floating-point logits are expected: one tensor of shape "
            f"({rows}, class) or ({rows}, pos, class). Let its forward return that alone."
        )
    if n_inputs is not None and len(output) != n_inputs:
        raise BadArgument(
            f"The model gives logits of shape {tuple(output.shape)} for {n_inputs} inputs; a row an input is "
            f"expected: ({rows}, class) or ({rows}, pos, class). Put the inputs on the first axis."
        )
    last = as_float(output[:, -1] if output.ndim == 3 else output)
    if last.shape[-1] < d_vocab_out:
        raise BadArgument(
            f"The model gives {last.shape[-1]} logits, the task has {d_vocab_out} classes; build the model "
            f"with d_vocab_out={d_vocab_out}."
        )
    return last[:, :d_vocab_out]


def as_float(values: Tensor) -> Tensor:
    """The values, half precision taken to float32: numpy has no bfloat16, and sums would be rounded to it."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def _output(output: object) -> str:
    """What a model gave, and what is in it."""
    if isinstance(output, Tensor):
        return f"a tensor of shape {tuple(output.shape)} and type {str(output.dtype).removeprefix('torch.')}"
    parts: list[str] = []
    if isinstance(output, Mapping):
        parts = [f"{name!r} {described(part)}" for name, part in output.items()]
    elif isinstance(output, (list, tuple)):
        parts = [described(part) for part in output]
    return described(output) + (f" ({', '.join(parts[:4])})" if parts else "")


def run_logits(
    model: Any, tokens: Int[Tensor, "input pos"], d_vocab_out: int
) -> Float[Tensor, "input answer"]:
    """The model's own forward pass, as it is, at the answer."""
    run = model if callable(model) else partial(_without_hooks, model)
    return answer_logits(run(tokens), d_vocab_out, len(tokens))


def _without_hooks(model: Any, tokens: Tensor) -> Any:
    """The output of an object that can only be run with hooks."""
    return model.run_with_cache(tokens, names_filter=lambda name: False)[0]


def hook_names(model: Any) -> list[str]:
    """Every hook that the model answers to, canonical names and aliases."""
    return list(getattr(model, "hook_dict", {}))


def matching_hooks(model: Any, names_filter: NamesFilter) -> list[str]:
    """The hooks that `names_filter` names, as in TransformerLens; `UnknownName` when there is none.

    A name or a list of names is taken as written; a callable is asked of every hook.
    """
    known = hook_names(model)
    if callable(names_filter):
        chosen = [name for name in known if names_filter(name)]
        if not chosen:
            raise UnknownName(f"names_filter accepts none of the model's hooks: {_some(known)}.")
        return chosen
    if not isinstance(names_filter, Iterable):
        raise BadArgument(
            f"names_filter is {described(names_filter)}; give a hook's name such as 'blocks.0.mlp.hook_post', a list "
            "of names, or a function from name to True or False."
        )
    wanted = [names_filter] if isinstance(names_filter, str) else list(names_filter)
    for name in wanted:
        if known and name not in known:
            asked = did_you_mean(name, known)
            raise UnknownName(f"The model has no hook {name!r}; {asked or f'it has {_some(known)}.'}")
    return wanted


def number_of_parameters(model: Any) -> int:
    """How many trained numbers the model has (frozen biases excluded)."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def rows_within(n_rows: int, bytes_per_row: int, budget: int = 256 * 2**20) -> int:
    """How many rows fit `budget` bytes, at least one and at most all."""
    return max(1, min(n_rows, budget // max(1, bytes_per_row)))


def _some(known: list[str]) -> str:
    useful = [name for name in known if name.split(".")[-1].startswith("hook_")]
    return ", ".join(useful[:20]) + (", …" if len(useful) > 20 else "")


def parameters_squared(model: Any) -> float:
    """Σ‖θ‖² over every parameter, masks and other buffers excluded; float64."""
    with torch.no_grad():
        return float(sum(p.double().square().sum() for p in model.parameters()))
