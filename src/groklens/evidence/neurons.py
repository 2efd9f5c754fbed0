"""Sufficiency and necessity of a circuit at the last MLP's neurons.

The same claims as `evidence.logits` makes of the logits, made where the model computes. They can fail where
those hold: neurons share components.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.claims import ASIDE, FALL, Control, Finding, judge_keeping, judge_removal, named
from groklens.evidence.random_controls import accuracy_left, draw_numbers, random_control
from groklens.harmonics import ComponentName, chosen_basis
from groklens.hypotheses import Circuit
from groklens.interventions import logits_of_fits, logits_without, mean_neuron_logits, means_without
from groklens.interventions import neurons as neurons_
from groklens.snapshots import Snapshot, accuracy_if, logit_means


def neuron_sufficiency(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that replacing neurons by per-neuron fits of the circuit's components keeps the accuracy, all inputs.

    Supported when no more than 0.01 is lost, and less than with every control: fits of the same number of
    terms under relabelled elements (20 draws), and all neurons held at their means, which shows what goes
    past them. Raises `BadArgument` for a model without neurons.
    """
    whole = accuracy_if(snapshot, snapshot.logits)
    value = accuracy_left(snapshot, logits_of_fits(snapshot, circuit))

    def relabelled(g: torch.Generator) -> float:
        order = torch.randperm(circuit.group.order, generator=g)
        return accuracy_left(snapshot, logits_of_fits(snapshot, circuit, order))

    controls = [
        random_control("per-neuron fits under relabelled elements", relabelled, key="relabelled"),
        Control.of(
            "every neuron at its mean",
            [accuracy_left(snapshot, mean_neuron_logits(snapshot))],
            key="mean_neurons",
        ),
    ]
    verdict, note = judge_keeping(value, whole, controls)
    return Finding(
        "replacing neurons by per-neuron fits of the circuit's components keeps the accuracy",
        value,
        "accuracy",
        verdict,
        tuple(controls),
        source="Nanda et al. 2023, section 5.2, against fits under relabelled elements",
        note=note,
        key="sufficiency.neurons",
    )


def fits_not_tried(snapshot: Snapshot) -> Finding:
    """The claim that per-neuron fits are sufficient, undecided as no neurons were found."""
    return Finding(
        "replacing each neuron by the fit of its own component in the circuit keeps the accuracy",
        None,
        "accuracy",
        "undecided",
        source="Nanda et al. 2023, section 5.2, against fits under relabelled elements",
        note=f"{snapshot.anatomy.nothing_to_see}; {snapshot.anatomy.how_to_name}",
        key="sufficiency.neurons",
    )


def neuron_necessity(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that mean-ablating the circuit's neurons takes the accuracy towards chance, over all inputs.

    The circuit's neurons are its clusters (`clusters`), each held at its mean. Supported when accuracy falls
    at least half of the way to chance and below that of every random set of as many neurons (20 draws, from
    the neurons outside the clusters where there are as many, otherwise from all). Undecided where no neuron is
    in a cluster, or all are and no other set can be drawn. Raises `BadArgument` for a model without neurons.
    """
    claim = "mean-ablating the circuit's neurons takes the accuracy towards chance"
    found = neurons_.clusters(snapshot, circuit)
    n = neurons_.of(snapshot).shape[1]
    if not found:
        note = f"none of {n} neurons is in a cluster"
        return Finding(claim, None, "accuracy", "undecided", note=note, key="necessity.neurons", role=ASIDE)
    members = torch.cat(list(found.values()))
    others = _without(n, members)
    pool, note = (others, "") if len(others) >= len(members) else (torch.arange(n), ", draws from all")
    whole, chance = accuracy_if(snapshot, snapshot.logits), 1 / snapshot.task.d_vocab_out
    value = accuracy_left(snapshot, logits_without(snapshot, members))
    controls = []
    if len(members) < n:
        controls.append(
            random_control(
                "as many random neurons mean-ablated",
                lambda g: accuracy_left(snapshot, logits_without(snapshot, _some(pool, len(members), g))),
                key="random_neurons",
            )
        )
    verdict, why = judge_removal(value, whole, chance, controls)
    return Finding(
        claim,
        value,
        "accuracy",
        verdict,
        tuple(controls),
        source="clusters of Nanda et al. 2023, section 4.1, against random sets of neurons",
        note=f"{why}; {len(members)} of {n} neurons{note if controls else ''}",
        key="necessity.neurons",
        role=ASIDE,
    )


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
    others = _without(neurons_.of(snapshot).shape[1], members)
    generator = torch.Generator().manual_seed(0)
    symmetry = circuit.symmetry(snapshot.task)
    functions = chosen_basis(symmetry.group, (name,)).T
    before = float((functions @ logit_means(snapshot, symmetry)).norm())

    def share(index: Tensor) -> float:
        return 1 - float((functions @ means_without(snapshot, index, symmetry)).norm()) / max(before, 1e-300)

    return share(members), [share(_some(others, len(members), generator)) for _ in draw_numbers()]


def _without(n: int, members: Int[Tensor, "member"]) -> Int[Tensor, "other"]:
    outside = torch.ones(n, dtype=torch.bool)
    outside[members] = False
    return torch.nonzero(outside)[:, 0]


def _some(pool: Int[Tensor, "other"], size: int, generator: torch.Generator) -> Int[Tensor, "chosen"]:
    return pool[torch.randperm(len(pool), generator=generator)[:size]]
