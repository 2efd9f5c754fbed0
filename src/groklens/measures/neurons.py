"""Measures of neurons: which component explains each of them, and how large each component's cluster is."""

from __future__ import annotations

import numpy as np
import xarray as xr

from groklens.harmonics import ComponentName
from groklens.measures.measure import measure
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot, neuron_shares

_SOURCE = (
    "Nanda et al. 2023, section 4.1; centred activations, every component tried "
    "(the original loop leaves out the last frequency)"
)
#: A neuron belongs to a component's cluster from this share on (Nanda et al.).
IN_CLUSTER = 0.85


@measure(
    long_name="dominant component of each neuron",
    units="component",
    valid_range=(float("-inf"), float("inf")),
    source=_SOURCE,
    split="all",
    needs=("group", "neurons"),
)
def neuron_component(snapshot: Snapshot) -> xr.DataArray:
    """The component that explains most of each neuron's variance (neuron): a name, which cannot be averaged."""
    names, _, _ = neuron_shares(snapshot)
    return xr.DataArray(np.array(names), dims="neuron")


@measure(
    long_name="share of each neuron explained by its component",
    units="share of variance",
    valid_range=(0, 1),
    source=_SOURCE,
    split="all",
    needs=("group", "neurons"),
)
def neuron_explained(snapshot: Snapshot) -> xr.DataArray:
    """Share of each neuron's variance that its dominant component explains (neuron).

    1 for a neuron that is a quadratic polynomial of one component's waves; for one without structure, little
    above (number of the component's products) / n². At least 0.85 puts it in the component's cluster.
    """
    _, explained, _ = neuron_shares(snapshot)
    return xr.DataArray(explained.numpy(), dims="neuron")


@measure(
    long_name="neurons in clusters",
    units="share of neurons",
    valid_range=(0, 1),
    source=_SOURCE + "; cluster from 0.85",
    split="all",
    needs=("group", "neurons"),
)
def clustered_neurons(snapshot: Snapshot) -> float:
    """Share of neurons of whose variance one component explains at least 85 %, in [0, 1]."""
    _, explained, _ = neuron_shares(snapshot)
    return float((explained >= IN_CLUSTER).double().mean())


def cluster_sizes(snapshot: AnyRun) -> dict[ComponentName, int]:
    """Number of neurons in each component's cluster (`neuron_explained` ≥ 0.85), largest first."""
    snapshot = as_snapshot(snapshot).where_group_acts
    names, explained, _ = neuron_shares(snapshot)
    members = [name for name, share in zip(names, explained.tolist(), strict=True) if share >= IN_CLUSTER]
    sizes = {name: members.count(name) for name in dict.fromkeys(members)}
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))
