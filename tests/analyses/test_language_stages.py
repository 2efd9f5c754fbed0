"""The judgement of `language_stages` can go either way."""

import numpy as np
import pytest
import xarray as xr

STEPS = [0, 100, 200, 400, 800, 1600]
LINE = np.arange(6.0)


@pytest.fixture
def study(study_named):
    return study_named("language_stages")


@pytest.fixture
def numbers(study):
    """A model that is the nth reference at the nth step, one nat from its neighbours; each part can be planted anew."""

    def make(
        path=(0, 1, 2, 3, 4, 5),
        off=0.1,
        sampled=0.1,
        induction=(0, 0, 0, 0, 1, 1),
        previous=(0, 0, 0, 1, 1, 1),
        loss=(5, 4, 2.5, 1.5, 1, 0.8),
    ):
        def by(values, *dims, **coords):
            repeated = np.stack([np.asarray(values, float)] * 3)
            return xr.Dataset({"value": (("seed", *dims), repeated)}, {"seed": [0, 1, 2], **coords})

        between = np.abs(LINE[:, None] - LINE[None, :])
        reference = list(study.ORDERS)
        kl = np.abs(np.asarray(path, float)[:, None] - LINE[None, :]) + off
        own = np.abs(np.array([1, 2, 3])[:, None] - LINE[None, :]) + sampled
        examples = np.linspace(0.99, 1.01, 5)
        return {
            "kl": by(kl, "step", "reference", step=STEPS, reference=reference),
            "loss": by(loss, "step", step=STEPS),
            "induction": by(induction, "step", step=STEPS),
            "previous": by(previous, "step", step=STEPS),
            "references": xr.Dataset(
                {"between": (("reference", "nearest"), between), "reference_loss": ("reference", 5 - LINE)},
                {"reference": reference, "nearest": reference},
            ),
            "positions": by(np.linspace(2, 1, 16), "pos", pos=list(range(16))),
            "straight": xr.Dataset(
                {"value": (("share", "reference"), np.abs(np.linspace(0, 5, 3)[:, None] - LINE[None, :]))},
                {"share": [0, 0.5, 1], "reference": reference},
            ),
            "samples": xr.Dataset(
                {
                    "kl": (
                        ("seed", "stage", "reference", "example"),
                        np.stack([own[..., None] * examples] * 3),
                    ),
                    "between": (("nearest", "reference", "example"), between[..., None] * np.ones(5)),
                },
                {"stage": list(study.ASKED), "reference": reference, "nearest": reference},
            ),
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert set(judged(study, numbers()).values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change", "verdict"),
    [
        ("in_order", {"path": (0, 1, 3, 3, 4, 5)}, "refuted"),  # no bigram
        ("in_order", {"path": (0, 1, 2, 3, 2, 5)}, "refuted"),  # back again
        ("in_order", {"path": (0, 2, 1, 3, 4, 5)}, "refuted"),  # in another order
        ("stage", {"off": 1.2}, "refuted"),
        ("stage", {"off": 0.7}, "undecided"),
        ("samples", {"sampled": 1.2}, "refuted"),
        ("samples", {"sampled": 0.2499}, "undecided"),  # within the bootstrap's reach of a quarter
        ("induction_sudden", {"induction": (0, 0, 0.2, 0.5, 0.8, 1)}, "refuted"),
        ("induction_sudden", {"induction": (0, 0, 0, 0, 0.05, 0.05)}, "undecided"),  # no head forms
        ("previous_token", {"previous": (0, 0, 0, 0, 0, 1)}, "refuted"),  # only after the trigram
        ("loss_smooth", {"loss": (5, 5, 4.9, 4.8, 1, 0)}, "refuted"),
        ("loss_smooth", {"loss": (5, 5, 4, 3, 1.5, 1)}, "undecided"),
        ("loss_smooth", {"induction": (0, 0, 0, 0, 0, 0)}, "undecided"),
    ],
)
def test_each_claim_can_go_the_other_way(study, numbers, judged, key, change, verdict):
    assert judged(study, numbers(**change))[key] == verdict


def test_context_that_is_worth_nothing_is_said(study, numbers, judged):
    planted = numbers()
    planted["positions"] = planted["positions"] * 0 + 1
    assert judged(study, planted)["context"] == "refuted"


def test_one_seed_that_differs_leaves_it_undecided(study, numbers, judged):
    planted, other = numbers(), numbers(path=(0, 1, 3, 3, 4, 5))
    planted["kl"] = xr.concat([planted["kl"].isel(seed=[0, 1]), other["kl"].isel(seed=[2])], dim="seed")
    assert judged(study, planted)["in_order"] == "undecided"


def test_a_rise_is_timed_by_hand(study):
    steps, values = np.array([100.0, 200, 400]), np.array([0.0, 0.5, 1.0])
    assert study.crossing(steps, values, 0.5) == pytest.approx(200)
    assert study.crossing(steps, values, 0.75) == pytest.approx(200 * 2**0.5)
    assert study.crossing(steps, values, 0.0) == 100
