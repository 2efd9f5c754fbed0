"""Train losses without a circuit, and without each of its components, in one pass over the train logits."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.harmonics import ComponentName, chosen_basis
from groklens.hypotheses import Circuit
from groklens.models import cross_entropy_each
from groklens.snapshots import Snapshot, input_statistics, judged_by, logit_means, once_per_snapshot


@once_per_snapshot
def excluded_losses(snapshot: Snapshot, circuit: Circuit) -> dict[tuple[ComponentName, ...], float]:
    """Mean train loss, in nats, of the logits without the functions of the answer in each given set of components.

    By the components that are lost: all of the circuit's, and each alone.
    """
    assert snapshot.train_index is not None  # `measure` has seen to it
    symmetry = circuit.symmetry(snapshot.task)
    means = logit_means(snapshot, symmetry)
    lost = dict.fromkeys([circuit.components, *((name,) for name in circuit.components)])
    parts = [_Part(circuit, names, means) for names in lost]
    totals = torch.zeros(len(parts), dtype=torch.float64)
    for rows, logits in input_statistics(snapshot, symmetry).train_rows(snapshot):
        whole, answers = logits.double(), symmetry.products[rows]
        wanted = judged_by(snapshot.task, "train")[rows]
        for i, part in enumerate(parts):
            totals[i] += cross_entropy_each(part.taken_from(whole, answers), wanted).sum()
    return dict(zip(lost, (totals / len(snapshot.train_index)).tolist(), strict=True))


class _Part:
    """The logits' functions of the answer in some components, as coefficients, which take little memory."""

    def __init__(
        self, circuit: Circuit, names: tuple[ComponentName, ...], means: Float[Tensor, "element answer"]
    ) -> None:
        self._basis = chosen_basis(circuit.group, names)
        self._coefficients = self._basis.T @ means

    def taken_from(self, logits: Float[Tensor, "row answer"], answers: Tensor) -> Float[Tensor, "row answer"]:
        return torch.addmm(logits, self._basis[answers], self._coefficients, alpha=-1)
