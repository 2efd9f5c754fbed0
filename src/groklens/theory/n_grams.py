"""`gl.theory.NGrams`: predicting the next token from the last few, by what followed them in a text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_fields
from groklens.theory.predictors import check_sequences

#: What counts of so many tokens are called.
_NAMES = ("uniform", "unigram", "bigram", "trigram")
#: Sequences whose predictions are worked out at a time.
_BLOCK = 64


@dataclass(frozen=True, eq=False)
class NGrams:
    """The predictor of the next token by what followed the last n − 1 in a text, backing off to fewer (Witten–Bell).

    With c(h) occurrences of the context h in the text, after which d(h) different tokens came, token x has
    (c(hx) + d(h)·p(x | h′)) / (c(h) + d(h)), where h′ is h without its first token and p(· | h′) the same of one order
    less; order 0 is uniform. A context that the text does not have leaves everything to h′. Witten & Bell (1991),
    method C, interpolated as in Chen & Goodman (1999), section 2.6: no parameter is fitted. The first tokens of a
    sequence have shorter contexts, and are predicted by those.

    Args:
        text: the tokens counted (pos), of numbers from 0.
        order: n: 1 counts tokens, 2 pairs; 0 counts nothing.
        states: number of tokens there are.

    Raises `BadArgument` for what is no text of such tokens, or more states than `order` of them can be numbered.

    >>> bigram = NGrams(torch.tensor([0, 1, 0, 1, 1]), order=2, states=2)
    >>> bigram.log_probabilities(torch.tensor([[1, 0]]))[0, 1].exp()
    tensor([0.1429, 0.8571], dtype=torch.float64)
    """

    text: Int[Tensor, "pos"] | Any
    order: int
    states: int

    def __post_init__(self) -> None:
        whole_fields(self, "order", least=0)
        whole_fields(self, "states", least=1)
        if not isinstance(self.text, Tensor) or self.text.ndim != 1 or not len(self.text):
            raise BadArgument(
                f"text is {described(self.text)}; give a tensor of its tokens, one after another."
            )
        check_sequences(self.text[None], self.states)
        if self.states**self.order >= 2**63:
            raise BadArgument(
                f"There are {self.states:,}^{self.order} possible contexts, more than can be numbered; give a smaller "
                "order, or tokens of a smaller alphabet such as bytes."
            )

    @property
    def name(self) -> str:
        """`unigram`, `bigram`, `trigram`, `4-gram`, …; `uniform` of order 0."""
        return _NAMES[self.order] if self.order < len(_NAMES) else f"{self.order}-gram"

    @cached_property
    def lower(self) -> NGrams:
        """The predictor of one order less, to which this one backs off."""
        return NGrams(self.text, self.order - 1, self.states)

    def up_to(self) -> tuple[NGrams, ...]:
        """The predictors of order 0 (uniform) to this one, which count together.

        >>> [each.name for each in NGrams(torch.tensor([0, 1]), order=2, states=2).up_to()]
        ['uniform', 'unigram', 'bigram']
        """
        return (self,) if self.order == 0 else (*self.lower.up_to(), self)

    def log_probabilities(self, tokens: Int[Tensor, "example pos"]) -> Float[Tensor, "example pos d_vocab"]:
        """Natural log-probabilities, float64: row i is the prediction of token i+1; none is −inf."""
        check_sequences(tokens, self.states)
        return torch.cat([self._probabilities(block.long()).log() for block in tokens.split(_BLOCK)])

    def _probabilities(self, tokens: Int[Tensor, "example pos"]) -> Float[Tensor, "example pos d_vocab"]:
        if self.order == 0:
            return torch.full((*tokens.shape, self.states), 1 / self.states, dtype=torch.float64)
        found, begins = (
            self.lower._probabilities(tokens),
            max(self.order - 2, 0),
        )  # of shorter contexts before
        contexts = _numbered(tokens, self.order - 1, self.states)
        if contexts.numel():
            self._mix(found[:, begins:], contexts)
        return found

    def _mix(self, below: Float[Tensor, "example row d_vocab"], contexts: Int[Tensor, "example row"]) -> None:
        """Put this order's probabilities in place of those of one order less."""
        codes, counts, before = self._counted
        first = torch.searchsorted(codes, contexts * self.states)
        last = torch.searchsorted(codes, (contexts + 1) * self.states)
        followed = last - first  # by how many different tokens
        total = before[last] - before[first] + followed
        below *= torch.where(total > 0, followed / total.clamp_min(1).double(), 1.0)[..., None]
        flat = followed.flatten()
        row = torch.repeat_interleave(torch.arange(len(flat)), flat)
        entry = first.flatten()[row] + torch.arange(len(row)) - (flat.cumsum(0) - flat)[row]
        place = (row // contexts.shape[1], row % contexts.shape[1], codes[entry] % self.states)
        below.index_put_(place, counts[entry] / total.flatten()[row].double(), accumulate=True)

    @cached_property
    def _counted(self) -> tuple[Tensor, Tensor, Tensor]:
        """Every sequence of n tokens in the text by its number, ascending, how often, and how many came before it."""
        numbers = _numbered(self.text[None].long(), self.order, self.states)[0].sort().values
        codes, counts = numbers.unique_consecutive(return_counts=True)
        return codes, counts, torch.cat([counts.new_zeros(1), counts.cumsum(0)])


def _numbered(tokens: Int[Tensor, "example pos"], length: int, states: int) -> Int[Tensor, "example row"]:
    """The number of every run of `length` tokens, read with the first as the highest digit; one of zeros where 0."""
    n_rows = max(tokens.shape[1] - max(length, 1) + 1, 0)
    codes = tokens.new_zeros(tokens.shape[0], n_rows)
    for place in range(length):
        codes = codes * states + tokens[:, place : place + n_rows]
    return codes
