"""Markov chains: their stationary distributions, and chains drawn from a prior."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, described

#: How far a row may sum from 1.
_SLACK = 1e-6


def stationary_distribution(chain: Float[Tensor, "from to"] | Any) -> Float[Tensor, "state"]:
    """The distribution π of a Markov chain that stays as it is, πP = π, float64.

    Of a chain with several it is the one that the solver's least norm gives. Rows of `chain` are from, columns to.
    A published implementation averages the rows of a power of P along the wrong axis and gives [.5, .5] for the chain
    below. Raises `BadArgument` for rows that are no probabilities.

    >>> stationary_distribution([[0.9, 0.1], [0.3, 0.7]]).round(decimals=9).tolist()
    [0.75, 0.25]
    """
    rows = as_chains([chain])[0]
    states = len(rows)
    # (Pᵀ − 1)π = 0, and the sum of π is 1
    system = torch.cat(
        [rows.T - torch.eye(states, dtype=rows.dtype), torch.ones(1, states, dtype=rows.dtype)]
    )
    wanted = torch.zeros(states + 1, 1, dtype=rows.dtype)
    wanted[-1] = 1
    found = torch.linalg.lstsq(system, wanted, driver="gelsd").solution[:, 0].clamp_min(0)
    return found / found.sum()


def as_chains(given: Any) -> Float[Tensor, "chain from to"]:
    """Transition matrices, float64; `BadArgument` unless every row is a distribution over as many states as rows."""
    try:
        stacked = torch.stack([torch.as_tensor(each, dtype=torch.float64) for each in given])
    except (TypeError, ValueError, RuntimeError):
        stacked = None
    if stacked is None or stacked.ndim != 3 or stacked.shape[1] != stacked.shape[2]:
        raise BadArgument(
            f"Markov chains are {described(given)}; give their transition matrices, chain × from × to, such as "
            "[[[0.9, 0.1], [0.3, 0.7]]]."
        )
    if bool((stacked < 0).any()) or bool(((stacked.sum(dim=-1) - 1).abs() > _SLACK).any()):
        raise BadArgument(
            "A row of a Markov chain is no distribution; give numbers of at least zero that sum to 1 in every row, "
            "rows from and columns to."
        )
    return stacked
