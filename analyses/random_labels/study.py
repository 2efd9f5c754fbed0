"""Can a network fit labels that carry nothing, and what does that cost beside true ones?

Prediction (Zhang et al. 2017, arXiv:1611.03530): a network that generalises on digits also fits random labels of the
same images, and images shuffled or made of noise, at most a few times more slowly; held-out accuracy falls with the
share of random labels, to chance. The same holds of a transformer: a random table, or random labels of modular
addition, are fitted as surely as modular addition itself, and then nothing generalises and no circuit is found.

Refuted if random labels are not fitted, if they take more than ten times as long, if the held-out accuracy on them
is beyond chance, if it does not fall with the share of random labels, or if a circuit is found in a random table.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from analyses.digits import CLASSES, PIXELS, digits
from analyses.models import trained
from analyses.networks import Stack, error, fit_by_epochs
from analyses.result import of_run
from analyses.sweeps import mean_and_error, sweep_table

import groklens as gl

RUNS = ()
N, WIDTH, EPOCHS = 1000, 512, 600
SHARES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
SEEDS = range(3)
#: More than so many times as long is no longer "a few".
FEW = 10
P = 31
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(P, "add"),
    train_fraction=0.7,
    model=gl.Transformer(n_layers=1, d_model=64, n_heads=2, d_head=32, d_mlp=256, act_fn="relu"),
    optimizer=gl.AdamW(lr=2e-3, weight_decay=1.0, betas=(0.9, 0.98), warmup_steps=10),
    steps=4000,
    evaluate_every=10,
    keep=gl.Steps([4000]),
)
TWINS = ("true", "random_table", "random_labels")
INPUTS = ("true", "permuted", "shuffled", "gaussian")


def analyse(smoke: bool = False) -> list[gl.Finding]:
    """The findings."""
    return judge(measure(smoke=smoke))


def measure(smoke: bool = False) -> dict[str, Any]:
    """Time to fit and held-out accuracy, on digits and on a table."""
    if smoke:
        small = replace(RECIPE, task=gl.ModularArithmetic(7, "add"), steps=60, keep=gl.Steps([60]))
        with tempfile.TemporaryDirectory() as folder:
            twins = transformers(small, range(2), Path(folder))
        size = (40, 64, 20, range(2))
        noise = {"inputs": inputs(*size), "never_right": never_right(*size)}
        return {"labels": labels((0.0, 1.0), *size), **noise, **twins}
    return {
        "labels": labels(SHARES, N, WIDTH, EPOCHS, SEEDS),
        "inputs": inputs(N, WIDTH, EPOCHS, SEEDS),
        "never_right": never_right(N, WIDTH, EPOCHS, SEEDS),
        **transformers(RECIPE, range(4), Path(__file__).parent / "runs"),
    }


def labels(shares: Sequence[float], n: int, width: int, epochs: int, seeds: range) -> xr.Dataset:
    """Digits with a share of the labels drawn anew among all classes; at 1 they carry nothing."""
    fits = [fit(n, share, CHANGES["true"], width, epochs, seeds) for share in shares]
    return tabled(("share", shares, "share of train labels that are random"), fits, seeds)


def never_right(n: int, width: int, epochs: int, seeds: range) -> list[float]:
    """Held-out accuracy where every label is another class than the right one."""
    return fit(n, 1.0, CHANGES["true"], width, epochs, seeds, uniform=False)["test"]


def inputs(n: int, width: int, epochs: int, seeds: range) -> xr.Dataset:
    """Digits with their right labels, the images as they are, permuted alike, each by itself, or Gaussian."""
    fits = [fit(n, 0.0, CHANGES[name], width, epochs, seeds) for name in INPUTS]
    table = tabled(("kind", range(len(INPUTS)), "inputs"), fits, seeds)
    return table.assign_attrs(kinds=list(INPUTS))


def permuted(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """One permutation of the pixels for every image, train and held out."""
    order = torch.randperm(PIXELS, generator=torch.Generator().manual_seed(0))
    return images[:, order]


def shuffled(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """The pixels of each image in an order of its own."""
    order = torch.rand(images.shape, generator=generator).argsort(dim=1)
    return images.gather(1, order)


def gaussian(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Noise with the images' mean and spread."""
    noise = torch.randn(images.shape, generator=generator, dtype=images.dtype)
    return images.mean() + images.std() * noise


