"""What each attention head looks at in a sequence: the token before, or what followed the same token earlier."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import xarray as xr

from groklens.errors import BadArgument, whole_fields
from groklens.measures.family import Family
from groklens.measures.head_patterns import before, by_head, first, followed, repeated
from groklens.measures.measure import About, measure
from groklens.snapshots import Snapshot, once_per_snapshot
from groklens.tasks import Probe

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
    return _on_task(snapshot)["before"]


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
    return _on_task(snapshot)["followed"]


@measure(
    long_name="attention to the first token",
    units="share of attention",
    valid_range=(0, 1),
    source="pattern[t, 0], mean over inputs and positions t ≥ 1; Xiao et al. 2023, arXiv:2309.17453, 'attention sinks'",
    needs=("patterns",),
)
def first_token(snapshot: Snapshot) -> xr.DataArray:
    """Share of each head's attention that goes to the first token, mean over positions from the second (head).

    1 for a head that rests there, as heads of language models do that have nothing to say; attention spread evenly over
    T tokens gives about ln(T)/T. Other scores of a head are of what is left, so that they are read beside it.
    """
    return _on_task(snapshot)["first"]


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
        d_vocab = snapshot.task.d_vocab or 1
        length = self.length or snapshot.task.n_ctx // 2
        check_length(snapshot, length)
        generator = torch.Generator().manual_seed(self.seed)
        once = torch.randint(d_vocab, (self.sequences, length), generator=generator)
        task = Probe(torch.cat([once, once], dim=1), d_vocab=d_vocab)
        return by_head(Snapshot(snapshot.model, task), {"repeated": repeated})["repeated"]


def check_length(snapshot: Snapshot, length: int) -> None:
    """Raise `BadArgument` unless a sequence of `length` tokens, said twice, is within the model's context."""
    holds = max(snapshot.task.n_ctx, snapshot.anatomy.size("n_ctx"))
    if not 1 <= length <= holds // 2:
        raise BadArgument(
            f"length is {length}, and the context holds {holds} tokens; give at most {holds // 2}."
        )


@once_per_snapshot
def _on_task(snapshot: Snapshot) -> dict[str, xr.DataArray]:
    """What heads look at on the task's inputs, of one run."""
    return by_head(snapshot, {"before": before, "followed": followed, "first": first})
