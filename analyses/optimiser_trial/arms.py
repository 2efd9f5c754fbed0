"""The arms of the trial: how each trains, and the nine configurations among which each may choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import groklens as gl
from groklens.recipes import Grokfast, Muon, Optimizer, OrthoGrad

#: What Grokfast adds of the slow gradient; its control has (1 + GAIN) times the rate of the chosen configuration.
GAIN = 2.0
BASE, FILTER, CONTROL = "AdamW", "Grokfast", "AdamW at thrice Grokfast's rate"


@dataclass(frozen=True)
class Arm:
    """A way to train: an optimiser by rate and decay, a loss, and the rates and decays that it is tuned over."""

    optimizer: Callable[[float, float], Optimizer]
    rates: tuple[float, float, float]
    decays: tuple[float, float, float]
    loss: str = "cross_entropy"

    def recipes(self, base: gl.Recipe) -> list[gl.Recipe]:
        """A recipe for each of the nine configurations, decays within rates."""
        each = product(self.rates, self.decays)
        return [replace(base, optimizer=self.optimizer(*values), loss=self.loss) for values in each]


def _adamw(rate: float, decay: float) -> gl.AdamW:
    return gl.AdamW(lr=rate, weight_decay=decay)


def _muon(rate: float, decay: float) -> Muon:
    """Muon with embeddings and read-out at AdamW's middle rate; per update all weights decay by the same share."""
    embeddings = _RATES[1]
    return Muon(lr=rate, weight_decay=decay * embeddings / rate, adam_lr=embeddings, adam_weight_decay=decay)


_RATES, _DECAYS = (0.01, 0.03, 0.09), (0.3, 1.0, 3.0)
#: Every arm has nine configurations and the same tuning seeds. Ranges are each method's own, from runs of other seeds.
ARMS = {
    BASE: Arm(_adamw, _RATES, _DECAYS),
    FILTER: Arm(lambda rate, decay: Grokfast(_adamw(rate, decay), gain=GAIN), _RATES, _DECAYS),
    # Across the weights nothing makes them grow again: decay as strong as AdamW's shrinks them to nothing.
    "⊥Grad": Arm(lambda rate, decay: OrthoGrad(_adamw(rate, decay)), _RATES, (0.0, 0.01, 0.03)),
    "StableMax": Arm(_adamw, _RATES, _DECAYS, loss="stablemax"),
    "Muon": Arm(_muon, (0.03, 0.1, 0.3), _DECAYS),
}
METHODS = tuple(name for name in ARMS if name != BASE)


def control(filtered: gl.Recipe) -> gl.Recipe:
    """AdamW at the rate that the gain of a Grokfast recipe amounts to, all else the same."""
    optimizer = filtered.optimizer
    assert isinstance(optimizer, Grokfast)
    return replace(filtered, optimizer=replace(optimizer.optimizer, lr=(1 + GAIN) * optimizer.optimizer.lr))
