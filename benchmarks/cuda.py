"""On a card: 64 stacked runs of p = 113 against the plain loop there, a single run's step, and a learning coefficient.

The stack must have 20 times the throughput of the plain loop on that card (40 is aimed at). Times are of single steps,
without what starting takes. Where there is no card all of it is skipped.
"""

from __future__ import annotations

from dataclasses import replace

import torch

import groklens as gl
from benchmarks.plain import PlainTraining
from benchmarks.report import alternating, at_least, is_smoke, seconds, skipped
from benchmarks.setup import Clock, median_step, nanda


def main() -> None:
    """The stack and the single run beside the plain loop, the learning coefficient beside the processor's."""
    if not torch.cuda.is_available():
        for work in ("64 runs at once", "one run", "learning coefficient"):
            skipped("cuda", work, "there is no CUDA device here")
        return
    count, steps = (4, 30) if is_smoke() else (64, 200)
    recipe = nanda(steps=steps, keep=Clock())
    recipes = [replace(recipe, seed=seed) for seed in range(count)]
    sides = {
        "plain": lambda: plain_step(recipe),
        "stacked": lambda: median_step(recipes, "cuda"),
        "single": lambda: median_step([replace(recipe, steps=2 * steps)], "cuda"),
    }
    times = alternating(sides, rounds=1 if is_smoke() else 2)
    said = {"card": torch.cuda.get_device_name()} | {f"{k}_ms": 1e3 * value for k, value in times.items()}
    stacked = count * times["plain"] / times["stacked"]
    at_least("cuda", f"{count} runs at once, p = 113", stacked, 20.0, aim=40.0, **said)
    at_least("cuda", "one run, p = 113", times["plain"] / times["single"], 4.5, **said)
    learning_coefficient(recipe)


def plain_step(recipe: gl.Recipe) -> float:
    """Wall time of a step of the plain loop on the card."""
    task = recipe.task
    index, _ = task.split(recipe.train_fraction, recipe.seed)
    model = recipe.model.build(task, 0, "cuda")
    plain = PlainTraining(model, task.inputs.to("cuda"), task.labels.to("cuda"), index.to("cuda"))
    plain.seconds_per_step(10)
    return plain.seconds_per_step(10 if is_smoke() else 50)


def learning_coefficient(recipe: gl.Recipe) -> None:
    """Time an estimate on the card and on the processor; the same noise moves both."""
    index, _ = recipe.task.split(recipe.train_fraction, recipe.seed)
    llc = gl.measures.LLC(draws=20 if is_smoke() else 50, burn_in=10)
    on = {
        device: gl.Snapshot(recipe.model.build(recipe.task, 0, device), recipe.task, train_index=index)
        for device in ("cuda", "cpu")
    }
    llc(on["cuda"])
    times = {device: seconds(lambda at=at: llc(at)) for device, at in on.items()}  # type: ignore[misc]
    at_least(
        "cuda",
        "learning coefficient, p = 113",
        times["cpu"] / times["cuda"],
        1.0,
        card=torch.cuda.get_device_name(),
        cuda_s=times["cuda"],
        cpu_s=times["cpu"],
    )


if __name__ == "__main__":
    main()
