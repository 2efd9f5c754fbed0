"""Does a small transformer on real text pass through unigram, bigram and trigram, and is that what it then says?

The text is the sources of Python's standard library, character by character; the references are n-gram counts of what
is trained on, with Witten–Bell back-off (`gl.theory.NGrams`). A stage is the reference that the model is nearest to in
KL on test modules, of which nothing is trained on.

Prediction (the learning of n-grams in turn: Edelman et al. 2024 in context, Nguyen 2024 and others of language models;
a sudden induction head: Olsson et al. 2022): every seed is nearest to uniform, unigram, bigram and trigram, in that
order and without going back; at each of these stages its distribution is the reference's, what it samples itself
included; heads come to match prefixes suddenly, while the loss falls smoothly.

Refuted if no seed keeps the order; if the model is, at its nearest, further from a reference than that reference's
neighbours are; if induction rises over a factor of four of updates or more; if the loss falls more than twice as fast
while it rises as it did before. The control of the order is a straight path: the final model's predictions mixed with
guessing in every proportion, which learned nothing in turn.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.models import trained
from analyses.result import of_run

import groklens as gl

RUNS = ()
#: Sizes were chosen by the speed of a run of seed 0, which is not among these.
SEEDS = range(1, 4)
#: References by order; of those in between, every seed is asked for.
ORDERS = ("uniform", "unigram", "bigram", "trigram", "4-gram", "5-gram")
ASKED = ("unigram", "bigram", "trigram")
#: KL from each of two references to their even mixture, as a share of KL between them, about.
HALF_WAY = 0.25
RECIPE = gl.Recipe(
    task=gl.tasks.StandardLibrary(length=64),
    model=gl.Transformer(
        n_layers=2, d_model=64, n_heads=4, d_head=16, d_mlp=None, init="gpt2", positions="rotary"
    ),
    optimizer=gl.AdamW(lr=3e-3, weight_decay=0.01, betas=(0.9, 0.98), warmup_steps=50),
    batch_size=32,
    steps=1200,
    evaluate_every=None,
    keep=gl.LogSpaced(22),
)
#: Sequences that are sampled at a stage, and resamples of them for its error.
SAMPLED, RESAMPLED = 64, 1000
#: Shares of the final model in the straight path from guessing to it.
MIXED = np.geomspace(0.003, 1, 40)
#: Within how many doublings of updates a rise from 10 to 90 % is sudden, and from how many on it is not.
SUDDEN, GRADUAL = 1.0, 2.0
#: The least attention, above what it was, that makes a head one that matches prefixes.
FORMED = 0.1
SOURCE = "Edelman et al. 2024, arXiv:2402.11004; Olsson et al. 2022, arXiv:2209.11895"


def measure(smoke: bool = False) -> dict[str, Any]:
    """KL to every reference over training, on text and on the model's own samples; induction, and loss by position."""
    base, seeds, sampled = RECIPE, list(SEEDS), SAMPLED
    if smoke:
        task, model = (
            gl.tasks.StandardLibrary(length=16),
            replace(RECIPE.model, d_model=16, n_heads=2, d_head=8),
        )
        base = replace(base, task=task, model=model, batch_size=8, steps=60, keep=gl.Steps((20, 40)))
        seeds, sampled = seeds[:2], 4
    folder = None if smoke else Path(__file__).parent / "runs"
    runs = trained([replace(base, seed=seed) for seed in seeds], folder)
    tables = [gl.measures.stages(run, progress=False) for run in runs]
    measured = [gl.track(run, _MEASURES, progress=False) for run in runs]
    text = {"python": base.task.python, "sha256": base.task.sha256, "trained_on": len(base.task.train_tokens)}
    return {
        "text": text | {"tokens": base.steps * base.batch_size * base.task.length},
        "kl": over_seeds([table["mean_kl"] for table in tables], seeds),
        "loss": over_seeds([table["loss"] for table in tables], seeds),
        "references": tables[0][["between", "reference_loss"]],
        "induction": over_seeds([each[_PREFIX.__name__].max("head") for each in measured], seeds),
        "previous": over_seeds([each["previous_token"].max("head") for each in measured], seeds),
        "positions": over_seeds([each["loss_by_position"][-1] for each in measured], seeds),
        "straight": straight_path(runs[0]),
        "samples": samples(runs, tables, seeds, sampled),
        "runs": {f"seed {run.recipe.seed}": of_run(run) for run in runs},
    }


