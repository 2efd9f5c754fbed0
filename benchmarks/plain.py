"""The reference: what a good user writes with TransformerLens and torch, and nothing of groklens in it."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import Tensor


class PlainTraining:
    """A bridge under `torch.optim.AdamW`, full batch, cross-entropy from float64 log-softmax at the answer."""

    def __init__(self, bridge: Any, inputs: Tensor, labels: Tensor, train_index: Tensor) -> None:
        self.bridge, self.inputs, self.labels, self.train_index = bridge, inputs, labels, train_index
        self.n_classes = int(labels.max()) + 1
        trained = [parameter for parameter in bridge.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=1e-3, weight_decay=1.0, betas=(0.9, 0.98))
        self.train_inputs, self.train_labels = inputs[train_index], labels[train_index]

    def logits(self, inputs: Tensor) -> Tensor:
        """Logits at the last position."""
        return self.bridge(inputs)[:, -1, : self.n_classes]

    def step(self) -> float:
        """One update; the loss before it."""
        loss = cross_entropy(self.logits(self.train_inputs), self.train_labels).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def evaluate(self) -> tuple[float, float]:
        """Test loss and accuracy."""
        held_out = torch.ones(len(self.labels), dtype=torch.bool)
        held_out[self.train_index] = False
        logits, labels = self.logits(self.inputs[held_out]), self.labels[held_out]
        return cross_entropy(logits, labels).mean().item(), (
            logits.argmax(-1) == labels
        ).double().mean().item()

    def seconds_per_step(self, n_steps: int) -> float:
        """Mean wall time of a step over `n_steps`."""
        start = time.perf_counter()
        for _ in range(n_steps):
            self.step()
        return (time.perf_counter() - start) / n_steps


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Negative log-probability of the label, an input each, in float64."""
    return -logits.double().log_softmax(-1).gather(-1, labels[:, None])[:, 0]
