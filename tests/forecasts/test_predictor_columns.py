"""What forecasts are made from: columns of hyper-parameters that mean one thing each."""

import numpy as np
import xarray as xr

from forecasts.made_up import made_up_library
from groklens.forecasts.predictors import Predictor, hyper_parameters, kinds_of
from groklens.forecasts.regression import Logistic
from groklens.forecasts.sides import KINDS


def test_a_decay_is_compared_with_those_of_its_own_optimiser():
    """Decays of Adam and AdamW lie a thousandfold apart, and in each the larger half changes."""
    decays = np.r_[np.geomspace(0.1, 2, 40), np.geomspace(5e-5, 1e-3, 40)]
    optimizer = np.repeat(["AdamW", "Adam"], 40)
    table = xr.Dataset({"hyper_weight_decay": ("run", decays)}).assign_coords(
        {name: ("run", np.full(80, "one")) for name in ("task", "model")} | {"optimizer": ("run", optimizer)}
    )
    changes = np.tile(np.arange(40) >= 20, 2)
    predictor, kinds = Predictor("hyper", (), ("hyper_weight_decay",)), kinds_of(table)
    columns = predictor.columns(table, kinds)
    assert np.isnan(columns[:, :2]).sum(axis=0).tolist() == [40, 40]
    chance = Logistic.fit(columns, changes).chance(columns)
    assert ((chance > 0.5) == changes).all()
    alone = table.isel(run=optimizer == "Adam")
    np.testing.assert_array_equal(predictor.columns(alone, kinds), columns[optimizer == "Adam"])
    np.testing.assert_array_equal(predictor.columns(alone, kinds_of(alone))[:, 0], decays[40:])


def test_a_forecast_tells_tasks_apart_that_a_judge_counts_together():
    table = made_up_library()
    table = table.assign_coords(task=table["task"].where(table["kind"] != "random_table", "random table"))
    assert ("task", "random table") in kinds_of(table, KINDS)
    assert "random table" not in {value for _, value in kinds_of(table)}
    assert len(hyper_parameters(table)) == 3
