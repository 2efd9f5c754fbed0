"""Measures of attention heads: which component of the group their scores follow, and how differently heads attend."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.harmonics import ComponentName, nontrivial
from groklens.measures.measure import measure
from groklens.snapshots import Snapshot, symmetry_of

_SOURCE = (
    "Nanda et al. 2023, section 4.1 and appendix: the score row of the answer's query over the first operand, "
    "in the group's basis; first layer, as the model computes it (a norm and biases included)"
)


@measure(
    long_name="dominant component of each head's scores",
    units="component",
    valid_range=(float("-inf"), float("inf")),
    source=_SOURCE,
    split="all",
    needs=("group", "attention"),
)
def attention_component(snapshot: Snapshot) -> xr.DataArray:
    """The component that explains most of each head's attention scores (head): a name, which cannot be averaged.

    See `attention_explained` for how much it explains, without which it says nothing.
    """
    names, shares = _shares(snapshot)
    best = [names[i] for i in shares.argmax(dim=0).tolist()]
    return xr.DataArray(np.array(best), dims="head")


@measure(
    long_name="share of a head's scores explained by its component",
    units="share of variance",
    valid_range=(0, 1),
    source=_SOURCE + "; the constant is fitted too, so this is a share of what varies",
    split="all",
    needs=("group", "attention"),
)
def attention_explained(snapshot: Snapshot) -> xr.DataArray:
    """Share of each head's attention scores that one component explains, as a function of the first operand (head).

    1 for a head that attends by one frequency (0.98 to 0.99 in Nanda et al.'s main model); the largest of many
    random shares, little above size / (order − 1), for one without structure; 0 for scores that do not vary.
    The query is that at the answer: "=", or where a task has no separator the last operand, over all of whose
    values power is summed. Only the first layer is looked at, where keys are still tokens.
    """
    _, shares = _shares(snapshot)
    return xr.DataArray(shares.max(dim=0).values.numpy(), dims="head")


def between_heads(pattern: Float[Tensor, "input head query key"]) -> Float[Tensor, "input"]:
    """Variance between a layer's heads of their attention from the answer's position, summed over keys.

    0 where all heads have one pattern. Views choose by it which inputs to show.
    """
    return pattern[:, :, -1].var(dim=1, correction=0).sum(dim=-1)


def some_and_mean(rows: Sequence[int]) -> Callable[[Tensor], Tensor]:
    """A reduction that keeps the patterns of some inputs, and after them the mean over all, in float64."""

    def reduced(pattern: Float[Tensor, "input head query key"]) -> Float[Tensor, "shown head query key"]:
        return torch.cat([pattern[list(rows)].double(), pattern.double().mean(dim=0, keepdim=True)])

    return reduced


def _shares(snapshot: Snapshot) -> tuple[list[ComponentName], Float[Tensor, "component head"]]:
    """Share of the power of the scores over the first operand in each non-trivial component."""
    symmetry = symmetry_of(snapshot)
    n = symmetry.group.order
    scores = _scores(snapshot)
    grid = torch.zeros(n, n, scores.shape[1], dtype=torch.float64)
    grid[symmetry.elements[:, 0], symmetry.elements[:, 1]] = scores
    parts = nontrivial(symmetry.group)
    power = torch.stack(
        [torch.einsum("xf,xyh->fyh", part.basis, grid).square().sum(dim=(0, 1)) for part in parts.values()]
    )
    total = power.sum(dim=0)
    still = total <= 1e-12 * grid.square().sum(dim=(0, 1))  # float32 does not tell such scores from constant
    return list(parts), torch.where(still, 0.0, power / total.clamp_min(1e-300))


def _scores(snapshot: Snapshot) -> Float[Tensor, "input head"]:
    """Attention score of the answer's query with the first operand's key, unscaled.

    Multiplied here from queries and keys: the `hook_attn_scores` of TransformerLens 4's native models holds
    the pattern, after the softmax.
    """
    first = snapshot.anatomy.heads[0]
    n_heads, key = first.count, snapshot.task.operand_positions[0]
    queries = snapshot.activations(first.queries, pos=-1).double()
    keys = snapshot.activations(first.keys, pos=key).double()
    queries = queries.reshape(len(queries), n_heads, -1)
    keys = keys.reshape(len(keys), -1, queries.shape[-1])
    keys = keys.repeat_interleave(n_heads // keys.shape[1], dim=1)  # heads may share keys
    return (queries * keys).sum(dim=-1)
