"""Is the simplest pattern that fits the one that a network finds, and finds first?

Prediction: random networks compute simple functions more often than complex ones, beyond what their balance of ones
makes of them, and the less so the larger the scale of their weights (Valle-Pérez et al. 2019, arXiv:1805.08522; Yang
and Salman 2019, arXiv:1907.10599). In training, what a network knows first is what a simple predictor says, which it
keeps while it learns the rest (Nakkiran et al. 2019, arXiv:1905.11604); of sums mod p, where they stand on its own
circles (ours). Of the interpolants of a random-feature model, the smoother have the lower test error (Belkin 2021).

Refuted if functions that are frequent, or a network's functions beside shuffled ones, are no simpler; if scale changes
nothing; if a network's first answers depend on the simple predictor no more than the errors of any network of that
accuracy do; if what was known is lost; if its own circles are known no sooner than others; or if rougher interpolants
predict as well as smoother ones.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from analyses.models import trained

import groklens as gl

RUNS = ()
SEEDS = range(5)
#: Scales of the weights of random networks, and how many networks are drawn at each.
SCALES, NETWORKS = (1.0, 1.4142, 2.0, 4.0, 8.0), 4000
#: Fewer functions than these, each found twice, have no correlation.
FEWEST = 10
DRAWS = 20
FEATURES, N = (50, 100, 200, 300, 320, 350, 400, 500, 700, 1000, 1500, 2500, 4000), 300
#: Mean squared train error below which a regression interpolates.
FITTED = 1e-6
#: The share of its largest that what the simple predictor explains has to keep.
KEPT = 0.9


@dataclass(frozen=True, eq=False, repr=False)
class OddOrEven(gl.tasks.Digits):
    """Whether a handwritten digit is odd: two classes, of which a linear classifier knows most."""

    d_vocab_out = 2

    @property
    def name(self) -> str:
        """As of digits."""
        return f"odd or even of {super().name}"

    @property
    def labels(self) -> torch.Tensor:
        """1 where the digit is odd."""
        return super().labels % 2


DIGITS = gl.Recipe(
    task=OddOrEven(n_train=1000),
    model=gl.MLP(d_mlp=128, d_embed=None, init="uniform"),
    optimizer=gl.SGD(lr=0.1),
    steps=10_000,
    evaluate_every=1000,
    keep=gl.LogSpaced(25),
)
SUMS = gl.Recipe(
    task=gl.ModularArithmetic(53, "add"),
    train_fraction=0.5,
    model=gl.Transformer(n_layers=1, d_model=64, n_heads=4, d_head=16, d_mlp=256),
    optimizer=gl.AdamW(lr=3e-3, weight_decay=1.0),
    steps=2500,
    evaluate_every=100,
    keep=gl.Steps([10, 50, *range(100, 2500, 150)]),
)
CHAINS = gl.Recipe(
    task=gl.tasks.MarkovChains(states=3, length=50),
    model=gl.Transformer(n_layers=2, d_model=32, n_heads=1, d_head=32, d_mlp=None, positions="rotary"),
    optimizer=gl.AdamW(lr=1e-3, weight_decay=0.0),
    batch_size=64,
    steps=1500,
    evaluate_every=500,
    keep=gl.LogSpaced(20),
)
#: Seeds of the runs on sums: seed 0 was seen before its control was settled.
SUMS_SEEDS = range(1, 6)


def measure(smoke: bool = False) -> dict[str, Any]:
    """Random networks over the scale of their weights, learning on digits and sums, and random features over size."""
    folder = None if smoke else Path(__file__).parent / "runs"
    seeds, scales, count = (range(2), (1.0, 6.0), 100) if smoke else (SEEDS, SCALES, NETWORKS)
    digits = (
        replace(DIGITS, task=OddOrEven(n_train=100), steps=100, keep=gl.LogSpaced(3)) if smoke else DIGITS
    )
    sums = replace(SUMS, task=gl.ModularArithmetic(7), steps=20, keep=gl.Steps([10])) if smoke else SUMS
    short = gl.tasks.MarkovChains(states=3, length=8)
    chains = replace(CHAINS, task=short, steps=10, batch_size=4, keep=gl.LogSpaced(3)) if smoke else CHAINS
    sizes, n = ((20, 60, 90, 200), 60) if smoke else (FEATURES, N)
    return {
        **{act_fn: over_scales(act_fn, scales, count, seeds) for act_fn in ("relu", "tanh")},
        "random": complexity_of(np.random.default_rng(0).integers(0, 2, size=(count, 128)).astype(bool)),
        "digits": over_steps(digits, gl.measures.LinearPredictor(), seeds, folder),
        "chains": over_steps(chains, gl.theory.InContext(3, context=0), seeds, folder),
        "sums": over_circles(sums, seeds if smoke else SUMS_SEEDS, folder),
        "features": over_features(sizes, n, seeds),
    }


def complexity_of(functions: np.ndarray) -> float:
    """Mean Lempel–Ziv complexity of some truth tables, in bits."""
    return float(np.mean([gl.theory.lempel_ziv(each) for each in functions]))


def over_scales(act_fn: str, scales: Sequence[float], count: int, seeds: range) -> xr.Dataset:
    """How simple the functions of random networks are, and how often one comes twice, over the scale of the weights."""
    called = {
        "complexity": (f"functions of {act_fn} networks", "Lempel–Ziv complexity, bits"),
        "shuffled": ("their outputs shuffled", "Lempel–Ziv complexity, bits"),
        "sensitivity": (f"sensitivity of {act_fn} networks", "bits"),
        "repeated": ("networks whose function another has too", "share of networks"),
        "correlation": ("log frequency with complexity", "correlation"),
        "correlation_null": ("the least of shuffled pairs", "correlation"),
    }
    rows = [[of_scale(act_fn, scale, count, seed) for scale in scales] for seed in seeds]
    return gl.theory.sweep_rows(("scale", scales, "scale of the weights, σ_w"), list(seeds), rows, called)


def of_scale(act_fn: str, scale: float, count: int, seed: int) -> dict[str, float]:
    """Complexity, sensitivity and frequency of the functions of `count` random networks."""
    functions = gl.theory.random_functions(count, scale, act_fn, seed=seed).numpy()
    frequency = Counter(map(bytes, functions))
    of_each = {key: gl.theory.lempel_ziv(np.frombuffer(key, dtype=bool)) for key in frequency}
    twice = [key for key, times in frequency.items() if times > 1]
    generator = np.random.default_rng(seed)
    correlation, null = np.nan, np.nan
    if len(twice) >= FEWEST:
        logs, bits = np.log([frequency[key] for key in twice]), np.array([of_each[key] for key in twice])
        correlation = np.corrcoef(logs, bits)[0, 1]
        null = min(np.corrcoef(logs, generator.permutation(bits))[0, 1] for _ in range(DRAWS))
    return {
        "complexity": sum(of_each[key] * times for key, times in frequency.items()) / count,
        "shuffled": complexity_of(generator.permuted(functions, axis=1)),
        "sensitivity": float(np.mean([gl.theory.sensitivity(each) for each in functions[: count // 10]])),
        "repeated": sum(frequency[key] for key in twice) / count,
        "correlation": float(correlation),
        "correlation_null": float(null),
    }


SHOWN = {
    "model": "the network says of the label",
    "explained": "explained by the {}",
    "beyond": "beyond it",
    "missed": "the {} alone knows",
}


def over_steps(recipe: gl.Recipe, simple: Any, seeds: range, folder: Path | None) -> xr.Dataset:
    """What a simple predictor explains of a network over its steps, beside errors drawn anew."""
    runs = trained([replace(recipe, seed=seed) for seed in seeds], folder)
    tables = [gl.measures.explained_by(run, simple) for run in runs]
    name = getattr(simple, "name", "linear classifier")
    columns = {
        key: ([each[key].values[1:] for each in tables], said.format(name), "bits")
        for key, said in {**SHOWN, "simple": "the {} knows"}.items()
    }  # step 0 has no place on an axis of logarithms
    drawn = [[errors_anew(run.at(step), simple) for step in run.steps[1:]] for run in runs]
    columns["anew"] = (drawn, "beyond it, errors drawn anew, the least", "bits")
    return gl.theory.sweep_table(("step", runs[0].steps[1:], "training step"), list(seeds), columns)


def errors_anew(snapshot: gl.Snapshot, simple: Any) -> float:
    """The least I(F;Y|L) of networks as often right and wrong on each class, whose errors know nothing of L."""
    task, test = snapshot.task, snapshot.test_index
    answers = torch.stack([snapshot.logits_at(read).argmax(dim=1) for read in range(len(task.reads))], dim=1)
    given = gl.measures.simple_answers(simple, task, snapshot.train_index)
    answers, labels, given = (each[test].flatten().numpy() for each in (answers, task.labels, given))
    anew = [gl.theory.shuffled_within(answers, labels, seed=draw) for draw in range(DRAWS)]
    return min(gl.theory.mutual_information(each, labels, given=given) for each in anew)


def over_circles(recipe: gl.Recipe, seeds: range, folder: Path | None) -> xr.Dataset:
    """Which half of each frequency's circle a network knows the sum to be in, over steps: its own, and the others."""
    runs = trained([replace(recipe, seed=seed) for seed in seeds], folder)
    frequencies = range(1, (recipe.task.p + 1) // 2)
    rows = [of_circles(run, frequencies) for run in runs]
    steps = runs[0].steps[1:]
    called = {
        "own": "its own frequencies, mean",
        "others": "the others, mean",
        "most": "the most of as many others",
    }
    columns = {name: ([row[name][1:] for row in rows], said, "bits") for name, said in called.items()}
    linear = [linear_accuracy(run) for run in runs]
    table = gl.theory.sweep_table(("step", steps, "training step"), list(seeds), columns)
    return table.assign_attrs(linear=linear)


def linear_accuracy(run: gl.Run) -> float:
    """The test accuracy of a linear classifier of the same train inputs."""
    answers = gl.measures.LinearPredictor().answers(run.task, run.train_index)
    return float((answers == run.task.labels)[run.final.test_index].double().mean())


def of_circles(run: gl.Run, frequencies: range) -> dict[str, np.ndarray]:
    """Bits of the half of a circle that a network knows by step; nan where no few frequencies are found at the end."""
    circuit = gl.find_circuit(run.final)
    own = [] if circuit is None else [int(each) for each in circuit.components]
    others = [each for each in frequencies if each not in own]
    if not 0 < len(own) <= len(others):
        return dict.fromkeys(("own", "others", "most"), np.full(len(run.steps), np.nan))
    modes = {
        each: gl.measures.ExplainedBy(gl.measures.OneFourierMode(each), shuffles=1) for each in frequencies
    }
    table = gl.track(run, list(modes.values()), progress=False)
    bits = {each: table[mode.__name__].sel(quantity="explained").values for each, mode in modes.items()}
    of_others, generator = np.stack([bits[each] for each in others]), np.random.default_rng(run.recipe.seed)
    as_many = [generator.choice(len(others), len(own), replace=False) for _ in range(DRAWS)]
    return {
        "own": np.mean([bits[each] for each in own], axis=0),
        "others": of_others.mean(axis=0),
        "most": np.max([of_others[chosen].mean(axis=0) for chosen in as_many], axis=0),
    }


def over_features(sizes: Sequence[int], n: int, seeds: range) -> xr.Dataset:
    """Error, roughness and norm of least-norm regression on random features of digits, and of rougher interpolants."""
    called = {
        "test": ("test error, least norm", "squared error"),
        "train": ("train error, least norm", "squared error"),
        "test_rough": ("test error, another interpolant", "squared error"),
        "roughness": ("roughness, least norm", "change per step"),
        "roughness_rough": ("roughness, another interpolant", "change per step"),
        "norm": ("norm of the function", "norm"),
    }
    rows = [[of_features(size, n, seed) for size in sizes] for seed in seeds]
    return gl.theory.sweep_rows(("size", sizes, "random features"), list(seeds), rows, called)


def of_features(size: int, n: int, seed: int) -> dict[str, float]:
    """The least-norm solution, and one with as much added that no train input sees as its norm is long."""
    parts = gl.tasks.split_examples(gl.tasks.Digits(n_train=n), seed)
    generator = torch.Generator().manual_seed(seed)
    test = parts["test"].inputs.double()
    way = torch.randn(test.shape, generator=generator, dtype=torch.float64)
    way = 1e-4 * way / way.norm(dim=1, keepdim=True)
    seen, at, beside = (
        gl.theory.random_fourier_features(inputs, size, seed)
        for inputs in (parts["train"].inputs, test, test + way)
    )
    given, correct = (
        torch.nn.functional.one_hot(parts[name].labels, 10).double() for name in ("train", "test")
    )
    inverse = torch.linalg.pinv(seen, rtol=1e-12)
    least = inverse @ given
    unseen = torch.randn(least.shape, generator=generator, dtype=torch.float64)
    unseen = unseen - inverse @ (seen @ unseen)
    rough = least + unseen * (least.norm() / unseen.norm()) if size > n else torch.full_like(least, torch.nan)

    def squared(values: torch.Tensor) -> float:
        return float(values.square().sum(dim=1).mean())

    return {
        "test": squared(at @ least - correct),
        "train": squared(seen @ least - given),
        "test_rough": squared(at @ rough - correct),
        "roughness": squared((beside - at) @ least / 1e-4) ** 0.5,
        "roughness_rough": squared((beside - at) @ rough / 1e-4) ** 0.5,
        "norm": float(least.norm()) * (size / 2) ** 0.5,
    }


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    networks = {act_fn: numbers[act_fn] for act_fn in ("relu", "tanh")}
    return [
        frequent_is_simple(networks),
        simpler_than_shuffled(networks),
        less_with_scale(networks["tanh"]),
        left_in_chaos(networks["tanh"], numbers["random"]),
        *(of_it(on, numbers[on]) for on in LEARNED for of_it in (simple_first, kept, rest_later)),
        own_circles_first(numbers["sums"]),
        smoother_is_better(numbers["features"]),
        least_norm_is_better(numbers["features"]),
    ]


def by_seed(holds: np.ndarray | Sequence[bool]) -> str:
    """Supported where it holds in every seed, refuted where in none, else undecided; undecided of no seed."""
    holds = np.asarray(holds, dtype=bool)
    if not holds.size or (holds.any() and not holds.all()):
        return "undecided"
    return "supported" if holds.all() else "refuted"


def found(
    claim: str, values: Any, units: str, verdict: str, controls: dict[str, tuple], **said: Any
) -> gl.Finding:
    """A finding of the mean of some numbers, if there are any, and of the controls that have any."""
    number = float(np.mean(values)) if np.size(values) else None
    there = {key: control for key, control in controls.items() if np.size(control[1])}
    return gl.Finding(claim, number, units, verdict, gl.Control.several(there), **said)


def frequent_is_simple(networks: dict[str, xr.Dataset]) -> gl.Finding:
    """The functions that come more often are the simpler ones."""
    each, null = (
        np.concatenate([table[name].values.ravel() for table in networks.values()])
        for name in ("correlation", "correlation_null")
    )
    counted = ~np.isnan(each)
    return found(
        "of the functions that random networks compute more than once, the frequent ones are simpler",
        each[counted],
        "correlation of log frequency with complexity, mean",
        by_seed(each[counted] < null[counted]),
        {"shuffled": ("the least of shuffled pairs", null[counted])},
        source="Valle-Pérez et al. 2019, section 3",
        note=f"{counted.sum()} ensembles of a scale and a seed have at least {FEWEST} such functions, of {len(each)}",
        key="frequent_is_simple",
    )


def simpler_than_shuffled(networks: dict[str, xr.Dataset]) -> gl.Finding:
    """A network's function is simpler than its own outputs in another order, which are as often on."""
    each = np.concatenate(
        [(table["shuffled"] - table["complexity"]).values.ravel() for table in networks.values()]
    )
    controls = {
        f"{name}_{what}": (f"{name}, {said}, bits, by scale", table[what].mean("seed").values)
        for name, table in networks.items()
        for what, said in (("complexity", "as computed"), ("shuffled", "outputs shuffled"))
    }
    return found(
        "a random network's function is simpler than one that is on as often, at every scale tried",
        each,
        "bits of complexity less, mean",
        by_seed(each > 0),
        controls,
        source="ours: a function that is nearly constant is simple for that alone",
        key="simpler_than_shuffled",
    )


def share_left(table: xr.Dataset) -> xr.DataArray:
    """By how much a network's function is simpler than its shuffled outputs, as a share of their complexity."""
    return 1 - table["complexity"] / table["shuffled"]


def less_with_scale(table: xr.Dataset) -> gl.Finding:
    """The bias depends on the scale of the weights."""
    left = share_left(table)
    mean, error = gl.theory.mean_and_error(left)
    falls = bool((np.diff(mean) < 2 * np.hypot(error[1:], error[:-1])).all())
    ends = by_seed(left.values[:, -1] < left.values[:, 0])
    numbers = zip(table["scale"].values, mean, error, strict=True)
    return found(
        "the bias of tanh networks towards simple functions falls with the scale of their weights",
        left.values[:, -1],
        "simpler than shuffled at the largest scale, share",
        "undecided" if ends == "supported" and not falls else ends,
        {"smallest_scale": ("at the smallest scale", left.values[:, 0])},
        source="Yang and Salman 2019, section 3",
        note="by scale: " + ", ".join(f"{scale:g}: {m:.3f} ± {e:.3f}" for scale, m, e in numbers),
        key="less_with_scale",
    )


def left_in_chaos(table: xr.Dataset, random: float) -> gl.Finding:
    """The counter-example: chaos has little of the bias, and it is asked whether none."""
    left, twice = share_left(table).values[:, -1], table["repeated"].values
    controls = {
        "random_functions": ("complexity of functions drawn at random, bits", random),
        "complexity": ("complexity at the largest scale, bits", table["complexity"].values[:, -1]),
        "repeated": ("functions that come twice there, share", twice[:, -1]),
        "repeated_small": ("functions that come twice at the smallest scale, share", twice[:, 0]),
    }
    return found(
        "beside the question: at the largest scale nothing is left of the bias of tanh networks",
        left,
        "simpler than shuffled, share",
        by_seed(left <= 0),
        controls,
        source="Yang and Salman 2019",
        key="left_in_chaos",
        role="aside",
    )


#: What is learned, and the simple predictor beside it.
LEARNED = {"digits": ("odd and even digits", "linear classifier"), "chains": ("Markov chains", "unigram")}


def half_way(values: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The first place of each row at which it is at least half of its level; the last where it never is."""
    reached = values >= level[:, None] / 2
    return np.where(reached.any(axis=1), reached.argmax(axis=1), values.shape[1] - 1)


def simple_first(on: str, table: xr.Dataset) -> gl.Finding:
    """Half-way to what the simple predictor says, the network says that and little else."""
    at = half_way(table["model"].values, table["simple"].values[:, -1])
    beyond, anew, model = (table[name].values[np.arange(len(at)), at] for name in ("beyond", "anew", "model"))
    share, late = beyond / model, (table["beyond"] / table["model"]).values[:, -1]
    return found(
        "what a network learns first of {} is what a {} says".format(*LEARNED[on]),
        share,
        "of what it knows half-way, the share beyond that, mean",
        by_seed((beyond < anew) & (share < late)),
        {
            "errors_anew": ("as often right, errors drawn anew: the least share", anew / model),
            "at_the_end": ("share at the end", late),
        },
        source="Nakkiran et al. 2019, section 3",
        note="half-way: the first kept step at which I(F;Y) is half of I(L;Y): "
        + ", ".join(f"{step:g}" for step in table["step"].values[at]),
        key=f"simple_first.{on}",
    )


def kept(on: str, table: xr.Dataset) -> gl.Finding:
    """What the simple predictor says is not lost."""
    share = table["explained"].values[:, -1] / table["explained"].values.max(axis=1)
    return found(
        "of {}: what the {} explains of the network is kept to the end".format(*LEARNED[on]),
        share,
        "of its largest, the share kept at the end, mean",
        by_seed(share >= KEPT),
        {
            "missed": (
                "it knows and the network not, at the end, bits",
                table["missed"].values[:, -1],
            ),
            "simple": ("it knows, bits", table["simple"].values[:, -1]),
        },
        source="Nakkiran et al. 2019, section 3",
        note=f"kept: at least {KEPT:g} of the largest",
        key=f"kept.{on}",
    )


def rest_later(on: str, table: xr.Dataset) -> gl.Finding:
    """What is beyond the simple predictor comes later than what is not."""
    first, later = (
        table["step"].values[half_way(table[name].values, table[name].values[:, -1])]
        for name in ("explained", "beyond")
    )
    return found(
        "of {}: what is beyond the {} is learned later than what it explains".format(*LEARNED[on]),
        later / first,
        "times as many updates to half of the end, mean",
        by_seed(later > first),
        {"explained": ("updates, explained", first), "beyond": ("updates, beyond", later)},
        source="Nakkiran et al. 2019, section 3",
        key=f"rest_later.{on}",
    )


def own_circles_first(table: xr.Dataset) -> gl.Finding:
    """A network knows sooner where a sum stands on the circles that it computes with."""
    whole = ~np.isnan(table["own"].values[:, -1])
    own, others, most = (table[name].values[whole] for name in ("own", "others", "most"))
    at = np.arange(len(own)), abs((own + others) / 2 - 0.5).argmin(axis=1)
    return found(
        "of a sum mod p, a network knows first in which half of its own circles it stands",
        (own - others)[at],
        "bits more than of other circles, mean",
        by_seed((own > most)[at]),
        {
            "own": ("its own circles, bits", own[at]),
            "others": ("the others, mean", others[at]),
            "most": (f"the most of {DRAWS} draws of as many others", most[at]),
            "linear": ("test accuracy of a linear classifier", table.attrs["linear"]),
        },
        source="ours; the circles of the frequencies of the circuit found at the end",
        note=f"half-way, where circles are known to half a bit, in the {whole.sum()} of {len(whole)} runs with few "
        "frequencies of their own. Answers that are right or else random would know all circles alike",
        key="own_circles_first",
    )


def smoother_is_better(table: xr.Dataset) -> gl.Finding:
    """Among interpolants of least norm, the smoother the better."""
    fits = table["train"].mean("seed").values <= FITTED
    rough, norm, test = (
        table[name].values[:, fits].argsort(axis=1).argsort(axis=1) for name in ("roughness", "norm", "test")
    )
    with_error, of_norm = (
        np.array([np.corrcoef(*pair)[0, 1] for pair in zip(one, test, strict=True)]) for one in (rough, norm)
    )
    return found(
        "of least-norm interpolants by random features, the smoother have the lower test error",
        with_error,
        "rank correlation of roughness with test error, mean",
        by_seed(with_error > 0),
        {
            "norm": ("rank correlation of the norm with test error", of_norm),
            "first": (
                "roughness of the smallest that interpolates",
                table["roughness"].values[:, fits][:, :1],
            ),
            "last": ("roughness of the largest", table["roughness"].values[:, -1]),
        },
        source="Belkin et al. 2019, arXiv:1812.11118; Belkin 2021, arXiv:2105.14368, section 3",
        note=f"{fits.sum()} sizes; roughness: change of the outputs per step in a random direction, at test inputs",
        key="smoother_is_better",
    )


def least_norm_is_better(table: xr.Dataset) -> gl.Finding:
    """It is not the number of features: a rougher interpolant on the same ones is worse.

    That it is worse on average is known beforehand, for what is added is drawn without a view of the labels; how much
    is measured.
    """
    fits = (table["train"].mean("seed").values <= FITTED) & ~np.isnan(table["test_rough"].mean("seed").values)
    least, rough = (table[name].values[:, fits] for name in ("test", "test_rough"))
    times = (table["roughness_rough"] / table["roughness"]).values[:, fits]
    return found(
        "beside the question: on the same features, an interpolant with as much added that no train input sees is "
        "rougher and predicts worse",
        rough / least,
        "times the squared error, mean",
        by_seed(((rough > least) & (times > 1)).all(axis=1)),
        {
            "least": ("squared error, least norm, by size", least.mean(axis=0)),
            "rough": ("squared error, the other, by size", rough.mean(axis=0)),
            "roughness": ("times as rough, by size", times.mean(axis=0)),
        },
        source="ours: as many features, the train inputs fitted as well, norm √2 times as long",
        note="expected of anything added at random; the size is what is measured",
        key="least_norm_is_better",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """What a network knows of odd and even digits over training: what the linear classifier explains, and the rest."""
    return gl.views.sweep(numbers["digits"], list(SHOWN))
