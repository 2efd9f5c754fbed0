"""Markov chains: their stationary distributions, and chains drawn from a prior."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
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


def draw_chains(
    count: int, states: int, generator: torch.Generator, concentration: float = 1.0
) -> Float[Tensor, "chain from to"]:
    """Random Markov chains, every row from a symmetric Dirichlet distribution, float64 (chain × from × to).

    >>> draw_chains(1, 3, torch.Generator().manual_seed(0)).sum(dim=2).round(decimals=9).tolist()
    [[1.0, 1.0, 1.0]]
    """
    return _dirichlet((count, states, states), concentration, generator)


def draw_doubly_stochastic(
    count: int, states: int, generator: torch.Generator, concentration: float = 1.0
) -> Float[Tensor, "chain from to"]:
    """Random Markov chains whose columns sum to 1 as well, float64: all states are equally frequent in the long run.

    Each is a mean of random permutations, with weights from Dirichlet(`concentration`). They are 1 + k(1 + α) for k
    states and concentration α (rounded up), so that an entry varies as much as one of Dirichlet(α) rows does: both have
    the variance (1/k)(1 − 1/k)/(1 + kα).

    >>> draw_doubly_stochastic(1, 3, torch.Generator().manual_seed(0)).sum(dim=1).round(decimals=9).tolist()
    [[1.0, 1.0, 1.0]]
    """
    terms = 1 + math.ceil(states * (1 + concentration))
    weights = _dirichlet((count, terms), concentration, generator)
    order = torch.rand(count, terms, states, generator=generator).argsort(dim=-1)
    permutations = F.one_hot(order, states).double()
    return torch.einsum("ct,ctij->cij", weights, permutations)


def _dirichlet(shape: tuple[int, ...], concentration: float, generator: torch.Generator) -> Tensor:
    """Distributions along the last axis; none is all zeros, for concentrations from 0.01."""
    wanted = torch.full(shape, concentration, dtype=torch.float64)
    drawn = torch._standard_gamma(wanted, generator=generator).clamp_min(1e-300)
    return drawn / drawn.sum(dim=-1, keepdim=True)


def chain_on_contexts(after: Float[Tensor, "context token"]) -> Float[Tensor, "from to"]:
    """The Markov chain that a predictor with a fixed context of T of V tokens is, on the Vᵀ contexts, float64.

    Its exact and only literal reading as one (Zekri et al. 2024, arXiv:2410.02724, section 3): the oldest token leaves
    the context, the next one enters. `after` is the distribution of the next token after every context, in
    lexicographic order. True of every such predictor, trained or not. Raises `BadArgument` where the number of contexts
    is no power of that of tokens.

    >>> chain_on_contexts(torch.tensor([[0.9, 0.1], [0.3, 0.7]])).tolist()  # a context of one token
    [[0.899..., 0.100...], [0.300..., 0.699...]]
    """
    size, states = len(after), check_contexts(after)
    chain = torch.zeros(size, size, dtype=torch.float64)
    for token in range(states):
        chain[torch.arange(size), (torch.arange(size) * states + token) % size] = after[:, token].double()
    return chain / chain.sum(dim=1, keepdim=True)


def entropy_given_last(after: Float[Tensor, "context token"]) -> Float[Tensor, "length"]:
    """Entropy of the next token given the last 0, 1, …, T tokens, in nats, of what a predictor writes in the long run.

    `after` is as in `chain_on_contexts`, whose stationary distribution weighs the contexts. It falls as more is given,
    and is level from n tokens on where the predictor is a Markov chain of order n.

    >>> entropy_given_last(torch.tensor([[0.9, 0.1], [0.3, 0.7]])).round(decimals=3).tolist()
    [0.562, 0.397]
    """
    states = check_contexts(after)
    joint = stationary_distribution(chain_on_contexts(after))[:, None] * after.double()
    found, size = [], 1
    while size <= len(joint):  # contexts that end in the same tokens have the same number modulo their count
        summed = joint.view(len(joint) // size, size, states).sum(dim=0)
        share = summed / summed.sum(dim=1, keepdim=True).clamp_min(1e-300)
        found.append(-torch.special.xlogy(summed, share).sum())
        size *= states
    return torch.stack(found)


def check_contexts(after: Float[Tensor, "context token"]) -> int:
    """The number of tokens; `BadArgument` unless there are as many contexts as sequences of some length."""
    size, states = after.shape
    if states < 2 or states ** round(math.log(size, states)) != size:
        raise BadArgument(
            f"after has {size} contexts of {states} tokens; give a row for each of the {states}^T contexts of T tokens."
        )
    return states


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
