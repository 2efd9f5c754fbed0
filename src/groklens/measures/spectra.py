"""Measures of the weights: how their power is spread over the components of the group, and their sum of squares."""

from __future__ import annotations

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.groups import FiniteGroup
from groklens.harmonics import chosen_basis, component_power, nontrivial_functions, operand_shares
from groklens.hypotheses import Circuit
from groklens.measures.by_component import by_component
from groklens.measures.measure import measure
from groklens.models import parameters_squared
from groklens.snapshots import Snapshot, symmetry_of

_SOURCE = "Nanda et al. 2023, section 4.1"


def operand_vectors(snapshot: Snapshot) -> Float[Tensor, "element feature"]:
    """What the model reads of an operand: rows of W_E, or of W_in where operands enter as one-hots."""
    weights, n = snapshot.weights, symmetry_of(snapshot).group.order
    if snapshot.anatomy.embeds:
        return weights["W_E"][:n].double()
    per_operand = weights["W_in"][:, :n].double()
    return torch.cat(list(per_operand), dim=1)


@measure(
    long_name="embedding power",
    units="share of non-constant power",
    valid_range=(0, 1),
    source=_SOURCE,
    split="weights",
    needs=("group", "embedding"),
)
def embedding_spectrum(snapshot: Snapshot) -> xr.DataArray:
    """Share of the embedding's non-constant power in each component (component); sums to 1.

    Concentrated on a few components once inputs are read through them; about size / (order − 1) each when not.
    """
    return by_component(operand_shares(operand_vectors(snapshot), symmetry_of(snapshot).group))


@measure(
    long_name="neuron–logit map power",
    units="share of non-constant power",
    valid_range=(0, 1),
    source=_SOURCE + "; W_L = W_out W_U",
    split="weights",
    needs=("group", "neurons", "readout"),
)
def neuron_logit_spectrum(snapshot: Snapshot) -> xr.DataArray:
    """Share of the non-constant power of W_L, over answers, in each component (component); sums to 1."""
    return by_component(operand_shares(_readout(snapshot), symmetry_of(snapshot).group))


@measure(
    long_name="neuron–logit map outside the circuit",
    units="share of norm",
    valid_range=(0, 1),
    source=_SOURCE
    + "; ‖W_L − TᵀT W_L‖ / ‖W_L‖ in the Frobenius norm, T the circuit's functions of the answer",
    split="weights",
    needs=("neurons", "readout", "circuit"),
)
def neuron_logit_residual(snapshot: Snapshot, circuit: Circuit) -> float:
    """Norm of W_L outside the circuit's components, as a share of its whole norm, in [0, 1].

    0 when neurons write to the circuit's functions of the answer alone; √(1 − size/n) on average for one that
    writes anywhere. The constant is no part of a circuit, so what is written to it counts as residual.
    """
    assert snapshot.neuron_logit_map is not None  # `measure` has seen to it
    readout = snapshot.neuron_logit_map[:, : circuit.group.order].T
    basis = chosen_basis(circuit.group, circuit.components)
    whole = float(readout.norm())
    return float((readout - basis @ (basis.T @ readout)).norm()) / whole if whole > 0 else 0.0


@measure(
    long_name="Gini coefficient of the embedding",
    units="Gini coefficient",
    valid_range=(0, 1),
    source=_SOURCE + " and appendix; over the norms of all non-constant basis functions, not pooled",
    split="weights",
    needs=("group", "embedding"),
)
def gini_embedding(snapshot: Snapshot) -> float:
    """Gini coefficient of the embedding's Fourier norms: 0 if all are equal, near 1 for a few components."""
    return _gini(_norms(operand_vectors(snapshot), symmetry_of(snapshot).group))


@measure(
    long_name="Gini coefficient of the neuron–logit map",
    units="Gini coefficient",
    valid_range=(0, 1),
    source=_SOURCE + " and appendix; over the norms of all non-constant basis functions, not pooled",
    split="weights",
    needs=("group", "neurons", "readout"),
)
def gini_neuron_logit(snapshot: Snapshot) -> float:
    """Gini coefficient of W_L's Fourier norms over answers: 0 if all are equal, near 1 for a few components."""
    return _gini(_norms(_readout(snapshot), symmetry_of(snapshot).group))