_PREFIX = gl.measures.PrefixMatching()
_MEASURES = [_PREFIX, gl.measures.previous_token, gl.measures.loss_by_position]


def over_seeds(arrays: Sequence[xr.DataArray], seeds: Sequence[int]) -> xr.Dataset:
    """Arrays of the seeds as one table, whose variable is called `value`."""
    joined = xr.concat(arrays, dim="seed").assign_coords(seed=list(seeds))
    return joined.rename("value").to_dataset()


def straight_path(run: gl.Run) -> xr.Dataset:
    """KL of the references from mixtures of the final model with guessing, by the share of the model."""
    task = run.task
    final = gl.measures.predictor_of(run).log_probabilities(task.inputs)[:, :-1].exp()
    logs = [one.log_probabilities(task.inputs)[:, :-1] for one in task.references]
    rows = []
    for share in MIXED.tolist():
        mixed = (share * final + (1 - share) / task.d_vocab).log()
        rows.append([float((log.exp() * (log - mixed)).sum(dim=-1).mean()) for log in logs])
    coords = {"share": MIXED, "reference": [one.name for one in task.references]}
    return xr.Dataset({"value": (("share", "reference"), rows)}, coords)


def samples(
    runs: Sequence[gl.Run], tables: Sequence[xr.Dataset], seeds: Sequence[int], count: int
) -> xr.Dataset:
    """What each seed samples at the step where it is nearest to each reference that is asked for.

    `kl` (seed × stage × reference × example) along its own samples, `step` (seed × stage), and `between` (nearest ×
    reference × example), the same of the references' own samples.
    """
    found, steps, between = [], [], None
    for run, table in zip(runs, tables, strict=True):
        own = [int(table["step"][int(table["mean_kl"].sel(reference=name).argmin("step"))]) for name in ASKED]
        chosen = sorted(set(own))
        drawn = gl.measures.sampled_stages(run, steps=chosen, sequences=count, progress=False)
        found.append(drawn["kl"].sel(step=own).values)
        steps.append(own)
        between = drawn["between"] if between is None else between
    names = {"reference": list(ORDERS), "stage": list(ASKED), "seed": list(seeds), "nearest": list(ORDERS)}
    return xr.Dataset(
        {
            "kl": (("seed", "stage", "reference", "example"), np.stack(found)),
            "step": (("seed", "stage"), steps),
            "between": (("nearest", "reference", "example"), between.values),
        },
        names,
    )


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    return [
        in_order(numbers),
        is_the_stage(numbers),
        samples_are_of_the_stage(numbers),
        induction_is_sudden(numbers),
        loss_is_smooth(numbers),
        previous_token_between(numbers),
        context_is_worth(numbers),
    ]


def path_of(kl: np.ndarray) -> list[str]:
    """The nearest references in turn (kl: step × reference), repetitions left out."""
    nearest = [ORDERS[place] for place in kl.argmin(axis=1)]
    return [name for place, name in enumerate(nearest) if place == 0 or name != nearest[place - 1]]


def is_in_order(path: list[str]) -> bool:
    """Whether uniform, unigram, bigram and trigram are all passed, in that order and without going back."""
    places = [ORDERS.index(name) for name in path]
    return places == sorted(places) and places[:4] == [0, 1, 2, 3]


