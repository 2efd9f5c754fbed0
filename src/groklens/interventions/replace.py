"""Replacing each neuron by its fit with its own component."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.harmonics import component_part
from groklens.hypotheses import AnyCircuit, Components, Relabelled
from groklens.interventions import neurons as neurons_
from groklens.interventions.project import changed_at, keep
from groklens.interventions.readout import is_linear, logits_of, mean_neuron_logits, read_by
from groklens.runs import AnyRun
from groklens.snapshots import Snapshot, neuron_shares


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
    values, read, symmetry = neurons_.of(snapshot), read_by(snapshot), circuit.symmetry(snapshot.task)
    owners, _, _ = neuron_shares(snapshot, symmetry)
    logits = mean_neuron_logits(snapshot).clone()
    for component in circuit.components:
        own = torch.tensor([owner == component for owner in owners])
        logits += component_part(values[:, own], symmetry, component, relabelled, read[own])
    return logits
