"""Transformer configurations from a user or a file, in TransformerLens' names, each value checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from groklens.errors import BadArgument, DamagedRun, described, did_you_mean, is_number

#: What the weights of a transformer do not tell, and what it may be.
CHOICES: dict[str, tuple[str | None, ...]] = {
    "act_fn": ("relu", "gelu", "gelu_new", "silu", "solu", "solu_ln"),
    "normalization_type": (None, "LN", "LNPre", "RMS", "RMSPre"),
    "attention_dir": ("causal", "bidirectional"),
    "positional_embedding_type": ("standard", "rotary"),
}
_SIZES = (
    "n_layers", "n_heads", "d_model", "d_head", "d_mlp", "d_vocab", "d_vocab_out", "n_ctx", "n_key_value_heads",
    "rotary_dim",
)  # fmt: skip
_FLAGS = ("attn_only", "gated_mlp", "final_rms", "use_attn_scale", "rotary_adjacent_pairs")
_NUMBERS = ("eps", "rotary_base", "attn_scale", "attn_scores_soft_cap", "output_logits_soft_cap")
NAMES = (*CHOICES, *_SIZES, *_FLAGS, *_NUMBERS)
#: Numbers that are off at −1, as TransformerLens has it.
_OFF = ("attn_scale", "attn_scores_soft_cap", "output_logits_soft_cap")
#: What would change the model and cannot be built here, with the values that change nothing.
_ONLY: dict[str, tuple[Any, ...]] = {
    "parallel_attn_mlp": (False,), "use_local_attn": (False,), "use_qk_norm": (False,), "num_experts": (None,),
    "scale_attn_by_inverse_layer_idx": (False,), "post_embedding_ln": (False,), "rope_scaling": (None,),
    "use_normalization_before_and_after": (False,), "use_NTK_by_parts_rope": (False,), "scale_embedding": (None, False),
    "rmsnorm_uses_offset": (False,), "load_in_4bit": (False,), "tie_word_embeddings": (False, True),
    "relative_attention_max_distance": (None,), "relative_attention_num_buckets": (None,), "attn_types": (None,),
    "window_size": (None,), "experts_per_token": (None,), "qk_norm_after_rope": (False,),
    "rotary_interleaved_cos_sin": (False,), "per_layer_head_dim": (None,), "per_layer_num_key_value_heads": (None,),
    "is_audio_model": (False,), "is_visual_model": (False,), "is_stateful": (False,), "is_multimodal": (False,),
}  # fmt: skip
#: What says how a model came to be or is looked at, and nothing of what it computes.
_IDLE = (
    "model_name", "init_mode", "initializer_range", "init_weights", "seed", "device", "dtype", "n_devices", "n_params",
    "tokenizer_name", "tokenizer_prepends_bos", "tokenizer_appends_eos", "default_prepend_bos", "default_padding_side",
    "original_architecture", "architecture", "from_checkpoint", "checkpoint_index", "checkpoint_label_type",
    "checkpoint_value", "use_attn_result", "use_attn_in", "use_split_qkv_input", "use_hook_mlp_in", "use_hook_tokens",
    "ungroup_grouped_query_attention", "trust_remote_code", "decoder_start_token_id", "attn_implementation",
    "weight_init_mode", "NTK_by_parts_low_freq_factor", "NTK_by_parts_high_freq_factor", "NTK_by_parts_factor",
    "NTK_original_ctx_len", "norm_topk_prob", "d_vocab_in", "uses_rms_norm",
    "layer_norm_folding", "split_attention_weights", "vision_hidden_size", "vision_num_layers", "vision_num_heads",
    "mm_tokens_per_image",
)  # fmt: skip


def given_config(config: Mapping[str, Any] | Any | None) -> dict[str, Any]:
    """What a user says of a model's configuration, checked; a TransformerLens configuration object is taken whole.

    Raises `BadArgument` for a name that TransformerLens does not have, or a value that the name cannot have.

    >>> given_config({"act_fn": "gelu", "normalization_type": None})
    {'act_fn': 'gelu', 'normalization_type': None}
    """
    if config is None:
        return {}
    values = config if isinstance(config, Mapping) else _as_mapping(config)
    said: dict[str, Any] = {}
    for name, value in values.items():
        if name not in (*NAMES, *_ONLY, *_IDLE):
            asked = did_you_mean(name, NAMES) or f"known are {', '.join(NAMES)}."
            raise BadArgument(f"config has {described(name)}, which is no name of TransformerLens'; {asked}")
        wrong = _wrong(name, value)
        if wrong:
            raise BadArgument(f"config has {name}={described(value)}; {wrong}.")
        if name in NAMES:
            said |= _used(name, value)
    return said


def saved_config(config: object, where: str) -> dict[str, Any]:
    """What a file says of a model's configuration, in those names of it that are TransformerLens'.

    Raises `DamagedRun`, naming the file (`where`) and the field, for a value that the name cannot have.

    >>> saved_config({"act_fn": "gelu", "lr": 1e-3}, "model.pt")
    {'act_fn': 'gelu'}
    """
    said: dict[str, Any] = {}
    for name, value in config.items() if isinstance(config, Mapping) else ():
        if not isinstance(name, str) or name not in (*NAMES, *_ONLY):
            continue
        wrong = _wrong(name, value)
        if wrong:
            raise DamagedRun(f"{where} says that {name} is {described(value)}; {wrong}.")
        if name in NAMES:
            said |= _used(name, value)
    return said


def _as_mapping(config: object) -> Mapping[str, Any]:
    if hasattr(config, "act_fn") and hasattr(config, "d_model"):
        return {name: value for name, value in vars(config).items() if name in (*NAMES, *_ONLY)}
    raise BadArgument(
        f"config is {described(config)}; give what the file does not say as a dictionary, such as "
        'dict(act_fn="relu", normalization_type=None, attention_dir="causal").'
    )


def _used(name: str, value: Any) -> dict[str, Any]:
    """What of it counts: not the values by which TransformerLens says that something is off."""
    off = (value is None and name != "normalization_type") or (name in _OFF and value <= 0)
    off = off or (name == "d_vocab_out" and value == -1)
    return {} if off else {name: {"swish": "silu"}.get(value, value) if name == "act_fn" else value}


def _wrong(name: str, value: Any) -> str:
    """What a name's value should be, where it is something else."""
    if name in CHOICES:
        return _not_among(name, value)
    if name in _ONLY:
        fits = any(value is only or (type(value) is type(only) and value == only) for only in _ONLY[name])
        return "" if fits else "such models cannot be built here; give the model: gl.load(path, model=model)"
    if name in _SIZES:
        unset = value is None or (name == "d_vocab_out" and value == -1 and not isinstance(value, bool))
        whole = isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**31
        return "" if unset or whole else "a whole number from 1 is expected"
    if name in _FLAGS:
        return "" if isinstance(value, bool) else "True or False is expected"
    if name in _NUMBERS:
        least = -math.inf if name in _OFF else 0.0
        fits = is_number(value) and math.isfinite(value) and (value > least or (name == "eps" and value == 0))
        return "" if fits else "a finite number above 0 is expected"
    return ""


def _not_among(name: str, value: Any) -> str:
    known = CHOICES[name]
    spellings = (*known, "swish") if name == "act_fn" else known
    if (value is None or isinstance(value, str)) and (
        value in spellings or (name == "act_fn" and value is None)
    ):
        return ""
    return f"choose one of {', '.join(map(repr, known))}"
