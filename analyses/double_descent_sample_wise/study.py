"""Can more data make a model worse?

Prediction (Belkin, Hsu and Xu 2020, arXiv:1903.07571; Nakkiran et al. 2020, arXiv:1912.02292): the risk of least
squares, of least norm where examples are few, rises with the number of examples up to the number of features and
falls beyond it, as the closed form says; and so does a regression on the digits' random features.

Refuted if the measured risk does not rise and fall again beyond error, if it peaks elsewhere, or if it lies away from
the closed form. The control is ridge with the penalty that is best on average, noise² d / signal²: there more data
should never harm (Nakkiran et al. 2021, arXiv:2003.01897).
"""

from collections.abc import Sequence
from typing import Any

import torch
import xarray as xr

import groklens as gl

RUNS = ()
D, NOISE = 100, 0.5
SIZES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100, 105, 110, 120, 140, 160, 200, 250, 300)
DIGIT_SIZES = (50, 100, 150, 200, 250, 280, 300, 320, 350, 400, 500, 700, 1000, 1400)
FEATURES, WRONG = 300, 0.1
#: The closed form is held to where n is this share of d, or its reciprocal, away from the peak.
AWAY = 0.6
#: Its largest relative error there.
NEAR = 0.1


def measure(smoke: bool = False) -> dict[str, Any]:
    """Risks over the number of examples: isotropic inputs, and digits."""
    if smoke:
        return {
            "isotropic": isotropic((5, 10, 20, 30, 50), 20, range(3)),
            "digits": on_digits((30, 60, 200), 60, range(2)),
        }
    return {
        "isotropic": isotropic(SIZES, D, range(40)),
        "digits": on_digits(DIGIT_SIZES, FEATURES, range(10)),
    }


def isotropic(sizes: Sequence[int], d: int, seeds: range) -> xr.Dataset:
    """Excess risk of least squares and of ridge, and the closed form."""
    rows = [[risks(n, d, seed) for n in sizes] for seed in seeds]
    called = {
        "least_squares": ("least squares", "squared error"),
        "ridge": ("best ridge", "squared error"),
        "closed": ("closed form", "squared error"),
    }
    table = gl.theory.sweep_rows(("examples", sizes, "train examples"), list(seeds), rows, called)
    table["closed"] = table["closed"].isel(seed=0, drop=True)
    return table.assign_attrs(features=d)


