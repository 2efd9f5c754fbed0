"""In how many directions the neurons vary: spectral entropy and participation ratio of their covariance."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.measures.measure import measure
from groklens.snapshots import Snapshot, once_per_snapshot


@measure(
    long_name="spectral entropy of the neurons",
    units="share of ln(neurons)",
    valid_range=(0, 1),
    source="arXiv:2604.13123 (−Σ p ln p / ln d of the covariance of a representation), here of the last MLP's "
    "neurons at the answer, over all inputs",
    split="all",
    needs=("neurons",),
)
def spectral_entropy(snapshot: Snapshot) -> float:
    """Entropy of the eigenvalues of the neurons' covariance over all inputs, as a share of its largest, in [0, 1].

    1 where the neurons vary alike in every direction, 0 where in one alone (or none): it falls as a network comes to
    use few directions. The source has a threshold near 0.61 on modular tasks, and finds that MLPs fall without
    grokking.
    """
    share = _shares_of_variance(snapshot)
    return float(-torch.xlogy(share, share).sum()) / math.log(len(share)) if len(share) > 1 else 0.0


@measure(
    long_name="participation ratio of the neurons",
    units="directions",
    valid_range=(0, float("inf")),
    source="(Σλ)²/Σλ² of the covariance's eigenvalues λ, e.g. Gao et al. 2017; of the last MLP's neurons at the answer",
    split="all",
    needs=("neurons",),
)
def participation_ratio(snapshot: Snapshot) -> float:
    """Number of directions in which the neurons vary, (Σλ)²/Σλ² of their covariance over all inputs.

    From 1, all neurons vary together, to the number of neurons, each by itself and as much; 0 where none varies.
    """
    share = _shares_of_variance(snapshot)
    return 1 / float(share.square().sum()) if share.any() else 0.0


@once_per_snapshot
def _shares_of_variance(snapshot: Snapshot) -> Float[Tensor, "direction"]:
    """Eigenvalues of the neurons' covariance over their sum; 0 where nothing varies."""
    neurons = snapshot.neurons
    assert neurons is not None  # `measure` has seen to it
    centred = neurons.double()
    centred = centred - centred.mean(dim=0)
    variances = torch.linalg.eigvalsh(centred.T @ centred).clamp_min(0)
    total = variances.sum()
    return variances / total if total > 1e-20 * len(neurons) else torch.zeros_like(variances)