Change = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
CHANGES: dict[str, Change] = {
    "true": lambda images, _: images,
    "permuted": permuted,
    "shuffled": shuffled,
    "gaussian": gaussian,
}


def fit(
    n: int, share: float, change: Change, width: int, epochs: int, seeds: range, uniform: bool = True
) -> dict[str, list[float]]:
    """Epochs until every train label is fitted, held-out accuracy then, and how far the weights have moved."""
    data = [digits(n, share, seed, uniform) for seed in seeds]
    generators = [torch.Generator().manual_seed(7000 + seed) for seed in seeds]
    images, held_out = (
        torch.stack([change(part(d), g).float() for d, g in zip(data, generators, strict=True)])
        for part in (lambda d: d.inputs, lambda d: d.test_inputs)
    )
    given, right = torch.stack([d.given for d in data]), torch.stack([d.test_labels for d in data])
    stack = Stack(width, list(seeds))
    start = [weight.detach().clone() for weight in stack.weights]
    found: dict[str, list[float]] = {name: [float("nan")] * len(data) for name in ("epochs", "test", "moved")}

    def look(epoch: int) -> bool:
        """Note each seed at the first epoch that fits its labels, or the last."""
        for i, wrong in enumerate(error(stack, images, given)):
            if np.isnan(found["test"][i]) and (wrong == 0 or epoch == epochs):
                found["epochs"][i] = float(epoch) if wrong == 0 else float("nan")
                found["test"][i] = 1 - error(stack, held_out, right)[i]
                found["moved"][i] = stack.distance(start)[i]
        return not np.isnan(found["test"]).any()

    fit_by_epochs(stack, images, given, epochs, look)
    return found


def tabled(
    along: tuple[str, Sequence[float], str], fits: list[dict[str, list[float]]], seeds: range
) -> xr.Dataset:
    """The fits as a table."""
    names = {
        "epochs": ("epochs until every train label is fitted", "epochs"),
        "test": ("held-out accuracy", "accuracy"),
        "moved": ("distance that the weights have moved", "norm"),
    }
    variables = {name: (np.array([each[name] for each in fits]).T, *called) for name, called in names.items()}
    return sweep_table(along, list(seeds), variables)


def transformers(recipe: gl.Recipe, seeds: range, folder: Path) -> dict[str, Any]:
    """A transformer on the task, on a random table, and on random labels of the task: times and accuracies."""
    tasks: dict[str, Callable[[int], gl.Task]] = {
        "true": lambda seed: recipe.task,
        "random_table": lambda seed: gl.RandomTable(recipe.task.p, seed=seed),
        "random_labels": lambda seed: gl.Corrupted(recipe.task, 1.0, seed, uniform=True),
    }
    rows, kept = {}, {}
    for name in TWINS:
        runs = trained([replace(recipe, task=tasks[name](seed), seed=seed) for seed in seeds], folder)
        rows[name] = [of_transformer(run) for run in runs]
        kept |= {f"{name}, seed {run.recipe.seed}": of_run(run) for run in runs}
    names = {"fitted_at": "updates", "test": "accuracy", "circuit": "found"}
    variables = {
        key: (np.array([[row[key] for row in rows[name]] for name in TWINS]).T, key, units)
        for key, units in names.items()
    }
    table = sweep_table(("kind", range(len(TWINS)), "what is trained on"), list(seeds), variables)
    return {"twins": table.assign_attrs(kinds=list(TWINS), chance=1 / recipe.task.p), "runs": kept}


