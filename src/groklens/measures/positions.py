"""The loss of a task that is answered at several positions, by position."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from groklens.measures.measure import measure
from groklens.models import cross_entropy_each
from groklens.snapshots import Snapshot


@measure(
    long_name="loss by position",
    units="nats",
    valid_range=(0.0, float("inf")),
    source="float64 cross-entropy at every position read, mean over inputs; Olsson et al. 2022, arXiv:2209.11895, "
    "'in-context learning score', is one late position less one early position of it",
)
def loss_by_position(snapshot: Snapshot) -> xr.DataArray:
    """Mean cross-entropy at each position that the task is answered at, in nats (pos).

    Flat where only the last token or two are used; falling as far as more of what came before helps, so that a late
    position less an early one is what the context is worth (below 0, in nats). One position where there is one.

    >>> gl.track(run, "loss_by_position")  # doctest: +SKIP
    """
    task = snapshot.task
    labels = task.labels if task.labels.ndim > 1 else task.labels[:, None]
    total = torch.zeros(labels.shape[1], dtype=torch.float64)
    for block in snapshot.blocks():
        logits = block.logits if block.logits.ndim > 2 else block.logits[:, None]
        total += cross_entropy_each(logits.double(), labels[block.rows]).sum(dim=0)
    places = np.array([place % task.n_ctx for place in task.reads])
    return xr.DataArray((total / len(labels)).numpy(), coords={"pos": places}, dims="pos")