def risks(n: int, d: int, seed: int) -> dict[str, float]:
    """Excess risk of one draw, by least squares and by ridge of the penalty best on average, and the closed form."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(n, d, generator=generator, dtype=torch.float64)
    true = torch.nn.functional.normalize(torch.randn(d, generator=generator, dtype=torch.float64), dim=0)
    labels = inputs @ true + NOISE * torch.randn(n, generator=generator, dtype=torch.float64)
    every = torch.eye(d, dtype=torch.float64)  # predictions at the axes are the weights
    plain = gl.theory.least_squares(inputs, every) @ labels
    shrunk = gl.theory.ridge(inputs, every, NOISE**2 * d) @ labels
    closed = gl.theory.sample_wise_risk(n, d, NOISE)
    return {
        "least_squares": float((plain - true).square().sum()),
        "ridge": float((shrunk - true).square().sum()),
        "closed": closed if closed < 1e300 else float("nan"),
    }


def on_digits(sizes: Sequence[int], features: int, seeds: range) -> xr.Dataset:
    """Error of regression on random features, with about a tenth of the train labels wrong."""
    called = {
        "least_squares": ("least squares", "error"),
        "ridge": ("ridge", "error"),
        "wrong": ("wrong train labels", "share"),
    }
    rows = [[errors(n, features, seed) for n in sizes] for seed in seeds]
    table = gl.theory.sweep_rows(("examples", sizes, "train examples"), list(seeds), rows, called)
    return table.assign_attrs(features=features)


def errors(n: int, features: int, seed: int) -> dict[str, float]:
    """Share of test digits answered wrong, by least squares and by ridge, and of train labels that are wrong."""
    task = gl.Corrupted(gl.tasks.Digits(n_train=n), WRONG, seed=1000 + seed)
    train, test = gl.tasks.split_examples(task, seed).values()
    inputs = [gl.theory.random_fourier_features(part.inputs, features, seed) for part in (train, test)]
    smoothers = {
        "least_squares": gl.theory.least_squares(*inputs),
        "ridge": gl.theory.ridge(*inputs, penalty=10.0),
    }
    wrong = {
        name: gl.theory.class_errors(smoother, train.targets, test.labels)[1]
        for name, smoother in smoothers.items()
    }
    return wrong | {"wrong": float((train.targets != train.labels).double().mean())}


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    inputs, images = numbers["isotropic"], numbers["digits"]
    return [
        descends_twice("isotropic", inputs, "isotropic inputs", "squared error"),
        peaks_at_features(inputs),
        closed_form(inputs),
        no_harm(inputs),
        descends_twice(
            "digits", images, "digits on random features, a tenth of the labels wrong", "share wrong"
        ),
    ]


def descends_twice(on: str, table: xr.Dataset, what: str, units: str) -> gl.Finding:
    """The risk rises with n and falls again, beyond error."""
    mean, ridge = (table[name].mean("seed").values for name in ("least_squares", "ridge"))
    double, ridge_too = (gl.theory.descends_twice(table[name]) for name in ("least_squares", "ridge"))
    verdict = "refuted" if not double else "undecided" if ridge_too else "supported"
    return gl.Finding(
        f"more data first harm and then help: {what}",
        float(mean.max()),
        f"{units} at the peak",
        verdict,
        gl.Control.several(
            {
                "before_peak": ("least before the peak", mean[: max(mean.argmax(), 1)].min()),
                "most_data": ("at the most data", mean[-1]),
                "ridge": ("ridge, at its worst", ridge.max()),
            }
        ),
        source="Nakkiran et al. 2020",
        note=f"{table.sizes['seed']} seeds; with ridge the same test says {'yes' if ridge_too else 'no'}",
        key=f"double_descent.{on}",
    )


def peaks_at_features(table: xr.Dataset) -> gl.Finding:
    """The worst number of examples is the number of features."""
    mean, _ = gl.theory.mean_and_error(table["least_squares"])
    sizes, d = table["examples"].values, table.attrs["features"]
    each = sizes[table["least_squares"].argmax("examples").values]
    return gl.Finding(
        "the risk is worst where there are as many examples as features",
        float(sizes[mean.argmax()]),
        "examples",
        "supported" if sizes[mean.argmax()] == d else "refuted",
        gl.Control.several({"each_seed": ("the worst of each seed", each)}),
        source="Belkin, Hsu and Xu 2020",
        note=f"{d} features",
        key="peak_at_features",
    )


def closed_form(table: xr.Dataset) -> gl.Finding:
    """Away from the peak the closed form is within a tenth of what is measured."""
    mean, _ = gl.theory.mean_and_error(table["least_squares"])
    sizes, d, closed = table["examples"].values, table.attrs["features"], table["closed"].values
    away = (sizes <= AWAY * d) | (sizes >= d / AWAY)
    off = abs(closed / mean - 1)
    shifted = abs(other_form(sizes, d) / mean - 1)
    worst = float(off[away].max())
    return gl.Finding(
        f"the closed form holds to a tenth where n ≤ {AWAY} d or n ≥ d/{AWAY}",
        worst,
        "relative error, largest",
        "supported" if worst <= NEAR else "refuted",
        gl.Control.several({"other_form": ("the form of one and a half times the features", shifted[away])}),
        source="Belkin, Hsu and Xu 2020, theorem 1",
        note=", ".join(f"n={n:.0f}: {o:.3f}" for n, o in zip(sizes[away], off[away], strict=True)),
        key="closed_form",
    )


def other_form(sizes: Any, d: int) -> Any:
    """The closed form for another number of features, which should not hold."""
    other = [gl.theory.sample_wise_risk(int(n), d + d // 2, NOISE) for n in sizes]
    return torch.tensor(other).nan_to_num(posinf=1e9).numpy()


def no_harm(table: xr.Dataset) -> gl.Finding:
    """With the best ridge penalty the risk only falls."""
    mean, double = table["ridge"].mean("seed").values, gl.theory.descends_twice(table["ridge"])
    rise = float((mean[1:] - mean[:-1]).max())
    return gl.Finding(
        "with the best ridge penalty more data never harm",
        rise,
        "largest rise from one number of examples to the next",
        "refuted" if double else "supported",
        gl.Control.several(
            {
                "least_squares": (
                    "the same of least squares",
                    table["least_squares"].mean("seed").diff("examples").max(),
                )
            }
        ),
        source="Nakkiran et al. 2021, theorem 1",
        note="refuted by a rise and a fall beyond error",
        key="best_ridge",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Risk over the number of examples, each seed a line, and the closed form."""
    table = numbers["isotropic"]
    return gl.views.sweep(
        table,
        ["least_squares", "closed", "ridge"],
        {"examples = features": table.attrs["features"]},
        log_y=True,
    )