def of_transformer(run: gl.Run) -> dict[str, float]:
    """When it fitted its labels, what it gets right held out, and whether a circuit is found."""
    history = run.history["train_accuracy"].dropna("step")
    fitted = gl.theory.time_to_fit(history["step"].values, history.values, level=1.0)
    p = run.task.d_vocab_out
    return {
        "fitted_at": float("nan") if fitted is None else fitted[1],
        "test": float(gl.measures.test_accuracy(run.final)),
        "circuit": float(gl.find_circuit(run.final, group=f"C{p}") is not None),
    }


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    labels_, inputs_, twins = numbers["labels"], numbers["inputs"], numbers["twins"]
    last = float(labels_["share"].values[-1])
    on_digits = labels_["epochs"].sel(share=0.0).values, labels_["epochs"].sel(share=last).values
    times = twins["fitted_at"].values
    return [
        fitted("digits", "digits", *on_digits, "epochs"),
        falls(labels_),
        noise_is_fitted(inputs_),
        moved(labels_),
        *(
            fitted(name, f"a transformer on {name.replace('_', ' ')}", times[:, 0], times[:, i], "updates")
            for i, name in enumerate(TWINS)
            if i
        ),
        nothing_generalises(twins),
        no_circuit(twins),
        wrong_is_not_random(numbers["never_right"]),
    ]


def fitted(on: str, what: str, true: np.ndarray, random: np.ndarray, units: str) -> gl.Finding:
    """Random labels are fitted, within a few times as long as true ones."""
    claim = f"random labels are fitted, within {FEW} times as long as true ones: {what}"
    if np.isnan(true).any():
        return gl.Finding(
            claim,
            None,
            "times as long",
            "undecided",
            note="the true labels were not fitted",
            key=f"fitted.{on}",
        )
    if np.isnan(random).any():
        return gl.Finding(
            claim,
            None,
            "times as long",
            "refuted",
            note=f"{units} run out before they are fitted",
            key=f"fitted.{on}",
        )
    ratios = random / np.maximum(true, 1)
    return gl.Finding(
        claim,
        float(ratios.mean()),
        "times as long, mean of the seeds",
        "supported" if ratios.max() <= FEW else "refuted" if ratios.min() > FEW else "undecided",
        (
            gl.Control.of(f"{units}, true labels", true.tolist(), key="true_labels"),
            gl.Control.of(f"{units}, random", random.tolist(), key="random_labels"),
        ),
        source="Zhang et al. 2017, section 2",
        note="each seed beside the same seed: " + ", ".join(f"{ratio:.2f}" for ratio in ratios),
        key=f"fitted.{on}",
    )


def falls(table: xr.Dataset) -> gl.Finding:
    """Held-out accuracy falls with the share of random labels, to no more than chance."""
    mean, stderr = mean_and_error(table["test"])
    down = (np.diff(mean) < 2 * np.hypot(stderr[1:], stderr[:-1])).all()
    chance = mean[-1] <= 1 / CLASSES + 2 * stderr[-1]
    return gl.Finding(
        "held-out accuracy falls with the share of random labels, to chance",
        float(mean[-1]),
        "accuracy where all are random",
        "supported" if down and chance else "refuted",
        (
            gl.Control.of(
                "accuracy with true labels", table["test"].values[:, 0].tolist(), key="true_labels"
            ),
            gl.Control.of("chance", [1 / CLASSES], key="chance"),
        ),
        source="Zhang et al. 2017, figure 1c",
        note="by share: "
        + ", ".join(
            f"{s:g}: {m:.3f} ± {e:.3f}" for s, m, e in zip(table["share"].values, mean, stderr, strict=True)
        ),
        key="falls_to_chance",
    )


