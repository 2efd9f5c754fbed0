"""Which recipes can be trained together as one stack: those of the same shape, within the memory budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from groklens.memory import BUDGETS, on_device, rows_within
from groklens.models import build_model, check_device
from groklens.models.fast_pass import quick_applies, sequences_apply
from groklens.parts import is_ours, parts_in
from groklens.recipes import Recipe
from groklens.tasks import LAST


def first_stack(recipes: Sequence[Recipe], steps: Sequence[int], device: str = "cpu") -> list[Recipe]:
    """The first recipe and those that can be stacked with it, by optimiser, as many as `BUDGETS.stack` holds there.

    `steps` says at which step each would start: a stack is at one step.
    """
    first = recipes[0]
    applies = quick_applies if first.task.reads == LAST else sequences_apply
    if not all(map(is_ours, parts_in(first.optimizer))) or not applies(
        build_model(first.model, first.task, first.seed)
    ):
        return [first]
    wanted = (_shape(first), steps[0])
    alike = [r for r, step in zip(recipes, steps, strict=True) if (_shape(r), step) == wanted]
    alike.sort(key=lambda recipe: repr(recipe.optimizer))  # equal ones beside each other
    return alike[: rows_within(len(alike), _bytes(first), on_device(BUDGETS.stack, check_device(device)))]


def _shape(recipe: Recipe) -> tuple[Any, ...]:
    """Everything that decides the shape of a tensor or the order of the loop."""
    task = recipe.task
    sizes = (
        task.d_vocab,
        task.d_in,
        task.d_vocab_out,
        task.n_ctx,
        task.reads,
        task.operand_positions,
        len(task.labels),
        _n_train(recipe),
    )
    loop = (recipe.batch_size, recipe.loss, recipe.steps, recipe.evaluate_every)
    return (recipe.model, sizes, loop, *map(type, parts_in(recipe.optimizer)))


def _bytes(recipe: Recipe) -> int:
    """About what one run's activations take in a training step, in float32, gradients included."""
    model, task = recipe.model, recipe.task
    n_train = _n_train(recipe)
    n_rows = min(n_train, recipe.batch_size or n_train)
    layers = getattr(model, "n_layers", 1)
    positions = 1 if layers == 1 and task.reads == LAST else task.n_ctx
    width = getattr(model, "d_model", 0) * 6 + 2 * (getattr(model, "d_mlp", None) or 0) + 4 * task.d_vocab_out
    return 4 * n_rows * layers * positions * width


def _n_train(recipe: Recipe) -> int:
    """How many inputs one update can see: those trained on, or the batch of a stream."""
    if recipe.task.is_stream:
        assert recipe.batch_size is not None  # a recipe sees to it
        return recipe.batch_size
    return len(recipe.task.split(recipe.train_fraction, recipe.seed)[0])
