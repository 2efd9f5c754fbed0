"""A model's weights by TransformerLens name with the axes that the operands of a task give them."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from groklens.models.answering import is_hooked
from groklens.models.outputs import as_float
from groklens.models.protocol import weight_of
from groklens.models.renamed import renamed_weight
from groklens.tasks import Task


def weight_on_task(model: Any, task: Task, name: str) -> Tensor | None:
    """One weight in float32 or better, on the processor; None where the model has none that reads the task so.

    That is a W_E without a row for every operand, or of a task of features.
    """
    found = weight_of(model, name)
    if found is None or (name == "W_E" and task.d_in is not None):
        return None
    found = as_float(found.cpu())
    if task.d_in is not None:
        return found
    apart = name == "W_in" and weight_of(model, "W_Q") is None
    embedding = weight_of(model, "W_E") if apart else None
    if apart and is_hooked(model):
        found = _by_operand(found, embedding, task)
    found = renamed_weight(model, name, found, apart and embedding is None)
    operands = task.operands
    if name == "W_E" and found is not None and operands.numel() and len(found) <= int(operands.max()):
        return None
    return found


def _by_operand(inward: Tensor, embedding: Tensor | None, task: Task) -> Tensor:
    """W_in of a plain module, operand × …, where it is as wide as all operands, or positions, side by side.

    Whether another width reads operands is not known: attention that nobody named may lie between.
    """
    width = (task.d_vocab or 0) if embedding is None else embedding.shape[1]
    if len(inward) == 1 and inward.shape[1] == task.n_operands * width:
        return inward[0].unflatten(0, (-1, width))
    if len(inward) == 1 and inward.shape[1] == task.n_ctx * width:
        return inward[0].unflatten(0, (-1, width))[list(task.operand_positions)]
    return inward