def in_order(numbers: dict[str, Any]) -> gl.Finding:
    """Unigram, bigram, trigram, in that order."""
    kl = numbers["kl"]["value"].transpose("seed", "step", "reference").values
    paths = [path_of(each) for each in kl]
    kept = [is_in_order(path) for path in paths]
    straight = path_of(numbers["straight"]["value"].values)
    verdict = "supported" if all(kept) else "undecided" if any(kept) else "refuted"
    if verdict == "supported" and is_in_order(straight):  # then the order is no sign of stages
        verdict = "undecided"
    said = "; ".join(f"{' → '.join(path)} ({paths.count(path)})" for path in unique(paths))
    return gl.Finding(
        "the model is nearest to uniform, unigram, bigram and trigram predictors in that order, without going back",
        sum(kept) / len(kept),
        "share of seeds",
        verdict,
        (
            gl.Control.of(
                "guessing mixed with the final model", [float(is_in_order(straight))], key="straight_path"
            ),
        ),
        source=SOURCE,
        note=f"{said}; the mixture: {' → '.join(straight)}",
        key="in_order",
    )


def unique(paths: list[list[str]]) -> list[list[str]]:
    """Each path once."""
    return [path for place, path in enumerate(paths) if path not in paths[:place]]


def apart(between: np.ndarray) -> np.ndarray:
    """KL of each reference asked for and its nearer neighbour (between: the one whose tokens they are × the other)."""
    places = [ORDERS.index(name) for name in ASKED]
    return np.stack([np.minimum(between[at, at - 1], between[at, at + 1]) for at in places])


def is_the_stage(numbers: dict[str, Any]) -> gl.Finding:
    """On text, the model is at the reference and does not merely pass it."""
    kl, gap = numbers["kl"]["value"], apart(numbers["references"]["between"].values)
    share = np.stack([kl.sel(reference=name).min("step").values for name in ASKED], axis=1) / gap
    straight = numbers["straight"]["value"].sel(reference=list(ASKED)).min("share").values / gap
    return near(
        "at each stage, the model predicts the next character of text as the stage's reference does",
        share,
        (
            gl.Control.of(
                "guessing mixed with the final model, of three stages", straight.tolist(), key="straight_path"
            ),
        ),
        "stage",
        share,
        share,
    )


def samples_are_of_the_stage(numbers: dict[str, Any]) -> gl.Finding:
    """What the model samples itself is distributed as its stage says."""
    table = numbers["samples"]
    kl = table["kl"].transpose("seed", "stage", "reference", "example").values
    own = np.stack([kl[:, place, ORDERS.index(name)] for place, name in enumerate(ASKED)], axis=1)
    gap = apart(table["between"].mean("example").values.T)  # what a neighbour samples, as the model does here
    low, high = (each / gap for each in bounds(own))
    right = [ORDERS[place] for place in kl.mean(axis=-1).argmin(axis=-1).ravel()]
    agree = sum(one == other for one, other in zip(right, list(ASKED) * len(kl), strict=True))
    return near(
        "at each stage, what the model samples itself is distributed as what the stage's reference samples",
        own.mean(axis=-1) / gap,
        (
            gl.Control.of(
                "samples nearest to the reference that text is nearest to",
                [agree / len(right)],
                key="same_on_samples",
            ),
        ),
        "samples",
        low,
        high,
    )


