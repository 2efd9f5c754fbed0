"""Can a model fit wrong labels and still be right, and are the neurons that do the one and the other apart?

Prediction (Bartlett et al. 2020, arXiv:1906.11300; Mallinar et al. 2022, arXiv:2207.06569): the least-norm interpolator
of noise pays a price that its spectrum decides: falling with more data for a few large directions and a long flat
tail, constant for a power law, growing for fast decay; and Bartlett's k*/n + n/R_k* moves with it. (Doshi et al. 2024,
arXiv:2310.13061): a network on modular addition with a tenth of its labels wrong fits them and is right on test
inputs (coexistence) at a middling weight decay, and corrects them (inversion) at a large one; the neurons with
a spread-out spectrum hold the wrong labels.

Refuted if the price does not fall on the spiked spectrum, or Bartlett's terms do not follow it; if no weight decay
gives coexistence, or none inversion; or if pruning the neurons of low inverse participation ratio loses no more
of the wrong labels than pruning as many random ones.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from analyses.models import trained
from analyses.result import of_run

import groklens as gl

RUNS = ()
TASK = gl.ModularArithmetic(43, "add")
RECIPE = gl.Recipe(
    task=TASK,
    train_fraction=0.6,
    model=gl.MLP(d_mlp=256, d_embed=None, act_fn="quadratic", bias=False),
    optimizer=gl.AdamW(lr=5e-3, weight_decay=0.0),
    loss="mse",
    steps=2000,
    evaluate_every=None,
    keep=gl.Steps([2000]),
)
DECAYS = (0.1, 0.3, 1.0, 3.0, 10.0)
SEEDS, WRONG, SHARE = range(4), 0.1, 0.6
#: Wrong labels all but fitted, or all but corrected; and right on test inputs.
ALL, RIGHT = 0.95, 0.99
#: By how much pruning by IPR must beat random pruning, in accuracy on the wrong labels.
MARGIN = 0.2
SIZES = (50, 100, 200, 400)


def measure(smoke: bool = False) -> dict[str, Any]:
    """The price of noise by spectrum, and what becomes of wrong labels by weight decay."""
    if smoke:
        small = replace(RECIPE, task=gl.ModularArithmetic(13, "add"), steps=60, keep=gl.Steps([60]))
        return {"spectra": prices((20, 40), range(3)), **network(small, (0.3, 3.0), range(2), None)}
    folder = Path(__file__).parent / "runs"
    return {"spectra": prices(SIZES, range(5)), **network(RECIPE, DECAYS, SEEDS, folder)}


def eigenvalues(kind: str, n: int) -> torch.Tensor:
    """A spectrum for n examples: five large directions and a flat tail of 50 n, or a decay that n does not move."""
    if kind == "spiked":
        return torch.cat([torch.ones(5), torch.full((50 * n,), 1 / (50 * n))]).double()
    i = torch.arange(1, 20 * n + 1, dtype=torch.float64)
    return {"power law": i**-2, "fast decay": torch.exp(-i.sqrt())}[kind]


KINDS = ("spiked", "power law", "fast decay")


def prices(sizes: tuple[int, ...], seeds: range) -> xr.Dataset:
    """Excess risk from noise of variance 1 alone, measured and foretold, by number of examples."""
    variables: dict[str, Any] = {}
    for kind in KINDS:
        name = kind.replace(" ", "_")
        measured = [[price(eigenvalues(kind, n), n, seed) for n in sizes] for seed in seeds]
        spectra = [eigenvalues(kind, n) for n in sizes]
        foretold = [
            gl.theory.overfitting_coefficient(each, n) - 1 for each, n in zip(spectra, sizes, strict=True)
        ]
        variables[name] = (measured, f"{kind}: measured", "noise variances")
        variables[f"{name}_foretold"] = (foretold, f"{kind}: foretold", "noise variances")
    variables["bartlett"] = (
        [bartlett(eigenvalues("spiked", n), n) for n in sizes],
        "spiked: k*/n + n/R",
        "noise variances",
    )
    return gl.theory.sweep_table(("examples", sizes, "train examples"), list(seeds), variables)


def price(spectrum: torch.Tensor, n: int, seed: int) -> float:
    """Risk of the least-norm interpolator of pure noise, exactly over inputs, mean of noise exactly over draws."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(n, len(spectrum), generator=generator, dtype=torch.float64) * spectrum.sqrt()
    # E‖Σ^½ X⁺ε‖² = tr(X⁺ᵀ Σ X⁺), and X⁺ = Xᵀ(XXᵀ)⁻¹.
    solved = torch.linalg.solve(inputs @ inputs.T, (inputs * spectrum) @ inputs.T)
    return float(torch.linalg.solve(inputs @ inputs.T, solved.T).trace())


def bartlett(spectrum: torch.Tensor, n: int) -> float:
    """The variance terms k*/n + n/R_k*."""
    k = gl.theory.k_star(spectrum, n)
    _, ranks = gl.theory.effective_ranks(spectrum)
    return float("nan") if k is None else k / n + n / float(ranks[k])


