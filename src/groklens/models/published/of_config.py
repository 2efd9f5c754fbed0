"""Bridges to language models of transformers from a configuration and weights in memory."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from groklens.errors import BadArgument, one_line


def bridge_of_config(config: Any, weights: Mapping[str, Tensor], architecture: str) -> Any:
    """A `TransformerBridge` of a transformers configuration with weights by transformers' names, copied to float32.

    It is on the device of the weights; float64 stays. The random states are as they were. Raises `BadArgument` for a
    model that is no causal language model, that its configuration does not build, or that has no bridge.

    >>> bridge_of_config(model.config, model.state_dict(), "GPT2LMHeadModel").cfg.n_layers  # doctest: +SKIP
    12
    """
    from transformers import AutoModelForCausalLM

    from groklens.models.lens import build_bridge_from_module

    build: Any = AutoModelForCausalLM.from_config
    dtype = _at_least_float32(weights)
    try:
        with torch.random.fork_rng(devices=[]):  # both draw numbers that are thrown away
            model = build(copy.deepcopy(config), attn_implementation="eager").to(dtype)
            model.load_state_dict(dict(weights))
            model = model.to(next(iter(weights.values())).device)
            bridge = build_bridge_from_module(model, architecture, hf_config=model.config, dtype=dtype)
    except (ValueError, KeyError, AttributeError, TypeError, RuntimeError) as error:
        raise BadArgument(
            f"There is no bridge for this {architecture} by its configuration and weights: {one_line(str(error))[:200]}"
        ) from error
    return bridge.eval()


def _at_least_float32(weights: Mapping[str, Tensor]) -> torch.dtype:
    kinds = {weight.dtype for weight in weights.values() if weight.is_floating_point()}
    return torch.float64 if torch.float64 in kinds else torch.float32