def near(
    claim: str,
    share: np.ndarray,
    controls: tuple[gl.Control, ...],
    key: str,
    low: np.ndarray,
    high: np.ndarray,
) -> gl.Finding:
    """A finding on KL to three stages' references (seed × stage) as shares of what parts them from a neighbour.

    Supported where all are below a quarter: KL grows as the square of the way, so that a model half-way between two
    references, an even mixture of them, is about a quarter of their KL from each. Refuted where one stage is above 1
    in every seed: the reference's neighbour is nearer to it than the model ever is.
    """
    verdict = "supported" if (high < HALF_WAY).all() else "undecided"
    if (low > 1).all(axis=0).any():
        verdict = "refuted"
    each = {
        name: gl.Control.of(f"{name}, each seed", share[:, place].tolist(), key=f"{key}_{name}")
        for place, name in enumerate(ASKED)
    }
    return gl.Finding(
        claim,
        float(share.max()),
        "KL as a share of that between the reference and its nearer neighbour, most of stages and seeds",
        verdict,
        (*each.values(), *controls),
        source="ours: below ¼, as far as an even mixture, the model is at the stage; above 1 its neighbour is nearer",
        key=key,
    )


def bounds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 2.5th and 97.5th percentile of the mean over examples (last axis), by the bootstrap."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(values.shape[-1], size=(RESAMPLED, values.shape[-1]))
    means = values[..., drawn].mean(axis=-1)
    low, high = np.percentile(means, [2.5, 97.5], axis=-1)
    return low, high


def crossing(steps: np.ndarray, values: np.ndarray, level: float) -> float:
    """The update at which a rising curve first reaches a level, interpolated between kept steps (in log updates)."""
    place = int(np.argmax(values >= level))
    if place == 0:
        return float(steps[0])
    below, above = values[place - 1], values[place]
    part = (level - below) / (above - below)
    return float(np.exp(np.log(steps[place - 1]) * (1 - part) + np.log(steps[place]) * part))


def rise(numbers: dict[str, Any]) -> list[tuple[float, float] | None]:
    """From which update to which induction rises from 10 to 90 % of its most, by seed; None where it does not form."""
    table = numbers["induction"]["value"].sel(step=numbers["induction"]["step"] > 0)
    steps, found = table["step"].values.astype(float), []
    for values in table.transpose("seed", "step").values:
        first, most = values[0], values.max()
        levels = [first + part * (most - first) for part in (0.1, 0.9)]
        ends = [crossing(steps, values, level) for level in levels]
        found.append((ends[0], ends[1]) if most - first >= FORMED else None)
    return found


def induction_is_sudden(numbers: dict[str, Any]) -> gl.Finding:
    """Prefix matching rises within one doubling of updates."""
    ends = rise(numbers)
    widths = [float(np.log2(last / first)) for first, last in filter(None, ends)]
    formed = len(widths) == len(ends)
    verdict = "undecided"
    if formed and max(widths) <= SUDDEN:
        verdict = "supported"
    elif formed and min(widths) >= GRADUAL:
        verdict = "refuted"
    most = numbers["induction"]["value"].max("step").values
    said = "; ".join("none" if each is None else f"{each[0]:.0f} to {each[1]:.0f}" for each in ends)
    first = numbers["induction"]["value"].isel(step=0).values
    return gl.Finding(
        "heads come to match prefixes suddenly: from 10 to 90 % of their most within a doubling of updates",
        max(widths) if widths else None,
        "doublings of updates, most of the seeds",
        verdict,
        gl.Control.several(
            {
                "most": ("prefix matching of the best head, most", most),
                "untrained": ("the same before training", first),
            }
        ),
        source=SOURCE,
        note=f"updates by seed: {said}; undecided where a seed has no head that gains {FORMED:g}, and from {SUDDEN:g} "
        f"to {GRADUAL:g} doublings",
        key="induction_sudden",
    )


