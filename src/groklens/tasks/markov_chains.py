"""`gl.tasks.MarkovChains`: sequences of Markov chains, each of its own chain, to be predicted in context, a stream."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, whole_fields
from groklens.tasks.examples import Examples
from groklens.tasks.stream import Stream
from groklens.theory import (
    InContext,
    Predictor,
    Retrieval,
    Uniform,
    as_chains,
    draw_chains,
    draw_doubly_stochastic,
)
from groklens.value_checks import choice, number_fields

#: Examples of the probe.
PROBE = 512
#: A seed of sequences that neither an update nor the probe has, and what may be added to counts.
_APART, _ADDED = 2**32 - 1, [2.0**power for power in range(-2, 7)]
#: Where the rows of a chain come from.
PRIORS = ("dirichlet", "doubly stochastic")


@dataclass(frozen=True, eq=False, repr=False)
class MarkovChains(Stream):
    """The next token of a Markov chain that is known from the sequence alone, as each sequence has its own.

    Inputs are `length` tokens of `states` states, the first uniform; labels are the token that follows at every
    position that is read: all but the first, after which nothing can be known. Edelman et al. (2024),
    arXiv:2402.11004, section 2, with a uniform first token in place of a stationary one, so that the bigram reference
    is the exact Bayes predictor under the Dirichlet prior (`gl.theory.InContext`).

    Args:
        states: number of states, which are the tokens.
        length: tokens of an input.
        prior: of each chain: `"dirichlet"` draws every row from Dirichlet(`concentration`); `"doubly stochastic"`
            has columns that sum to 1 as well, with entries that vary as much, so that all states are equally frequent
            in the long run and unigrams are hardly a help.
        chains: of a finite mixture, the number of chains that exist, which are drawn from the prior by `seed`; or
            their transition matrices, such as `[[[0.9, 0.1], [0.3, 0.7]]]`. The first token is then read as well. None
            draws a fresh chain for every sequence.
        concentration: of the Dirichlet distribution; at least 0.01; small ones give chains that are nearly certain.
        seed: of the mixture's chains.

    >>> task = MarkovChains(states=3, length=50)
    >>> [each.name for each in task.references]
    ['uniform', 'unigram', 'bigram', 'trigram']
    """

    states: int = 3
    length: int = 50
    prior: str = "dirichlet"
    chains: int | Any = None
    concentration: float = 1.0
    seed: int = 0
    #: Positions of a sequence are no operands.
    operand_names = ()

    def __post_init__(self) -> None:
        whole_fields(self, "states", "length", least=2)
        whole_fields(self, "seed", least=0)
        number_fields(self, "concentration", least=0.01, such_as="1.0")
        choice("prior", self.prior, PRIORS)
        if isinstance(self.chains, int):
            whole_fields(self, "chains", least=1)
        elif self.chains is not None:
            object.__setattr__(self, "chains", self._given())

    @property
    def name(self) -> str:
        """The task's name, such as `Markov chains of 3 states` or `8 Markov chains of 3 states, doubly stochastic`."""
        count = None if self.mixture is None else len(self.mixture)
        which = (
            "Markov chains"
            if count is None
            else "one Markov chain"
            if count == 1
            else f"{count} Markov chains"
        )
        balanced = "" if self.prior == "dirichlet" else f", {self.prior}"
        return f"{which} of {self.states} states{balanced}"

    @property
    def d_vocab(self) -> int:
        """A token for every state."""
        return self.states

    @property
    def d_vocab_out(self) -> int:
        """As many answers as states."""
        return self.states

    @cached_property
    def mixture(self) -> Float[Tensor, "chain from to"] | None:
        """The chains of a finite mixture, or None where every sequence has a fresh one."""
        if self.chains is None:
            return None
        if not isinstance(self.chains, int):
            return torch.tensor(self.chains, dtype=torch.float64)
        return self._of_prior(self.chains, torch.Generator().manual_seed(self.seed))

    @cached_property
    def references(self) -> tuple[Predictor, ...]:
        """Predictors to compare a model with: uniform, counts in context, and retrieval where the mixture is finite.

        The bigram adds `concentration` to its counts under the Dirichlet prior, of which it is then the Bayes
        predictor. All other counts have what is best added to them: what gives the least loss, among powers of 2, on
        sequences of the prior that are not the probe's. Edelman et al. add 1 to all.
        """
        counts = [self._counting(context) for context in range(3)]
        known = [] if self.mixture is None else [Retrieval(self.mixture, context=each) for each in (0, 1)]
        return (Uniform(self.states), *counts, *known)

    @property
    def reference(self) -> Predictor:
        """The bigram predictor, or retrieval from a finite mixture: what is Bayes optimal under a Dirichlet prior."""
        return self.references[2 if self.mixture is None else 5]

    def batch(self, update: int, seed: int, size: int) -> Examples:
        """`size` fresh sequences, determined by update and seed alone."""
        return self._drawn(1 + seed * 1_000_003 + update, size)[0]

    @cached_property
    def probe(self) -> Examples:
        """512 fixed sequences, drawn with a generator that no update uses."""
        return self._drawn(0, PROBE)[0]

    @cached_property
    def probe_chains(self) -> Float[Tensor, "example from to"]:
        """The chain of every sequence of the probe, which no model is shown."""
        return self._drawn(0, PROBE)[1]

    def _counting(self, context: int) -> InContext:
        """Counts of this context with what is best added to them."""
        if context == 1 and self.prior == "dirichlet":
            return InContext(self.states, context, self.concentration)
        examples, _ = self._drawn(_APART, PROBE // 2)
        labels = examples.labels.reshape(len(examples.inputs), -1, 1)

        def loss(pseudocount: float) -> float:
            found = InContext(self.states, context, pseudocount).log_probabilities(examples.inputs)
            return -float(found[:, list(examples.reads)].gather(-1, labels).mean())

        return InContext(self.states, context, min(_ADDED, key=loss))

    def _drawn(self, seed: int, size: int) -> tuple[Examples, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        if self.mixture is None:
            chains = self._of_prior(size, generator)
        else:
            chains = self.mixture[torch.randint(len(self.mixture), (size,), generator=generator)]
        tokens = sampled(chains, self.length + 1, generator)
        reads = tuple(range(1 if self.mixture is None else 0, self.length))
        labels = tokens[:, 1 + reads[0] :]
        return Examples(tokens[:, :-1], labels if len(reads) > 1 else labels[:, 0], reads=reads), chains

    def _given(self) -> tuple[tuple[tuple[float, ...], ...], ...]:
        """The transition matrices given, as values that a file can hold."""
        found = as_chains(self.chains)
        if found.shape[1] != self.states:
            raise BadArgument(
                f"chains are of {found.shape[1]} states, and states is {self.states}; give the same number."
            )
        return tuple(tuple(tuple(row) for row in chain) for chain in found.tolist())

    def _of_prior(self, count: int, generator: torch.Generator) -> Float[Tensor, "chain from to"]:
        draw = draw_chains if self.prior == "dirichlet" else draw_doubly_stochastic
        return draw(count, self.states, generator, self.concentration)


def sampled(
    chains: Float[Tensor, "example from to"], length: int, generator: torch.Generator
) -> Int[Tensor, "example pos"]:
    """A sequence of `length` tokens from each chain, its first token uniform.

    What follows each state is drawn for all states at once, a map from states to states at every position; the
    sequence is the maps' composition, which takes log₂(length) rounds in place of one round a token.
    """
    size, states, _ = chains.shape
    first = torch.randint(states, (size,), generator=generator)
    chance = torch.rand(size, length - 1, 1, 1, generator=generator, dtype=chains.dtype)
    after = (chance > chains.cumsum(dim=-1)[:, None, :, :-1]).sum(dim=-1)  # example × pos × from
    shift = 1
    while shift < length - 1:
        joined = after[:, shift:].gather(2, after[:, :-shift])
        after = torch.cat([after[:, :shift], joined], dim=1)
        shift *= 2
    rest = after.gather(2, first[:, None, None].expand(-1, length - 1, 1))[..., 0]
    return torch.cat([first[:, None], rest], dim=1)
