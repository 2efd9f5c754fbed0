"""`gl.theory.sample`: sequences drawn from a predictor, one token after another."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.theory.predictors import Predictor


def sample(
    predictor: Predictor, starts: Int[Tensor, "example pos"] | Any, length: int, seed: int = 0
) -> Int[Tensor, "example pos"]:
    """Sequences that a predictor says itself: each start continued to `length` tokens by drawing what comes next.

    Each token is drawn from the predictor's whole distribution (temperature 1), so that what follows the starts is
    distributed as the predictor says. The seed decides what is drawn; the global random state is not used.

    Args:
        predictor: any with `log_probabilities`, a model's too (`gl.measures.predictor_of(snapshot)`).
        starts: the first tokens of every sequence (example × pos), at least one each.
        length: tokens of every sequence, starts included.
        seed: of the draws.

    Raises `BadArgument` for what is no predictor, no starts, or a length below theirs.

    >>> from groklens.theory import NGrams
    >>> sample(NGrams(torch.tensor([0, 1, 0, 1]), order=1, states=2), torch.tensor([[0], [1]]), length=3).shape
    torch.Size([2, 3])
    """
    if not isinstance(predictor, Predictor) or isinstance(predictor, type):
        raise BadArgument(
            f"A predictor is drawn from, and {described(predictor)} was given; give one such as gl.theory.NGrams(…) "
            "or gl.measures.predictor_of(snapshot)."
        )
    if not isinstance(starts, Tensor) or starts.ndim != 2 or not starts.numel():
        raise BadArgument(
            f"starts is {described(starts)}; give a tensor, example × pos, of the first tokens."
        )
    length = whole_number("length", length, starts.shape[1], such_as=64)
    generator = torch.Generator().manual_seed(whole_number("seed", seed, such_as=0))
    tokens = starts.long()
    while tokens.shape[1] < length:
        chances = predictor.log_probabilities(tokens)[:, -1].exp()
        tokens = torch.cat([tokens, torch.multinomial(chances, 1, generator=generator)], dim=1)
    return tokens
