"""The circles on which a model's embeddings lie, and its logits when only one circle is kept.

Circle isolation of Zhong et al. (2023), arXiv:2306.17844: keep two principal components of W_E and the mean,
zero all the others, and run the model with its own attention. (The authors' code zeroes the first twenty
others; zeroing all reproduces their numbers.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.harmonics import discrete_log
from groklens.memory import BUDGETS, rows_within
from groklens.models import answer_logits, at_rest, device_of, operand_rows
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot, symmetry_of

#: Two principal components are a circle when one frequency holds this share of their power …
ONE_WAVE = 0.9
#: … and they hold this share of the embedding's variance: below it lies what weight decay has left over.
VISIBLE = 0.01


@dataclass(frozen=True, eq=False)
class Circle:
    """A pair of principal components of the first operand's embeddings that one frequency fills.

    `component` is that frequency k (in discrete logarithms where the group is not listed as 0 … n−1); the
    authors name a circle by δ, with k = ±δ⁻¹ mod n. `axes` are the pair's directions; `variance` is the share
    of the embedding's variance along them, in [0, 1].
    """

    component: int
    variance: float
    axes: Float[Tensor, "2 d_model"]


def circles(snapshot: AnyRun) -> list[Circle]:
    """The circles of the embedding, largest first, at most one (the largest) per frequency.

    Pairs (0, 1), (2, 3), … of the principal components of rows 0 … n−1 of W_E, kept where one frequency has at
    least 0.9 of the pair's power and the pair 0.01 of the variance. Circles of equal radius share their
    principal components, which then show none of them. An untrained embedding has no circle, except by
    accident in a very small group. Raises `BadArgument` for a group that is not cyclic, or no W_E.
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    logs = cyclic_logs(snapshot)
    if not snapshot.anatomy.embeds:
        raise BadArgument(f"{snapshot!r} has no W_E, so no embedding could lie on a circle.")
    rows = snapshot.weights["W_E"][: len(logs)].double().cpu()[logs.argsort()]
    scores, scale, axes = torch.linalg.svd(rows - rows.mean(dim=0), full_matrices=False)
    variance = scale.square() / scale.square().sum().clamp_min(1e-300)
    found: dict[int, Circle] = {}
    for first in range(0, len(scale) - 1, 2):
        pair = slice(first, first + 2)
        power = torch.fft.rfft(scores[:, pair], dim=0).abs().square().sum(dim=1)
        if len(logs) % 2 == 0:
            power[-1] /= 2  # the sign has no conjugate beside it
        power[0] = 0.0
        held, share = int(power.argmax()), float(variance[pair].sum())
        if power[held] >= ONE_WAVE * power.sum() and share >= VISIBLE and held not in found:
            found[held] = Circle(held, share, axes[pair])
    return list(found.values())


@torch.no_grad()
def isolated_logits(snapshot: AnyRun, circle: Circle) -> Float[Tensor, "input answer"]:
    """The logits when the operands' embeddings are reduced to their mean and one circle; float32.

    The model runs as it is, its own attention included, with what `hook_embed` gives replaced; nothing stays
    changed. A second operand with a vocabulary of its own keeps its own mean and its part along the same axes.
    Raises `BadArgument` for a model that does not run through `hook_embed`.
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    model, task, site = snapshot.anatomy.model, snapshot.task, snapshot.anatomy.embedding_hook
    if site is None:
        raise BadArgument(f"{snapshot!r} has no hook_embed, so no circle of its embedding can be run alone.")
    tables = [_only(snapshot, circle, tokens.unique()) for tokens in task.operands[:, :2].unbind(dim=1)]

    def replace(value: Tensor, hook: Any) -> Tensor:
        del hook
        value = value.clone()
        rows = operand_rows(model, task, value.shape[1])
        for row, position, table in zip(rows, task.operand_positions, tables, strict=False):
            value[:, row] = table.to(value)[block[:, position].to(value.device)]
        return value

    parts = []
    device = device_of(model)
    for block in task.inputs.split(rows_within(len(task.inputs), 2**14, BUDGETS.circle)):
        with at_rest(model):
            output = model.run_with_hooks(block.to(device), fwd_hooks=[(site.hook, replace)])
        parts.append(answer_logits(output, task.d_vocab_out, len(block)).cpu())
    return torch.cat(parts)


def _only(
    snapshot: Snapshot, circle: Circle, tokens: Int[Tensor, "chosen"]
) -> Float[Tensor, "token d_model"]:
    """W_E with the embeddings of `tokens` reduced to their mean and their part along the circle's axes."""
    table = snapshot.weights["W_E"].double().cpu().clone()
    mean = table[tokens].mean(dim=0)
    table[tokens] = mean + (table[tokens] - mean) @ circle.axes.T @ circle.axes
    return table


def cyclic_logs(snapshot: Snapshot) -> Int[Tensor, "element"]:
    """Discrete logarithms of the group's elements; `BadArgument` for a group that is not cyclic."""
    group = symmetry_of(snapshot).group
    logs = discrete_log(group)
    if logs is None:
        raise BadArgument(f"{group.name} is not cyclic, so its elements lie on no circle.")
    return logs
