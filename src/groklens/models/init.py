"""Initialisation schemes for weights, by name, drawn from a generator of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from groklens.value_checks import choice

#: What an initialisation is called, and what it draws.
SCHEMES = {
    "nanda": "N(0, 1/d_model) for every matrix, N(0, 1/d_vocab) for the unembedding (Nanda et al. 2023, code)",
    "gpt2": "N(0, 0.64/d_model) for every matrix, as TransformerLens ≤ 3 drew them, with no depth scaling",
}
#: What an MLP may be initialised by besides.
MLP_SCHEMES = SCHEMES | {
    "uniform": "U(−1/√fan_in, 1/√fan_in) for every matrix and bias, as torch.nn.Linear draws them",
}


def check_scheme(init: str, known: Mapping[str, str] = SCHEMES) -> None:
    """Raise `BadArgument` unless `init` is the name of a known scheme."""
    choice("init", init, known)


def initialise(
    named: list[tuple[str, nn.Parameter]],
    scheme: str,
    *,
    d_model: int,
    d_vocab: int,
    seed: int,
    times: float = 1.0,
) -> None:
    """Fill parameters in the order given: biases with zero, norms' scales with one, matrices from `scheme` × `times`.

    The order and the seed decide every number, and the global random state is not used.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in named:
            if name.endswith("bias") or name.split(".")[-1].startswith("b_"):
                parameter.zero_()
            elif parameter.ndim == 1:
                parameter.fill_(1.0)
            else:
                scale = times * _scale(name, scheme, d_model, d_vocab)
                parameter.copy_(_normal(tuple(parameter.shape), generator) * scale)


def initialise_uniform(drawn: Iterable[tuple[nn.Parameter, int]], seed: int, times: float = 1.0) -> None:
    """Fill parameters, each given with its fan-in, in their order: uniform in ±`times`/√fan_in.

    The order and the seed decide every number, and the global random state is not used.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter, fan_in in drawn:
            shape = tuple(parameter.shape)
            parameter.copy_((2 * torch.rand(shape, generator=generator) - 1) * (times * fan_in**-0.5))


def _scale(name: str, scheme: str, d_model: int, d_vocab: int) -> float:
    if scheme == "gpt2":
        return 0.8 * d_model**-0.5
    is_unembedding = name.startswith(("head.", "unembed."))
    return float((d_vocab if is_unembedding else d_model) ** -0.5)


def _normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float32)
