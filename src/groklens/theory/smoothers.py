"""Linear smoothers (least squares, ridge, kernels, neighbours) as matrices, and their effective parameters."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument

#: What each smoother gives: the weight of every train label in the prediction at every input.
Smoother = Float[Tensor, "input train"]
#: Singular values below this share of the largest are rounding.
_TOLERANCE = 1e-12
#: Random projections drawn at once.
_BLOCK = 256


def effective_parameters(smoother: Float[Tensor, "input train"]) -> float:
    """The effective number of parameters of a smoother at some inputs: (n/|I|) Σ_j ‖s(x_j)‖² for n train labels.

    At the train inputs it is the number of parameters of least squares, n for anything that interpolates, n/k for k
    nearest neighbours. At inputs not seen it is free to fall below n, or rise beyond, while train inputs are
    interpolated: 0 is predicting 0, n weights as large as repeating one label. It measures variance alone: two
    models of the same number may differ in bias. Source: Curth, Jeffares and van der Schaar 2023
    (arXiv:2310.18988), section 4; their code stores the mean of ‖s‖², without n.

    >>> effective_parameters(torch.eye(5).double())
    5.0
    """
    if smoother.ndim != 2 or not smoother.numel():
        raise BadArgument(
            f"The smoother has shape {tuple(smoother.shape)}; give a matrix input × train label."
        )
    return float(smoother.shape[1] * smoother.double().square().sum(dim=1).mean())


def least_squares(
    train: Float[Tensor, "train feature"], at: Float[Tensor, "input feature"], components: int | None = None
) -> Float[Tensor, "input train"]:
    """The smoother of least squares, with least norm where the weights are not determined.

    With `components`, of principal component regression: only so many of the right singular directions of
    `train`, the largest, are used (uncentred). With more features than train inputs, least norm is all of them, one a
    train input. Directions below 1e-12 of the largest are left out. Raises `BadArgument` for features that
    differ in number, or more components than there are.

    >>> train = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)).double()
    >>> round(effective_parameters(least_squares(train, train)), 6)
    3.0
    """
    _check(train, at)
    left, values, right = torch.linalg.svd(train.double(), full_matrices=False)
    rank = int((values > _TOLERANCE * values[0]).sum())
    kept = rank if components is None else components
    if not 1 <= kept <= rank:
        raise BadArgument(f"components is {components}; the train inputs span {rank}, so give 1 to {rank}.")
    return at.double() @ (right[:kept].T / values[:kept]) @ left[:, :kept].T


def ridge(
    train: Float[Tensor, "train feature"], at: Float[Tensor, "input feature"], penalty: float
) -> Float[Tensor, "input train"]:
    """The smoother of ridge regression: weights minimise Σ(prediction − label)² + penalty ‖weights‖².

    A direction of singular value d is shrunk by d²/(d² + penalty). Raises `BadArgument` for a penalty that is
    not above 0 (0 is `least_squares`).

    >>> train = torch.eye(4).double()
    >>> effective_parameters(ridge(train, train, penalty=1.0))  # Σ (d²/(d² + λ))²
    1.0
    """
    _check(train, at)
    _check_penalty(penalty)
    left, values, right = torch.linalg.svd(train.double(), full_matrices=False)
    return at.double() @ (right.T * (values / (values.square() + penalty))) @ left.T


def kernel_ridge(
    kernel: Float[Tensor, "train train"], at: Float[Tensor, "input train"], penalty: float
) -> Float[Tensor, "input train"]:
    """The smoother K(x, X) (K + penalty I)⁻¹ of kernel ridge regression, from the kernel among train inputs and `at`.

    With `neural_tangent_kernel` of a network it is that network's linearisation at its present weights, trained anew:
    an approximation, good only while the kernel does not move. Raises `BadArgument` for a kernel that is not square,
    or a penalty not above 0.

    >>> kernel_ridge(torch.eye(2).double(), torch.eye(2).double(), penalty=1.0).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    _check_penalty(penalty)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or at.shape[1:] != kernel.shape[1:]:
        raise BadArgument(
            f"The kernels have shapes {tuple(kernel.shape)} and {tuple(at.shape)}; give train × train and "
            "input × train."
        )
    shifted = kernel.double() + penalty * torch.eye(len(kernel), dtype=torch.float64, device=kernel.device)
    return torch.linalg.solve(shifted, at.double(), left=False)


