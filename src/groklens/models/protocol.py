"""`HookedModel`: what groklens asks of a model, and functions that run any such model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, UnknownName, described, did_you_mean
from groklens.models.outputs import Answers, answers, logits_at_answer, logits_at_reads
from groklens.models.outputs import answer_logits as answer_logits
from groklens.models.outputs import as_float as as_float
from groklens.tasks import LAST, Inputs

NamesFilter = str | list[str] | Callable[[str], bool]

#: TransformerLens weight names that `weights` looks for, in this order.
WEIGHT_NAMES = (
    "W_E", "W_pos", "W_Q", "W_K", "W_V", "W_O", "W_in", "W_out", "W_U",
    "b_Q", "b_K", "b_V", "b_O", "b_in", "b_out", "b_U",
)  # fmt: skip

#: How many axes those have that analyses compute with, layers and heads included.
_AXES = {"W_E": 2, "W_pos": 2, "W_U": 2, "W_in": 3, "W_out": 3, "W_Q": 4, "W_K": 4, "W_V": 4, "W_O": 4}


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
    if isinstance(model, torch.nn.Module) and "run_with_cache" in missing:
        raise BadArgument(
            f"{_article(model)} is a plain torch module, without {', '.join(missing)}; hook it, which leaves it as it "
            "is: gl.hooked(module), and give that in its place."
        )
    raise BadArgument(
        f"{_article(model)} has no {', '.join(missing)}; groklens takes a TransformerBridge, a "
        "HookedRootModule, or an object with cfg, run_with_cache and state_dict. A plain torch module is hooked by "
        "gl.hooked(module)."
    )


def _article(model: object) -> str:
    found = described(model)
    return found[0].upper() + found[1:]


def weights(model: HookedModel, names: Iterable[str] = WEIGHT_NAMES) -> dict[str, Tensor]:
    """The model's weights by TransformerLens names, detached; per-layer ones are stacked (layer × …), so copied.

    Names that the model does not have are left out, and what goes by one of them with another number of axes: it is
    something else. Tensors may share memory with the model: clone before
    changing them.
    """
    found = {name: weight_of(model, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def weight_of(model: HookedModel, name: str) -> Tensor | None:
    """One of the model's weights by its TransformerLens name, as `weights` gives it; None where there is none."""
    try:
        value = getattr(model, name)
    except (AttributeError, ImportError, KeyError, IndexError, RuntimeError):
        return None  # an attention-only model has no W_in, an MLP no W_Q
    known = isinstance(value, Tensor) and value.ndim == _AXES.get(name, value.ndim)
    return value.detach() if known else None


def run_logits(
    model: Any, tokens: Inputs, d_vocab_out: int, reads: tuple[int, ...] = LAST
) -> Float[Tensor, "input answer"] | Float[Tensor, "input read answer"]:
    """The model's own forward pass, as it is, at the answer, for the task's classes; at several reads by read."""
    return run_answers(model, tokens, d_vocab_out, reads).logits


def run_answers(model: Any, tokens: Inputs, d_vocab_out: int, reads: tuple[int, ...] = LAST) -> Answers:
    """The model's own forward pass, as it is, at the answer: the task's logits, and where others are larger."""
    every = every_logit(model, forward_of(model)(tokens), tokens, d_vocab_out, reads)
    return answers(every, d_vocab_out)


def every_logit(
    model: Any, output: Any, tokens: Inputs, d_vocab_out: int, reads: tuple[int, ...] = LAST
) -> Float[Tensor, "input class"] | Float[Tensor, "input read class"]:
    """The logits at the answer over all the model's classes, from what it gave for `tokens` (`logits_at_answer`).

    At several positions that are read, input × read × class; at one, input × class.
    """
    # What stands around a model may run on the task's own inputs alone; the layout is the model's.
    bare = getattr(model, "unedited", model)
    if reads == LAST:
        return logits_at_answer(output, tokens, d_vocab_out, forward_of(bare))
    found = logits_at_reads(output, tokens, d_vocab_out, forward_of(bare), reads)
    return found if len(reads) > 1 else found[:, 0]


def forward_of(model: Any) -> Callable[[Tensor], Any]:
    """The model's forward pass: itself, or its run with hooks where it cannot be called."""
    return model if callable(model) else partial(_without_hooks, model)


def _without_hooks(model: Any, tokens: Tensor) -> Any:
    """The output of an object that can only be run with hooks."""
    return model.run_with_cache(tokens, names_filter=lambda name: False)[0]


def device_of(model: Any) -> torch.device:
    """Where the model's parameters are."""
    parameters = getattr(model, "parameters", None)
    return next(iter(parameters()), torch.zeros(0)).device if parameters else torch.device("cpu")


def n_layers(model: Any) -> int:
    """How many layers the model's `cfg` says it has; 1 where it says nothing."""
    said = getattr(model.cfg, "n_layers", None)
    return said if isinstance(said, int) and said > 0 else 1


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
    return sum(p.numel() for p in trained_of(model) if p.requires_grad)


def _some(known: list[str]) -> str:
    useful = [name for name in known if name.split(".")[-1].startswith("hook_")]
    useful = [name for name in useful if not name.endswith((".hook_in", ".hook_input"))] or known
    return ", ".join(useful[:20]) + (", …" if len(useful) > 20 else "")


def parameters_squared(model: Any) -> float:
    """Σ‖θ‖² over every parameter, masks and other buffers excluded; float64."""
    with torch.no_grad():
        return float(sum(p.double().square().sum() for p in trained_of(model)))


def trained_of(model: Any) -> list[Tensor]:
    """The model's parameters, each once; of an object without any, what is floating-point in its state.

    TransformerLens' bridges of models with one map for queries, keys and values (GPT-2, GPT-NeoX) hold that beside its
    three parts, which are what they compute with: the parts count.
    """
    # Asked of the class: a model that is not built yet has them without names, and would be built for those.
    if hasattr(type(model), "named_parameters"):
        named = dict(model.named_parameters())
        return [each for name, each in named.items() if not _is_held_in_parts(name, each, named)]
    if callable(getattr(model, "parameters", None)):
        return list(model.parameters())
    state = model.state_dict().values()
    return [value for value in state if isinstance(value, Tensor) and value.is_floating_point()]


def _is_held_in_parts(name: str, joint: Tensor, named: Mapping[str, Tensor]) -> bool:
    """Whether a parameter is one map for queries, keys and values of which the parts are parameters too."""
    if ".qkv._original_component." not in name:
        return False
    parts = [named.get(name.replace(".qkv.", f".{each}.")) for each in "qkv"]
    return (
        all(part is not None for part in parts)
        and sum(p.numel() for p in parts if p is not None) == joint.numel()
    )
