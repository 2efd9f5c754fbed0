"""Quantities of memorisation: time to fit, distance moved, and the fates of wrong labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument

Phase = Literal["memorisation", "coexistence", "partial inversion", "full inversion", "undecided"]
#: From here on, all; and up to here, none.
ALL_FITTED, NONE_FITTED = 0.95, 0.05
#: Test accuracy of a model that generalises.
RIGHT = 0.99
#: The steps between which something came: the last at which it had not, the first at which it had.
Interval = tuple[float, float]


def time_to_fit(steps: Any, accuracy: Any, level: float = 0.99) -> Interval | None:
    """The steps between which train accuracy first reached `level`: the last seen below it, the first at or above.

    Steps of whatever is given, updates or epochs; (0, 0) where it was there from the start. None where it never
    came: a run that ends is censored, so its time is longer than its last step, not infinite.
    Raises `BadArgument` for arrays of unequal length, or none.

    >>> time_to_fit([0, 10, 20, 30], [0.1, 0.5, 1.0, 1.0])
    (10.0, 20.0)
    """
    places, values = np.asarray(steps, dtype=float), np.asarray(accuracy, dtype=float)
    if places.shape != values.shape or places.ndim != 1 or not len(places):
        raise BadArgument(
            f"steps and accuracy have shapes {places.shape} and {values.shape}; give one accuracy a step."
        )
    order = places.argsort()
    reached = np.flatnonzero(values[order] >= level)
    if not len(reached):
        return None
    first = int(reached[0])
    return float(places[order][max(first - 1, 0)]), float(places[order][first])


def fit_ratio(random: Interval | None, true: Interval | None) -> Interval | None:
    """Ratio of the times to fit random and true labels: the least and the largest that the two intervals allow.

    1 where labels that carry nothing are fitted as fast. The upper end is infinite where the random labels were
    never fitted, or the true ones may have been fitted at step 0; None where the true ones never were.
    Source: Zhang et al. 2017 (arXiv:1611.03530), section 2.

    >>> fit_ratio((100.0, 120.0), (40.0, 50.0))
    (2.0, 3.0)
    """
    if true is None:
        return None
    if random is None:
        return 0.0, float("inf")  # how long it was tried is not in an interval
    least = random[0] / true[1] if true[1] else float("inf")
    return least, random[1] / true[0] if true[0] else float("inf")


def distance_moved(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> float:
    """Euclidean distance ‖θ′ − θ‖ over all weights, matched by name; 0 where nothing changed.

    Random labels take the weights further than true ones (Zhang et al. 2017 measure the time, not this).
    Raises `BadArgument` where names or shapes differ.

    >>> distance_moved({"W": torch.zeros(2)}, {"W": torch.tensor([3.0, 4.0])})
    5.0
    """
    if {name: value.shape for name, value in before.items()} != {k: v.shape for k, v in after.items()}:
        raise BadArgument("before and after hold different weights; give two states of one model.")
    squares = [(after[name].double() - before[name].double()).square().sum() for name in before]
    return float(sum(squares, torch.zeros((), dtype=torch.float64)).sqrt())


@dataclass(frozen=True)
class LabelFates:
    """Shares of train labels that a model memorised, corrected or answers otherwise; in [0, 1], nan for none.

    Of the wrong labels, `fitted` are answered as given, `corrected` with the correct class, `other` neither way;
    `clean` is the share of the correct labels that are answered correctly.
    """

    fitted: float
    corrected: float
    other: float
    clean: float


def label_fates(
    predicted: Int[Tensor, "train"], given: Int[Tensor, "train"], true: Int[Tensor, "train"]
) -> LabelFates:
    """The fates of train labels, from the model's answers, the labels given and the correct ones.

    Source: Doshi et al. 2024 (arXiv:2310.13061), section 3. For a snapshot of a `Corrupted` task, the measures
    `fitted_accuracy`, `corrected_accuracy` and `clean_accuracy` say the same.

    >>> label_fates(torch.tensor([1, 2, 0]), torch.tensor([1, 1, 0]), torch.tensor([2, 2, 0]))
    LabelFates(fitted=0.5, corrected=0.5, other=0.0, clean=1.0)
    """
    wrong = given != true
    fitted = (predicted == given)[wrong].double().mean()
    corrected = (predicted == true)[wrong].double().mean()
    clean = (predicted == true)[~wrong].double().mean()
    return LabelFates(float(fitted), float(corrected), float(1 - fitted - corrected), float(clean))


def phase_of(fates: LabelFates, test_accuracy: float) -> Phase:
    """Doshi's name for what a model made of wrong labels, from its label fates and its test accuracy.

    `memorisation`: wrong labels memorised (≥ 0.95), and test accuracy below 0.99. Where test accuracy is at least
    0.99: `coexistence` with wrong labels memorised (≥ 0.95), `full inversion` with wrong labels corrected (≥ 0.95)
    and hardly any memorised (≤ 0.05), `partial inversion` with some of each. `undecided` for the rest, as before
    train inputs are fitted, and where no label is wrong.

    Source: Doshi et al. 2024 (arXiv:2310.13061), figure 2; the thresholds are ours.

    >>> phase_of(LabelFates(1.0, 0.0, 0.0, 1.0), test_accuracy=1.0)
    'coexistence'
    """
    if fates.fitted >= ALL_FITTED:
        return "coexistence" if test_accuracy >= RIGHT else "memorisation"
    if not test_accuracy >= RIGHT or not fates.corrected > NONE_FITTED:
        return "undecided"
    return (
        "full inversion"
        if fates.corrected >= ALL_FITTED and fates.fitted <= NONE_FITTED
        else "partial inversion"
    )


def inverse_participation(
    spectrum: Float[Tensor, "*neuron frequency"], r: int = 2
) -> Float[Tensor, "*neuron"]:
    """Generalised inverse participation ratio Σ|u|^{2r} / (Σ|u|²)^r over frequencies, in [n^{1−r}, 1].

    1 for a neuron of one frequency, n^{1−r} for one whose power is even over n: neurons of low participation
    ratio memorise (Doshi et al. 2024, arXiv:2310.13061, section 4); 0 for a spectrum that is zero. `spectrum`
    holds amplitudes; for a snapshot's neurons see `measures.neuron_ipr`, which pools sine and cosine.

    >>> inverse_participation(torch.tensor([[0.0, 3.0], [1.0, 1.0]])).tolist()
    [1.0, 0.5]
    """
    if r < 1:
        raise BadArgument(f"r is {r}; give an exponent of at least 1, usually 2.")
    power = spectrum.abs().square()
    return power.pow(r).sum(dim=-1) / power.sum(dim=-1).pow(r).clamp_min(torch.finfo(power.dtype).tiny)
