"""How the models, optimisers, losses and batches of the library's runs are set, of which it keeps digests alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields
from functools import cache
from typing import Any

from groklens.forecasts.what_run import settings_of
from groklens.models import MLP, Transformer
from groklens.recipes import Adam, AdamW, Recipe
from groklens.tasks import ModularArithmetic

#: Fields of a part that a forecast knows as numbers, which may differ.
_FREE = ("lr", "weight_decay")
#: What a recipe's own fields are called, where a part is none of a class of its own.
_OF_TRAINING = ("loss", "batch_size")


def parts_in(settings: str) -> dict[str, str]:
    """The digest of each part of a run's settings (`settings_of`).

    >>> parts_in("task 5d1a09f2, model 1357acac")
    {'task': '5d1a09f2', 'model': '1357acac'}
    """
    return dict(part.split(" ") for part in settings.split(", "))


def set_otherwise(recipe: Recipe, part: str, known: Collection[str]) -> list[str]:
    """In what a part of a recipe differs from the runs of a library, whose parts are `known`: `"model 1357acac"`.

    Such as `d_mlp is 256, and theirs 64`; empty where nobody says how those were set: their digests are no sample's. Of
    a task that has the name of theirs and is another, what it is: the name of a table does not tell its answers.
    """
    if part == "task":
        return [f"it is {recipe.task!r}, and theirs is another task under the same name"]
    for sample in _samples():
        if f"{part} {parts_in(settings_of(sample)).get(part)}" in known:
            return list(_differences(recipe, sample, part))
    return []


@cache
def _samples() -> tuple[Recipe, ...]:
    """Recipes that are set as the library's are; a test compares them with those that it was made of."""
    mlp = MLP(d_mlp=64, d_embed=None, act_fn="quadratic", bias=False)
    transformer = Transformer(d_model=32, n_heads=2, d_head=16, d_mlp=64)
    task = ModularArithmetic(23, "sub")
    pairs = ((mlp, AdamW()), (transformer, Adam()))
    return tuple(Recipe(task=task, model=model, optimizer=by) for model, by in pairs)


def _differences(recipe: Recipe, sample: Recipe, part: str) -> Iterator[str]:
    if part == "training":
        ours, theirs, names = recipe, sample, list(_OF_TRAINING)
    else:
        ours, theirs = getattr(recipe, part), getattr(sample, part)
        names = [each.name for each in fields(theirs) if each.name not in _FREE]
    for name in names:
        own, other = getattr(ours, name, None), getattr(theirs, name)
        if own != other:
            yield f"{name.replace('_size', ' size')} is {_said(own, name)}, and theirs {_said(other, name)}"


def _said(value: Any, name: str) -> str:
    if name == "batch_size" and value is None:
        return "the whole split"
    return value if isinstance(value, str) else str(value)
