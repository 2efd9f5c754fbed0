"""A measure of whether the angles at which neurons read the two operands add up to the angle at which they write."""

from __future__ import annotations

import math

import torch
import xarray as xr
from jaxtyping import Complex, Float, Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.measures.circles import cyclic_logs
from groklens.measures.measure import measure
from groklens.snapshots import Snapshot, neuron_shares, symmetry_of

#: A wave weaker than this part of what varies most among the neurons is taken for rounding: it has no angle.
_FAINT = 1e-5


@measure(
    long_name="error of the phase relation",
    units="radians",
    valid_range=(0, math.pi),
    source="Gromov 2023, arXiv:2301.02679 (φ_out = φ_a + φ_b); He et al. 2026, arXiv:2602.16849, |2φ − ψ| for "
    "operands that share their weights",
    split="all",
    needs=("group", "neurons", "readout"),
)
def phase_relation(snapshot: Snapshot) -> xr.DataArray:
    """Distance on the circle of φ_a + φ_b from ψ, for each neuron of the last MLP (neuron), in [0, π].

    In the neuron's dominant component k, its pre-activation moves as cos(wx + φ_a) with the first operand and
    as cos(wy + φ_b) with the second, and W_L writes it at cos(wz + ψ); w = 2πk/n. 0 where the angles add up, as in
    Gromov's weights and in a pizza; uniform, with mean π/2, where they are unrelated, as in an untrained model.
    For the sign (k = n/2) angles are 0 or π. A neuron that misses one of the three waves has no relation to
    test and is given π/2: one that is dead, or that only a product of the operands reaches.

    Read it at neurons that `neuron_explained` assigns to a component, and in models of one layer: in a deeper
    one an earlier MLP may already have added the operands (a pizza of two layers has 1.43). Raises
    `BadArgument` for a group that is not cyclic, or a model without `hook_pre` in its last MLP.
    """
    logs = cyclic_logs(snapshot)
    names, _, _ = neuron_shares(snapshot)
    k = torch.tensor([int(name) for name in names])
    assert snapshot.neuron_logit_map is not None  # `measure` has seen to it
    readout = snapshot.neuron_logit_map.double()[:, : len(logs)].T[logs.argsort()]
    read, written = _operand_waves(snapshot, logs, k), _waves(readout, k, readout)
    waves = torch.stack([*read, written])
    error = (waves[0] * waves[1] * waves[2].conj()).angle().abs()
    return xr.DataArray(torch.where((waves == 0).any(dim=0), math.pi / 2, error).numpy(), dims="neuron")


def _operand_waves(
    snapshot: Snapshot, logs: Int[Tensor, "element"], k: Int[Tensor, "neuron"]
) -> list[Complex[Tensor, "neuron"]]:
    """First-order waves of the pre-activations in each operand, averaged over the other operand."""
    site = snapshot.anatomy.neuron_inputs
    if site is None:
        sought = snapshot.anatomy.neuron_inputs_sought.hook
        raise BadArgument(f"{snapshot!r} has no {sought}, so what its neurons read has no angle.")
    elements, n = symmetry_of(snapshot).elements, len(logs)
    values = snapshot.activations(site).double()
    waves = []
    for operand in (0, 1):
        means = torch.zeros(n, values.shape[1], dtype=torch.float64)
        means.index_add_(0, logs[elements[:, operand]], values / n)
        waves.append(_waves(means, k, values))
    return waves


def _waves(
    functions: Float[Tensor, "place neuron"],
    k: Int[Tensor, "neuron"],
    within: Float[Tensor, "row neuron"],
) -> Complex[Tensor, "neuron"]:
    """Each neuron's mean of f(x) e^{−iwx} at its own frequency, A e^{iφ}/2 for A cos(wx + φ).

    0 where it is faint beside the standard deviation of the neuron of `within` that varies most.
    """
    centred = functions - functions.mean(dim=0)  # so that rounding of a large constant is no wave
    waves = torch.fft.rfft(centred, dim=0)[k, torch.arange(len(k))] / len(functions)
    faint = waves.abs() <= _FAINT * within.std(dim=0, correction=0).max()
    return torch.where(faint, torch.zeros_like(waves), waves)
