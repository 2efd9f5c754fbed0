"""What the context is worth to a model of sequences: its loss late in a sequence less its loss early."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from groklens.errors import BadArgument, whole_fields
from groklens.measures.family import Family
from groklens.measures.measure import About
from groklens.measures.positions import loss_by_position
from groklens.snapshots import Snapshot


@dataclass(frozen=True)
class InContextScore(Family):
    """Loss at a late position less the loss at an early one, in nats: how much a model gains from what came before.

    Below 0 where the context helps: −0.4 nats between the 50th and the 500th token in language models that have
    induction heads; 0 for a model that uses the last token or two alone, or of text that is alike everywhere.
    Position k is the loss of the token after k others, k counted from 1 as of the k-th token.

    Args:
        late: tokens before the late one; None takes the last position that the task is answered at.
        early: tokens before the early one; None takes a tenth of `late`, as 50 is of 500.

    Raises `BadArgument` for positions that the task's inputs do not hold, or where early is not before late.

    >>> gl.track(run, gl.measures.InContextScore(late=500, early=50))  # doctest: +SKIP
    """

    late: int | None = None
    early: int | None = None
    about = About(
        "loss late in a sequence less the loss early",
        "nats",
        (float("-inf"), float("inf")),
        "Olsson et al. 2022, arXiv:2209.11895, 'in-context learning score': loss of token 500 less loss of token 50, "
        "mean over sequences",
        "all",
        ("next_tokens",),
    )

    def __post_init__(self) -> None:
        for name in ("late", "early"):
            if getattr(self, name) is not None:
                whole_fields(self, name, least=1)

    def value(self, snapshot: Snapshot, circuit: object) -> float:
        """The difference of the two losses."""
        del circuit
        found = loss_by_position(snapshot)
        assert isinstance(found, xr.DataArray)
        held = [int(place) + 1 for place in found["pos"].values]
        late = self.late or held[-1]
        early = self.early or max(late // 10, held[0])
        if late not in held or early not in held or early >= late:
            raise BadArgument(
                f"late is {late} and early {early}, and {snapshot.task.name} is answered after {held[0]} to {held[-1]} "
                "tokens; give two of those, the early one first, or longer sequences: gl.tasks.NextTokens(tokens)."
            )
        return float(found[held.index(late)] - found[held.index(early)])
