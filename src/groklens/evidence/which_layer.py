"""Saying of findings at neurons which layer's they are, where a model has the MLP neurons of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from groklens.claims import Finding
from groklens.models import mlp_site
from groklens.snapshots import Snapshot

#: The findings that look at the neurons of the last layer.
_AT_NEURONS = ("neurons.show", "sufficiency.neurons", "necessity.neurons", "clusters.carry")


def said_which_layer(snapshot: Snapshot, findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those at neurons with a note of which layer's; unchanged where one layer alone has any."""
    anatomy = snapshot.anatomy
    layers = [layer for layer in range(anatomy.n_layers) if anatomy.has(mlp_site(layer, "post"))]
    if len(layers) < 2 or anatomy.neurons is None:
        return list(findings)
    said = f"neurons of layer {layers[-1]}, the last of layers {layers[0]} to {layers[-1]}"
    return [
        replace(each, note="; ".join(filter(None, (each.note, said)))) if each.key in _AT_NEURONS else each
        for each in findings
    ]