def network(recipe: gl.Recipe, decays: Sequence[float], seeds: range, folder: Path | None) -> dict[str, Any]:
    """Accuracies by weight decay, and pruning by IPR against random pruning; noise is drawn apart from the split."""
    recipes = [
        replace(
            recipe,
            task=gl.Corrupted(recipe.task, WRONG, seed=1000 + seed),
            seed=seed,
            optimizer=replace(recipe.optimizer, weight_decay=decay),
        )
        for seed in seeds
        for decay in decays
    ]
    runs = trained(recipes, folder)
    found = iter([scores(run.final) for run in runs])
    rows = [[next(found) for _ in decays] for _ in seeds]
    called = {
        "fitted": "wrong labels fitted",
        "corrected": "wrong labels corrected",
        "test": "test inputs",
        "pruned_fitted": "fitted, low IPR pruned",
        "random_fitted": "fitted, best random pruning",
        "highest_fitted": "fitted, high IPR pruned",
        "pruned_test": "test inputs, low IPR pruned",
        "random_test": "test inputs, mean of random prunings",
    }
    words = {name: (said, "accuracy") for name, said in called.items()}
    words["wrong"] = ("wrong train labels", "share of labels")
    kept = {f"decay {run.recipe.optimizer.weight_decay}, seed {run.recipe.seed}": of_run(run) for run in runs}
    along = ("weight_decay", decays, "weight decay")
    return {"decays": gl.theory.sweep_rows(along, list(seeds), rows, words), "runs": kept}


def scores(snapshot: gl.Snapshot) -> dict[str, float]:
    """The accuracies of one model, whole and pruned, and how many of its train labels are wrong."""
    pruning = gl.interventions.memorising_neurons(snapshot, SHARE)
    count = round(SHARE * snapshot.neurons.shape[1])
    pruned = gl.interventions.prune(snapshot, gl.interventions.by_ipr(snapshot)[:count])
    return {
        "wrong": float(snapshot.task.is_wrong[snapshot.train_index].double().mean()),
        "fitted": gl.measures.fitted_accuracy(snapshot),
        "corrected": gl.measures.corrected_accuracy(snapshot),
        "test": gl.measures.test_accuracy(snapshot),
        "pruned_fitted": pruning.value,
        "random_fitted": pruning.control("random_neurons").low,
        "highest_fitted": pruning.control("highest_ipr").mean,
        "pruned_test": gl.measures.test_accuracy(pruned),
        "random_test": pruning.control("random_neurons.test").mean,
    }


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    spectra, decays = numbers["spectra"], numbers["decays"]
    return [
        falls(spectra),
        foretold(spectra),
        bartlett_follows(spectra),
        phase(
            "coexistence",
            decays,
            "fitted",
            "coexistence: every wrong label is fitted and test inputs are right",
        ),
        phase(
            "inversion",
            decays,
            "corrected",
            "inversion: wrong labels are corrected and test inputs are right",
        ),
        pruning(decays),
    ]


def falls(spectra: xr.Dataset) -> gl.Finding:
    """On the spiked spectrum the price of noise falls with n; on the others it does not."""
    changes = {}
    for kind in KINDS:
        mean, error = gl.theory.mean_and_error(spectra[kind.replace(" ", "_")])
        changes[kind] = (mean[-1] / mean[0], 2 * (error[-1] / mean[-1] + error[0] / mean[0]))
    ratio, slack = changes["spiked"]
    rest = [changes[kind][0] for kind in KINDS[1:]]
    verdict = "undecided"
    if ratio + slack < 0.7 and min(rest) > 0.7:
        verdict = "supported"
    elif ratio - slack > 1:
        verdict = "refuted"
    return gl.Finding(
        "the price of interpolating noise falls with more data on a spiked spectrum, and not on the others",
        ratio,
        "price at the largest n over that at the least",
        verdict,
        tuple(gl.Control.of(kind, [changes[kind][0]], key=kind.replace(" ", "_")) for kind in KINDS[1:]),
        source="Bartlett et al. 2020, theorem 1; Mallinar et al. 2022",
        note=f"n from {spectra['examples'].values[0]:.0f} to {spectra['examples'].values[-1]:.0f}",
        key="price_falls",
    )


def foretold(spectra: xr.Dataset) -> gl.Finding:
    """The overfitting coefficient foretells each price."""
    apart = {}
    for kind in KINDS:
        name = kind.replace(" ", "_")
        mean, _ = gl.theory.mean_and_error(spectra[name])
        apart[kind] = float(abs(mean / spectra[f"{name}_foretold"].values - 1).max())
    worst = max(apart["spiked"], apart["power law"])
    # As a control, the price foretold for another spectrum.
    crossed = abs(spectra["spiked"].mean("seed") / spectra["power_law_foretold"] - 1)
    verdict = "supported" if worst < 0.15 else "refuted" if worst > 0.5 else "undecided"
    return gl.Finding(
        "the closed form E₀ − 1 foretells the price on the spiked spectrum and the power law",
        worst,
        "relative error, largest over n",
        verdict,
        gl.Control.several({"other_spectrum": ("the other spectrum's closed form", crossed.values)}),
        source="Simon et al. 2021, arXiv:2110.03922",
        note=", ".join(f"{kind}: {value:.3f}" for kind, value in apart.items()),
        key="closed_form",
    )


