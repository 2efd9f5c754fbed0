"""Bridges to language models of transformers from a configuration, which a run's header can hold."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from groklens.errors import BadArgument, described, one_line, whole_number
from groklens.models.sizes import MOST_LAYERS, check_weights

#: What of a configuration says where and with what it was saved, and nothing of the model.
_OF_ITS_FILE = ("transformers_version", "_name_or_path")


def config_of(model: Any) -> dict[str, Any] | None:
    """The configuration of the language model in a bridge as JSON values; None where there is no such model.

    >>> config_of(torch.nn.Linear(2, 2)) is None
    True
    """
    config: Any = getattr(getattr(model, "original_model", None), "config", None)
    if not hasattr(config, "to_json_string") or not getattr(config, "model_type", ""):
        return None
    values = json.loads(config.to_json_string(use_diff=False))
    return {name: value for name, value in values.items() if name not in _OF_ITS_FILE}


def bridge_described(config: Any) -> Any:
    """A `TransformerBridge` of the model that `config_of` described, its weights arbitrary.

    Raises `BadArgument` for what is no configuration of a causal language model, or asks for more memory than there
    is.

    >>> bridge_described(config_of(bridge)).cfg.n_layers  # doctest: +SKIP
    12
    """
    from transformers import AutoConfig

    if not isinstance(config, dict):
        raise BadArgument(
            f"The configuration of the model is {described(config)}; it holds a value by field."
        )
    values = {name: value for name, value in config.items() if name not in ("model_type", *_OF_ITS_FILE)}
    try:
        found = AutoConfig.for_model(str(config.get("model_type")), **values)
        _check_size(found)
        return _bridge(found, None, torch.float32)
    except BadArgument:
        raise
    except Exception as error:  # a configuration that is none fails wherever it is first used
        raise BadArgument(
            f"The configuration of the model builds none ({type(error).__name__}: {one_line(str(error))[:200]}); pass "
            "one for its weights to be loaded into: gl.load(path, model=bridge)."
        ) from error


def bridge_of_config(config: Any, weights: Mapping[str, Tensor]) -> Any:
    """A `TransformerBridge` of a transformers configuration with weights by transformers' names, copied to float32.

    It is on the device of the weights; float64 stays. The random states are as they were. Raises `BadArgument` for a
    model that is no causal language model, that its configuration does not build, or that has no bridge.

    >>> bridge_of_config(model.config, model.state_dict()).cfg.n_layers  # doctest: +SKIP
    12
    """
    kinds = {weight.dtype for weight in weights.values() if weight.is_floating_point()}
    try:
        return _bridge(config, weights, torch.float64 if torch.float64 in kinds else torch.float32)
    except (ValueError, KeyError, AttributeError, TypeError, RuntimeError) as error:
        raise BadArgument(
            f"There is no bridge by the configuration and weights of this {getattr(config, 'model_type', 'model')}: "
            f"{one_line(str(error))[:200]}"
        ) from error


def _bridge(config: Any, weights: Mapping[str, Tensor] | None, dtype: torch.dtype) -> Any:
    from transformers import AutoModelForCausalLM

    from groklens.models.lens import build_bridge_from_module

    build: Any = AutoModelForCausalLM.from_config
    with torch.random.fork_rng(devices=[]):  # both draw numbers that are thrown away
        model = build(copy.deepcopy(config), attn_implementation="eager").to(dtype)
        if weights is not None:
            model.load_state_dict(dict(weights))
            model = model.to(next(iter(weights.values())).device)
        return build_bridge_from_module(
            model, type(model).__name__, hf_config=model.config, dtype=dtype
        ).eval()


def _check_size(config: Any) -> None:
    """Raise `BadArgument` for a model of more layers or weights than fit, before anything is allocated."""
    from transformers import AutoModelForCausalLM

    layers = whole_number("num_hidden_layers of the model", config.get_text_config().num_hidden_layers)
    if layers > MOST_LAYERS:
        raise BadArgument(f"The model has {layers:,} layers; at most {MOST_LAYERS:,} are built.")
    build: Any = AutoModelForCausalLM.from_config
    with torch.device("meta"):
        sizes = [weight.numel() for weight in build(copy.deepcopy(config)).parameters()]
    check_weights("The language model described", 4 * sum(sizes))
