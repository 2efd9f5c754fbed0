"""The finding that each component of the logits comes from the neurons of that component."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.claims import ASIDE, FALL, Control, Finding, named
from groklens.evidence.battery import draw_numbers
from groklens.harmonics import ComponentName, chosen_basis
from groklens.hypotheses import Circuit, some, without
from groklens.interventions import means_without
from groklens.interventions import neurons as neurons_
from groklens.snapshots import Snapshot, logit_means, once_per_snapshot


@once_per_snapshot
def clusters_carry(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that each component of the logits comes from the neurons of that component, over all inputs.

    The number is the least, over components, of the share of the component's part of the logits (its norm)
    that goes when its cluster is ablated. Supported when it is at least half for each, and more than with
    each of 20 random sets of as many other neurons; refuted when it is for none, else undecided: also where a
    component has no cluster, or more neurons than there are others. Raises `BadArgument` for a model without
    MLP.
    """
    claim = "mean-ablating a component's neurons takes that component out of the logits"
    found, n = neurons_.clusters(snapshot, circuit), neurons_.of(snapshot).shape[1]
    drawn = {name: index for name, index in found.items() if 2 * len(index) <= n}
    if not drawn:
        note = "no component has a cluster and others beside it"
        return Finding(claim, None, _OF_PART, "undecided", note=note, key="clusters.carry", role=ASIDE)
    gone = {name: _share_gone(snapshot, circuit, name, index) for name, index in drawn.items()}
    least = min(gone, key=lambda name: gone[name][0])
    carried = [name for name, (share, draws) in gone.items() if share >= FALL and share > max(draws)]
    missing = [name for name in circuit.components if name not in drawn]
    sizes = ", ".join(f"{name}: {len(index)}" for name, index in found.items())
    return Finding(
        claim,
        gone[least][0],
        _OF_PART,
        "supported" if len(carried) == len(circuit.components) else ("undecided" if carried else "refuted"),
        (Control.of("as many random other neurons mean-ablated", gone[least][1], key="random_neurons"),),
        source="clusters of Nanda et al. 2023, section 4.1, against random sets of neurons",
        note=f"the least, of {named([least])}; neurons in clusters: {sizes}"
        + (f"; not compared: {', '.join(map(str, missing))}" if missing else ""),
        key="clusters.carry",
        role=ASIDE,
    )


#: What goes of a component's part when its cluster is ablated.
_OF_PART = "share of that part of the logits"


def _share_gone(
    snapshot: Snapshot, circuit: Circuit, name: ComponentName, members: Int[Tensor, "member"]
) -> tuple[float, list[float]]:
    """The share of a component's logits that goes with `members` ablated, and with 20 random sets of the same size."""
    others = without(neurons_.of(snapshot).shape[1], members)
    generator = torch.Generator().manual_seed(0)
    symmetry = circuit.symmetry(snapshot.task)
    functions = chosen_basis(symmetry.group, (name,)).T
    before = float((functions @ logit_means(snapshot, symmetry)).norm())

    def share(index: Tensor) -> float:
        return 1 - float((functions @ means_without(snapshot, index, symmetry)).norm()) / max(before, 1e-300)

    return share(members), [share(some(others, len(members), generator)) for _ in draw_numbers()]
