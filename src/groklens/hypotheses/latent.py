"""The latent algorithm of a model: the frequency, phases and amplitudes of its neurons, taken from what they do.

Only what neurons read and write is looked at, never a label. What the extraction itself might know of the answer is
seen by extracting from a model that learned nothing, or under relabelled elements: `measures.RebuiltAccuracy`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import Symmetry
from groklens.harmonics import discrete_log
from groklens.hypotheses.circuit import Circuit
from groklens.snapshots import Snapshot, once_per_snapshot

#: What the waves of a neuron's input are functions of, as multiples of x and of y.
WAVES = {"x": (1, 0), "y": (0, 1), "x+y": (1, 1), "x−y": (1, -1)}
#: Inputs that are summed at a time in float64.
_ROWS = 512


@dataclass(frozen=True, eq=False)
class Latent:
    """The waves of every neuron of a last MLP: a frequency each, and A e^{iφ} for each wave A cos(wt + φ), w = 2πk/n.

    `frequency` is the component k of the circuit that has most of what the neuron reads, `read` the wave that it reads
    in each of `WAVES`, `constant` what it reads at all inputs alike, `written` the wave over the answers z that it
    writes at its frequency. x, y and z count in the group's discrete logarithms: `exponents` by element.
    """

    exponents: Int[Tensor, "element"]
    frequency: Int[Tensor, "neuron"]
    constant: Float[Tensor, "neuron"]
    read: Complex[Tensor, "wave neuron"]
    written: Complex[Tensor, "neuron"]


def extract(snapshot: Snapshot, circuit: Circuit, relabelled: Int[Tensor, "element"] | None = None) -> Latent:
    """The waves of every neuron of a snapshot's last MLP, each at the frequency among the circuit's that it reads most.

    `relabelled` renames the group's elements first: a control. Raises `BadArgument` for a group that is not cyclic, a
    model without neurons, their inputs and their readout, or inputs that are not every pair equally often.
    """
    logs = discrete_log(circuit.group)
    if logs is None:
        raise BadArgument(
            f"{circuit.group.name} is not cyclic, so its neurons have no frequencies and phases."
        )
    exponents = logs if relabelled is None else logs[relabelled]
    n, k = len(logs), torch.tensor([int(name) for name in circuit.components])
    waves = _waves_read(_grid(snapshot, circuit.symmetry(snapshot.task)), exponents, k)
    alone = 2 * k % n == 0  # the sign has no sine beside it, and its x+y and x−y are one
    waves[alone] *= 0.5
    waves[alone, -1] = 0
    own = (waves.abs().square() * torch.where(alone, 2, 1)[:, None, None]).sum(dim=1).argmax(dim=0)
    neurons = torch.arange(len(own))
    by_exponent = _readout(snapshot)[:, :n][:, exponents.argsort()]
    written = torch.fft.fft(by_exponent, dim=1)[neurons, k[own]] * torch.where(alone, 1, 2)[own] / n
    constant = _mean_received(snapshot)
    return Latent(exponents, k[own], constant, waves[own, :, neurons].T, written)


@once_per_snapshot
def _grid(snapshot: Snapshot, symmetry: Symmetry) -> Float[Tensor, "x y neuron"]:
    """What the neurons receive, by the elements that both operands are."""
    n, values = symmetry.group.order, _pre_activations(snapshot)
    x, y = symmetry.elements[:, :2].unbind(dim=1)
    cells = x * n + y
    if torch.equal(cells, torch.arange(n * n)):
        return values.unflatten(0, (n, n))
    counts = torch.bincount(cells, minlength=n * n)
    if (counts != counts[0]).any():
        raise BadArgument(
            f"Pairs of elements are among the inputs of {snapshot.task.name} between {int(counts.min())} and "
            f"{int(counts.max())} times; phases are taken from the whole table, every pair equally often."
        )
    grid = torch.zeros(n * n, values.shape[1]).index_add_(0, cells, values / counts[0])
    return grid.unflatten(0, (n, n))


@once_per_snapshot
def _mean_received(snapshot: Snapshot) -> Float[Tensor, "neuron"]:
    """The mean over the inputs of what the neurons receive, float64; torch is slow at all at once."""
    received = _pre_activations(snapshot)
    sums = [rows.double().sum(dim=0) for rows in received.split(_ROWS)]
    return torch.stack(sums).sum(dim=0) / len(received)


def _waves_read(
    grid: Float[Tensor, "x y neuron"], exponents: Int[Tensor, "element"], k: Int[Tensor, "component"]
) -> Complex[Tensor, "component wave neuron"]:
    """A e^{iφ} of each component's wave in each of `WAVES`; twice that of the sign, whose conjugate is itself."""
    n = len(grid)
    angle = 2 * torch.pi * (k[:, None] * exponents % n).double() / n
    functions = torch.cat([angle.cos(), angle.sin(), torch.ones(1, n, dtype=torch.float64)])
    in_x = (functions.to(grid) @ grid.flatten(1)).unflatten(1, grid.shape[1:]).double()
    products = functions @ in_x * (2 / n**2)
    c, s = torch.arange(len(k)), torch.arange(len(k)) + len(k)
    cc, cs, sc, ss = (products[i, j] for i, j in ((c, c), (c, s), (s, c), (s, s)))
    parts = {
        "x": (products[c, -1], -products[s, -1]),
        "y": (products[-1, c], -products[-1, s]),
        "x+y": (cc - ss, -(sc + cs)),
        "x−y": (cc + ss, cs - sc),
    }
    return torch.stack([torch.complex(*parts[name]) for name in WAVES], dim=1)


def _pre_activations(snapshot: Snapshot) -> Float[Tensor, "input neuron"]:
    """What the neurons of the last MLP receive at the answer."""
    received = snapshot.neuron_inputs
    if received is None:
        sought = snapshot.anatomy.neuron_inputs_sought.hook
        raise BadArgument(f"{snapshot!r} has no {sought}, so what its neurons read has no phases.")
    return received


def _readout(snapshot: Snapshot) -> Float[Tensor, "neuron answer"]:
    readout = snapshot.neuron_logit_map
    if readout is None:
        raise BadArgument(
            f"{snapshot!r} has no W_U that reads its neurons, so what they write has no phases."
        )
    return readout.double().cpu()
