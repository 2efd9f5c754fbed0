"""The part of what a model knows that a simple predictor explains, by conditional mutual information."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from groklens.errors import whole_fields
from groklens.hypotheses import Circuit
from groklens.measures.family import Family
from groklens.measures.measure import About
from groklens.measures.simple import LinearPredictor, SimplePredictor, simple_answers
from groklens.measures.tabulate import tabulate
from groklens.runs import AnyRun, Run, as_run, kept_steps
from groklens.snapshots import Snapshot
from groklens.theory import mutual_information, shuffled_within

#: What a table holds, with what each is called; each but the last has its null beside it.
QUANTITIES = {
    "model": "what the model says of the label, I(F;Y)",
    "explained": "the part that the simple predictor explains, μ = I(F;Y) − I(F;Y|L)",
    "beyond": "the part beyond it, I(F;Y|L)",
    "missed": "what the simple predictor says and the model does not, I(L;Y|F)",
    "simple": "what the simple predictor says of the label, I(L;Y)",
}
_SHUFFLED = ("model", "explained", "beyond", "missed")
_LINEAR = LinearPredictor()
Classes = NDArray[np.int64]


@dataclass(frozen=True)
class ExplainedBy(Family):
    """How much of what a model knows of the labels a simple predictor explains, by conditional mutual information.

    F are the model's answers, L the simple predictor's, Y the labels, over the test inputs and reads (all inputs where
    the split is not known), in bits. An array by `quantity`: `model` I(F;Y), `explained` μ = I(F;Y) − I(F;Y|L),
    `beyond` I(F;Y|L), `missed` I(L;Y|F) and `simple` I(L;Y). A model that is the simple predictor has `beyond` and
    `missed` 0; one whose answers have nothing to do with it has `explained` 0; below 0, the two together tell what
    neither does. A thing once learned is retained where `missed` stays near 0.

    Beside each, `…_null` is its mean and `…_null_most` its largest over shuffled labels: shuffled among all inputs for
    `model` and `explained`, among those of equal L for `beyond` and of equal F for `missed`. The null is what counting
    alone gives, after the correction of Miller and Madow; it is far from 0 where cells are as many as inputs, as with
    the p classes of modular addition, and then no number near it says anything.

    Args:
        simple: `LinearPredictor()`, `OneFourierMode(3)`, `ShallowTree(2)`, a reference predictor of a stream with
            `log_probabilities(tokens)`, or a value of your own with `answers(task, train_index)`.
        shuffles: how many times labels are shuffled.
        seed: of the shuffles.

    Source: Nakkiran et al. 2019 (arXiv:1905.11604), section 2; the correction and the null are ours.

    >>> gl.track(run, gl.measures.ExplainedBy(gl.measures.ShallowTree(2)))  # doctest: +SKIP
    """

    simple: SimplePredictor | Any = _LINEAR
    shuffles: int = 20
    seed: int = 0

    about = About(
        "what a model knows and a simple predictor explains",
        "bits",
        (-np.inf, np.inf),
        "Nakkiran et al. 2019, arXiv:1905.11604, section 2; Miller–Madow correction, null of shuffled labels",
        "test",
    )

    def __post_init__(self) -> None:
        """Refuse what is no number of shuffles."""
        whole_fields(self, "shuffles", least=1)
        whole_fields(self, "seed", least=0)

    def in_run(self, run: Run) -> ExplainedBy:
        """The measure with the simple predictor fitted once for all steps of this run."""
        bound = copy.copy(self)
        # No field: neither the column's name nor equality knows the run.
        object.__setattr__(bound, "_answers", simple_answers(self.simple, run.task, run.train_index))
        return bound

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> xr.DataArray:
        """The quantities and their nulls."""
        del circuit
        simple = self.__dict__.get("_answers")
        if simple is None:
            simple = simple_answers(self.simple, snapshot.task, snapshot.train_index)
        test = snapshot.test_index
        rows = slice(None) if test is None or not len(test) else test
        answers, labels = _answers(snapshot), snapshot.task.labels
        found = _Quantities(*(each[rows].reshape(-1).numpy() for each in (answers, labels, simple)))
        draws = [found.shuffled(self.seed + draw) for draw in range(self.shuffles)]
        numbers = found.numbers
        for name in _SHUFFLED:
            each = [draw[name] for draw in draws]
            numbers |= {f"{name}_null": float(np.mean(each)), f"{name}_null_most": max(each)}
        return xr.DataArray(list(numbers.values()), dims="quantity", coords={"quantity": list(numbers)})


def explained_by(
    run: AnyRun,
    simple: SimplePredictor | Any = None,
    *,
    steps: Iterable[int] | int | None = None,
    shuffles: int = 20,
    seed: int = 0,
) -> xr.Dataset:
    """What a simple predictor explains of a run at its kept steps: a variable for each quantity of `ExplainedBy`.

    `explained` beside `beyond`, `missed`, `model` and `simple`, in bits over `step`, each with its null of shuffled
    labels (`beyond_null`, the mean, and `beyond_null_most`, the largest); see `ExplainedBy` for how to read them.
    `simple` is `LinearPredictor()` where none is given. Raises `BadArgument` for what is no simple predictor, or cannot
    answer this task.

    >>> table = gl.measures.explained_by(run, gl.measures.LinearPredictor())  # doctest: +SKIP
    >>> float(table.explained[-1]), float(table.missed[-1])  # doctest: +SKIP
    (0.482, 0.004)
    """
    taken = ExplainedBy(_LINEAR if simple is None else simple, shuffles, seed)
    looked = as_run(run)
    column = tabulate(looked, [taken], None, kept_steps(looked, steps))[taken.__name__]
    table = column.to_dataset("quantity")
    for name, variable in table.items():
        what, _, null = str(name).partition("_")
        shuffled = {"null": ", labels shuffled: mean", "null_most": ", labels shuffled: largest"}.get(
            null, ""
        )
        variable.attrs = {**column.attrs, "long_name": QUANTITIES[what] + shuffled}
    return table.assign_attrs(simple=str(taken.simple), shuffles=taken.shuffles)


def _answers(snapshot: Snapshot) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
    """The model's answer to every input at every read; the class after the task's last where it is none of those."""
    reads = [snapshot.logits_at(read).argmax(dim=1) for read in range(len(snapshot.task.reads))]
    found = torch.stack(reads, dim=1)
    outside = torch.full_like(found[:, 0], snapshot.task.d_vocab_out)
    found[:, -1] = torch.where(snapshot.outside, outside, found[:, -1])
    return found[:, 0] if len(reads) == 1 else found


@dataclass(frozen=True, eq=False)
class _Quantities:
    """The answers of a model and of a simple predictor, with the labels, and what they say of one another."""

    model: Classes
    labels: Classes
    simple: Classes

    @property
    def numbers(self) -> dict[str, float]:
        """The quantities, in bits."""
        return self._of(self.labels, self.labels, self.labels) | {
            "simple": mutual_information(self.simple, self.labels)
        }

    def shuffled(self, seed: int) -> dict[str, float]:
        """The quantities but the last with the labels shuffled, each as its null asks."""
        return self._of(
            *(shuffled_within(self.labels, among, seed) for among in (None, self.simple, self.model))
        )

    def _of(self, labels: Classes, given_simple: Classes, given_model: Classes) -> dict[str, float]:
        """The quantities from labels that are shuffled among all, among those of equal L, and of equal F."""
        model = mutual_information(self.model, labels)
        return {
            "model": model,
            "explained": model - mutual_information(self.model, labels, given=self.simple),
            "beyond": mutual_information(self.model, given_simple, given=self.simple),
            "missed": mutual_information(self.simple, given_model, given=self.model),
        }
