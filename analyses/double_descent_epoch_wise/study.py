"""Can longer training make a model worse, and then better again?

Prediction (Heckel and Yilmaz 2021, arXiv:2007.10099; Pezeshki et al. 2022, arXiv:2112.03215): least squares by gradient
descent, with features of two speeds, falls, rises and falls again over its steps, because each speed has a U-shaped
curve of its own; with one speed it does not.

Refuted if the risk over steps has no rise and fall beyond error with two speeds, or has one with a single speed.
What a small network on digits does is reported beside this: nothing is predicted of it, for it may lack the slow
features (Nakkiran et al. 2020, arXiv:1912.02292 saw it in large ones).
"""

from typing import Any

import numpy as np
import torch
import xarray as xr
from analyses.digits import digits
from analyses.networks import Stack, descend, error
from analyses.sweeps import mean_and_error, sweep_table

import groklens as gl

RUNS = ()
N, FAST, SLOW = 100, 70, 20
SLOW_SCALE, SIGNALS, NOISE, RATE = 0.05, (0.7, 1.0), 0.2, 0.2
WIDTH, N_DIGITS, WRONG = 512, 400, 0.2


def analyse(smoke: bool = False) -> list[gl.Finding]:
    """The findings."""
    return judge(measure(smoke=smoke))


def measure(smoke: bool = False) -> dict[str, Any]:
    """Risk over steps with two speeds and one, and a network's error."""
    if smoke:
        steps = np.logspace(0, 6, 13)
        kept = [0, 3, 10, 30]
        return {"linear": linear(steps, range(3)), "network": network(kept, range(2), 32)}
    kept = sorted({0, *np.unique(np.logspace(0, np.log10(30_000), 46).astype(int)).tolist()})
    return {"linear": linear(np.logspace(0, 6, 61), range(20)), "network": network(kept, range(3), WIDTH)}


def linear(steps: np.ndarray, seeds: range) -> xr.Dataset:
    """Excess risk of the exact path, with two speeds and with one."""
    two = [risks(steps, SLOW_SCALE, seed) for seed in seeds]
    one = [risks(steps, 1.0, seed) for seed in seeds]
    return sweep_table(
        ("steps", steps, "gradient steps"),
        list(seeds),
        {
            "two_speeds": (two, "two speeds", "squared error"),
            "one_speed": (one, "one speed", "squared error"),
        },
    )


def risks(steps: np.ndarray, slow_scale: float, seed: int) -> list[float]:
    """Excess risk after each number of steps; the slow features' coefficients make up for their scale."""
    generator = torch.Generator().manual_seed(seed)
    scales = torch.cat([torch.ones(FAST), torch.full((SLOW,), slow_scale)]).double()
    inputs = torch.randn(N, FAST + SLOW, generator=generator, dtype=torch.float64) * scales
    true = torch.randn(FAST + SLOW, generator=generator, dtype=torch.float64)
    sizes = torch.tensor(SIGNALS, dtype=torch.float64)
    for part, size in ((slice(0, FAST), sizes[0]), (slice(FAST, None), sizes[1])):
        true[part] *= size / (true[part] * scales[part]).norm()
    labels = inputs @ true + NOISE * torch.randn(N, generator=generator, dtype=torch.float64)
    largest = float(torch.linalg.eigvalsh(inputs.T @ inputs / N).max())
    path = gl.theory.gradient_descent_path(inputs, labels, min(RATE, 0.9 / largest), torch.from_numpy(steps))
    return ((path - true).square() * scales.square()).sum(dim=1).tolist()


def network(steps: list[int], seeds: range, width: int) -> xr.Dataset:
    """Held-out and train error of one-hidden-layer networks on noisy digits."""
    data = [digits(N_DIGITS, WRONG, seed) for seed in seeds]
    inputs, given, test, right = (
        torch.stack(parts)
        for parts in zip(
            *((d.inputs.float(), d.given, d.test_inputs.float(), d.test_labels) for d in data), strict=True
        )
    )
    stack = Stack(width, list(seeds))
    held_out, fitted = [], []

    def look(step: int) -> None:
        held_out.append(error(stack, test, right))
        fitted.append(error(stack, inputs, given))

    descend(stack, inputs, given, steps, look)
    return sweep_table(
        ("steps", [step + 1 for step in steps], "Adam steps, plus one"),
        list(seeds),
        {
            "test": (np.array(held_out).T, "held-out error", "share wrong"),
            "train": (np.array(fitted).T, "train error", "share wrong"),
        },
    )


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    linear_, digits_ = numbers["linear"], numbers["network"]
    return [twice(linear_), once(linear_), stopping(linear_), of_network(digits_)]