def nearest_neighbours(
    train: Float[Tensor, "train feature"], at: Float[Tensor, "input feature"], k: int
) -> Float[Tensor, "input train"]:
    """The smoother of k nearest neighbours, 1/k for each; of equally near ones the first in order.

    Raises `BadArgument` for a k that is not from 1 to the number of train inputs.

    >>> nearest_neighbours(torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([[0.4]]), k=2).tolist()
    [[0.5, 0.5, 0.0]]
    """
    _check(train, at)
    if not 1 <= k <= len(train):
        raise BadArgument(f"k is {k}; there are {len(train)} train inputs, so give 1 to {len(train)}.")
    # Differences rather than products: an input is at distance 0 of itself, exactly.
    far = torch.cdist(at.double(), train.double(), compute_mode="donot_use_mm_for_euclid_dist")
    nearest = far.argsort(dim=1, stable=True)[:, :k]
    return torch.zeros_like(far).scatter_(1, nearest, 1 / k)


def class_errors(
    smoother: Float[Tensor, "input train"], targets: Int[Tensor, "train"], labels: Int[Tensor, "input"]
) -> tuple[float, float]:
    """Squared error of regression on one-hot classes, summed over classes, and the share of inputs answered wrong.

    `targets` are the classes that the smoother's train inputs were given, `labels` the correct ones of the inputs it
    predicts at. Raises `BadArgument` for a smoother of other sizes.

    >>> class_errors(torch.eye(2).double(), torch.tensor([0, 1]), torch.tensor([0, 0]))
    (1.0, 0.5)
    """
    if smoother.shape != (len(labels), len(targets)):
        raise BadArgument(
            f"The smoother has shape {tuple(smoother.shape)} for {len(labels)} labels and {len(targets)} targets; give "
            "those of its rows and of its columns."
        )
    n_classes = 1 + int(max(targets.max(), labels.max()))
    given, correct = (torch.nn.functional.one_hot(each, n_classes).double() for each in (targets, labels))
    predicted = smoother @ given
    squared = (predicted - correct).square().sum(dim=1).mean()
    return float(squared), float((predicted.argmax(dim=1) != labels).double().mean())


def random_fourier_features(
    inputs: Float[Tensor, "input pixel"], n_features: int, seed: int, scale: float = 0.2
) -> Float[Tensor, "input feature"]:
    """Random Fourier features: cos and sin, in turn, of random projections N(0, scale²) of the inputs; float64.

    The first features of a longer draw are those of a shorter one of the same seed, so models of more features
    contain those of fewer. Source: Rahimi and Recht 2007, as in Curth et al. 2023, section 3.

    >>> random_fourier_features(torch.zeros(1, 4), 4, seed=0).tolist()
    [[1.0, 0.0, 1.0, 0.0]]
    """
    if n_features < 1:
        raise BadArgument(f"n_features is {n_features}; give at least 1.")
    pairs, generator = (n_features + 1) // 2, torch.Generator().manual_seed(seed)
    # In blocks of one size: the numbers torch draws depend on how many are asked for.
    sizes = (_BLOCK, inputs.shape[1])
    blocks = [torch.randn(sizes, generator=generator, dtype=torch.float64) for _ in range(0, pairs, _BLOCK)]
    weights = torch.cat(blocks)[:pairs]
    angles = inputs.double() @ (scale * weights.to(inputs.device)).T
    return torch.stack([angles.cos(), angles.sin()], dim=2).flatten(1)[:, :n_features]


def _check(train: Tensor, at: Tensor) -> None:
    if train.ndim != 2 or at.ndim != 2 or train.shape[1] != at.shape[1] or not train.numel():
        raise BadArgument(
            f"Train inputs have shape {tuple(train.shape)} and those to predict at {tuple(at.shape)}; give "
            "input × feature, with the same features."
        )


def _check_penalty(penalty: float) -> None:
    if not penalty > 0:
        raise BadArgument(f"penalty is {penalty}; give one above 0, such as 1e-3.")
