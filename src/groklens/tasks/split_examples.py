"""`split_examples`: the train and test examples of a table, as a recipe of one seed would split it."""

from __future__ import annotations

from groklens.errors import BadArgument
from groklens.tasks.examples import Examples
from groklens.tasks.task import Task, check_task


def split_examples(task: Task, seed: int, train_fraction: float = 0.3) -> dict[str, Examples]:
    """The train and test examples of a table, by the split of a recipe of this `seed` and `train_fraction`.

    For what is fitted without a recipe: a regression, a tree. Raises `BadArgument` for a stream, which has no split.

    >>> import groklens as gl
    >>> parts = split_examples(gl.ModularArithmetic(7), seed=0, train_fraction=0.5)
    >>> len(parts["train"].labels), len(parts["test"].labels)
    (24, 25)
    """
    check_task(task)
    if task.is_stream:
        raise BadArgument(
            f"{task.name} is a stream, which has no train and test examples; see its `examples`."
        )
    parts = zip(("train", "test"), task.split(train_fraction, seed), strict=True)
    return {
        name: Examples(task.inputs[index], task.labels[index], task.targets[index]) for name, index in parts
    }
