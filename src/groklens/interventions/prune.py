"""Pruning neurons by inverse participation ratio, and the finding that those of lowest ratio memorise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import xarray as xr
from jaxtyping import Int
from torch import Tensor

from groklens.claims import DRAWS, TOLERANCE, Control, Finding, Verdict, percent
from groklens.errors import BadArgument
from groklens.interventions import neurons as neurons_
from groklens.interventions.patch import patched
from groklens.measures import fitted_accuracy, neuron_ipr, test_accuracy
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot

#: How far below random pruning the wrong labels' fit must fall.
MARGIN = 0.2


def prune(snapshot: AnyRun, neurons: Sequence[int] | Int[Tensor, "chosen"]) -> Snapshot:
    """The snapshot with these neurons of the last MLP pruned: set to zero at the answer.

    `ablate` holds them at their means instead. Raises `BadArgument` for a neuron that the model does not have,
    or a model without neurons.

    >>> without = gl.interventions.prune(snapshot, [0, 1])  # doctest: +SKIP
    """
    snapshot = as_snapshot(snapshot)
    values = neurons_.of(snapshot).clone()
    values[:, neurons_.chosen(snapshot, neurons)] = 0
    return patched(snapshot, neurons_.site(snapshot), values)


def by_ipr(snapshot: AnyRun) -> Int[Tensor, "neuron"]:
    """The neurons of the last MLP in ascending order of `measures.neuron_ipr`."""
    snapshot = as_snapshot(snapshot)
    return torch.as_tensor(xr.DataArray(neuron_ipr(snapshot)).values).argsort(stable=True)


def memorising_neurons(snapshot: AnyRun, share: float = 0.5, seed: int = 0) -> Finding:
    """The claim that the `share` of neurons of lowest IPR fits the wrong labels, and the rest generalise.

    Value: the wrong labels still memorised without those neurons. The first that holds decides: undecided where the
    whole model had memorised less than 0.2 of the wrong labels, for then there is nothing to lose; refuted when the
    value is not below the random mean, or when test accuracy falls by at least 0.01 and as far as at random; supported
    when the value lies at least 0.2 below every one of 20 random prunings of as many neurons and below pruning those
    of highest IPR, while test accuracy loses no more than 0.01; else undecided.
    Source: Doshi et al. 2024 (arXiv:2310.13061), section 4, who have no random control.

    Raises `BadArgument` for a task whose labels are not corrupted, or a share outside (0, 1).

    >>> gl.interventions.memorising_neurons(run.final, share=0.6)  # doctest: +SKIP
    """
    snapshot = as_snapshot(snapshot)
    if not 0 < share < 1:
        raise BadArgument(f"share is {share}; give a share of the neurons between 0 and 1, such as 0.5.")
    order = by_ipr(snapshot)
    count = round(share * len(order))
    generator = torch.Generator().manual_seed(seed)
    lowest, highest = _without(snapshot, order[:count]), _without(snapshot, order[-count:])
    random = [
        _without(snapshot, torch.randperm(len(order), generator=generator)[:count]) for _ in range(DRAWS)
    ]
    whole = _scores(snapshot)
    fits, tests = zip(*random, strict=True)
    controls = (
        Control.of("wrong labels memorised, as many random neurons pruned", fits, key="random_neurons"),
        Control.of("wrong labels memorised, those of highest IPR pruned", [highest[0]], key="highest_ipr"),
        Control.of("test accuracy, as many random neurons pruned", tests, key="random_neurons.test"),
    )
    return Finding(
        f"the {percent(share)} of neurons of lowest IPR memorise: without them wrong labels are lost, the rest kept",
        lowest[0],
        "accuracy on wrong labels",
        _verdict(whole, lowest, highest, random),
        controls,
        source="Doshi et al. 2024, section 4, against random pruning",
        note=f"test accuracy {percent(lowest[1])}; the whole model fits {percent(whole[0])} of the wrong labels and "
        f"has a test accuracy of {percent(whole[1])}",
        key="pruning.lowest_ipr",
    )


#: Wrong labels memorised, and test accuracy.
Scores = tuple[float, float]


def _without(snapshot: Snapshot, neurons: Int[Tensor, "chosen"]) -> Scores:
    return _scores(prune(snapshot, neurons))


def _scores(snapshot: Snapshot) -> Scores:
    return float(fitted_accuracy(snapshot)), float(test_accuracy(snapshot))


def _verdict(whole: Scores, lowest: Scores, highest: Scores, random: list[Scores]) -> Verdict:
    fits, tests = zip(*random, strict=True)
    if whole[0] < MARGIN:
        return "undecided"
    if lowest[0] >= sum(fits) / len(fits) or lowest[1] <= min(*tests, whole[1] - TOLERANCE):
        return "refuted"
    apart = lowest[0] <= min(*fits, highest[0]) - MARGIN
    return "supported" if apart and lowest[1] >= whole[1] - TOLERANCE else "undecided"
