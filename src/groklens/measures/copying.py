"""Whether an attention head copies: what it writes of a token speaks for that token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import whole_fields
from groklens.measures.family import Family
from groklens.measures.measure import About, measure
from groklens.measures.random_heads import rotations
from groklens.models import as_float, gain_behind_attention, read_by_norm, weights
from groklens.snapshots import Snapshot, passing
from groklens.tasks import Probe

#: Sequences whose values are read at a time, and tokens of an embedding that are multiplied at a time.
_ROWS, _TOKENS = 16, 8192
_LONGEST = 25


@dataclass(frozen=True)
class Copying(Family):
    """Share of other tokens over which a head raises the token that it reads, less the share that it puts above (head).

    On sequences of random tokens, none of them twice: what each head writes of the token at each position (its value
    through W_O, the gains of the norm behind attention, if any, and of the final norm, and W_U) gives every token of
    the sequence a logit; compared are the token read and each other one. 1 where it is raised above all of them, as by
    a head that copies, 0 by chance, −1 where it is always the lowest, as by a head that suppresses what it reads. A
    value of a later layer is of the whole stream at that position. Whether the head attends anywhere is another
    question: see `PrefixMatching`.

    Args:
        length: tokens of a sequence; None takes 25, or what inputs hold, or as many as there are.
        sequences: how many are averaged.
        seed: of the sequences.
    """

    length: int | None = None
    sequences: int = 32
    seed: int = 0
    about = About(
        "copying by each head",
        "share of pairs",
        (-1, 1),
        "Olsson et al. 2022, arXiv:2209.11895, 'copying': the head's output raises the logit of the token attended to. "
        "Departures: by rank among the tokens of the sequence, for each token read by itself, scales of norms "
        "left out (they change no rank)",
        "all",
        ("copies",),
    )

    def __post_init__(self) -> None:
        whole_fields(self, "sequences", least=1)
        whole_fields(self, "seed", least=0)
        if self.length is not None:
            whole_fields(self, "length", least=2)

    def value(self, snapshot: Snapshot, circuit: object) -> xr.DataArray:
        """The score of every head on the random sequences."""
        del circuit
        unembedding = read_by_norm(snapshot.model)
        return scores(self.on_tokens(snapshot, unembedding), unembedding)

    def on_tokens(self, snapshot: Snapshot, unembedding: Float[Tensor, "d_model d_vocab"]) -> Snapshot:
        """The model on the random sequences."""
        n_tokens = min(snapshot.task.d_vocab or 0, unembedding.shape[1])
        length = min(self.length or min(_LONGEST, snapshot.task.n_ctx), n_tokens)
        tokens = distinct_tokens(n_tokens, length, self.sequences, self.seed)
        return Snapshot(snapshot.model, Probe(tokens, d_vocab=snapshot.task.d_vocab))


@measure(
    long_name="copying by the eigenvalues of each head",
    units="share of eigenvalues",
    valid_range=(-1, 1),
    source="Elhage et al. 2021, A Mathematical Framework for Transformer Circuits, 'copying': Σλ/Σ|λ| over the "
    "eigenvalues of W_E W_V W_O W_U. Departure: norms and what layers before write are left out",
    split="weights",
    needs=("copies",),
)
def copying_eigenvalues(snapshot: Snapshot) -> xr.DataArray:
    """Sum of the eigenvalues of each head's circuit from token to token, over the sum of their sizes (head).

    1 where all are positive: the head raises the tokens, or mixtures of them, that it reads; 0 for a head of random
    weights, with a standard deviation of about 1.5/d_head; −1 where all are negative. Eigenvalues of the square matrix
    of all tokens, W_E W_V W_O W_U, are those of W_O W_U W_E W_V, which is as wide as a head. Heads that share values
    have them each.
    """
    found = weights(snapshot.model, ("W_E", "W_V", "W_O", "W_U"))
    around = _around(found["W_E"], found["W_U"])
    scores = [
        [
            _share(outward.double() @ around @ value.double())
            for outward, value in zip(out, values, strict=True)
        ]
        for out, values in zip(
            found["W_O"].cpu(), _of_heads(found["W_V"].cpu(), 1, found["W_O"]), strict=True
        )
    ]
    layers = snapshot.anatomy.heads
    names = [name for layer in layers for name in layer.names]
    return xr.DataArray(np.array(scores).flatten(), coords={"head": names}, dims="head")


def distinct_tokens(n_tokens: int, length: int, sequences: int, seed: int) -> Int[Tensor, "sequence pos"]:
    """Sequences of random tokens, none of which holds one twice.

    >>> distinct_tokens(3, length=3, sequences=1, seed=0).sort().values.tolist()
    [[0, 1, 2]]
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randperm(n_tokens, generator=generator)[:length] for _ in range(sequences)])


