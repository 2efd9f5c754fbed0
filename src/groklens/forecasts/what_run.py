"""What a run is called in a library of runs: its task, model, optimiser and configuration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from groklens.recipes import Recipe
from groklens.runs import Run

UNKNOWN = "unknown"


def labels_of(run: Run) -> dict[str, Any]:
    """Task, model, optimiser, kind, configuration and seed of a run, by what its recipe says; `unknown` without one.

    `kind` is `ordinary`, or `no_decay` where the recipe has none; a library says by design what else it is. `fold` is
    the task's name. The configuration is all that the recipe says but the seed.
    """
    if run.recipe is not None:
        return labels_of_recipe(run.recipe)
    names = dict.fromkeys(("model", "optimizer", "kind"), UNKNOWN)
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
        "configuration": ", ".join(said),
        "seed": recipe.seed,
    }
