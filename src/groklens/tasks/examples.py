"""`Examples`: inputs, their correct labels, and the targets that they are trained towards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number

#: Inputs as a model takes them: tokens, or features where they are floating-point.
Inputs = Int[Tensor, "input pos"] | Float[Tensor, "input feature"]


#: Where a task is answered unless it says otherwise: at the last position.
LAST = (-1,)


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs with their labels (the correct classes) and targets (trained towards; the labels unless given).

    Inputs are tokens, or features where they are floating-point. `reads` are the positions that are answered, by
    default the last; where there are several, as in a language, labels are example × read. Raises `BadArgument` for
    other inputs, as many labels or targets as inputs or reads are not, or positions that do not exist.

    >>> Examples(torch.tensor([[0, 1], [1, 1]]), torch.tensor([1, 0])).targets.tolist()
    [1, 0]
    >>> Examples(torch.tensor([[0, 1, 1]]), torch.tensor([[1, 0]]), reads=(1, 2)).reads
    (1, 2)
    """

    inputs: Int[Tensor, "example pos"] | Float[Tensor, "example feature"]
    labels: Int[Tensor, "example"] | Int[Tensor, "example read"]
    targets: Int[Tensor, "example"] | Int[Tensor, "example read"] = None  # type: ignore[assignment]
    reads: tuple[int, ...] = LAST

    def __post_init__(self) -> None:
        if not isinstance(self.inputs, Tensor) or self.inputs.ndim != 2:
            raise BadArgument(
                f"inputs are {described(self.inputs)}; give a tensor, example × pos of tokens or example × feature."
            )
        n_ctx = 1 if self.inputs.is_floating_point() else self.inputs.shape[1]
        object.__setattr__(self, "reads", checked_reads(self.reads, n_ctx))
        if self.targets is None:
            object.__setattr__(self, "targets", self.labels)
        n_inputs, n_reads = len(self.inputs), len(self.reads)
        expected = (n_inputs,) if n_reads == 1 else (n_inputs, n_reads)
        for name in ("labels", "targets"):
            value = getattr(self, name)
            if not isinstance(value, Tensor) or value.shape != torch.Size(expected):
                each = "input" if n_reads == 1 else f"input and position of {n_reads}"
                raise BadArgument(
                    f"{name} have shape {tuple(getattr(value, 'shape', ()))} for {n_inputs} inputs; give one class an "
                    f"{each}, {expected}."
                )


def in_words(reads: tuple[int, ...]) -> str:
    """Where a task is answered, such as `2 positions` or `position 1`.

    >>> in_words((1, 2))
    '2 positions'
    """
    return f"{len(reads)} positions" if len(reads) > 1 else f"position {reads[0]}"


def checked_reads(reads: Any, n_ctx: int) -> tuple[int, ...]:
    """Positions that are answered, in their order: `LAST` where it is the last alone, else counted from the front.

    Raises `BadArgument` for none, one that inputs do not have, or one named twice.
    """
    if not isinstance(reads, (tuple, list, range)) or not len(reads):
        raise BadArgument(
            f"reads is {described(reads)}; give the positions that are answered, such as (1, 2)."
        )
    found = [whole_number("one of reads", each, such_as=1) for each in reads]
    if any(not -n_ctx <= each < n_ctx for each in found):
        raise BadArgument(
            f"reads is {tuple(found)}; inputs have {n_ctx} positions, 0 to {n_ctx - 1} or -1 from the end."
        )
    places = [each % n_ctx for each in found]
    if len(set(places)) < len(places):
        raise BadArgument(f"reads is {tuple(found)}, which names a position twice; name each once.")
    return LAST if places == [n_ctx - 1] else tuple(places)
