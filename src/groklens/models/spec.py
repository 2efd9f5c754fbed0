"""`ModelSpec`: the contract of a model specification, a value that builds a model for a task."""

from __future__ import annotations

import threading
from typing import Any, Protocol, runtime_checkable

import torch

from groklens.models.protocol import check_model
from groklens.parts import is_ours
from groklens.tasks import Task

#: One at a time: two threads that draw from torch's global generator would mix their weights.
_GLOBAL_DRAWS = threading.Lock()


@runtime_checkable
class ModelSpec(Protocol):
    """Builds a model for a task, from a seed alone; any frozen dataclass with this method will do."""

    def build(self, task: Task, seed: int, device: str = "cpu") -> Any:
        """A `HookedModel` whose initial weights depend on `seed` alone, and leave the global random state as it is."""


def build_model(spec: ModelSpec, task: Task, seed: int, device: str = "cpu") -> Any:
    """The model that a specification builds; `BadArgument` for one that cannot be hooked.

    A user's own may draw from torch's global generator: it is seeded for it, and as it was afterwards.
    """
    if is_ours(spec):
        return spec.build(task, seed, device)
    with _GLOBAL_DRAWS, torch.random.fork_rng():
        torch.manual_seed(seed)
        model = spec.build(task, seed, device)
    check_model(model)
    return model
