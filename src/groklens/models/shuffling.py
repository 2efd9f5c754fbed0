"""Shuffling a model's weights, for an untrained control."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def with_weights_shuffled(model: Any, seed: int = 0) -> Any:
    """`model` itself with the entries of every parameter, or of all its state where it has none, in random order."""
    generator = torch.Generator().manual_seed(seed)

    def permuted(values: Tensor) -> Tensor:
        order = torch.randperm(values.numel(), generator=generator).to(values.device)
        return values.flatten()[order].view_as(values)

    with torch.no_grad():
        if hasattr(model, "parameters"):
            for parameter in model.parameters():
                parameter.copy_(permuted(parameter))
        else:
            state = dict(model.state_dict())
            floating = {name: value for name, value in state.items() if torch.is_floating_point(value)}
            model.load_state_dict({**state, **{name: permuted(value) for name, value in floating.items()}})
    return model