def scores(
    snapshot: Snapshot, unembedding: Float[Tensor, "d_model d_vocab"], turned: int | None = None
) -> xr.DataArray:
    """The score of every head on a snapshot's sequences; with a seed, of heads whose values are turned at random."""
    model = snapshot.model
    layers = [layer for layer in snapshot.anatomy.heads if snapshot.anatomy.has(layer.values)]
    outward = as_float(weights(model, ("W_O",))["W_O"].cpu())
    totals = {layer.values.hook: torch.zeros(layer.count, dtype=torch.float64) for layer in layers}
    places = {layer.values.hook: layer.layer for layer in layers}
    gains = {hook: gain_behind_attention(model, place) for hook, place in places.items()}

    def read(hook: str, values: Tensor, rows: slice) -> None:
        of_tokens = unembedding.T[snapshot.task.inputs[rows]]  # input × pos × d_model
        out = outward[places[hook]]
        if turned is not None:  # the same for every block of inputs
            out = rotations(out.shape[0], out.shape[1], turned + places[hook]).to(out) @ out
        gain = gains[hook]
        for head, written in enumerate(_written(values, out if gain is None else out * gain)):
            totals[hook][head] += _raised(written @ of_tokens.transpose(1, 2)).sum()

    passing(snapshot.anatomy, list(totals), read, rows=_ROWS)
    names = [name for layer in layers for name in layer.names]
    found = torch.cat(list(totals.values())) / len(snapshot.task.inputs)
    return xr.DataArray(found.numpy(), coords={"head": names}, dims="head")


def _written(values: Tensor, outward: Float[Tensor, "head d_head d_model"]) -> Iterator[Tensor]:
    """What each head writes of the token at each position, input × pos × d_model."""
    n_heads, d_head, _ = outward.shape
    if values.ndim == 3:  # some give all heads side by side
        values = values.unflatten(-1, (-1, d_head))
    for head, out in enumerate(outward):
        yield values[:, :, head * values.shape[2] // n_heads] @ out


def _raised(logits: Float[Tensor, "input read token"]) -> Float[Tensor, "input"]:
    """Share of the others that the token read is raised above, less the share it is put below, mean over those read."""
    own = logits.diagonal(dim1=1, dim2=2)[..., None]
    n_others = max(logits.shape[2] - 1, 1)
    return (own - logits).sign().double().sum(dim=2).mean(dim=1) / n_others


def _around(embedding: Tensor, unembedding: Tensor) -> Float[Tensor, "d_model d_model"]:
    """W_U W_E over the tokens that are answers too, float64."""
    n_tokens = min(len(embedding), unembedding.shape[1])
    parts = torch.arange(n_tokens).split(_TOKENS)
    return torch.stack(
        [unembedding[:, part].cpu().double() @ embedding[part].cpu().double() for part in parts]
    ).sum(dim=0)


def _of_heads(values: Tensor, axis: int, outward: Tensor) -> Tensor:
    """W_V with a head for every one of W_O: groups of heads share theirs."""
    return values.repeat_interleave(outward.shape[axis] // values.shape[axis], dim=axis)


def _share(square: Float[Tensor, "d_head d_head"]) -> float:
    values = torch.linalg.eigvals(square)
    size = float(values.abs().sum())
    return float(values.real.sum()) / size if size else 0.0
