"""The finding that the circuit alone predicts as well as the model: restricted loss beside test loss."""

from __future__ import annotations

import xarray as xr

from groklens.claims import Control, Finding

#: Losses that differ by less than this share of themselves are equal: logits are float32.
ROUNDING = 1e-3


def restricted_predicts(table: xr.Dataset, test: float) -> Finding:
    """The claim that restricted loss is at or below the whole model's loss on test inputs, at the last step."""
    restricted = float(table["restricted_loss"][-1])
    first = float(table["restricted_loss"][0])
    return Finding(
        "the circuit alone predicts at least as well as the model: restricted loss at or below test loss",
        restricted,
        "nats",
        "supported" if restricted <= test * (1 + ROUNDING) else "refuted",
        (
            Control.of("test loss of the whole model", [test], key="whole_model"),
            Control.of("restricted loss at the first step", [first], key="first_step"),
        ),
        source="Nanda et al. 2023, section 5",
        key="restricted_loss",
        role="aside",
    )
