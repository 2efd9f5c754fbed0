"""Replacing each neuron by its fit with its own component."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.groups import Symmetry
from groklens.harmonics import ComponentName, ComponentPart, summed_on_grid
from groklens.hypotheses import AnyCircuit, Components, Relabelled
from groklens.interventions import neurons as neurons_
from groklens.interventions.project import changed_at, keep
from groklens.interventions.readout import is_linear, logits_of, mean_neuron_logits, read_by
from groklens.runs import AnyRun
from groklens.snapshots import Snapshot, neuron_shares, once_per_snapshot


def replace(
    snapshot: AnyRun, circuit: AnyCircuit, relabelled: Int[Tensor, "element"] | None = None
) -> Snapshot:
    """The snapshot with every neuron of the last MLP replaced by the fit of its own component, at the answer.

    The fit is by least squares, with a constant, in the products of the waves of the one component that
    explains the neuron best (for a cyclic group: degree-2 polynomials in the cosines and sines of one
    frequency, Nanda et al. 2023, section 4.2). A neuron whose component is not the circuit's is held at its
    mean. `relabelled` renames the group's elements before the fit, which keeps its number of terms: a control.
    Raises `BadArgument` for a model without neurons.
    """
    return keep(snapshot, circuit, "fits", relabelled)


def logits_of_fits(
    snapshot: Snapshot, circuit: Components, relabelled: Int[Tensor, "element"] | None = None
) -> Float[Tensor, "input answer"]:
    """The logits with every neuron replaced by the fit of its own component (input × answer).

    Where the readout is linear, the fits' few coefficients are read out in place of the fits themselves: the
    same numbers, to float32, for a small part of the work.
    """
    if not is_linear(snapshot):
        return logits_of(snapshot, changed_at(snapshot, "keep", Relabelled(circuit, relabelled), "fits"))
    symmetry = circuit.symmetry(snapshot.task)
    parts = _parts(snapshot, symmetry, circuit.components)
    on_grid = summed_on_grid(parts, relabelled)
    return mean_neuron_logits(snapshot) + on_grid[symmetry.elements[:, 0], symmetry.elements[:, 1]]


@once_per_snapshot
def _parts(snapshot: Snapshot, symmetry: Symmetry, names: tuple[ComponentName, ...]) -> list[ComponentPart]:
    """The fits of each component's own neurons, which every relabelling of a control looks at."""
    owners, _, _ = neuron_shares(snapshot, symmetry)
    parts = []
    for component in names:
        own = torch.tensor([owner == component for owner in owners])
        parts.append(
            ComponentPart(neurons_.of(snapshot)[:, own], symmetry, component, read_by(snapshot)[own])
        )
    return parts