def bartlett_follows(spectra: xr.Dataset) -> gl.Finding:
    """Bartlett's terms move as the measured price does."""
    mean, _ = gl.theory.mean_and_error(spectra["spiked"])
    ratio = spectra["bartlett"].values / mean
    spread = float(ratio.max() / ratio.min())
    others = {kind: gl.theory.mean_and_error(spectra[kind.replace(" ", "_")])[0] for kind in KINDS[1:]}
    controls = [(spectra["bartlett"].values / other) for other in others.values()]
    verdict = "supported" if spread < 1.25 else "refuted" if spread > 2 else "undecided"
    return gl.Finding(
        "Bartlett's k*/n + n/R follows the measured price over n, up to a constant",
        spread,
        "largest over least ratio of the two",
        verdict,
        gl.Control.several(
            {
                "other_spectra": (
                    "against the other spectra's prices",
                    [float(c.max() / c.min()) for c in controls],
                )
            }
        ),
        source="Bartlett et al. 2020, theorem 1, b = 1",
        note=f"theory over measured: {', '.join(f'{each:.2f}' for each in ratio)}",
        key="bartlett",
    )


def phase(key: str, decays: xr.Dataset, of_wrong: str, claim: str) -> gl.Finding:
    """Some weight decay takes all the wrong labels one way, in every seed, and test inputs are right there."""
    other = "corrected" if of_wrong == "fitted" else "fitted"
    least = decays.min("seed")
    there = ((least[of_wrong] >= ALL) & (least["test"] >= RIGHT)).values
    best = int((least[of_wrong] + least["test"]).values.argmax())
    ever = ((decays[of_wrong] >= ALL) & (decays["test"] >= RIGHT)).any("seed").values
    verdict = "supported" if there.any() else "undecided" if ever.any() else "refuted"
    values = decays["weight_decay"].values
    return gl.Finding(
        claim,
        float(least["test"].values[there].max() if there.any() else least["test"].values[best]),
        "test accuracy, least of the seeds",
        verdict,
        gl.Control.several(
            {"other_fate": (f"wrong labels {other} there", decays[other].isel(weight_decay=best).values)}
        ),
        source="Doshi et al. 2024, section 3",
        note=f"{decays.sizes['seed']} seeds; in all of them at weight decay "
        f"{', '.join(f'{v:g}' for v in values[there]) or 'none'}; wrong labels {of_wrong} by weight decay, least: "
        + ", ".join(f"{v:g}: {x:.3f}" for v, x in zip(values, least[of_wrong].values, strict=True)),
        key=key,
    )


def pruning(decays: xr.Dataset) -> gl.Finding:
    """Where both coexist, the neurons of low IPR hold the wrong labels, more than random ones do."""
    both = ((decays["fitted"] >= ALL) & (decays["test"] >= RIGHT)).all("seed").values
    claim = (
        f"pruning the {SHARE:.0%} of neurons of lowest IPR loses the wrong labels, far beyond random pruning"
    )
    units = "accuracy on wrong labels, below the best random pruning, least of the seeds"
    source = "Doshi et al. 2024, section 4, against 20 random prunings"
    if not both.any():
        return gl.Finding(
            claim, None, units, "undecided", source=source, note="nothing coexists", key="pruning"
        )
    here = decays.isel(weight_decay=both)
    lead = float((here["random_fitted"] - here["pruned_fitted"]).min())
    lost = float((here["test"] - here["pruned_test"]).max())
    verdict = "undecided"
    if lead >= MARGIN and lost <= 0.01:
        verdict = "supported"
    elif lead <= 0:
        verdict = "refuted"
    return gl.Finding(
        claim,
        lead,
        units,
        verdict,
        gl.Control.several(
            {
                "lowest_ipr": ("fitted, low IPR pruned", here["pruned_fitted"].values),
                "random_neurons": ("the best of 20 random prunings", here["random_fitted"].values),
                "highest_ipr": ("high IPR pruned", here["highest_fitted"].values),
                "random_neurons.test": ("test, random prunings", here["random_test"].values),
            }
        ),
        source=source,
        note=f"asked for: {MARGIN}; test accuracy loses at most {lost:.4f} by it",
        key="pruning",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """What becomes of the wrong labels, and of test inputs, by weight decay."""
    return gl.views.sweep(
        numbers["decays"], ["fitted", "corrected", "test", "pruned_fitted", "random_fitted"]
    )
