"""The progress measures of Nanda et al. (2023) for modular addition, vectorised, from `run_with_cache`."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from benchmarks.plain import cross_entropy


class PlainProgress:
    """Everything that does not depend on the checkpoint is computed once: bases, labels, cosines."""

    def __init__(self, p: int, inputs: Tensor, labels: Tensor, train_index: Tensor, key: list[int]) -> None:
        self.p, self.inputs, self.labels, self.train, self.key = p, inputs, labels, train_index, key
        held_out = torch.ones(len(labels), dtype=torch.bool)
        held_out[train_index] = False
        self.test = torch.nonzero(held_out)[:, 0]
        angles = 2 * math.pi * torch.outer(torch.arange(p).double(), torch.arange(1, p // 2 + 1).double()) / p
        waves = torch.stack([angles.cos(), angles.sin()], dim=-1) * (2 / p) ** 0.5
        self.fourier = torch.cat([torch.full((p, 1), p**-0.5).double(), waves.flatten(1)], dim=1)
        self.sums = {k: waves[labels, k - 1] / p**0.5 for k in range(1, p // 2 + 1)}  # over a+b, orthonormal
        difference = (torch.arange(p)[:, None] - torch.arange(p)[None]) % p
        self.cosines = {k: angles[:, k - 1].cos()[difference] for k in range(1, p // 2 + 1)}  # answer × class

    @torch.no_grad()
    def measures(self, bridge: Any) -> dict[str, Any]:
        """Every measure of one checkpoint."""
        hook = f"blocks.{bridge.cfg.n_layers - 1}.mlp.hook_post"
        output, cache = bridge.run_with_cache(self.inputs, names_filter=hook)
        logits, neurons = output[:, -1, : self.p].double(), cache[hook][:, -1].double()
        w_e = bridge.W_E[: self.p].double()
        w_l = (bridge.W_out[-1].double() @ bridge.W_U[:, : self.p].double()).T
        return {
            **self._performance(logits),
            **self._circuit(logits),
            **self._similarities(logits),
            **self._weights("embedding", w_e),
            **self._weights("neuron_logit", w_l),
            **self._neurons(neurons),
            "ipr": float(self._shares(w_l).square().sum(0).mean()),
            "sum_squared_weights": float(sum(w.double().square().sum() for w in bridge.parameters())),
        }

    def _performance(self, logits: Tensor) -> dict[str, float]:
        losses, right = cross_entropy(logits, self.labels), (logits.argmax(-1) == self.labels).double()
        values = {"loss": losses.mean(), "all_accuracy": right.mean()}
        for name, index in (("train", self.train), ("test", self.test)):
            values |= {f"{name}_loss": losses[index].mean(), f"{name}_accuracy": right[index].mean()}
        return {name: float(value) for name, value in values.items()}

    def _circuit(self, logits: Tensor) -> dict[str, Any]:
        parts = {k: self.sums[k] @ (self.sums[k].T @ logits) for k in self.key}
        whole = torch.stack(list(parts.values())).sum(0)
        restricted = cross_entropy(whole + logits.mean(0), self.labels)
        at, labels = self.train, self.labels[self.train]
        return {
            "restricted_loss": float(restricted.mean()),
            "restricted_loss_train": float(restricted[self.train].mean()),
            "restricted_loss_test": float(restricted[self.test].mean()),
            "excluded_loss": float(cross_entropy(logits[at] - whole[at], labels).mean()),
            "excluded_loss_each": [
                float(cross_entropy(logits[at] - part[at], labels).mean()) for part in parts.values()
            ],
        }

    def _similarities(self, logits: Tensor) -> dict[str, Any]:
        means = torch.zeros(self.p, self.p, dtype=torch.float64).index_add_(0, self.labels, logits) / self.p
        by_class = logits - logits.mean(1, keepdim=True)
        centred_means = means - means.mean(1, keepdim=True)
        scale = by_class.norm() * (self.p**3 / 2) ** 0.5
        similarity = {k: float(self.p * (centred_means * c).sum() / scale) for k, c in self.cosines.items()}
        centred = logits - logits.mean()
        fits = [self.p * (means * self.cosines[k]).sum() / (self.p**3 / 2) ** 0.5 for k in self.key]
        fve = float(sum(fit.square() for fit in fits) / centred.square().sum())
        return {"logit_similarity": list(similarity.values()), "logit_fve": fve}

    def _weights(self, name: str, functions: Tensor) -> dict[str, Any]:
        norms = (self.fourier[:, 1:].T @ functions).norm(dim=1)
        power = norms.square().view(-1, 2).sum(1)
        return {f"{name}_spectrum": (power / power.sum()).tolist(), f"gini_{name}": gini(norms)}

    def _shares(self, functions: Tensor) -> Tensor:
        power = (self.fourier[:, 1:].T @ functions).square().view(-1, 2, functions.shape[1]).sum(1)
        return power / power.sum(0)

    def _neurons(self, neurons: Tensor) -> dict[str, Any]:
        grid = (neurons - neurons.mean(0)).view(self.p, self.p, -1)
        half = torch.einsum("xu,xyn->uyn", self.fourier, grid)
        squares = torch.einsum("yv,uyn->uvn", self.fourier, half).square()
        cos, sin = torch.arange(1, self.p, 2), torch.arange(2, self.p, 2)
        own = squares[0, cos] + squares[0, sin] + squares[cos, 0] + squares[sin, 0]
        own += sum(squares[u, v] for u in (cos, sin) for v in (cos, sin))
        share, index = (own / squares.sum((0, 1)).clamp_min(1e-300)).max(0)
        clustered = float((share >= 0.85).double().mean())
        return {"neuron_component": index + 1, "neuron_explained": share, "clustered_neurons": clustered}


def gini(values: Tensor) -> float:
    """Gini coefficient of non-negative values."""
    ordered, n = values.sort().values, len(values)
    return float((2 * torch.arange(1, n + 1).double() - n - 1) @ ordered / (n * ordered.sum()))
