"""`EarlyLossSpectrum`: the energy of slow oscillations in the early train loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from groklens.forecasts.signal import Sees
from groklens.forecasts.trajectory import Trajectory

#: Fewer losses than this have no spectrum to speak of.
_LEAST = 16
#: Stands for no energy at all, which has no logarithm.
_NONE = 1e-300


@dataclass(frozen=True)
class EarlyLossSpectrum:
    """Natural logarithm of the energy that the early train loss has at low frequencies.

    The train losses of the first `updates` updates, as many of them as are seen, less their mean; the energy is what
    frequencies up to `share` of the largest add to their variance (Parseval). High where the loss moves far and slowly,
    in falls or in swells; very negative where it stands still. nan for fewer than 16 losses. A run whose loss was not
    recorded at every update is taken at the evaluated ones.

    >>> EarlyLossSpectrum(updates=100).share
    0.1
    """

    updates: int = 200
    share: float = 0.1
    name: str = field(default="early_loss_spectrum", init=False)
    sees: Sees = field(default="train_only", init=False)
    units: str = field(default="ln nats²", init=False)
    source: str = field(
        default="arXiv:2306.13253 (abstract: low-frequency energy of the early train loss); window and share are ours",
        init=False,
    )

    def value(self, trajectory: Trajectory) -> float:
        """The logarithm of the energy."""
        loss = trajectory.evaluated("train_loss")
        return log_energy(loss.values[loss["step"].values <= self.updates], self.share)


def log_energy(losses: np.ndarray, share: float) -> float:
    """ln of `low_frequency_energy`, nan for fewer than 16 losses."""
    return (
        math.log(max(low_frequency_energy(losses, share), _NONE)) if len(losses) >= _LEAST else float("nan")
    )


def low_frequency_energy(values: np.ndarray, share: float) -> float:
    """What frequencies above 0 and up to `share` of the largest add to the variance of evenly spaced values.

    >>> t = np.arange(100)
    >>> round(low_frequency_energy(3 * np.sin(2 * np.pi * 2 * t / 100), 0.1), 6)
    4.5
    """
    n = len(values)
    power = np.abs(np.fft.rfft(values - values.mean())) ** 2 / n**2
    power[1:] *= 2  # what is at −f
    if n % 2 == 0:
        power[-1] /= 2
    low = np.fft.rfftfreq(n) <= share / 2
    return float(power[1:][low[1:]].sum())
