"""Bridges to language models in GGUF files: the configuration from what the header says, the weights by other names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from groklens.errors import BadArgument, DamagedRun, described
from groklens.gguf_file import GgufFile
from groklens.models.published.gguf_tensors import GgufTensors
from groklens.progress import without_wish_for_widgets

#: What transformers calls a model by what the file calls its architecture. Queries and keys of the first are stored
#: with the two halves of every rotation side by side, which transformers keeps apart.
_KINDS = {"llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
_INTERLEAVED = "llama"
_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_IN_A_LAYER = re.compile(r"blk\.(\d+)\.(\w+)\.(weight|bias)")
_OUTSIDE = re.compile(r"(\w+)\.(weight|bias)")
#: What the factors of a longer context are stored as: rotations divide by them.
_FACTORS = "rope_freqs.weight"
_SIZES = {
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "intermediate_size": "feed_forward_length",
    "num_attention_heads": "attention.head_count",
}
_MOST_POSITIONS = 2**24


def gguf_vocabulary(file: GgufFile) -> int:
    """The number of tokens of the model in a GGUF file: rows of its embedding."""
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None or len(embedding.shape) != 2:
        raise DamagedRun(
            f"{file.path} has no token_embd.weight, so it holds no language model; copy it again."
        )
    return embedding.shape[0]


def check_gguf(file: GgufFile) -> None:
    """Raise `BadArgument` for a model of a kind that is not read from GGUF, `DamagedRun` for sizes that do not fit.

    Nothing is loaded for it. A file that was split into several is refused with the line that joins them.
    """
    kind = file.says.get("general.architecture")
    if kind not in _KINDS:
        raise BadArgument(
            f"{file.path} holds a model of the architecture {described(kind)}, and {', '.join(_KINDS)} are read from "
            "GGUF; give the folder that it was made of, as transformers saves it."
        )
    if _number(file, "split.count", 1) > 1:
        raise BadArgument(
            f"{file.path} is one of {file.says['split.count']} parts; join them first: llama-gguf-split --merge "
            f"{file.path.name} whole.gguf."
        )
    for what in ("expert_count", "rope.scaling.factor"):
        if file.says.get(f"{kind}.{what}"):
            raise BadArgument(
                f"{file.path} has {kind}.{what}, which is not read from GGUF; give the folder that it was made of."
            )
    _config_values(file)
    GgufTensors(file)


def bridge_from_gguf(file: GgufFile) -> Any:
    """A `TransformerBridge` around the model in a GGUF file; its tokenizer is `gl.tasks.tokenizer_of(path)`.

    Raises `BadArgument` for a kind of model that is not read, `DamagedRun` for weights that do not fit.

    >>> bridge_from_gguf(read_gguf(Path("model.gguf"))).cfg.n_layers  # doctest: +SKIP
    30
    """
    from groklens.models.published.hugging_face import bridge_around

    check_gguf(file)
    with torch.random.fork_rng(devices=[]):
        return bridge_around(_model(file), str(file.path))


def _model(file: GgufFile) -> Any:
    from groklens.models.published.hugging_face import check_all_there, model_of_state

    tensors = GgufTensors(file)
    weights = dict(_weights(file, tensors))
    model, found = model_of_state(_config(file), weights, str(file.path))
    check_all_there(found, str(file.path), "header describes; copy it")
    unknown = sorted(found["unexpected_keys"])
    if unknown:
        raise BadArgument(
            f"{file.path} holds {unknown[0]}, which no plain model of its kind has; it is not read."
        )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in weights and parameter.dtype != weights[name].dtype:
                parameter.data = weights[name]  # as stored
    if _FACTORS in file.tensors:
        _stretch(model, tensors[_FACTORS])
    return model


def _stretch(model: Any, factors: Tensor) -> None:
    rotation = model.model.rotary_emb
    for name in ("inv_freq", "original_inv_freq"):
        if isinstance(getattr(rotation, name, None), Tensor):
            setattr(rotation, name, getattr(rotation, name) / factors.reshape(-1))


def _config(file: GgufFile) -> Any:
    with without_wish_for_widgets():
        from transformers import AutoConfig

    from groklens.models.published.hugging_face import said_in_one_line

    values = _config_values(file)
    with said_in_one_line(file.path):
        return AutoConfig.for_model(_KINDS[file.says["general.architecture"]], **values)


def _config_values(file: GgufFile) -> dict[str, Any]:
    """What transformers is told of the model; `DamagedRun` for a size that the tensors beside it do not bear out."""
    kind = file.says["general.architecture"]
    longest = max(max(tensor.shape) for tensor in file.tensors.values()) if file.tensors else 0
    found = {name: _number(file, f"{kind}.{key}", None, longest) for name, key in _SIZES.items()}
    if found["num_hidden_layers"] > len(file.tensors):
        raise DamagedRun(
            f"{file.path} is damaged: {found['num_hidden_layers']:,} layers are declared; copy it again."
        )
    heads = found["num_attention_heads"]
    key_heads = _number(file, f"{kind}.attention.head_count_kv", heads, longest)
    width = _number(file, f"{kind}.attention.key_length", found["hidden_size"] // heads, longest)
    context = _number(file, f"{kind}.context_length", None, _MOST_POSITIONS)
    eps, base = (
        _real(file, f"{kind}.{key}", default)
        for key, default in (("attention.layer_norm_rms_epsilon", 1e-6), ("rope.freq_base", 10000.0))
    )
    return found | {
        "num_key_value_heads": key_heads,
        "head_dim": width,
        "max_position_embeddings": context,
        "rms_norm_eps": eps,
        "rope_parameters": {"rope_type": "default", "rope_theta": base},
        "vocab_size": gguf_vocabulary(file),
        "tie_word_embeddings": "output.weight" not in file.tensors,
        "attention_bias": "blk.0.attn_q.bias" in file.tensors,
    }


def _weights(file: GgufFile, tensors: GgufTensors) -> Iterator[tuple[str, Tensor]]:
    """Every tensor by the name that transformers gives it."""
    kind = file.says["general.architecture"]
    values = _config_values(file)
    heads = {"attn_q": values["num_attention_heads"], "attn_k": values["num_key_value_heads"]}
    for name in file.tensors:
        if name == _FACTORS:
            continue
        inside, outside = _IN_A_LAYER.fullmatch(name), _OUTSIDE.fullmatch(name)
        part = inside[2] if inside else outside[1] if outside else ""
        if part not in _NAMES:
            raise BadArgument(
                f"{file.path} holds {name[:80]!r}, which no plain model of its kind has; it is not read."
            )
        tensor = tensors[name]
        if kind == _INTERLEAVED and part in heads:
            tensor = _halves_apart(tensor, heads[part])
        layer = f"model.layers.{inside[1]}." if inside else ""
        yield f"{layer}{_NAMES[part]}.{name.rsplit('.', 1)[1]}", tensor


def _halves_apart(tensor: Tensor, n_heads: int) -> Tensor:
    """Rows of each head with the first halves of its rotations before the second ones."""
    if len(tensor) % (2 * n_heads):
        return tensor  # its shape is refused where it is loaded
    return tensor.unflatten(0, (n_heads, -1, 2)).transpose(1, 2).reshape(tensor.shape)


def _number(file: GgufFile, key: str, default: int | None, most: int = 2**31) -> int:
    found = file.says.get(key, default)
    if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= most:
        raise DamagedRun(
            f"{file.path} says that {key} is {described(found)}; a whole number from 1 to {most:,} is expected, by the "
            "tensors beside it. Copy it again."
        )
    return found


def _real(file: GgufFile, key: str, default: float) -> float:
    found = file.says.get(key, default)
    if not isinstance(found, float) or not 0 < found < math.inf:
        raise DamagedRun(
            f"{file.path} says that {key} is {described(found)}; a number above 0 is expected. Copy it again."
        )
    return found
