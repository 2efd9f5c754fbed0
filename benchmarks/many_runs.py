"""32 runs of p = 23 (d_model 32, d_mlp 128) at once by `gl.train_many`, against the plain loop of TransformerLens.

Must have 6 times the throughput of the plain loop, run after run (8 is aimed at); beside it stands what is gained over
`gl.train` one after another (`over_own`), of which two cores cannot give much more than 6: a stack on one thread has 3
times its throughput, which a second doubles at best. A step is timed, the median of many: starting is left out of all
sides, and so are the states that a run of few seconds saves often and a longer one every half minute. `floor` is what
the matrix products of the stacked step take by themselves, into memory that is there: no engine of this kind is
quicker. `plain` is the plain loop of TransformerLens and torch, for each run in turn.
"""

from __future__ import annotations

import statistics
from dataclasses import replace

import groklens as gl
from benchmarks.plain import PlainTraining
from benchmarks.products import matrix_products, products_of_step
from benchmarks.report import alternating, at_least, is_smoke, seconds
from benchmarks.setup import Clock, median_step


def main() -> None:
    """Alternate the stack, single runs, the plain loop and the products; a few runs are timed and taken for all."""
    n_runs, steps = (4, 4) if is_smoke() else (32, 101)
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(23, "add"),
        model=gl.Transformer(d_model=32, n_heads=4, d_head=8, d_mlp=128),
        train_fraction=0.75,
        steps=steps,
        evaluate_every=None,
        keep=Clock(),
    )
    recipes = [replace(recipe, seed=seed) for seed in range(n_runs)]
    task, few, first = recipe.task, recipes[:4], 1 if is_smoke() else 20
    train_index, _ = task.split(recipe.train_fraction, recipe.seed)
    plain = PlainTraining(recipe.model.build(task, 0), task.inputs, task.labels, train_index)
    products = matrix_products(products_of_step(len(train_index), recipe), n_runs)
    sides = {
        "stacked": lambda: median_step(recipes, after=first),
        "in turn": lambda: n_runs * statistics.mean(median_step([each], after=first) for each in few),
        "plain": lambda: n_runs * plain.seconds_per_step(2 if is_smoke() else 20),
        "floor": lambda: statistics.median(seconds(products) for _ in range(20)),
    }
    times = alternating(sides, rounds=1 if is_smoke() else 5)
    said = {f"{name.replace(' ', '_')}_ms": 1e3 * value for name, value in times.items()}
    over_own, ratio = (times[side] / times["stacked"] for side in ("in turn", "plain"))
    work = f"{n_runs} runs, p = 23, over the plain loop of TransformerLens"
    at_least("many_runs", work, ratio, 6.0, aim=8.0, over_own=over_own, **said)


if __name__ == "__main__":
    main()
