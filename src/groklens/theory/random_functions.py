"""The functions of n bits that networks compute as they are drawn, before any training."""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from groklens.errors import BadArgument, whole_number

_ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}
#: Networks that run at once.
_BLOCK = 500


def random_functions(
    count: int,
    sigma_w: float,
    act_fn: str = "relu",
    sigma_b: float = 0.1,
    n: int = 7,
    widths: tuple[int, ...] = (40, 40),
    seed: int = 0,
) -> Bool[Tensor, "network input"]:
    """The functions of n bits that `count` random networks compute: whether the output is above 0 at all 2ⁿ inputs.

    Inputs are bits, 0 and 1, in lexicographic order; hidden layers have these widths. Weights are N(0, σ_w²/fan in),
    biases N(0, σ_b²). With tanh, σ_w above 1 is the chaotic phase, in which inputs that differ
    little end far apart; there the bias towards simple functions goes (Yang and Salman 2019, arXiv:1907.10599).

    Source: Valle-Pérez et al. 2019 (arXiv:1805.08522), section 3. Raises `BadArgument` for another activation than
    `"relu"` and `"tanh"`, or scales below 0.

    >>> random_functions(3, sigma_w=1.0, n=2).shape
    torch.Size([3, 4])
    """
    if act_fn not in _ACTIVATIONS:
        raise BadArgument(f"act_fn is {act_fn!r}; choose {' or '.join(map(repr, _ACTIVATIONS))}.")
    if not sigma_w >= 0 or not sigma_b >= 0:
        raise BadArgument(
            f"sigma_w is {sigma_w} and sigma_b {sigma_b}; give scales of at least 0, such as 1.0."
        )
    whole_number("count", count, 1, such_as=1000)
    bits = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * whole_number("n", n, 1, such_as=7, most=16))
    generator = torch.Generator().manual_seed(whole_number("seed", seed, such_as=0))
    found = []
    for start in range(0, count, _BLOCK):
        drawn, values = min(_BLOCK, count - start), bits.reshape(2**n, n)
        for layer, width in enumerate((*widths, 1)):
            values = values if layer == 0 else _ACTIVATIONS[act_fn](values)
            fan_in = values.shape[-1]
            weights = torch.randn(drawn, fan_in, width, generator=generator) * sigma_w / fan_in**0.5
            values = values @ weights + sigma_b * torch.randn(drawn, 1, width, generator=generator)
        found.append(values[..., 0] > 0)
    return torch.cat(found)
