"""`gl.measures.copying_heads`: which attention heads copy what they read, beside matched random heads."""

from __future__ import annotations

import torch
import xarray as xr

from groklens.errors import whole_number
from groklens.measures.copying import Copying, scores
from groklens.measures.measure import checked
from groklens.models import read_by_norm
from groklens.runs import AnyRun, as_snapshot
from groklens.threads import one_thread

_SOURCE = (
    f"{Copying.about.source}. Random heads: each head's values turned by a random rotation before W_O, so that W_V and "
    "W_O keep their singular values and lose what they have in common. Above: higher than any random head"
)


@one_thread()
def copying_heads(
    snapshot: AnyRun, *, length: int | None = None, sequences: int = 8, draws: int = 10, seed: int = 0
) -> xr.Dataset:
    """Which heads raise the token that they read, `Copying`, beyond what heads of the same spectrum do by chance.

    Args:
        snapshot: a snapshot, or a run, which is looked at in its last step.
        length: tokens of a sequence, as of `Copying`.
        sequences: how many a draw.
        draws: of random heads, each on fresh sequences. An untrained model has some head above all of them about once
            in `draws + 1` times. The model is run twice a draw.
        seed: of sequences and draws.

    Gives, by head, `score`, the mean over all sequences, and `above`, whether it is higher than `null`, the highest of
    all random heads: shares of pairs of tokens, −1 to 1. Of few tokens the null is high (of three, one head in 27
    raises each above the others by chance), and at 1 no score is above it.

    Raises `BadArgument` for a model whose values cannot be read, as `Copying` does.

    >>> table = gl.measures.copying_heads(run)  # doctest: +SKIP
    >>> table["head"].values[table["above"]]  # doctest: +SKIP
    array(['1.0'], dtype='<U3')
    """
    seen, _ = checked(Copying(), as_snapshot(snapshot), None)
    unembedding = read_by_norm(seen.model)
    generator = torch.Generator().manual_seed(whole_number("seed", seed, least=0, such_as=0))
    own, turned = [], []
    for _ in range(whole_number("draws", draws, least=1)):
        of_tokens, of_turns = torch.randint(2**62, (2,), generator=generator).tolist()
        there = Copying(length, sequences, of_tokens).on_tokens(seen, unembedding)
        own.append(scores(there, unembedding))
        turned.append(scores(there, unembedding, turned=of_turns))
    return _table(xr.concat(own, dim="draw").mean("draw"), xr.concat(turned, dim="draw").max())


def _table(score: xr.DataArray, null: xr.DataArray) -> xr.Dataset:
    units = {"units": Copying.about.units}
    found = {
        "score": score.assign_attrs(units, long_name=Copying.about.long_name),
        "null": null.assign_attrs(units, long_name="the highest of all random heads"),
        "above": (score > null).assign_attrs(long_name="whether the score is higher"),
    }
    return xr.Dataset(found, attrs={"source": _SOURCE})
