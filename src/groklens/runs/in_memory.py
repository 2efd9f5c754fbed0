"""Models in memory as a run: several by step, or one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, GroklensError, described, whole_number
from groklens.models import at_rest, check_model, device_of, own_model, run_answers
from groklens.runs.source import Source
from groklens.snapshots import Snapshot, running
from groklens.tasks import Task

_HOW = "give each model by its step: gl.Run.of({0: model0, 100: model1}, task)"


class InMemory(Source):
    """A run's source over models by step, which are not copied: what is done to one shows at its step."""

    def __init__(
        self,
        models: Mapping[int, Any],
        task: Task,
        train_index: Int[Tensor, "train"] | None,
        name: str | None,
    ) -> None:
        self._models = dict(models)
        self.steps = sorted(self._models)
        self.task, self.train_index = task, train_index
        self.name = name or type(own_model(self.model_at(self.steps[-1]))).__name__

    def model_at(self, step: int) -> Any:
        return self._models[step]


class Looked(Source):
    """A run's source over one snapshot, whose step is called 0 where it is unknown; such a run has no phases."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.steps, self.step_known = [snapshot.step or 0], snapshot.step is not None
        self.task, self.train_index = snapshot.task, snapshot.train_index
        self.train_share, self.split_recorded = snapshot.train_share, snapshot.split_recorded
        self.name, self.taken_from = snapshot.anatomy.kind, snapshot.taken_from

    def model_at(self, step: int) -> Any:
        return self._snapshot.model

    def snapshot(self, step: int) -> Snapshot:
        return self._snapshot


def by_step(models: Any) -> dict[int, Any]:
    """Models by their step as a number; `BadArgument` for what is not a mapping, a step or a model.

    >>> by_step({100: one, 0: other})  # doctest: +SKIP
    """
    if isinstance(models, Task):
        raise BadArgument(f"The task ({models.name}) was given first; {_HOW}.")
    if not isinstance(models, Mapping) or not models:
        alone = " One model alone is {100: model}." if hasattr(models, "state_dict") else ""
        raise BadArgument(f"models is {described(models)}; {_HOW}.{alone}")
    found: dict[int, Any] = {}
    for given, model in models.items():
        step = whole_number("A step of models", given, least=0)
        if step in found:
            raise BadArgument(f"models has two for step {step}; {_HOW}.")
        found[step] = _checked(model, step)
    return found


def check_sizes(models: Mapping[int, Any], task: Task) -> None:
    """Raise `BadArgument`, naming the step, for a model that has not the task's size: each is run on one input.

    It is the one with the largest token, for which the embedding is too small first.
    """
    tokens = task.inputs[task.inputs.flatten(1).amax(dim=1).argmax()][None]
    for step, model in models.items():
        try:
            with running(task, tokens), at_rest(model):
                run_answers(model, tokens.to(device_of(model)), task.d_vocab_out)
        except GroklensError as error:
            raise BadArgument(f"models[{step}] is no model of {task.name}: {error}") from error


def _checked(model: Any, step: int) -> Any:
    try:
        check_model(model)
    except GroklensError as error:
        raise BadArgument(f"models[{step}] is no model: {error}") from error
    return model
