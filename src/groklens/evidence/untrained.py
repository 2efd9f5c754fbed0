"""The control that has learned nothing: the same shape of model, its structure undone."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from groklens.models import real_copy
from groklens.runs import Run
from groklens.snapshots import Snapshot


def untrained_like(run: Run, final: Snapshot) -> tuple[Snapshot, str]:
    """A snapshot that has learned nothing, and what it is: the run's step 0 where kept, else shuffled weights.

    Shuffling permutes the entries of every parameter of the last model (seed 0): their sizes stay, what they
    compute goes. Raises `BadArgument` for a model that cannot be copied (`real_copy`): its shuffled copy would
    compute with the trained weights still, and be no control.
    """
    if len(run.steps) > 1 and run.steps[0] == 0:
        return run.at(0), "untrained (step 0)"
    twin = real_copy(final.model, final.task.inputs, final.task.d_vocab_out)
    return final.with_model(_shuffle(twin, 0)), "weights shuffled"


def shuffled(model: Any, seed: int = 0) -> Any:
    """A copy of `model` with the entries of every parameter in random order."""
    return _shuffle(copy.deepcopy(model), seed)


def _shuffle(model: Any, seed: int) -> Any:
    """`model` with the entries of every parameter, or of all its state where it has none, in random order."""
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