def noise_is_fitted(table: xr.Dataset) -> gl.Finding:
    """Images that hold nothing are fitted too, and only those that hold something generalise."""
    epochs, test = table["epochs"].values, table["test"].values
    fits = not np.isnan(epochs).any()
    kinds = list(table.attrs["kinds"])
    blank = test[:, [kinds.index("shuffled"), kinds.index("gaussian")]]
    alike = abs(test[:, kinds.index("permuted")] - test[:, 0]).max()
    said = ", ".join(f"{kind}: {epochs[:, i].mean():.0f}" for i, kind in enumerate(kinds))
    apart = blank.max() < test[:, 0].min() and alike < 0.05
    return gl.Finding(
        "images that hold nothing are fitted too; one permutation of all pixels changes nothing",
        float(blank.max()),
        "held-out accuracy, best on shuffled or Gaussian images",
        "supported" if fits and apart else "refuted" if not fits else "undecided",
        (
            gl.Control.of("true images", test[:, 0].tolist(), key="true_images"),
            gl.Control.of("one permutation", test[:, kinds.index("permuted")].tolist(), key="permuted"),
        ),
        source="Zhang et al. 2017, section 2",
        note=f"epochs until fitted, mean: {said}; a shuffled image keeps how bright it is, which tells a little",
        key="noise_images",
    )


def moved(table: xr.Dataset) -> gl.Finding:
    """Random labels move the weights further."""
    true, random = table["moved"].values[:, 0], table["moved"].values[:, -1]
    ratios = random / true
    return gl.Finding(
        "random labels move the weights further than true ones do",
        float(ratios.mean()),
        "ratio of distances, mean of the seeds",
        "supported" if ratios.min() > 1 else "refuted" if ratios.max() <= 1 else "undecided",
        (
            gl.Control.of("true labels", true.tolist(), key="true_labels"),
            gl.Control.of("random labels", random.tolist(), key="random_labels"),
        ),
        source="ours; at the first epoch that fits every train label",
        key="distance_moved",
    )


def nothing_generalises(table: xr.Dataset) -> gl.Finding:
    """Only the true task is answered beyond the train inputs."""
    test, chance = table["test"].values, table.attrs["chance"]
    null, true = test[:, 1:], test[:, 0]
    verdict = "undecided"
    if null.mean() > chance + 3 * null.std(ddof=1) / null.size**0.5 and null.mean() > 2 * chance:
        verdict = "refuted"
    elif true.min() > 10 * chance and null.max() < 3 * chance:
        verdict = "supported"
    return gl.Finding(
        "a transformer that fits a random table, or random labels, is right on held-out inputs by chance alone",
        float(null.mean()),
        "held-out accuracy",
        verdict,
        (
            gl.Control.of("modular addition", true.tolist(), key="modular_addition"),
            gl.Control.of("chance", [chance], key="chance"),
        ),
        source="the null of every claim of grokking",
        note=f"random: {null.min():.3f} to {null.max():.3f} in {null.size} runs",
        key="chance_alone",
    )


def no_circuit(table: xr.Dataset) -> gl.Finding:
    """No circuit is found where there is none."""
    circuits = table["circuit"].values
    found = int(circuits[:, 1:].sum())
    return gl.Finding(
        "no circuit is found in a transformer on random answers",
        found,
        f"of {circuits[:, 1:].size} models",
        "refuted" if found else "supported" if circuits[:, 0].any() else "undecided",
        (
            gl.Control.of(
                "found in models of modular addition", circuits[:, 0].tolist(), key="modular_addition"
            ),
        ),
        source="groklens.find_circuit",
        note="undecided where none is found in modular addition either",
        key="no_circuit",
    )


def wrong_is_not_random(test: list[float]) -> gl.Finding:
    """Labels that are never right say what an image is not, and the network learns that."""
    chance = 1 / CLASSES
    return gl.Finding(
        "beside the question: labels that are never right are not random: held-out accuracy is below chance",
        sum(test) / len(test),
        "held-out accuracy",
        "supported" if max(test) < chance / 2 else "refuted" if min(test) >= chance / 2 else "undecided",
        (gl.Control.of("chance", [chance], key="chance"), gl.Control.of("each seed", test, key="each_seed")),
        source="ours: a trap for whoever makes labels random by moving them to another class",
        key="never_right",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Epochs to fit and held-out accuracy over the share of wrong labels."""
    return gl.views.sweep(numbers["labels"], log_x=False)
