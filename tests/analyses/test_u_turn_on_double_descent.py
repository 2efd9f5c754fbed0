"""The judgement of `u_turn_on_double_descent` can go either way."""

import numpy as np
import pytest
import xarray as xr

SIZES = (100, 200, 400, 800, 1600)
COMPONENTS, EXCESS = (10, 100, 400), (0, 100, 1000)
ERRORS = np.array([[0.5, 0.48, 0.45], [0.3, 0.28, 0.2], [30.0, 0.6, 0.12]])
CHAIN = (0.7, 0.5, 0.8, 0.8, 0.5, 0.3)


@pytest.fixture
def study(study_named):
    return study_named("u_turn_on_double_descent")


def excess(errors=ERRORS, unseen=None):
    shifts = (1 + 0.01 * np.arange(-1, 2))[:, None, None]
    unseen = errors * 1000 if unseen is None else unseen
    table = xr.Dataset(coords={"seed": [0, 1, 2], "components": list(COMPONENTS), "excess": list(EXCESS)})
    for name, values in (("error", errors), ("unseen", unseen)):
        table[name] = (("seed", "components", "excess"), np.asarray(values) * shifts)
    return table


@pytest.fixture
def numbers(planted):
    def make(
        raw=(0.3, 0.4, 50.0, 0.2, 0.1), seen=(100, 200, 400, 400, 400), grid=None, trees=CHAIN, boosting=CHAIN
    ):
        axis = planted("size", SIZES, {"error": raw, "unseen": raw}, examples=400)
        axis["seen"] = (("seed", "size"), np.tile(np.asarray(seen, float), (3, 1)))
        chains = {
            name: planted("place", range(1, 7), {"error": row, "unseen": (1, 5, 90, 90, 20, 9)}, first=3)
            for name, row in (("trees", trees), ("boosting", boosting))
        }
        return {"raw": axis, "excess": excess() if grid is None else grid, **chains}

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    found = judged(study, numbers())
    assert {verdict for key, verdict in found.items() if key != "not_a_function"} == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("raw_peak", {"raw": (0.3, 50.0, 0.4, 0.2, 0.1)}),
        ("raw_peak", {"raw": (0.1, 0.2, 0.3, 0.4, 0.5)}),
        ("effective_parameters", {"seen": (100, 200, 400, 500, 600)}),
        ("monotone", {"grid": excess(np.array([[0.5, 0.6, 0.7], [0.3, 0.28, 0.2], [30.0, 0.6, 0.12]]))}),
        ("within_axes", {"grid": excess(np.array([[0.3, 0.48, 0.2], [0.3, 0.28, 0.2], [30.0, 0.6, 0.12]]))}),
        ("chained.trees", {"trees": (0.5, 0.8, 0.5, 0.5, 0.4, 0.3)}),
        ("chained.boosting", {"boosting": (0.7, 0.5, 0.8, 0.2, 0.6, 0.3)}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


def test_a_test_that_finds_nothing_anywhere_decides_nothing(study, numbers, judged):
    assert judged(study, numbers(raw=(0.5, 0.4, 0.3, 0.2, 0.1)))["within_axes"] == "undecided"
    assert judged(study, numbers(trees=(0.7, 0.6, 0.5, 0.5, 0.4, 0.3)))["chained.trees"] == "undecided"


def test_models_alike_in_parameters_and_not_in_error_are_found(study, numbers, judged):
    alike = excess(unseen=np.full((3, 3), 500.0))
    assert judged(study, numbers(grid=alike))["not_a_function"] == "supported"
    flat = excess(errors=np.full((3, 3), 0.5), unseen=np.full((3, 3), 500.0))
    assert judged(study, numbers(grid=flat))["not_a_function"] == "undecided"