def _double(values: xr.DataArray) -> bool:
    mean, stderr = mean_and_error(values)
    return gl.theory.has_double_descent(values["steps"].values, mean, stderr)


def twice(table: xr.Dataset) -> gl.Finding:
    """With two speeds the risk falls, rises and falls again."""
    mean, stderr = mean_and_error(table["two_speeds"])
    first, peak, second = turns(mean)
    falls_first = mean[0] > mean[first] + 2 * np.hypot(stderr[0], stderr[first])
    steps = table["steps"].values
    found = _double(table["two_speeds"])
    return gl.Finding(
        "with two speeds the risk falls, rises and falls again over the steps",
        float(mean[peak]),
        "squared error at the peak",
        "supported" if found and falls_first else "refuted",
        (
            gl.Control.of("at the first low", [float(mean[first])], key="first_low"),
            gl.Control.of("at the second low", [float(mean[second])], key="second_low"),
            gl.Control.of(
                "one speed, at its largest", [float(table["one_speed"].mean("seed").max())], key="one_speed"
            ),
        ),
        source="Heckel and Yilmaz 2021",
        note=f"{table.sizes['seed']} seeds; low at step {steps[first]:.0f}, peak at {steps[peak]:.0f}, low at "
        f"{steps[second]:.0f}, {mean[-1]:.3f} at the end",
        key="two_speeds",
    )


def turns(mean: np.ndarray) -> tuple[int, int, int]:
    """First low, peak and second low."""
    peak, _ = gl.theory.tallest_peak(mean)
    return int(mean[: peak + 1].argmin()), peak, peak + int(mean[peak:].argmin())


def once(table: xr.Dataset) -> gl.Finding:
    """With one speed it does not rise and fall again."""
    mean, _ = mean_and_error(table["one_speed"])
    found = _double(table["one_speed"])
    first, peak, second = turns(mean)
    return gl.Finding(
        "with one speed it does not fall again once it has risen",
        float(mean[peak] - max(mean[first], mean[second])),
        "height of the peak above the lows beside it",
        "refuted" if found else "supported",
        (
            gl.Control.of(
                "two speeds, at the peak", [float(table["two_speeds"].mean("seed").max())], key="two_speeds"
            ),
        ),
        source="Heckel and Yilmaz 2021",
        note="refuted by a rise and a fall beyond error",
        key="one_speed",
    )


def stopping(table: xr.Dataset) -> gl.Finding:
    """Whether the second low is below the first: whether early stopping at the first loses."""
    mean, stderr = mean_and_error(table["two_speeds"])
    first, _, second = turns(mean)
    gain, slack = mean[first] - mean[second], 2 * np.hypot(stderr[first], stderr[second])
    return gl.Finding(
        "beside the question: here the second low is the deeper one, so stopping at the first loses",
        float(gain),
        "squared error gained by going on",
        "supported" if gain > slack else "refuted" if gain < -slack else "undecided",
        source="ours",
        note=f"two standard errors: {slack:.3f}; it depends on how much signal the slow features carry",
        key="early_stopping",
        role="aside",
    )


def of_network(table: xr.Dataset) -> gl.Finding:
    """What the small network does."""
    mean, stderr = mean_and_error(table["test"])
    found = _double(table["test"])
    low = int(mean.argmin())
    return gl.Finding(
        "beside the question: a one-hidden-layer network on digits with wrong labels does so too",
        float(mean[low:].max() - mean[-1]),
        "share wrong by which the end lies below the largest after the low",
        "supported" if found else "refuted",
        (
            gl.Control.of("held-out error at its low", [float(mean[low])], key="low"),
            gl.Control.of("at the end", [float(mean[-1])], key="end"),
            gl.Control.of(
                "train error at the end", table["train"].isel(steps=-1).values.tolist(), key="train_end"
            ),
        ),
        source="Nakkiran et al. 2020, of larger networks",
        note=f"low at step {table['steps'].values[low] - 1:.0f} of {table['steps'].values[-1] - 1:.0f}; standard error "
        f"at most {stderr.max():.4f}; nothing follows for larger networks",
        key="network",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Risk over gradient steps, each seed a line."""
    return gl.views.sweep(numbers["linear"], log_y=True)
