"""The finding that the circuit alone predicts as well as the model: restricted loss beside test loss."""

from __future__ import annotations

import xarray as xr

from groklens.claims import Control, Finding

#: Losses that differ by less than this share of themselves are equal: logits are float32.
ROUNDING = 1e-3


def restricted_predicts(table: xr.Dataset, test: float) -> Finding:
    """The claim that restricted loss is at or below the whole model's loss on test inputs, at the last step."""
    over_steps = table["restricted_loss"].values
    restricted, first = float(over_steps[-1]), float(over_steps[0])
    # Of one step the first is the last, and no control of it.
    earlier = {"first_step": ("restricted loss at the first step", first)} if len(over_steps) > 1 else {}
    return Finding(
        "the circuit alone predicts at least as well as the model: restricted loss at or below test loss",
        restricted,
        "nats",
        "supported" if restricted <= test * (1 + ROUNDING) else "refuted",
        Control.several({"whole_model": ("test loss of the whole model", test), **earlier}),
        source="Nanda et al. 2023, section 5",
        key="restricted_loss",
        role="aside",
    )
