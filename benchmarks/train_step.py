"""A training step at p = 113 (1 layer, d_model 128, d_mlp 512, 30 %), and with two layers, against the plain one.

Must be 4.5 times faster with one layer (8 is aimed at) and twice with two. `floor` is what the matrix products
of the folded one-layer step take by themselves, into memory that is there: no engine of this kind is quicker.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

import groklens as gl
from benchmarks.plain import PlainTraining
from benchmarks.report import alternating, at_least, is_smoke, seconds
from benchmarks.setup import nanda, seconds_per_step


def main() -> None:
    """One and two layers."""
    measure(1, must=4.5)
    measure(2, must=2.0)


def measure(n_layers: int, must: float) -> None:
    """Alternate ours, the plain step, and the products alone."""
    ours = nanda(n_layers, steps=5 if is_smoke() else 61)
    task = ours.task
    train_index, _ = task.split(ours.train_fraction, ours.seed)
    plain = PlainTraining(ours.model.build(task, 0), task.inputs, task.labels, train_index)
    products = matrix_products(len(train_index), ours)
    plain.step()

    def our_step() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return seconds_per_step(ours, Path(folder))

    sides = {
        "ours": our_step,
        "plain": lambda: plain.seconds_per_step(2 if is_smoke() else 12),
        "floor": lambda: seconds(lambda: [products() for _ in range(12)]) / 12,
    }
    times = alternating(sides, rounds=1 if is_smoke() else 7)
    milliseconds = {f"{name}_ms": 1e3 * value for name, value in times.items()}
    if n_layers > 1:
        del milliseconds["floor_ms"]  # it is the floor of one layer
    at_least(
        "train_step",
        f"{n_layers} layer{'s' * (n_layers > 1)}",
        times["plain"] / times["ours"],
        must,
        aim=8.0,
        **milliseconds,
    )


def matrix_products(n: int, recipe: gl.Recipe) -> Callable[[], None]:
    """The products of one folded step: in and out for neurons and skip, and two gradients of each."""
    model, n_classes = recipe.model, recipe.task.d_vocab_out
    assert isinstance(model, gl.Transformer)
    assert model.d_mlp is not None
    z, into = torch.randn(n, model.d_model), torch.randn(model.d_model, model.d_mlp)
    neurons, back = torch.randn(n, model.d_mlp), torch.randn(model.d_mlp, n_classes)
    logits, skip = torch.randn(n, n_classes), torch.randn(model.d_model, n_classes)
    outs = {
        name: torch.empty_like(value) for name, value in locals().items() if isinstance(value, torch.Tensor)
    }

    def run() -> None:
        torch.mm(z, into, out=outs["neurons"])
        torch.mm(neurons, back, out=outs["logits"])
        torch.mm(z, skip, out=outs["logits"])
        torch.mm(logits, back.T, out=outs["neurons"])
        torch.mm(neurons.T, logits, out=outs["back"])
        torch.mm(neurons, into.T, out=outs["z"])
        torch.mm(z.T, neurons, out=outs["into"])
        torch.mm(logits, skip.T, out=outs["z"])
        torch.mm(z.T, logits, out=outs["skip"])

    return run


if __name__ == "__main__":
    main()
