"""Train losses without a circuit, and without each of its components, in one pass over the train logits."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.harmonics import ComponentName, chosen_basis
from groklens.hypotheses import Circuit
from groklens.memory import BUDGETS
from groklens.models import cross_entropy_each
from groklens.snapshots import Snapshot, input_statistics, judged_by, logit_means, once_per_snapshot

#: The largest difference of exponents that is multiplied: e^600 is far from where float64 ends.
_LARGEST = 600.0


@once_per_snapshot
def excluded_losses(snapshot: Snapshot, circuit: Circuit) -> dict[tuple[ComponentName, ...], float]:
    """Mean train loss, in nats, of the logits without the functions of the answer in each given set of components.

    By the components that are lost: all of the circuit's, and each alone.
    """
    assert snapshot.train_index is not None  # `measure` has seen to it
    symmetry = circuit.symmetry(snapshot.task)
    means = logit_means(snapshot, symmetry)
    lost = dict.fromkeys([circuit.components, *((name,) for name in circuit.components)])
    parts = [_function_of_answer(circuit, names, means) for names in lost]
    totals = torch.zeros(len(parts), dtype=torch.float64)
    rows, logits = zip(*input_statistics(snapshot, symmetry).train_rows(snapshot), strict=True)
    wanted = judged_by(snapshot.task, "train")
    step = max(1, BUDGETS.grid // (8 * means.shape[1]))
    for index, whole in zip(torch.cat(rows).split(step), torch.cat(logits).split(step), strict=True):
        labels, answers = wanted[index], symmetry.products[index]
        totals += _losses_without(whole.double(), parts, answers, labels).sum(dim=1)
    return dict(zip(lost, (totals / len(snapshot.train_index)).tolist(), strict=True))


def _function_of_answer(
    circuit: Circuit, names: tuple[ComponentName, ...], means: Float[Tensor, "element answer"]
) -> Float[Tensor, "element answer"]:
    """The logits' function of the answer in some components."""
    basis = chosen_basis(circuit.group, names)
    return basis @ (basis.T @ means)


def _losses_without(
    logits: Float[Tensor, "row answer"],
    parts: Sequence[Float[Tensor, "element answer"]],
    answers: Int[Tensor, "row"],
    labels: Int[Tensor, "row"],
) -> Float[Tensor, "part row"]:
    """Losses of the logits less each part, whose exponentials are those of both multiplied.

    A part has few rows, so that exponentials are taken of the logits once. The loss is the logarithm of the sum over
    the label's own term, which is exact where that is nearly all. Where the range of float64 might not do, each
    difference is taken.
    """
    if float(logits.max() - logits.min()) + max(float(part.max() - part.min()) for part in parts) > _LARGEST:
        return torch.stack([cross_entropy_each(logits - part[answers], labels) for part in parts])
    likely, own = (logits - logits.amax(dim=1, keepdim=True)).exp_(), torch.arange(len(labels))
    losses = []
    for part in parts:
        less = (part.amin(dim=1, keepdim=True) - part).exp_()
        terms = less[answers].mul_(likely)
        losses.append((terms.sum(dim=1) / terms[own, labels]).log_())
    return torch.stack(losses)
