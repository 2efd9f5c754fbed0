"""Which inputs each update trains on, determined by seed and update number alone."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.recipes import Recipe
from groklens.tasks import Examples


def batch_for(recipe: Recipe, train_index: Int[Tensor, "train"], update: int) -> Int[Tensor, "batch"]:
    """The inputs of update number `update` (from 1): all of them, or a slice of a fresh permutation in each epoch."""
    if recipe.batch_size is None or recipe.batch_size >= len(train_index):
        return train_index
    per_epoch = len(train_index) // recipe.batch_size  # a last, shorter batch is left out
    epoch, place = divmod(update - 1, per_epoch)
    generator = torch.Generator().manual_seed((recipe.order_seed * 1_000_003 + epoch + 1) % 2**63)
    order = torch.randperm(len(train_index), generator=generator)
    return train_index[order[place * recipe.batch_size : (place + 1) * recipe.batch_size]]


def batch_of(recipe: Recipe, update: int) -> Examples:
    """The fresh examples of a stream's update number `update` (from 1); `BadArgument` where they are not its batch."""
    size = recipe.batch_size
    examples = recipe.task.batch(update, recipe.order_seed, size)  # type: ignore[attr-defined]
    width = recipe.task.inputs.shape[1]
    if (
        not isinstance(examples, Examples)
        or examples.inputs.shape != (size, width)
        or examples.reads != recipe.task.reads
    ):
        raise BadArgument(
            f"batch({update}, {recipe.order_seed}, {size}) of {recipe.task.name} gave {described(examples)}; it has to "
            f"give gl.tasks.Examples of {size} inputs, {width} wide, answered at {recipe.task.reads} as its probe is."
        )
    return examples
