"""The embedding of each group element projected onto the plane of each component."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.harmonics import discrete_log, nontrivial
from groklens.measures.measure import measure
from groklens.measures.spectra import operand_vectors
from groklens.snapshots import Snapshot, symmetry_of


@measure(
    long_name="embedding in the component's plane",
    units="norm of the embedding",
    valid_range=(float("-inf"), float("inf")),
    source="Nanda et al. 2023, section 4.1, and Liu et al. 2022, arXiv:2205.10343, who take principal components",
    split="weights",
    needs=("group", "embedding"),
)
def embedding_plane(snapshot: Snapshot) -> xr.DataArray:
    """Coordinates of every element's embedding in each component's plane (component × element × axis).

    The plane is spanned by the two directions into which the embedding writes most of the component's
    functions; whole embeddings, without their mean, are projected on to it, so what other components write there is
    seen too. Elements on a circle, in the order of their multiples, are a wave; a cloud is none. For a
    frequency the axes are turned to lie nearest to its cosine and its sine, at every step alike; those of a
    larger irrep are its principal axes, each with its largest coordinate positive. A component of one function
    has only a first axis. Along `element` there is the name of each, and in a cyclic group its `exponent`, the
    power of a generator that it is: what frequencies count.
    """
    vectors = operand_vectors(snapshot).cpu()
    vectors = vectors - vectors.mean(dim=0)
    parts = nontrivial(symmetry_of(snapshot).group)
    planes = torch.stack([_in_plane(vectors, part.basis) for part in parts.values()])
    return xr.DataArray(
        planes.numpy(),
        dims=("component", "element", "axis"),
        coords={"component": list(parts), "axis": ["first", "second"], **_elements(snapshot)},
    )


def _elements(snapshot: Snapshot) -> dict[str, Any]:
    group = symmetry_of(snapshot).group
    names = [str(name) for name in snapshot.task.token_names[: group.order]]
    found = {"element": np.arange(group.order), "element_name": ("element", names)}
    logs = discrete_log(group)
    return found if logs is None else {**found, "exponent": ("element", logs.numpy())}


def _in_plane(
    vectors: Float[Tensor, "element feature"], basis: Float[Tensor, "element function"]
) -> Float[Tensor, "element axis"]:
    into, _, of_functions = torch.linalg.svd(vectors.T @ basis, full_matrices=False)
    if basis.shape[1] == 2:
        axes = into @ of_functions  # the orthonormal pair nearest to what cosine and sine are written into
        return vectors @ axes
    found = vectors @ into[:, :2]
    found = found * found.gather(0, found.abs().argmax(dim=0, keepdim=True)).sign()
    return torch.nn.functional.pad(found, (0, 2 - found.shape[1]))
