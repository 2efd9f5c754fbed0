"""Optimisers written out plainly, one tensor at a time, in float64: what ours are held against."""

import torch
from torch import nn


def amplified(gradients, decay, gain):
    """Grokfast's gradients of successive updates."""
    mean, found = gradients[0], []
    for gradient in gradients:
        mean = decay * mean + (1 - decay) * gradient
        found.append(gradient + gain * mean)
    return found


def across(gradient, weights):
    """What of a gradient is across the weights, at its full length."""
    w, g = weights.flatten(), gradient.flatten()
    turned = g - (w @ g) / (w @ w) * w
    return (turned / turned.norm() * g.norm()).view_as(gradient)


def orthogonalised(matrix):
    """Five Newton–Schulz steps, by powers of one matrix after another."""
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (torch.linalg.matrix_norm(x) + 1e-7)
    for _ in range(5):
        s = x @ x.T
        x = 3.4445 * x + (-4.7750 * s + 2.0315 * s @ s) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def problem(seed=0):
    """Weights and a matrix, a vector and a read-out of a network, in double precision, and a loss of them."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    named = {"hidden.W": drawn(5, 3), "hidden.b": drawn(5), "head.weight": drawn(2, 5)}
    x, y = drawn(7, 3), drawn(7, 2)

    def loss(weights):
        hidden = torch.tanh(x @ weights["hidden.W"].T + weights["hidden.b"])
        return (hidden @ weights["head.weight"].T - y).square().mean()

    return {name: nn.Parameter(each) for name, each in named.items()}, loss


def trained(spec, updates=12, seed=0):
    """The weights after some updates of an optimiser, by name."""
    weights, loss = problem(seed)
    optimizer = spec.build(list(weights.items()) if getattr(spec, "by_name", False) else weights.values())
    for update in range(1, updates + 1):
        for group in optimizer.param_groups:
            group["lr"] = spec.rate(update)
        optimizer.zero_grad()
        loss(weights).backward()
        optimizer.step()
    return {name: each.detach() for name, each in weights.items()}


def gradients(loss, weights):
    """The gradient of a loss by every weight, by name."""
    found = torch.autograd.grad(loss(weights), list(weights.values()))
    return dict(zip(weights, found, strict=True))


class AdamByHand:
    """Adam written out, of one tensor; decay is decoupled, or coupled where `coupled`."""

    def __init__(self, decay, betas=(0.9, 0.98), eps=1e-8, coupled=False):
        self.decay, self.betas, self.eps, self.coupled = decay, betas, eps, coupled
        self.mean = self.square = 0.0
        self.count = 0

    def __call__(self, weights, gradient, lr):
        if self.coupled:
            gradient = gradient + self.decay * weights
        self.count += 1
        first, second = self.betas
        self.mean = first * self.mean + (1 - first) * gradient
        self.square = second * self.square + (1 - second) * gradient**2
        mean, square = self.mean / (1 - first**self.count), self.square / (1 - second**self.count)
        step = lr * mean / (square**0.5 + self.eps)
        return (weights if self.coupled else weights * (1 - lr * self.decay)) - step
