"""A snapshot's model copied, for what would change it."""

from __future__ import annotations

from typing import Any

from groklens.models import real_copy
from groklens.snapshots.snapshot import Snapshot
from groklens.users_code import users_code


def copied_model(snapshot: Snapshot) -> Any:
    """The snapshot's model as a copy with weights of its own (`real_copy`), which is tried on a few of the inputs.

    Raises `BadArgument` for a model that cannot be copied, or that runs on all inputs at once alone.

    >>> copied_model(snapshot) is snapshot.model  # doctest: +SKIP
    False
    """
    task, model = snapshot.task, snapshot.anatomy.model
    with users_code(
        lambda said: (
            f"The model runs on the {len(task.inputs):,} inputs of {task.name} at once and not on a few of them "
            f"({said}); let it run on any number of inputs."
        )
    ):
        return real_copy(model, task.inputs, task.d_vocab_out)
