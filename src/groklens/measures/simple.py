"""Simple predictors, with which a model is compared: linear, one Fourier mode, a shallow tree, or a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_fields
from groklens.tasks import Examples, Task
from groklens.value_checks import number_fields

#: A seed of fresh examples that hardly any run has.
_APART = 4_000
#: Fresh answers that a predictor is fitted to where the task is a stream.
_FRESH = 4096
#: Steps of L-BFGS of a linear predictor.
_ITERATIONS = 100


@runtime_checkable
class SimplePredictor(Protocol):
    """A predictor that needs no network: a frozen value whose one verb gives its answer to every input of a task."""

    def answers(
        self, task: Task, train_index: Int[Tensor, "train"] | None
    ) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
        """The class, or another whole number, that it gives each input; it is fitted to the train inputs alone."""


@dataclass(frozen=True)
class LinearPredictor:
    """The linear classifier of the inputs, fitted to the train inputs by logistic regression.

    Tokens enter as one-hots by position, features as they are, with a bias; where a task is answered at several
    positions, the token at each alone, so that it is a table of what follows what. The weights minimise mean
    cross-entropy + penalty/2 ‖weights‖², by L-BFGS in float64. Of a stream it is fitted to 4,096 fresh answers, and of
    a table whose split is not known to every input. Raises `BadArgument` for a penalty not above 0.

    >>> import groklens as gl
    >>> LinearPredictor().answers(gl.ModularArithmetic(5), None).shape
    torch.Size([25])
    """

    penalty: float = 1e-4

    def __post_init__(self) -> None:
        """Refuse what is no penalty."""
        number_fields(self, "penalty", least=1e-12, such_as="1e-4")

    def answers(
        self, task: Task, train_index: Int[Tensor, "train"] | None
    ) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
        """The most probable class of every input."""
        fitted = _fitted_to(task, train_index)
        weights = _logistic_weights(
            _features(fitted.inputs, task), fitted.targets.flatten(), task.d_vocab_out, self.penalty
        )
        return (_features(task.inputs, task) @ weights).argmax(dim=1).reshape(task.labels.shape)


@dataclass(frozen=True)
class ShallowTree:
    """The decision tree of a few questions about single inputs, fitted to the train inputs by scikit-learn.

    Each question asks whether one feature (a pixel, or whether a position holds one token) is above a threshold, so a
    tree of depth d tells at most 2^d kinds of inputs apart. Inputs enter as in `LinearPredictor`. It needs
    `pip install "groklens[studies]"`. Raises `BadArgument` for a depth below 1, or without scikit-learn.

    >>> import groklens as gl
    >>> ShallowTree(depth=2).answers(gl.ModularArithmetic(5), None).unique().numel() <= 4
    True
    """

    depth: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no depth."""
        whole_fields(self, "depth", least=1, most=64)
        whole_fields(self, "seed", least=0, most=2**32 - 1)

    def answers(
        self, task: Task, train_index: Int[Tensor, "train"] | None
    ) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
        """The commonest class in the leaf of every input."""
        try:
            from sklearn.tree import DecisionTreeClassifier
        except ImportError as error:
            raise BadArgument('A tree is fitted by scikit-learn: pip install "groklens[studies]".') from error
        fitted = _fitted_to(task, train_index)
        tree = DecisionTreeClassifier(max_depth=self.depth, random_state=self.seed)
        tree.fit(_features(fitted.inputs, task).numpy(), fitted.targets.flatten().numpy())
        found = torch.as_tensor(tree.predict(_features(task.inputs, task).numpy()))
        return found.long().reshape(task.labels.shape)


