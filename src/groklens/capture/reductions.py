"""Statistics over the inputs (mean, standard deviation, norm, least, largest) that `capture` takes by name."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from groklens.errors import BadArgument

Reduction = Callable[[Tensor], Tensor]

#: Each takes input × … in float64 and drops the input axis.
REDUCTIONS: dict[str, Reduction] = {
    "mean": lambda values: values.mean(dim=0),
    "std": lambda values: values.std(dim=0, correction=0),
    "norm": lambda values: torch.linalg.vector_norm(values, dim=0),
    "min": lambda values: values.amin(dim=0),
    "max": lambda values: values.amax(dim=0),
}


def reduction(reduce: str | Reduction | None) -> Reduction | None:
    """The function that `reduce` stands for; `BadArgument` for a name that is not in `REDUCTIONS`."""
    if reduce is None or callable(reduce):
        return reduce
    if reduce not in REDUCTIONS:
        raise BadArgument(
            f"reduce is {reduce!r}; choose one of {', '.join(map(repr, REDUCTIONS))}, or give a function "
            "from a tensor (input, …) to a tensor, such as lambda x: x.abs().mean(dim=0)."
        )
    function = REDUCTIONS[reduce]
    return lambda values: function(values.double())
