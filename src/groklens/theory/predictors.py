"""`gl.theory.Predictor`: what sequences say of their next token to one who knows some of it, as exact references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_fields
from groklens.theory.markov import as_chains, stationary_distribution
from groklens.value_checks import number_fields

#: What counts of the last so many tokens are called.
_GRAMS = ("unigram", "bigram", "trigram")
#: Sequences whose pairs of positions are compared at a time.
_BLOCK = 64


@runtime_checkable
class Predictor(Protocol):
    """A predictor of the next token, with which a model is compared: a frozen value with a name.

    >>> isinstance(Uniform(3), Predictor)
    True
    """

    @property
    def name(self) -> str:
        """What it is called in tables and pictures, such as `bigram`."""

    def log_probabilities(self, tokens: Int[Tensor, "example pos"]) -> Float[Tensor, "example pos d_vocab"]:
        """Natural log-probabilities, float64: row i is the prediction of token i+1 from tokens 0 to i."""


@dataclass(frozen=True)
class Uniform:
    """The predictor that gives every token the same probability, whatever came before.

    Nothing is less: a model near it has learned nothing of its sequences.

    >>> Uniform(2).log_probabilities(torch.tensor([[0, 1]])).exp().tolist()
    [[[0.5, 0.5], [0.5, 0.5]]]
    """

    states: int
    name = "uniform"

    def __post_init__(self) -> None:
        whole_fields(self, "states", least=1)

    def log_probabilities(self, tokens: Int[Tensor, "example pos"]) -> Float[Tensor, "example pos d_vocab"]:
        """−log(states) everywhere."""
        check_sequences(tokens, self.states)
        flat = torch.zeros(*tokens.shape, self.states, dtype=torch.float64)
        return flat.log_softmax(dim=-1)


@dataclass(frozen=True)
class InContext:
    """The predictor that counts in the sequence itself what followed the same last tokens before.

    With `context` 0 it is the unigram predictor (n_j + α)/(t + kα) of the tokens so far, with 1 the bigram
    (n_ij + α)/(n_i + kα) of what followed the last token, with 2 the trigram; α is `pseudocount`, k `states`. Where
    there is no such context yet, it is uniform.

    The bigram is the exact Bayes predictor of Markov chains whose rows are drawn from Dirichlet(α) and whose first
    token is uniform (each row's posterior is Dirichlet(α + n_i·), whose mean is taken); the unigram is that of
    independent tokens. Edelman et al. (2024), arXiv:2402.11004, section 2, with α = 1. Raises `BadArgument` for other
    than whole numbers of states and context, or a pseudocount that is not above zero.

    >>> InContext(2, context=1).log_probabilities(torch.tensor([[0, 1, 0]]))[0, 2].exp().tolist()  # 0 → 1, once
    [0.333..., 0.666...]
    """

    states: int
    context: int = 1
    pseudocount: float = 1.0

    def __post_init__(self) -> None:
        whole_fields(self, "states", least=1)
        whole_fields(self, "context", least=0)
        number_fields(self, "pseudocount", above=0, such_as="1.0")

    @property
    def name(self) -> str:
        """`unigram`, `bigram`, `trigram`, `4-gram`, …."""
        return _GRAMS[self.context] if self.context < len(_GRAMS) else f"{self.context + 1}-gram"

    def log_probabilities(self, tokens: Int[Tensor, "example pos"]) -> Float[Tensor, "example pos d_vocab"]:
        """Log of the counts' share, with the pseudocount added to each."""
        check_sequences(tokens, self.states)
        counts = torch.cat([self._counts(block) for block in tokens.split(_BLOCK)]) + self.pseudocount
        return counts.log() - counts.sum(dim=-1, keepdim=True).log()

    def _counts(self, tokens: Int[Tensor, "example pos"]) -> Float[Tensor, "example pos d_vocab"]:
        """How often each token has followed the context of each position, before that position."""
        hot = F.one_hot(tokens.long(), self.states).double()
        if self.context == 0:
            return hot.cumsum(dim=1)
        follows = torch.roll(
            hot, -1, dims=1
        )  # token j+1 at j; the last row is never counted, as j is before i
        return self._same_context(tokens).double() @ follows

    def _same_context(self, tokens: Int[Tensor, "example pos"]) -> Bool[Tensor, "example pos earlier"]:
        """Whether the last tokens at position j < i are those at i, all of them within the sequence."""
        n_pos = tokens.shape[1]
        same = torch.ones(n_pos, n_pos, dtype=torch.bool).tril(-1)[None]
        for back in range(self.context):
            shifted = torch.roll(tokens, back, dims=1)
            same = same & (shifted[:, :, None] == shifted[:, None, :])
        whole = torch.arange(n_pos) >= self.context - 1
        return same & whole[None, :, None] & whole[None, None, :]


@dataclass(frozen=True, eq=False)
class Retrieval:
    """The Bayes predictor of a finite mixture of Markov chains: which of them it is, is retrieved from the sequence.

    The posterior of chain m after tokens 0 to i is in proportion to w_m ∏ P_m[x_j−1, x_j], and the prediction is the
    mean of the chains' rows under it: exact where the first token says nothing of the chain. With `context` 0 chains
    are told apart by their stationary distributions alone, and predict by them. Park et al. (2024), arXiv:2412.01003,
    section 3: the bigram and the unigram retrieval solution. Raises `BadArgument` for rows that are no probabilities,
    or weights that are not as many as chains.

    Args:
        chains: chain × from × to, each row summing to 1.
        weights: the chains' prior probabilities; None where all are alike.
        context: 1, or 0 for stationary distributions alone.
    """

    chains: Float[Tensor, "chain from to"] | Any
    weights: tuple[float, ...] | None = None
    context: int = 1

    def __post_init__(self) -> None:
        chains = as_chains(self.chains)
        object.__setattr__(self, "chains", chains)
        whole_fields(self, "context", least=0, most=1)
        if self.weights is not None and (len(self.weights) != len(chains) or min(self.weights) <= 0):
            raise BadArgument(
                f"weights is {described(self.weights)} for {len(chains)} chains; give a number above zero for each."
            )

    @property
    def name(self) -> str:
        """`retrieval`, or `unigram retrieval`."""
        return "retrieval" if self.context else "unigram retrieval"

    def log_probabilities(self, tokens: Int[Tensor, "example pos"]) -> Float[Tensor, "example pos d_vocab"]:
        """Log of the posterior mean of the chains' rows."""
        check_sequences(tokens, self.chains.shape[-1])
        parts = [self._of_block(block) for block in tokens.split(_BLOCK)]
        return torch.cat(parts)

    def _of_block(self, tokens: Int[Tensor, "example pos"]) -> Float[Tensor, "example pos d_vocab"]:
        log_rows = self._rows.log()  # chain × from × to
        weights = torch.ones(len(log_rows)) if self.weights is None else torch.tensor(self.weights)
        steps = log_rows[:, tokens[:, :-1], tokens[:, 1:]].cumsum(dim=-1)  # chain × example × pos
        evidence = F.pad(steps, (1, 0))
        if self.context == 0:  # of independent tokens the first is evidence as well
            evidence = evidence + log_rows[:, 0, tokens[:, :1]]
        posterior = (evidence + weights.double().log()[:, None, None]).log_softmax(dim=0)
        return (posterior[..., None] + log_rows[:, tokens]).logsumexp(dim=0)

    @property
    def _rows(self) -> Float[Tensor, "chain from to"]:
        """What each chain gives after each token: its rows, or its stationary distribution whatever came before."""
        if self.context:
            return self.chains
        still = torch.stack([stationary_distribution(chain) for chain in self.chains])
        return still[:, None, :].expand_as(self.chains)


def check_sequences(tokens: Any, states: int) -> None:
    """Raise `BadArgument` unless `tokens` are example × pos of tokens below `states`."""
    if not isinstance(tokens, Tensor) or tokens.ndim != 2 or tokens.is_floating_point():
        raise BadArgument(f"tokens is {described(tokens)}; give a tensor of whole numbers, example × pos.")
    if tokens.numel() and not 0 <= int(tokens.min()) <= int(tokens.max()) < states:
        raise BadArgument(
            f"tokens run from {int(tokens.min())} to {int(tokens.max())}, and the predictor knows {states}: 0 to "
            f"{states - 1}. Give it as many states as there are tokens."
        )
