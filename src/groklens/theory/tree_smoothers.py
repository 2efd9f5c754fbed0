"""Decision trees, forests and boosted trees fitted by scikit-learn, as smoothers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument


def tree(
    fitted: Any, train: Float[Tensor, "train feature"], at: Float[Tensor, "input feature"]
) -> Float[Tensor, "input train"]:
    """The smoother of a fitted regression tree: the mean over the train inputs in the leaf of each input.

    `fitted` is anything with scikit-learn's `apply`, fitted on `train` with equal weights. Rows sum to 1.
    Source: Curth et al. 2023 (arXiv:2310.18988), appendix.

    >>> tree(DecisionTreeRegressor().fit(x, y), x, x_test)  # doctest: +SKIP
    """
    return _means(_leaves(fitted, train), _leaves(fitted, at), torch.ones(len(train), dtype=torch.float64))


def forest(
    fitted: Any, train: Float[Tensor, "train feature"], at: Float[Tensor, "input feature"]
) -> Float[Tensor, "input train"]:
    """The smoother of a fitted forest, the mean of its trees'; inputs that a bootstrap drew twice count twice.

    `fitted` has scikit-learn's `estimators_` and, where it draws its inputs, `estimators_samples_`. Rows sum to 1.

    >>> forest(RandomForestRegressor(n_estimators=20).fit(x, y), x, x_test)  # doctest: +SKIP
    """
    trees = list(getattr(fitted, "estimators_", []))
    if not trees:
        raise BadArgument(
            f"A {type(fitted).__name__} has no estimators_; give a forest that has been fitted."
        )
    drawn = (
        fitted.estimators_samples_
        if getattr(fitted, "bootstrap", False)
        else [range(len(train))] * len(trees)
    )
    total = torch.zeros(len(at), len(train), dtype=torch.float64)
    for one, sample in zip(trees, drawn, strict=True):
        counts = torch.from_numpy(np.bincount(np.asarray(sample), minlength=len(train))).double()
        total += _means(_leaves(one, train), _leaves(one, at), counts)
    return total / len(trees)


def boosting(
    trees: Sequence[Any],
    rate: float,
    train: Float[Tensor, "train feature"],
    at: Float[Tensor, "input feature"],
) -> Float[Tensor, "input train"]:
    """The smoother of boosted trees, each fitted to the residual of those before and added at `rate`.

    S ← S + rate T (I − S_train) from the mean, S = 1/n: least-squares gradient boosting. `trees` are the fitted
    trees in order, as in `[stage[0] for stage in fitted.estimators_]` of scikit-learn's
    `GradientBoostingRegressor` (squared error, no subsampling). Rows sum to 1. Source: Curth et al. 2023, appendix.

    >>> boosting([stage[0] for stage in fitted.estimators_], 0.1, x, x_test)  # doctest: +SKIP
    """
    n = len(train)
    of_train = torch.full((n, n), 1 / n, dtype=torch.float64)
    result = torch.full((len(at), n), 1 / n, dtype=torch.float64)
    ones = torch.ones(n, dtype=torch.float64)
    for one in trees:
        leaves, left = _leaves(one, train), torch.eye(n, dtype=torch.float64) - of_train
        result = result + rate * _means(leaves, _leaves(one, at), ones) @ left
        of_train = of_train + rate * _means(leaves, leaves, ones) @ left
    return result


def _leaves(fitted: Any, inputs: Tensor) -> Tensor:
    if not callable(getattr(fitted, "apply", None)):
        raise BadArgument(f"A {type(fitted).__name__} has no apply; give a fitted tree of scikit-learn.")
    leaves = np.asarray(fitted.apply(inputs.numpy()))
    if leaves.ndim != 1:
        raise BadArgument(
            f"A {type(fitted).__name__} gives a leaf for each of {leaves.shape[1]} trees; use forest or boosting."
        )
    return torch.from_numpy(leaves)


def _means(leaves: Tensor, reached: Tensor, counts: Float[Tensor, "train"]) -> Float[Tensor, "input train"]:
    same = (reached[:, None] == leaves[None]) * counts
    return same / same.sum(dim=1, keepdim=True)
