"""A training step at p = 113 (d_model 128, d_mlp 512, 30 %), one and two layers, against the plain one and products.

Must be 4.5 times faster than the plain step with one layer (8 is aimed at) and twice with two. `floor` is what the
matrix products of the folded step take by themselves, into memory that is there: no engine of this kind is quicker.
A step must take no more than 1.45 times that with one layer and 1.5 with two (1.25 is aimed at).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.plain import PlainTraining
from benchmarks.products import matrix_products, products_of_step
from benchmarks.report import alternating, at_least, at_most, is_smoke, seconds
from benchmarks.setup import nanda, seconds_per_step


def main() -> None:
    """One and two layers."""
    measure(1, must=4.5, must_of_products=1.45)
    measure(2, must=2.0, must_of_products=1.5)


def measure(n_layers: int, must: float, must_of_products: float) -> None:
    """Alternate ours, the plain step, and the products alone."""
    ours = nanda(n_layers, steps=5 if is_smoke() else 61)
    task = ours.task
    train_index, _ = task.split(ours.train_fraction, ours.seed)
    plain = PlainTraining(ours.model.build(task, 0), task.inputs, task.labels, train_index)
    products = matrix_products(products_of_step(len(train_index), ours))
    plain.step()

    def our_step() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return seconds_per_step(ours, Path(folder))

    times_over = 2 if is_smoke() else 12
    sides = {
        "ours": our_step,
        "plain": lambda: plain.seconds_per_step(times_over),
        "floor": lambda: seconds(lambda: [products() for _ in range(times_over)]) / times_over,
    }
    times = alternating(sides, rounds=1 if is_smoke() else 7)
    work = f"{n_layers} layer{'s' * (n_layers > 1)}"
    said = {f"{name}_ms": 1e3 * value for name, value in times.items()}
    at_least("train_step", work, times["plain"] / times["ours"], must, aim=8.0, **said)
    ratio = times["ours"] / times["floor"]
    at_most("train_step", f"{work}, over its products", ratio, must_of_products, "×", aim=1.25, **said)


if __name__ == "__main__":
    main()
