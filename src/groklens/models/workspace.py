"""`Workspace`: buffers that training steps use again, as fresh memory is slow to touch."""

from __future__ import annotations

import torch
from torch import Tensor


class Workspace:
    """Buffers handed out in the order they are asked for, the same ones again after `start`.

    A step asks for the same shapes in the same order every time, so from the second step on nothing is
    allocated. What was handed out before `start` is overwritten after it: copy what must last.
    """

    def __init__(self) -> None:
        self._buffers: list[Tensor] = []
        self._next = 0

    def start(self) -> None:
        """Begin a step: everything handed out so far may be handed out again."""
        self._next = 0

    def like(self, rows: Tensor, width: int, dtype: torch.dtype | None = None) -> Tensor:
        """An uninitialised tensor of the shape of `rows` but for its last axis, and of its dtype if none is given."""
        index, self._next = self._next, self._next + 1
        dtype = dtype or rows.dtype
        if index == len(self._buffers):
            self._buffers.append(rows.new_empty(0))
        kept, shape = self._buffers[index], (*rows.shape[:-1], width)
        if kept.shape != shape or kept.dtype != dtype or kept.device != rows.device:
            kept = self._buffers[index] = torch.empty(shape, dtype=dtype, device=rows.device)
        return kept
