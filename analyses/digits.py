"""The handwritten digits that scikit-learn brings along, some labels made wrong; nothing is downloaded."""

from dataclasses import dataclass

import torch
from torch import Tensor

#: Classes, and pixels of an image.
CLASSES, PIXELS = 10, 64


@dataclass(frozen=True)
class Digits:
    """A seeded split: `given` is what is trained towards, `true` what is right; held-out labels are right.

    Pixels are float64 in [0, 1]; inputs are example × pixel, labels classes 0 to 9.
    """

    inputs: Tensor
    given: Tensor
    true: Tensor
    test_inputs: Tensor
    test_labels: Tensor

    @property
    def is_wrong(self) -> Tensor:
        """Which train labels are wrong (example)."""
        return self.given != self.true


def digits(n_train: int, noise: float = 0.0, seed: int = 0, uniform: bool = False) -> Digits:
    """`n_train` of the 1,797 images to train on, the rest held out, a share `noise` of the train labels replaced.

    By another class, uniformly, or with `uniform` by any, the right one included. The global random state is not used.
    """
    from sklearn.datasets import load_digits

    images, labels = (torch.as_tensor(part) for part in load_digits(return_X_y=True))
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    train, test = order[:n_train], order[n_train:]
    true, given = labels[train].long(), labels[train].long().clone()
    wrong = torch.randperm(n_train, generator=generator)[: round(noise * n_train)]
    given[wrong] = (
        given[wrong] + torch.randint(0 if uniform else 1, CLASSES, (len(wrong),), generator=generator)
    ) % CLASSES
    images = images.double() / 16
    return Digits(images[train], given, true, images[test], labels[test].long())


def one_hot(labels: Tensor) -> Tensor:
    """Labels as targets of regression (example × class), float64."""
    return torch.nn.functional.one_hot(labels, CLASSES).double()