def loss_is_smooth(numbers: dict[str, Any]) -> gl.Finding:
    """The loss falls no faster while induction rises than before."""
    table = numbers["loss"]["value"].sel(step=numbers["loss"]["step"] > 0)
    steps = np.log2(table["step"].values.astype(float))
    ratios = []
    for values, ends in zip(table.transpose("seed", "step").values, rise(numbers), strict=True):
        if ends is not None and np.log2(ends[0]) - 1 >= steps[0]:
            first, last = np.log2(ends)
            before, during = ((first - 1, first), (first, last))
            falls = [
                -np.diff(np.interp(each, steps, values))[0] / (each[1] - each[0]) for each in (before, during)
            ]
            ratios.append(float(falls[1] / falls[0]))
    verdict = "undecided"
    if len(ratios) == len(table["seed"]):
        verdict = "supported" if max(ratios) <= 1 else "refuted" if min(ratios) > 2 else "undecided"
    return gl.Finding(
        "the loss falls smoothly while heads come to match prefixes: no faster than in the doubling before",
        max(ratios) if ratios else None,
        "ratio of the loss's fall a doubling of updates, during to before, most of the seeds",
        verdict,
        (gl.Control.of("each seed", ratios, key="each_seed"),) if ratios else (),
        source="Olsson et al. 2022, arXiv:2209.11895, see a bump there",
        note="above 2 in every seed the loss has a kink; undecided where no head forms",
        key="loss_smooth",
    )


def previous_token_between(numbers: dict[str, Any]) -> gl.Finding:
    """A head comes to look at the token before while the model leaves the bigram for the trigram."""
    table = numbers["previous"]["value"].sel(step=numbers["previous"]["step"] > 0)
    steps, halves = table["step"].values.astype(float), []
    for values in table.transpose("seed", "step").values:
        halves.append(crossing(steps, values, (values[0] + values.max()) / 2))
    kl = numbers["kl"]["value"].transpose("seed", "step", "reference").values
    every = numbers["kl"]["step"].values
    first = {
        name: [
            float(every[np.argmax(one)]) if one.any() else np.inf
            for one in kl.argmin(axis=2) == ORDERS.index(name)
        ]
        for name in ("bigram", "trigram")
    }
    within = [a <= half <= b for a, half, b in zip(first["bigram"], halves, first["trigram"], strict=True)]
    reached = {name: [each for each in found if np.isfinite(each)] for name, found in first.items()}
    return gl.Finding(
        "beside the question: a head comes to look at the previous character between the bigram and the trigram stage",
        float(np.mean(halves)),
        "updates until half of its most, mean of the seeds",
        "supported" if all(within) else "undecided" if any(within) else "refuted",
        tuple(
            gl.Control.of(f"updates until nearest to the {name}", found, key=name)
            for name, found in reached.items()
            if found
        ),
        source="ours: a trigram needs the character before, and attention alone can bring it",
        note=f"of the best head; by seed: {', '.join(f'{each:.0f}' for each in halves)}",
        key="previous_token",
        role="aside",
    )


def context_is_worth(numbers: dict[str, Any]) -> gl.Finding:
    """Beyond the four characters that a 5-gram sees, more context helps."""
    table = numbers["positions"]["value"].transpose("seed", "pos")
    n_pos = table.shape[1]
    early, late = (
        table[:, n_pos // 8 : n_pos // 4].mean("pos").values,
        table[:, n_pos // 2 :].mean("pos").values,
    )
    counts = float(numbers["references"]["reference_loss"].sel(reference="5-gram"))
    worth = early - late
    return gl.Finding(
        "beside the question: the late half of a window is predicted better than its second eighth, so that context "
        "beyond any n-gram's here is used",
        float(worth.mean()),
        "nats, mean of the seeds",
        "supported" if worth.min() > 0 else "refuted" if worth.max() <= 0 else "undecided",
        gl.Control.several(
            {
                "late": ("loss in the late half", late),
                "counts": ("loss of the 5-gram counts, everywhere", counts),
            }
        ),
        source="Olsson et al. 2022, arXiv:2209.11895, 'in-context learning score', of shorter windows",
        key="context",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """KL from each reference, and the loss beside theirs, over training, each seed a line."""
    table = xr.Dataset({"mean_kl": numbers["kl"]["value"], "loss": numbers["loss"]["value"]})
    return gl.views.stages(table.assign(reference_loss=numbers["references"]["reference_loss"]))