_IPR_SOURCE = (
    "He et al. 2026, arXiv:2602.16849, per-frequency form; Gromov 2023 takes the complex DFT instead"
)


@measure(
    long_name="inverse participation ratio of each neuron",
    units="participation",
    valid_range=(0, 1),
    source=_IPR_SOURCE,
    split="weights",
    needs=("group", "neurons", "readout"),
)
def neuron_ipr(snapshot: Snapshot) -> xr.DataArray:
    """Inverse participation ratio Σ (share of power in a component)² (neuron), mean of reading and writing, in (0, 1].

    1 when a neuron reads and writes one component, the reciprocal of the number of components when power is
    even: neurons that generalise stand above those that memorise (Doshi et al. 2024, arXiv:2310.13061). What a
    neuron reads is its W_in row for an MLP; for a transformer, whose neurons see operands through attention,
    and wherever there is no W_in, only what it writes (W_L) is used.
    """
    return xr.DataArray(_participation_each(snapshot).numpy(), dims="neuron")


@measure(
    long_name="inverse participation ratio",
    units="participation",
    valid_range=(0, 1),
    source=_IPR_SOURCE,
    split="weights",
    needs=("group", "neurons", "readout"),
)
def ipr(snapshot: Snapshot) -> float:
    """Mean of `neuron_ipr` over neurons, 1 where every neuron reads and writes one component."""
    return float(_participation_each(snapshot).mean())


@measure(
    long_name="sum of squared weights",
    units="squared norm",
    valid_range=(0, float("inf")),
    source="Nanda et al. 2023, section 5; every parameter, masks excluded",
    split="weights",
)
def sum_squared_weights(snapshot: Snapshot) -> float:
    """Σ‖θ‖² over all parameters, which falls in cleanup under weight decay."""
    return parameters_squared(snapshot.anatomy.model)


def _readout(snapshot: Snapshot) -> Float[Tensor, "element neuron"]:
    assert snapshot.neuron_logit_map is not None  # `measure` has seen to it
    return snapshot.neuron_logit_map[:, : symmetry_of(snapshot).group.order].T


def _neuron_inputs(snapshot: Snapshot) -> Float[Tensor, "element neuron"]:
    weights, n = snapshot.weights, symmetry_of(snapshot).group.order
    inward = weights["W_in"].double()
    read = weights["W_E"][:n].double() @ inward if snapshot.anatomy.embeds else inward[:, :n]
    return torch.cat(list(read), dim=1)


def _gini(values: Float[Tensor, "value"]) -> float:
    """Gini coefficient Σ_i (2i − n − 1) x_(i) / (n Σ x) of non-negative values: 0 all equal, → 1 a single one."""
    ordered = values.sort().values
    n = len(ordered)
    weights = 2 * torch.arange(1, n + 1, dtype=ordered.dtype) - n - 1
    return float((weights * ordered).sum() / (n * ordered.sum()).clamp_min(1e-300))


def _norms(vectors: Float[Tensor, "element feature"], group: FiniteGroup) -> Float[Tensor, "function"]:
    return (nontrivial_functions(group)[0].T @ vectors.double()).norm(dim=1)


def _participation_each(snapshot: Snapshot) -> Float[Tensor, "neuron"]:
    group = symmetry_of(snapshot).group
    writes = _participation(_readout(snapshot), group)
    if not snapshot.anatomy.reads_operands_directly:
        return writes
    reads = _participation(_neuron_inputs(snapshot), group)  # an operand after the other
    return (writes + reads.reshape(-1, len(writes)).mean(dim=0)) / 2


def _participation(rows: Float[Tensor, "element neuron"], group: FiniteGroup) -> Float[Tensor, "neuron"]:
    power = component_power(rows.double(), group)
    share = power / power.sum(dim=0).clamp_min(1e-300)
    return share.square().sum(dim=0)
