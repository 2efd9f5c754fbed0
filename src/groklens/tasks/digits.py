"""Handwritten digits: a small table of features that real images are, for what groups cannot show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, whole_number
from groklens.tasks.task import Task

#: Pixels of an image, classes, and the brightest pixel of scikit-learn's.
PIXELS, CLASSES, BRIGHTEST = 64, 10, 16.0


@dataclass(frozen=True, eq=False, repr=False)
class Digits(Task):
    """The 1,797 handwritten digits of scikit-learn (8 × 8 pixels in [0, 1]): a table of 64 features, ten classes.

    Inputs stand in scikit-learn's order. With `n_train`, just as many of them are trained on, chosen by the recipe's
    seed, and its `train_fraction` says nothing. Label noise comes by `gl.Corrupted(Digits(n_train=300), 0.2)`, the
    model is `gl.MLP(d_embed=None)`. Nothing is downloaded; the images need `pip install "groklens[studies]"`, and
    `BadArgument` says so where they are asked for. Raises `BadArgument` for an `n_train` that leaves no test images.

    >>> Digits(n_train=300).name
    'digits, 300 trained on'
    """

    n_train: int | None = None
    operand_names = ("pixels",)
    d_vocab = None
    d_in = PIXELS
    d_vocab_out = CLASSES

    def __post_init__(self) -> None:
        """Refuse what is no number of images."""
        if self.n_train is not None:
            object.__setattr__(
                self, "n_train", whole_number("n_train", self.n_train, 1, such_as=300, most=1796)
            )

    @property
    def name(self) -> str:
        """Such as `digits, 300 trained on`."""
        return "digits" if self.n_train is None else f"digits, {self.n_train:,} trained on"

    @property
    def inputs(self) -> Float[Tensor, "input feature"]:
        """The pixels, row by row, float32 in [0, 1]."""
        return _digits()[0]

    @property
    def labels(self) -> Int[Tensor, "input"]:
        """The digits, 0 to 9."""
        return _digits()[1]

    def split(self, train_fraction: float, seed: int) -> tuple[Int[Tensor, "train"], Int[Tensor, "test"]]:
        """Indices of train and test images: the first `n_train` of a seeded permutation, or the fraction's."""
        if self.n_train is None:
            return super().split(train_fraction, seed)
        return super().split((self.n_train + 0.5) / len(self.labels), seed)


@cache
def _digits() -> tuple[Float[Tensor, "input feature"], Int[Tensor, "input"]]:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise BadArgument('The digits come with scikit-learn: pip install "groklens[studies]".') from error
    images, labels = load_digits(return_X_y=True)
    return torch.as_tensor(images, dtype=torch.float32) / BRIGHTEST, torch.as_tensor(labels, dtype=torch.long)
