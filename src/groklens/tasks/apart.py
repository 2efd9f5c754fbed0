"""Checking that no input of a table is in train and test at once, which makes learning by heart look general."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument


def check_apart(name: str, inputs: Int[Tensor, "input pos"], train: Int[Tensor, " train"]) -> None:
    """Raise `BadArgument` where one of two equal inputs is trained on and the other is a test input.

    >>> check_apart("table", torch.tensor([[0, 1], [1, 0]]), torch.tensor([0]))
    """
    distinct, kind = torch.unique(inputs, dim=0, return_inverse=True)
    if len(distinct) == len(inputs):
        return
    trained = torch.zeros(len(inputs), dtype=torch.bool)
    trained[train] = True
    known = torch.zeros(len(distinct), dtype=torch.bool)
    known[kind[trained]] = True
    leaked = torch.nonzero(known[kind] & ~trained)[:, 0]
    if not len(leaked):
        return
    test = int(leaked[0])
    twin = int(torch.nonzero(trained & (kind == kind[test]))[0, 0])
    raise BadArgument(
        f"Inputs {twin} and {test} of {name} are the same, {inputs[test].tolist()}, and the split trains on one and "
        f"tests on the other, as it does with {len(leaked)} of its test inputs: what is learned by heart would "
        "count as generalising. Keep equal inputs on one side, or give each once: rows = numpy.unique(inputs, axis=0, "
        "return_index=True)[1]."
    )
