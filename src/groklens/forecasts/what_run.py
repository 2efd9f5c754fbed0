"""What a run is called in a library of runs: its task, model, optimiser and configuration."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

from groklens.recipes import Recipe
from groklens.runs import Run

UNKNOWN = "unknown"
#: What of a recipe may differ among runs of one kind: a forecast knows it as a number, or it changes no update.
_FREE = ("seed", "train_fraction", "steps", "keep", "evaluate_every")
_FREE_OF_OPTIMIZER = ("lr", "weight_decay")


def labels_of(run: Run) -> dict[str, Any]:
    """Task, model, optimiser, kind, settings, configuration and seed of a run, by its recipe; `unknown` without one.

    `kind` is `ordinary`, or `no_decay` where the recipe has none; a library says by design what else it is. `fold` is
    the task's name. The configuration is all that the recipe says but the seed; `settings` (`settings_of`) are that
    without hyper-parameters and without how long the run is watched.
    """
    if run.recipe is not None:
        return labels_of_recipe(run.recipe)
    names = dict.fromkeys(("model", "optimizer", "kind", "settings"), UNKNOWN)
    return {"task": run.task.name, "fold": run.task.name, **names, "configuration": run.name, "seed": -1}


def labels_of_recipe(recipe: Recipe) -> dict[str, Any]:
    """The labels of every run of this recipe."""
    decays = getattr(recipe.optimizer, "weight_decay", 0.0)
    rate = getattr(recipe.optimizer, "lr", None)
    said = [
        recipe.task.name,
        type(recipe.model).__name__,
        type(recipe.optimizer).__name__,
        *([] if rate is None else [f"lr {rate:g}"]),
        f"decay {decays:g}",
        f"share {recipe.train_fraction:g}",
        replace(recipe, seed=0).id,
    ]
    return {
        "task": recipe.task.name,
        "fold": recipe.task.name,
        "model": type(recipe.model).__name__,
        "optimizer": type(recipe.optimizer).__name__,
        "kind": "ordinary" if decays else "no_decay",
        "settings": settings_of(recipe),
        "configuration": ", ".join(said),
        "seed": recipe.seed,
    }


def settings_of(recipe: Recipe) -> str:
    """All that a recipe says but the seed, the hyper-parameters and how long it is watched, as a digest for each part.

    Two runs of one name whose settings differ (an MLP of another width, another batch) are not of one kind.

    >>> settings_of(recipe).split(", ")[0]  # doctest: +SKIP
    'task 5d1a09f2'
    """
    said = {name: part for name, part in recipe.to_dict().items() if name not in _FREE}
    said["optimizer"] = _without(said["optimizer"], _FREE_OF_OPTIMIZER)
    named = {name: said.pop(name) for name in ("task", "model", "optimizer")} | {"training": said}
    return ", ".join(f"{name} {_digest(part)}" for name, part in named.items())


def _without(said: Any, names: tuple[str, ...]) -> Any:
    """A specification without some fields, within others too: an optimiser may stand around another."""
    if isinstance(said, dict):
        return {name: _without(part, names) for name, part in said.items() if name not in names}
    return said


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]
