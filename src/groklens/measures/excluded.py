"""Train losses without a circuit and without each of its components, in one look at the train logits."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.harmonics import ComponentName, chosen_basis
from groklens.hypotheses import Circuit
from groklens.models import cross_entropy_each
from groklens.snapshots import Snapshot, logit_means, tally


def excluded_losses(snapshot: Snapshot, circuit: Circuit) -> dict[tuple[ComponentName, ...], float]:
    """Mean train loss, in nats, when the logits lose their part in some components' functions of the answer.

    By the components that are lost: all of the circuit's, and each alone. Kept with the snapshot.
    """
    symmetry = circuit.symmetry(snapshot.task)
    key = f"excluded losses/{symmetry.group.key}/{circuit.components}"
    if key not in snapshot.derived:
        means = logit_means(snapshot, symmetry)
        lost = dict.fromkeys([circuit.components, *((name,) for name in circuit.components)])
        parts = [_Part(circuit, names, means) for names in lost]
        totals = torch.zeros(len(parts), dtype=torch.float64)
        for rows, logits in tally(snapshot, symmetry).train_rows(snapshot):
            whole, answers = logits.double(), symmetry.products[rows]
            labels = snapshot.task.targets[rows]
            for i, part in enumerate(parts):
                totals[i] += cross_entropy_each(part.taken_from(whole, answers), labels).sum()
        assert snapshot.train_index is not None  # `measure` has seen to it
        losses = totals / len(snapshot.train_index)
        snapshot.derived[key] = dict(zip(lost, losses.tolist(), strict=True))
    return snapshot.derived[key]


class _Part:
    """What logits say of the answer in some components, as coefficients: it is small, whatever their number."""

    def __init__(
        self, circuit: Circuit, names: tuple[ComponentName, ...], means: Float[Tensor, "element answer"]
    ) -> None:
        self._basis = chosen_basis(circuit.group, names)
        self._coefficients = self._basis.T @ means

    def taken_from(self, logits: Float[Tensor, "row answer"], answers: Tensor) -> Float[Tensor, "row answer"]:
        return torch.addmm(logits, self._basis[answers], self._coefficients, alpha=-1)
