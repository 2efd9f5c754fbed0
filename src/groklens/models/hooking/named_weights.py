"""Weights of a plain torch module by TransformerLens' names, turned as TransformerLens has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from groklens.errors import BadArgument
from groklens.models.protocol import WEIGHT_NAMES

#: Weights of which every layer has one, and what stands before the name of one layer's.
_OF_LAYERS = {name: "attn" for name in WEIGHT_NAMES if name[-1] in "QKVO"} | dict.fromkeys(
    ("W_in", "W_out", "b_in", "b_out"), "mlp"
)
_ONE_LAYER = re.compile(r"blocks\.(\d+)\.(attn|mlp)\.([Wb]_\w+)")
#: How heads are found in a module that computes attention: by these attributes, the first that it has.
_HEADS = ("n_heads", "num_heads", "n_head", "nhead", "heads")


@dataclass(frozen=True)
class Source:
    """Where a weight comes from: a parameter's path (of attention: the layer's), how it is turned, and its heads."""

    path: str
    turned: bool = False
    heads: int = 0
    of_attention: str = ""


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by path, tied ones by each of theirs.

    >>> list(tensors_of(nn.Linear(2, 3)))
    ['weight', 'bias']
    """
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def is_weight_name(name: str) -> bool:
    """Whether TransformerLens has a weight of that name, of the model or of one layer.

    >>> is_weight_name("W_E"), is_weight_name("blocks.1.mlp.W_in"), is_weight_name("hook_embed")
    (True, True, False)
    """
    return _of_one_layer(name) is not None


def weight_source(module: nn.Module, path: str, name: str) -> tuple[str, int, Source]:
    """The name, the layer and the source of a weight; what a `torch.nn.Linear` holds is turned to in × out."""
    found = _of_one_layer(name)
    assert found is not None  # asked before
    weight, layer = found
    bare = path.removesuffix(".T")
    owner, _, own = bare.rpartition(".")
    is_linear = isinstance(module.get_submodule(owner), nn.Linear) and own == "weight"
    by_head = weight[-1] in "QKVO" and weight != "b_O" and tensors_of(module)[bare].ndim < 3
    heads = n_heads(module, owner) if by_head else 0
    if by_head and not heads:
        raise BadArgument(
            f"{path!r} cannot be told apart by heads: neither {owner!r} nor what it is in says how many there are; "
            f"give one of them an attribute n_heads, or leave {name!r} out."
        )
    return weight, layer, Source(bare, is_linear or path != bare, heads)


def sources_of(path: str, name: str) -> list[tuple[str, int, Source]]:
    """Every weight of a `torch.nn.MultiheadAttention` that is called `blocks.N.attn`: its name, layer and source."""
    layer = int(name.split(".")[1]) if re.fullmatch(r"blocks\.\d+\.attn", name) else None
    if layer is None:
        raise BadArgument(f"{name!r} is no name of an attention layer; give one such as 'blocks.0.attn'.")
    return [
        (weight, layer, Source(path, of_attention=weight))
        for weight in WEIGHT_NAMES
        if _OF_LAYERS.get(weight) == "attn"
    ]


def stacked(module: nn.Module, name: str, sources: Mapping[int, Source]) -> Tensor | None:
    """The weight of that name, of all layers where each has one; None where one of them has none."""
    values = {layer: _value(module, name, source) for layer, source in sources.items()}
    if name not in _OF_LAYERS:
        return values[0]
    every = [values.get(layer) for layer in range(1 + max(values))]
    present = [value for value in every if value is not None]
    alike = len({value.shape for value in present}) == 1
    return torch.stack(present) if alike and len(present) == len(every) else None


def n_heads(module: nn.Module, path: str) -> int:
    """How many heads the part at a path says that it has, or what it is in; 0 where none says it.

    >>> n_heads(nn.TransformerEncoderLayer(8, 2), "self_attn.out_proj")
    2
    """
    while True:
        part = module.get_submodule(path)
        said = next((value for name in _HEADS if isinstance(value := getattr(part, name, None), int)), 0)
        if said or not path:
            return said
        path = path.rpartition(".")[0]


def _of_one_layer(name: str) -> tuple[str, int] | None:
    """The weight's own name and its layer; None for another name."""
    if name in WEIGHT_NAMES:
        return name, 0
    found = _ONE_LAYER.fullmatch(name)
    if found is None or _OF_LAYERS.get(found[3]) != found[2]:
        return None
    return found[3], int(found[1])


def _value(module: nn.Module, name: str, source: Source) -> Tensor | None:
    if source.of_attention:
        return _of_attention(module.get_submodule(source.path), name)  # type: ignore[arg-type]
    value = tensors_of(module)[source.path].detach()
    value = value.T if source.turned and value.ndim == 2 else value
    return _by_head(value, name, source.heads) if source.heads else value


def _of_attention(part: nn.MultiheadAttention, name: str) -> Tensor | None:
    if name == "W_O":
        return _by_head(part.out_proj.weight.detach().T, name, part.num_heads)
    if name == "b_O":
        return None if part.out_proj.bias is None else part.out_proj.bias.detach()
    weight, bias = projection(part, "QKV".index(name[-1]))
    if name[0] == "b":
        return None if bias is None else _by_head(bias.detach(), name, part.num_heads)
    return _by_head(weight.detach().T, name, part.num_heads)


def projection(part: nn.MultiheadAttention, which: int) -> tuple[Tensor, Tensor | None]:
    """Weight (out × in) and bias of the queries (0), keys (1) or values (2) of torch's attention.

    >>> projection(nn.MultiheadAttention(8, 2), 0)[0].shape
    torch.Size([8, 8])
    """
    bias = None if part.in_proj_bias is None else part.in_proj_bias.chunk(3)[which]
    if part.in_proj_weight is not None:
        return part.in_proj_weight.chunk(3)[which], bias
    return (part.q_proj_weight, part.k_proj_weight, part.v_proj_weight)[which], bias


def _by_head(value: Tensor, name: str, heads: int) -> Tensor:
    """in × out (or out alone), by head: head × in × d_head; of W_O head × d_head × out."""
    if value.ndim == 1:
        return value.unflatten(0, (heads, -1))
    if name == "W_O":
        return value.unflatten(0, (heads, -1))
    return value.unflatten(1, (heads, -1)).transpose(0, 1)
