"""Can a network fit labels that carry nothing, and what does that cost beside true ones?

Prediction (Zhang et al. 2017, arXiv:1611.03530): a network that generalises on digits also fits random labels of the
same images, and images shuffled or made of noise, at most a few times more slowly; test accuracy falls with the
share of random labels, to chance. The same holds of a transformer: a random table, or random labels of modular
addition, are fitted as surely as modular addition itself, and then nothing generalises and no circuit is found.

Refuted if random labels are not fitted, if they take more than ten times as long, if the test accuracy on them
is beyond chance, if it does not fall with the share of random labels, or if a circuit is found in a random table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from analyses.models import trained
from analyses.result import of_run

import groklens as gl

RUNS = ()
SHARES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
INPUTS = ("true", "permuted", "shuffled", "gaussian")
TWINS = ("true", "random_table", "random_labels")
#: More than so many times as long is no longer "a few".
FEW = 10
#: Batches of 100, so ten updates an epoch; evaluated after each epoch.
DIGITS = gl.Recipe(
    task=gl.tasks.Digits(n_train=1000),
    model=gl.MLP(d_mlp=512, d_embed=None, init="uniform"),
    optimizer=gl.SGD(lr=0.05, momentum=0.9),
    batch_size=100,
    steps=4000,
    evaluate_every=10,
    keep=gl.Steps([]),
)
TABLE = gl.Recipe(
    task=gl.ModularArithmetic(31, "add"),
    train_fraction=0.7,
    model=gl.Transformer(n_layers=1, d_model=64, n_heads=2, d_head=32, d_mlp=256, act_fn="relu"),
    optimizer=gl.AdamW(lr=2e-3, weight_decay=1.0, betas=(0.9, 0.98), warmup_steps=10),
    steps=4000,
    evaluate_every=10,
    keep=gl.Steps([4000]),
)
CALLED = {
    "fitted_at": ("updates until every train label is fitted", "updates"),
    "test": ("test accuracy, at the end", "accuracy"),
    "moved": ("distance that the weights have moved, at the end", "norm"),
    "wrong": ("wrong train labels", "share of labels"),
}


def measure(smoke: bool = False) -> dict[str, Any]:
    """Time to fit and test accuracy, on digits and on a table."""
    digits, table, shares = DIGITS, TABLE, SHARES
    if smoke:
        digits = replace(DIGITS, task=gl.tasks.Digits(n_train=40), batch_size=20, steps=60)
        table = replace(TABLE, task=gl.ModularArithmetic(7, "add"), steps=60, keep=gl.Steps([60]))
        shares = (0.0, 1.0)
    folder = None if smoke else Path(__file__).parent / "runs"
    seeds, own = range(2 if smoke else 3), [f"inputs {kind}" for kind in INPUTS[1:]]
    kinds = {f"share {share:g}": (random_labels, share) for share in shares}
    kinds |= {name: (changed, kind) for name, kind in zip(own, INPUTS[1:], strict=True)}
    kinds["never right"] = (never_right, 1.0)
    recipes = [make(digits, what, seed) for make, what in kinds.values() for seed in seeds]
    found = iter([of_digits(run) for run in trained(recipes, folder)])
    rows = {name: [next(found) for _ in seeds] for name in kinds}
    by_share = [f"share {share:g}" for share in shares]
    return {
        "labels": tabled(("share", shares, "share of train labels that are random"), rows, by_share),
        "inputs": tabled(("kind", range(len(INPUTS)), "inputs"), rows, by_share[:1] + own).assign_attrs(
            kinds=list(INPUTS)
        ),
        "never_right": [row["test"] for row in rows["never right"]],
        **transformers(table, range(2 if smoke else 4), folder),
    }


def tabled(along: tuple[str, Any, str], rows: dict[str, Any], names: Sequence[str]) -> xr.Dataset:
    """The measured rows of these names, as a table."""
    chosen = [rows[name] for name in names]
    return gl.theory.sweep_rows(along, range(len(chosen[0])), list(zip(*chosen, strict=True)), CALLED)


def random_labels(recipe: gl.Recipe, share: float, seed: int) -> gl.Recipe:
    """Digits with a share of the labels drawn anew among all classes, apart from the split; at 1 they carry nothing."""
    return replace(recipe, task=gl.Corrupted(recipe.task, share, seed=1000 + seed, uniform=True), seed=seed)


def never_right(recipe: gl.Recipe, share: float, seed: int) -> gl.Recipe:
    """Digits of which every label is another class than the right one."""
    return replace(recipe, task=gl.Corrupted(recipe.task, share, seed=1000 + seed), seed=seed)


@dataclass(frozen=True, eq=False, repr=False)
class ChangedDigits(gl.tasks.Digits):
    """Digits with other images: their pixels permuted, all alike or each by itself, or Gaussian of their spread."""

    kind_of_images: str = "permuted"
    seed: int = 0

    @cached_property
    def inputs(self) -> torch.Tensor:
        """The changed images, train and test."""
        images, generator = super().inputs, torch.Generator().manual_seed(self.seed)
        if self.kind_of_images == "gaussian":
            return images.mean() + images.std() * torch.randn(images.shape, generator=generator)
        each = self.kind_of_images == "shuffled"
        order = torch.rand((len(images) if each else 1, images.shape[1]), generator=generator).argsort(dim=1)
        return images.gather(1, order.expand(images.shape))


def changed(recipe: gl.Recipe, kind: str, seed: int) -> gl.Recipe:
    """Digits with their right labels and such images, drawn apart from the split."""
    task = ChangedDigits(recipe.task.n_train, kind, 7000 + (0 if kind == "permuted" else seed))
    return replace(recipe, task=task, seed=seed)


def of_digits(run: gl.Run) -> dict[str, float]:
    """When it fitted its labels, its test accuracy and how far it moved by the end, and how many labels are wrong."""
    task = run.task
    return {
        "fitted_at": fitted_at(run),
        "test": float(run.history["test_accuracy"].dropna("step")[-1]),
        "moved": gl.theory.distance_moved(*(at.model.state_dict() for at in (run.at(0), run.final))),
        "wrong": float((task.targets != task.labels)[run.train_index].double().mean()),
    }


def fitted_at(run: gl.Run) -> float:
    """The update at which it was first seen to fit every train label; nan for never."""
    history = run.history["train_accuracy"].dropna("step")
    fitted = gl.theory.time_to_fit(history["step"].values, history.values, level=1.0)
    return float("nan") if fitted is None else fitted[1]


def transformers(recipe: gl.Recipe, seeds: range, folder: Path | None) -> dict[str, Any]:
    """A transformer on the task, on a random table, and on random labels of the task: times and accuracies."""

    def task(name: str, seed: int) -> gl.Task:
        random = {
            "random_table": gl.RandomTable(recipe.task.p, seed=seed),
            "random_labels": gl.Corrupted(recipe.task, 1.0, seed, uniform=True),
        }
        return random.get(name, recipe.task)

    recipes = [replace(recipe, task=task(name, seed), seed=seed) for seed in seeds for name in TWINS]
    runs = trained(recipes, folder)
    rows = [[of_transformer(run) for run in runs[i :: len(TWINS)]] for i in range(len(TWINS))]
    called = {
        "fitted_at": ("fitted_at", "updates"),
        "test": ("test", "accuracy"),
        "circuit": ("circuit", "found"),
    }
    table = gl.theory.sweep_rows(
        ("kind", range(len(TWINS)), "what is trained on"), list(seeds), list(zip(*rows, strict=True)), called
    )
    kept = {f"{run.task.name}, seed {run.recipe.seed}": of_run(run) for run in runs}
    return {"twins": table.assign_attrs(kinds=list(TWINS), chance=1 / recipe.task.p), "runs": kept}


def of_transformer(run: gl.Run) -> dict[str, float]:
    """When it fitted its labels, what it gets right on test inputs, and whether a circuit is found."""
    circuit = gl.find_circuit(run.final, group=f"C{run.task.d_vocab_out}")
    test = float(gl.measures.test_accuracy(run.final))
    return {"fitted_at": fitted_at(run), "test": test, "circuit": float(circuit is not None)}


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    labels_, inputs_, twins = numbers["labels"], numbers["inputs"], numbers["twins"]
    last = float(labels_["share"].values[-1])
    on_digits = labels_["fitted_at"].sel(share=0.0).values, labels_["fitted_at"].sel(share=last).values
    times = twins["fitted_at"].values
    return [
        fitted("digits", "digits", *on_digits, "updates"),
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
    blank = gl.Finding(claim, None, "times as long", "undecided", key=f"fitted.{on}")
    if np.isnan(true).any():
        return replace(blank, note="the true labels were not fitted")
    if np.isnan(random).any():
        return replace(blank, verdict="refuted", note=f"{units} run out before they are fitted")
    ratios = random / np.maximum(true, 1)
    return gl.Finding(
        claim,
        float(ratios.mean()),
        "times as long, mean of the seeds",
        "supported" if ratios.max() <= FEW else "refuted" if ratios.min() > FEW else "undecided",
        gl.Control.several(
            {"true_labels": (f"{units}, true labels", true), "random_labels": (f"{units}, random", random)}
        ),
        source="Zhang et al. 2017, section 2",
        note="each seed beside the same seed: " + ", ".join(f"{ratio:.2f}" for ratio in ratios),
        key=f"fitted.{on}",
    )


def falls(table: xr.Dataset) -> gl.Finding:
    """Test accuracy falls with the share of random labels, to no more than chance."""
    mean, stderr = gl.theory.mean_and_error(table["test"])
    down = (np.diff(mean) < 2 * np.hypot(stderr[1:], stderr[:-1])).all()
    chance = mean[-1] <= 1 / 10 + 2 * stderr[-1]
    return gl.Finding(
        "test accuracy falls with the share of random labels, to chance",
        float(mean[-1]),
        "accuracy where all are random",
        "supported" if down and chance else "refuted",
        gl.Control.several(
            {
                "true_labels": ("accuracy with true labels", table["test"].values[:, 0]),
                "chance": ("chance", 1 / 10),
            }
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
    updates, test = table["fitted_at"].values, table["test"].values
    fits = not np.isnan(updates).any()
    kinds = list(table.attrs["kinds"])
    blank = test[:, [kinds.index("shuffled"), kinds.index("gaussian")]]
    alike = abs(test[:, kinds.index("permuted")] - test[:, 0]).max()
    said = ", ".join(f"{kind}: {updates[:, i].mean():.0f}" for i, kind in enumerate(kinds))
    apart = blank.max() < test[:, 0].min() and alike < 0.05
    return gl.Finding(
        "images that hold nothing are fitted too; one permutation of all pixels changes nothing",
        float(blank.max()),
        "test accuracy, best on shuffled or Gaussian images",
        "supported" if fits and apart else "refuted" if not fits else "undecided",
        gl.Control.several(
            {
                "true_images": ("true images", test[:, 0]),
                "permuted": ("one permutation", test[:, kinds.index("permuted")]),
            }
        ),
        source="Zhang et al. 2017, section 2",
        note=f"updates until fitted, mean: {said}; a shuffled image keeps how bright it is, which tells a little",
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
        gl.Control.several(
            {"true_labels": ("true labels", true), "random_labels": ("random labels", random)}
        ),
        source="ours; after the same number of updates",
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
        "a transformer that fits a random table, or random labels, is right on test inputs by chance alone",
        float(null.mean()),
        "test accuracy",
        verdict,
        gl.Control.several({"modular_addition": ("modular addition", true), "chance": ("chance", chance)}),
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
        gl.Control.several({"modular_addition": ("found in models of modular addition", circuits[:, 0])}),
        source="groklens.find_circuit",
        note="undecided where none is found in modular addition either",
        key="no_circuit",
    )


def wrong_is_not_random(test: list[float]) -> gl.Finding:
    """Labels that are never right say what an image is not, and the network learns that."""
    chance = 1 / 10
    return gl.Finding(
        "beside the question: labels that are never right are not random: test accuracy is below chance",
        sum(test) / len(test),
        "test accuracy",
        "supported" if max(test) < chance / 2 else "refuted" if min(test) >= chance / 2 else "undecided",
        gl.Control.several({"chance": ("chance", chance), "each_seed": ("each seed", test)}),
        source="ours: a trap for whoever makes labels random by moving them to another class",
        key="never_right",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Updates to fit, test accuracy and distance moved over the share of random labels."""
    return gl.views.sweep(numbers["labels"], ["fitted_at", "test", "moved"], log_x=False)