@dataclass(frozen=True)
class OneFourierMode:
    """Where the sum x∘y stands on the circle of one frequency of a cyclic group, to the nearest of a few arcs.

    An oracle: it is a coarsening of the label, so that a model that generalises is explained by every frequency
    alike, used or not, by all that the arcs say (one bit of two). What it tells apart is how far a model on the way
    there goes by one frequency or another.

    Arc ⌊arcs · frac(k (x∘y)/p + 1/(2 arcs))⌋ for frequency k: with two arcs, the sign of cos 2πk(x∘y)/p. The exact
    angle of one frequency prime to p would tell every sum, and be no simple predictor. Raises `BadArgument` for fewer
    than two arcs and, where it is asked for answers, for a task whose group is not cyclic or does not act on every
    input.

    >>> import groklens as gl
    >>> OneFourierMode(frequency=1).answers(gl.ModularArithmetic(5), None)[:5].tolist()  # 0+0, 0+1, …
    [0, 0, 1, 1, 0]
    """

    frequency: int = 1
    arcs: int = 2

    def __post_init__(self) -> None:
        """Refuse what is no frequency, or no arcs."""
        whole_fields(self, "frequency", least=1)
        whole_fields(self, "arcs", least=2)

    def answers(self, task: Task, train_index: Int[Tensor, "train"] | None) -> Int[Tensor, "input"]:
        """The arc of every input's sum."""
        del train_index
        symmetry = task.symmetry
        if symmetry is None or not symmetry.is_plain or symmetry.group.name != f"C{symmetry.group.order}":
            raise BadArgument(
                f"{task.name} has no cyclic group that acts on every input, so no frequencies; use another simple "
                "predictor, such as gl.measures.LinearPredictor()."
            )
        n = symmetry.group.order
        turns = (self.frequency * symmetry.products) % n  # whole numbers: no rounding at an arc's ends
        return ((2 * self.arcs * turns + n) // (2 * n)) % self.arcs


def simple_answers(
    simple: Any, task: Task, train_index: Int[Tensor, "train"] | None
) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
    """The answers of a simple predictor, or the likeliest tokens of a reference predictor at the positions read.

    A whole number for each label of the task. Raises `BadArgument` for what is neither, or answers of another shape.

    >>> import groklens as gl
    >>> simple_answers(OneFourierMode(), gl.ModularArithmetic(5), None)[:3].tolist()
    [0, 0, 1]
    """
    if callable(getattr(simple, "log_probabilities", None)):
        found = simple.log_probabilities(task.inputs)[:, list(task.reads), : task.d_vocab_out].argmax(dim=-1)
        found = found[:, 0] if len(task.reads) == 1 else found
    elif isinstance(simple, SimplePredictor) and not isinstance(simple, type):
        found = simple.answers(task, train_index)
    else:
        raise BadArgument(
            f"{described(simple)} is no simple predictor; give gl.measures.LinearPredictor(), or a value of your own "
            "with answers(task, train_index) or log_probabilities(tokens)."
        )
    if getattr(found, "shape", None) != task.labels.shape:
        raise BadArgument(
            f"{described(simple)} gave answers of shape {tuple(getattr(found, 'shape', ()))}; give one for each label, "
            f"{tuple(task.labels.shape)}."
        )
    return found


def _fitted_to(task: Task, train_index: Int[Tensor, "train"] | None) -> Examples:
    """The examples that a predictor is fitted to."""
    if task.is_stream:
        fresh = -(-_FRESH // len(task.reads))
        return task.batch(0, _APART, fresh)  # type: ignore[attr-defined]  # a stream has it
    index = torch.arange(len(task.labels)) if train_index is None else train_index
    return Examples(task.inputs[index], task.labels[index], task.targets[index], task.reads)


def _features(inputs: Tensor, task: Task) -> Float[Tensor, "answer feature"]:
    """Inputs as they are where they are features, else one-hots by position; last a column of ones.

    Where several positions are answered, a row for each of them, of the token there.
    """
    if task.d_vocab is None:
        flat = inputs
    elif len(task.reads) > 1:
        flat = torch.nn.functional.one_hot(inputs[:, list(task.reads)], task.d_vocab).flatten(0, 1)
    else:
        flat = torch.nn.functional.one_hot(inputs, task.d_vocab).flatten(1)
    return torch.cat([flat.double(), torch.ones(len(flat), 1, dtype=torch.float64)], dim=1)


def _logistic_weights(
    features: Float[Tensor, "train feature"], targets: Int[Tensor, "train"], n_classes: int, penalty: float
) -> Float[Tensor, "feature answer"]:
    weights = torch.zeros(features.shape[1], n_classes, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([weights], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        search.zero_grad()
        with torch.enable_grad():
            loss = torch.nn.functional.cross_entropy(features @ weights, targets)
            loss = loss + penalty / 2 * weights.square().sum()
            loss.backward()
        return loss

    search.step(closure)
    return weights.detach()
