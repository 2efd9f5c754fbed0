"""Halves of configurations and intervals over them: seeds of one configuration are never apart, and count as one."""

import numpy as np
import pytest
import xarray as xr

from groklens.forecasts import first_half, over_configurations
from groklens.forecasts.sides import splits

NAMES = np.repeat([f"c{i}" for i in range(9)], 3)


@pytest.mark.parametrize("seed", range(4))
def test_seeds_of_a_configuration_are_in_one_half_which_is_the_referees(seed):
    first = first_half(NAMES, seed)
    assert {tuple(first[name == NAMES]) for name in NAMES} == {(True,) * 3, (False,) * 3}
    assert len(set(NAMES[first])) == 4
    library = xr.Dataset(
        coords={name: ("run", NAMES if name == "configuration" else ["same"] * 27)
                for name in ("configuration", "task", "model", "optimizer")}
    )  # fmt: skip
    split = splits(library, seed=seed)[0]
    assert np.array_equal(split.train, first)
    assert np.array_equal(split.test, ~first)


def test_more_seeds_of_the_same_configurations_make_no_interval_shorter():
    values = np.random.default_rng(0).normal(size=9)
    once = over_configurations(values, np.arange(9))
    thrice = over_configurations(np.repeat(values, 3), NAMES)
    assert once == pytest.approx(thrice)
    assert once[0] < values.mean() < once[1]
    alone = over_configurations(np.repeat(values, 3), np.arange(27))
    assert alone[1] - alone[0] < 0.8 * (once[1] - once[0])


def test_the_interval_is_that_of_a_bootstrap_written_out():
    values, generator = np.arange(6.0), np.random.default_rng(3)
    means = [values[generator.integers(6, size=6)].mean() for _ in range(20_000)]
    assert over_configurations(values, np.arange(6)) == pytest.approx(
        np.quantile(means, [0.025, 0.975]), abs=0.2
    )
