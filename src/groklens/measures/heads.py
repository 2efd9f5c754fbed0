"""What each attention head looks at in a sequence: the token before, or what followed the same token earlier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.errors import BadArgument, whole_fields
from groklens.measures.family import Family
from groklens.measures.measure import About, measure
from groklens.snapshots import Snapshot
from groklens.tasks import Probe

#: Sequences whose patterns are read at a time.
_BLOCK = 128
_ELHAGE = "Elhage et al. 2021, A Mathematical Framework for Transformer Circuits, 'induction heads'"


@measure(
    long_name="attention to the previous token",
    units="share of attention",
    valid_range=(0, 1),
    source=f"{_ELHAGE}: pattern[t, t − 1], mean over inputs and positions t ≥ 1",
    needs=("patterns",),
)
def previous_token(snapshot: Snapshot) -> xr.DataArray:
    """Share of each head's attention that goes to the token just before, mean over positions from the second (head).

    1 for a head that looks one token back and nowhere else, the first half of an induction circuit; attention spread
    evenly over T tokens gives about ln(T)/T. Heads are named `layer.head`, such as `0.0`.

    >>> gl.track(run, ["previous_token", "induction"])  # doctest: +SKIP
    """
    return _by_head(snapshot, _before)


@measure(
    long_name="attention to what followed the same token before",
    units="share of attention",
    valid_range=(0, 1),
    source=f"{_ELHAGE}: the mass on all j ≤ t with x[j − 1] = x[t], mean over the t that have one (Edelman et al. "
    "2024, arXiv:2402.11004, on sequences that repeat states often)",
    needs=("patterns",),
)
def induction(snapshot: Snapshot) -> xr.DataArray:
    """Share of each head's attention on the tokens that followed earlier occurrences of the present one (head).

    1 for a head that only reads what came next before, which is what counts a bigram in context. Only positions whose
    token has occurred before are asked. Attention spread evenly gives the share of such tokens: about 1/k for k states,
    so that little can be read from a high score where there are few states; compare with the score at step 0.
    """
    return _by_head(snapshot, _followed)


@dataclass(frozen=True)
class PrefixMatching(Family):
    """Attention of each head on a random sequence, said twice, from a token to what followed it the first time (head).

    The sequence is fresh: nothing of the task helps, so that a head scores by induction alone. 1 for a head that looks
    at nothing else, about ln(2)/length for one that attends evenly (mean of 1/t over the second half). Random tokens
    recur within a sequence of few tokens; the score is of the one place a length back.

    Args:
        length: tokens until the repetition; None takes half of what the task's inputs hold.
        sequences: how many are averaged.
        seed: of the sequences.

    Raises `BadArgument` for a length whose double the model's context does not hold.
    """

    length: int | None = None
    sequences: int = 64
    seed: int = 0
    about = About(
        "prefix matching of each head",
        "share of attention",
        (0, 1),
        "Olsson et al. 2022, arXiv:2209.11895, 'prefix matching': on a repeated random sequence, the attention to the "
        "token after the earlier occurrence of the present one",
        "all",
        ("patterns",),
    )

    def __post_init__(self) -> None:
        whole_fields(self, "sequences", least=1)
        whole_fields(self, "seed", least=0)
        if self.length is not None:
            whole_fields(self, "length", least=1)

    def value(self, snapshot: Snapshot, circuit: object) -> xr.DataArray:
        """The score of every head on the repeated sequences."""
        del circuit
        n_ctx, d_vocab = snapshot.task.n_ctx, snapshot.task.d_vocab or 1
        length = self.length or n_ctx // 2
        if not 1 <= length <= n_ctx // 2:
            raise BadArgument(
                f"length is {length}, and inputs hold {n_ctx} tokens; give at most {n_ctx // 2}."
            )
        generator = torch.Generator().manual_seed(self.seed)
        once = torch.randint(d_vocab, (self.sequences, length), generator=generator)
        task = Probe(torch.cat([once, once], dim=1), d_vocab=d_vocab)
        return _by_head(Snapshot(snapshot.model, task), _repeated)


#: From tokens to the places of a pattern that count, and the queries that are asked.
Looked = Callable[
    [Int[Tensor, "input pos"]], tuple[Bool[Tensor, "input query key"], Bool[Tensor, "input query"]]
]


def _before(tokens: Int[Tensor, "input pos"]) -> tuple[Tensor, Tensor]:
    n_pos = tokens.shape[1]
    place = torch.eye(n_pos, dtype=torch.bool).roll(-1, dims=1).tril(-1)
    asked = torch.arange(n_pos) >= 1
    return place.expand(len(tokens), -1, -1), asked.expand(len(tokens), -1)


def _followed(tokens: Int[Tensor, "input pos"]) -> tuple[Tensor, Tensor]:
    before = torch.roll(tokens, 1, dims=1)
    place = (tokens[:, :, None] == before[:, None, :]).tril()
    place[:, :, 0] = False  # nothing comes before the first
    return place, place.any(dim=2)


def _repeated(tokens: Int[Tensor, "input pos"]) -> tuple[Tensor, Tensor]:
    n_pos = tokens.shape[1]
    query, key = torch.arange(n_pos)[:, None], torch.arange(n_pos)[None, :]
    place = key == query - n_pos // 2 + 1
    asked = torch.arange(n_pos) >= n_pos // 2
    return place.expand(len(tokens), -1, -1), asked.expand(len(tokens), -1)


def _by_head(snapshot: Snapshot, looked: Looked) -> xr.DataArray:
    """The mean mass on the places that count, over the queries that are asked, of every head that has a pattern."""
    names, scores = [], []
    place, asked = looked(snapshot.task.inputs)
    for layer in snapshot.anatomy.heads:
        if not snapshot.anatomy.has(layer.pattern):
            continue
        pattern = snapshot.activations(layer.pattern)  # input × head × query × key
        names += list(layer.names)
        for head in pattern.unbind(dim=1):
            scores.append(_mean_mass(head, place, asked))
    return xr.DataArray(np.array(scores), coords={"head": names}, dims="head")


def _mean_mass(
    pattern: Float[Tensor, "input query key"],
    place: Bool[Tensor, "input query key"],
    asked: Bool[Tensor, "input query"],
) -> float:
    total, count = 0.0, int(asked.sum())
    for rows in torch.arange(len(pattern)).split(_BLOCK):
        mass = torch.where(place[rows], pattern[rows], 0.0).double().sum(dim=-1)
        total += float(mass[asked[rows]].sum())
    return total / count if count else 0.0
