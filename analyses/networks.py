"""One-hidden-layer networks on digits, a few seeds trained at once in plain torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from analyses.digits import CLASSES, PIXELS


@dataclass
class Stack:
    """Networks 64 – width – 10 with ReLU, one a seed, on a leading axis; float32, PyTorch's usual initialisation."""

    width: int
    seeds: Sequence[int]
    weights: list[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        """Draw the weights, each seed's by itself."""
        shapes = [((PIXELS, self.width), PIXELS), ((self.width,), PIXELS)]
        shapes += [((self.width, CLASSES), self.width), ((CLASSES,), self.width)]
        generators = [torch.Generator().manual_seed(seed) for seed in self.seeds]
        self.weights = [
            torch.stack([(2 * torch.rand(shape, generator=g) - 1) / fan_in**0.5 for g in generators])
            for shape, fan_in in shapes
        ]
        for weight in self.weights:
            weight.requires_grad_(True)

    def logits(self, inputs: Tensor) -> Tensor:
        """Logits (seed × example × class) for inputs seed × example × pixel."""
        first, first_bias, second, second_bias = self.weights
        hidden = torch.relu(inputs @ first + first_bias[:, None])
        return hidden @ second + second_bias[:, None]

    def distance(self, start: Sequence[Tensor]) -> list[float]:
        """How far each seed's weights are from those at the start."""
        squares = sum(
            (now - then).square().flatten(1).sum(dim=1) for now, then in zip(self.weights, start, strict=True)
        )
        return squares.sqrt().tolist()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean over examples, summed over seeds: no seed moves another."""
    return -logits.log_softmax(dim=-1).gather(2, labels[..., None]).mean(dim=(1, 2)).sum()


@torch.no_grad()
def error(stack: Stack, inputs: Tensor, labels: Tensor) -> list[float]:
    """Share of wrong answers of each seed."""
    return (stack.logits(inputs).argmax(dim=2) != labels).double().mean(dim=1).tolist()


def descend(
    stack: Stack,
    inputs: Tensor,
    labels: Tensor,
    steps: Sequence[int],
    look: Callable[[int], None],
    rate: float = 1e-3,
) -> None:
    """Adam on the whole batch up to the last of `steps`, calling `look(step)` at each of them."""
    optimizer = torch.optim.Adam(stack.weights, lr=rate)
    for step in range(max(steps) + 1):
        if step in steps:
            look(step)
        optimizer.zero_grad()
        cross_entropy(stack.logits(inputs), labels).backward()
        optimizer.step()


def fit_by_epochs(
    stack: Stack,
    inputs: Tensor,
    labels: Tensor,
    epochs: int,
    look: Callable[[int], bool],
    batch: int = 100,
    rate: float = 0.05,
) -> None:
    """SGD with momentum 0.9 in batches, each seed's order its own, until `look(epoch)` says that all is done."""
    optimizer = torch.optim.SGD(stack.weights, lr=rate, momentum=0.9)
    generators = [torch.Generator().manual_seed(seed + 1_000_000) for seed in stack.seeds]
    n = inputs.shape[1]
    for epoch in range(epochs + 1):
        if look(epoch):
            return
        order = torch.stack([torch.randperm(n, generator=g) for g in generators])
        for rows in order.split(batch, dim=1):
            optimizer.zero_grad()
            chosen = torch.take_along_dim(inputs, rows[..., None], dim=1)
            cross_entropy(stack.logits(chosen), labels.gather(1, rows)).backward()
            optimizer.step()
