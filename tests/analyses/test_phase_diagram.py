"""The judgement of `phase_diagram` can go either way."""

import numpy as np
import pytest
import xarray as xr

DECAYS, SHARES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0), (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
COORDS = {"weight_decay": list(DECAYS), "train_fraction": list(SHARES), "seed": range(5)}
RATE = 0.01


@pytest.fixture
def study(study_named):
    return study_named("phase_diagram")


def over(values):
    """Decay × share as decay × share × seed, each seed a little apart."""
    return np.asarray(values, float)[:, :, None] * np.linspace(0.99, 1.01, 5)


@pytest.fixture
def plane():
    """All four phases: nothing generalises on the smallest share or without decay, nothing is learned at the strongest.

    Delays are in proportion to the fall of the norm over the rate, which differs by share as well as by decay.
    """

    def make(law="norm", critical=True, confusion=True, hastens=True):
        decay, share = np.meshgrid(DECAYS, SHARES, indexing="ij")
        fell = 1.5 * np.exp(0.7 * np.sin(9 * share + 5 * decay))
        gamma = RATE * np.where(decay > 0, decay, np.nan)
        sayings = {
            "norm": 2 * fell / gamma,
            "rate": 900 / gamma * 0.02,
            "none": 300 * np.exp(np.cos(40 * fell)),
        }
        delay = over(sayings[law])
        if not hastens:
            delay = over(100 * (1 + decay))
        never = (share <= 0.3) if critical else np.zeros_like(share, bool)
        never = never | (decay == 0) | ((decay >= 10) if confusion else False)
        delay = np.where(never[:, :, None], np.nan, delay)
        memorised = over(np.where((decay >= 10) & confusion, np.nan, 20.0))
        scale = over(10 * np.ones_like(share)) if law != "scale" else delay**0.5
        columns = {
            "memorised": memorised,
            "generalised": memorised + delay,
            "delay": delay,
            "last_step": np.full_like(delay, 9000.0),
            "sum_squared_weights_memorised": over(100 * np.exp(fell)) / np.linspace(0.99, 1.01, 5),
            "sum_squared_weights_generalised": np.full_like(delay, 100.0),
            "logit_scale_memorised": scale,
        }
        table = xr.Dataset({name: (tuple(COORDS), each) for name, each in columns.items()}, COORDS)
        return {"plane": table.assign_attrs(rate=RATE, every=20)}

    return make


def with_scale(numbers, power=2.0):
    """The logit scale such that the delay is a power of it, times noise without meaning."""
    plane = numbers["plane"]
    return {"plane": plane.assign(logit_scale_memorised=plane["delay"] ** (1 / power))}


def test_what_was_predicted_is_supported(study, plane, judged):
    found = judged(study, with_scale(plane()))
    found.pop("law.rate")  # the rival
    assert set(found.values()) == {"supported"}, found
    assert judged(study, plane(law="rate"))["law.rate"] == "supported"


def test_the_decays_of_the_plane_make_all_phases(study, plane):
    (four, *_) = study.judge(plane())
    assert "confusion 6" in four.note
    assert four.value == 4


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("critical_share", {"critical": False}),
        ("too_much", {"confusion": False}),
        ("decay_hastens", {"hastens": False}),
        ("law.norm", {"law": "rate"}),
        ("law.norm", {"law": "none"}),
        ("law.scale", {"law": "rate"}),
        ("law.rate", {"law": "none"}),
    ],
)
def test_each_prediction_can_be_refuted(study, plane, judged, key, change):
    assert judged(study, plane(**change))[key] == "refuted"


def test_one_phase_everywhere_is_no_phase_diagram(study, plane, judged):
    numbers = plane()
    numbers["plane"]["generalised"][:] = np.nan
    numbers["plane"]["delay"][:] = np.nan
    found = judged(study, numbers)
    assert found["four_phases"] == "refuted"
    assert found["law.norm"] == found["law.scale"] == "undecided"


def test_weights_that_do_not_shrink_refute_the_law_of_norms(study, plane, judged):
    numbers = plane()
    numbers["plane"]["sum_squared_weights_generalised"][:] = 1e9
    assert judged(study, numbers)["law.norm"] == "refuted"


def test_configurations_with_a_censored_seed_are_counted_and_left_out(study, plane):
    numbers = plane()
    whole = study.judge(numbers)[-1].note
    numbers["plane"]["generalised"][3, 3, 0] = np.nan
    note = study.judge(numbers)[-1].note
    assert "50 are censored, 0 beside" in whole
    assert "51 are censored, 4 beside" in note


def test_what_lies_between_kept_steps_is_found_on_logarithms(study):
    values = xr.DataArray([[100.0, 1.0, np.nan]], dims=("seed", "step"), coords={"step": [0, 10, 20]})
    when = xr.DataArray([5.0], dims="seed")
    assert study.between_steps(values, when).item() == pytest.approx(10)
    assert np.isnan(study.between_steps(values, when * np.nan).item())
