"""`Workspace`: buffers that training steps use again, as fresh memory is slow to touch."""

from __future__ import annotations

from collections.abc import Sequence

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
        """An uninitialised tensor of the shape of `rows` but for its last axis, and of its dtype if none is given.

        Where the rows lie side by side in memory, as columns, so do those of the tensor.
        """
        if rows.ndim > 2 and rows.stride(-2) == 1 < rows.stride(-1):
            return self.of((*rows.shape[:-2], width, rows.shape[-2]), rows, dtype).mT
        return self.of((*rows.shape[:-1], width), rows, dtype)

    def of(self, shape: Sequence[int], like: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """An uninitialised tensor of this shape, where `like` is and of its dtype if none is given."""
        index, self._next = self._next, self._next + 1
        dtype = dtype or like.dtype
        if index == len(self._buffers):
            self._buffers.append(like.new_empty(0))
        kept = self._buffers[index]
        if kept.shape != shape or kept.dtype != dtype or kept.device != like.device:
            kept = self._buffers[index] = torch.empty(shape, dtype=dtype, device=like.device)
        return kept
