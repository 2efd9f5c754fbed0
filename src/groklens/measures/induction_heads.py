"""`gl.measures.induction_heads`: which attention heads do induction, beside matched random heads and shuffled text."""

from __future__ import annotations

import torch
import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, whole_number
from groklens.measures.copying import distinct_tokens
from groklens.measures.head_patterns import before, by_head, first, repeated, with_patterns
from groklens.measures.heads import PrefixMatching, check_length, first_token, previous_token
from groklens.measures.measure import why_lacking
from groklens.measures.random_heads import rotations
from groklens.models import Heads
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Change, Snapshot
from groklens.tasks import Probe
from groklens.threads import one_thread

#: Tokens until the repetition; of fewer than three, each order of them repeats some.
_LONGEST, _SHORTEST = 25, 3
_SOURCE = (
    f"{PrefixMatching.about.source}. Random heads: each head's queries turned by a random rotation, so that W_Q "
    "and W_K keep their singular values and lose what they have in common, while the stream stays the model's own. "
    "Shuffled: the second half in a random order in which neither the present token nor what followed it stands where "
    "the score is taken. Above: beyond the head itself on shuffled sequences by more than any random head"
)


@one_thread()
def induction_heads(
    snapshot: AnyRun,
    *,
    length: int | None = None,
    sequences: int = 8,
    draws: int = 10,
    seed: int = 0,
) -> xr.Dataset:
    """Which heads attend to what followed the present token before, beyond what random heads and positions give.

    Sequences of random tokens, none of which comes twice, are said twice (`PrefixMatching`); what could give a score
    without induction is drawn `draws` times, on fresh sequences each.

    Args:
        snapshot: a snapshot, or a run, which is looked at in its last step.
        length: tokens until the repetition; None takes 25, or what the context holds, or as many as there are.
        sequences: how many a draw.
        draws: of random heads and of shuffled sequences. An untrained model has some head above all of them more seldom
            than once in `draws + 1` times. The model is run four times a draw.
        seed: of sequences and draws.

    Gives, by head, means over all sequences of `score`, `previous_token` and `first_token`; `shuffled`, the highest of
    the same head where the second half is in another order (a head that looks a fixed number of places back scores
    there too, and one that avoids its own token; one that does induction scores 0); `random`, by how much any random
    head scores more on repeated than on shuffled sequences at most; `null`, the sum of both; `above`: whether the score
    is higher than `null`, which says more than nothing (how much, the score says); and `previous_token_null`, the most
    that any random head looks one back. Shares of attention, 0 to 1.

    Raises `BadArgument` for a length that the context does not hold twice, or of fewer than three tokens, and for a
    model whose patterns or queries cannot be read and changed.

    >>> table = gl.measures.induction_heads(run)  # doctest: +SKIP
    >>> table["head"].values[table["above"]]  # doctest: +SKIP
    array(['1.0'], dtype='<U3')
    """
    seen = as_snapshot(snapshot)
    draws, sequences = whole_number("draws", draws, least=1), whole_number("sequences", sequences, least=1)
    layers = _layers(seen)
    n_tokens = seen.task.d_vocab or 0
    holds = max(seen.task.n_ctx, seen.anatomy.size("n_ctx"))
    length = whole_number("length", min(_LONGEST, holds // 2, n_tokens) if length is None else length)
    check_length(seen, length)
    _check_order(length, n_tokens)
    generator = torch.Generator().manual_seed(whole_number("seed", seed, least=0, such_as=0))
    rows = []
    for _ in range(draws):
        once = distinct_tokens(
            n_tokens, length, sequences, int(torch.randint(2**62, (), generator=generator))
        )
        rows.append(_draw(seen, layers, once, generator))
    return _table(
        xr.concat(rows, dim="draw"),
        {"length": length, "sequences": sequences, "draws": draws, "seed": seed},
    )


def _draw(snapshot: Snapshot, layers: list[Heads], once: Tensor, generator: torch.Generator) -> xr.Dataset:
    """The scores of all heads, and of random ones in their place, on repeated and on shuffled sequences."""
    turns = _turns(layers, generator)
    scores, turned = _as_is_and_turned(snapshot, layers, torch.cat([once, once], dim=1), turns)
    shuffled, beside = _as_is_and_turned(snapshot, layers, _shuffled(once, generator), turns)
    random = {"random": turned["score"] - beside["score"], "previous_token_null": turned["previous_token"]}
    return xr.Dataset({**scores, "shuffled": shuffled["score"], **random})


def _as_is_and_turned(
    snapshot: Snapshot, layers: list[Heads], tokens: Tensor, turns: dict[str, Change]
) -> tuple[dict[str, xr.DataArray], dict[str, xr.DataArray]]:
    """The scores of a model's heads on these sequences, and of the same heads with their queries turned.

    What heads give is kept from the first run and put in place of what they give in the second, so that every turned
    head reads the stream that the model itself has there.
    """
    there = Snapshot(snapshot.model, Probe(tokens, d_vocab=snapshot.task.d_vocab))
    kept: dict[str, list[Tensor]] = {layer.z.hook: [] for layer in layers}

    def keep(hook: str, value: Tensor, rows: slice) -> None:
        kept[hook].append(value)

    looked = {"score": repeated, "previous_token": before, "first_token": first}
    scores = by_head(there, looked, beside=dict.fromkeys(kept, keep))
    own = {hook: _own(torch.cat(parts)) for hook, parts in kept.items()}
    return scores, by_head(there, {"score": repeated, "previous_token": before}, {**turns, **own})


def _own(values: Tensor) -> Change:
    return lambda value, rows: values[rows].to(value)


def _table(draws: xr.Dataset, said: dict[str, int]) -> xr.Dataset:
    found = draws[["score", "previous_token", "first_token"]].mean("draw")
    same, highest = draws["shuffled"].max("draw"), draws[["random", "previous_token_null"]].max()
    null = same + highest["random"]
    named = {**found, **highest, "shuffled": same, "null": null, "above": found["score"] > null}
    labels = {
        "score": PrefixMatching.about.long_name,
        "previous_token": previous_token.about.long_name,
        "first_token": first_token.about.long_name,
        "shuffled": "the highest where the repetition is shuffled",
        "null": "the highest without induction",
        "random": "the highest gain by repetition of all random heads",
        "previous_token_null": "the most that a random head looks one back",
        "above": "whether the score is higher",
    }
    units = {name: {} if name == "above" else {"units": "share of attention"} for name in labels}
    variables = {name: named[name].assign_attrs(long_name=labels[name], **units[name]) for name in labels}
    return xr.Dataset(variables, attrs={"source": _SOURCE, **said})


def _layers(snapshot: Snapshot) -> list[Heads]:
    anatomy, layers = snapshot.anatomy, with_patterns(snapshot)
    if not layers or snapshot.task.d_vocab is None:
        raise BadArgument(why_lacking("induction_heads", "patterns", snapshot))
    needed = [site for layer in layers for site in (layer.queries, layer.z)]
    missing = [site.hook for site in needed if not anatomy.has(site)]
    if missing or not anatomy.can_be_edited:
        what = f"the hook {missing[0]!r}" if missing else "hooks(fwd_hooks=…)"
        raise BadArgument(
            f"A {anatomy.kind} has not {what}, so its heads cannot be compared with random ones; "
            "gl.measures.PrefixMatching() gives the score alone."
        )
    return layers


def _check_order(length: int, n_tokens: int) -> None:
    """Raise `BadArgument` for a length of more tokens than there are, or of which each order repeats some."""
    if length > n_tokens:
        raise BadArgument(f"length is {length}, and there are {n_tokens} tokens, none of which comes twice.")
    if length < _SHORTEST:
        raise BadArgument(
            f"length is {length}, and of fewer than {_SHORTEST} tokens no shuffled order is without repetition; give "
            f"length={_SHORTEST} or more, of as many tokens in a context of twice as many, or take the score alone: "
            "gl.measures.PrefixMatching()."
        )


def _shuffled(once: Int[Tensor, "sequence half"], generator: torch.Generator) -> Int[Tensor, "sequence pos"]:
    """The tokens, and then the same ones in an order of their own for each sequence.

    Where the score is taken there stands, as in a repetition, never the present token, so that a head which avoids that
    gains nothing by it, and, other than there, never what followed it.
    """
    n_sequences, length = once.shape
    here = torch.arange(length)
    order = torch.empty(0, length, dtype=torch.long)
    while len(order) < n_sequences:
        drawn = torch.rand(n_sequences, length, generator=generator).argsort(dim=1)
        apart = (drawn != here) & (drawn != (here + 1) % length)
        order = torch.cat([order, drawn[apart.all(dim=1)]])
    return torch.cat([once, once.gather(1, order[:n_sequences])], dim=1)


def _turns(layers: list[Heads], generator: torch.Generator) -> dict[str, Change]:
    """A change of every layer's queries: a random rotation within each head."""
    seeds = torch.randint(2**62, (len(layers),), generator=generator).tolist()
    return {layer.queries.hook: _turn(layer.count, seed) for layer, seed in zip(layers, seeds, strict=True)}


def _turn(n_heads: int, seed: int) -> Change:
    def turned(queries: Tensor, rows: slice) -> Tensor:
        by_each = queries if queries.ndim == 4 else queries.unflatten(-1, (n_heads, -1))
        rotation = rotations(n_heads, by_each.shape[-1], seed).to(
            by_each
        )  # the same for every block of inputs
        return torch.einsum("...hd,hde->...he", by_each, rotation).reshape(queries.shape)

    return turned
