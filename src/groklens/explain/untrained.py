"""The control that has learned nothing: the same shape of model, its structure undone."""

from __future__ import annotations

import copy
from typing import Any

import torch

from groklens.capture import RunLike, Snapshot


def untrained_like(run: RunLike, final: Snapshot) -> tuple[Snapshot, str]:
    """A snapshot that has learned nothing, and what it is: the run's step 0 where kept, else shuffled weights.

    Shuffling permutes the entries of every parameter of the last model (seed 0): their sizes stay, what they
    compute goes.
    """
    if len(run.steps) > 1 and run.steps[0] == 0:
        return run.at(0), "untrained (step 0)"
    return final.with_model(shuffled(final.model)), "weights shuffled"


def shuffled(model: Any, seed: int = 0) -> Any:
    """A copy of `model` with the entries of every parameter in random order."""
    other = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in other.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return other
