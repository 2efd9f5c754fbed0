"""The judgement of `markov_in_context` can go either way."""

import numpy as np
import pytest
import xarray as xr

REFERENCES = ["uniform", "unigram", "bigram", "trigram"]
LOSSES = (1.0, 0.9, 0.5, 0.6)
STEPS = (0, 100, 200, 300, 400, 500)
SINGLE = ["switching, tied", "staying, tied", "switching"]
NAN = float("nan")


@pytest.fixture
def study(study_named):
    return study_named("markov_in_context")


def staged(path, loss, balanced=False):
    """Eight models that are the nth reference at the nth step, with these losses, each seed a little apart."""
    kl = 1.0 - np.eye(4)[list(path)]
    losses = np.array(loss)[None] + 0.001 * np.arange(8)[:, None]
    known = [1.0, 1.0 if balanced else 0.9, 0.5, 0.6]
    variables = {
        "mean_kl": (("seed", "step", "reference"), np.stack([kl] * 8)),
        "loss": (("seed", "step"), losses),
        "reference_loss": (("seed", "reference"), np.stack([known] * 8)),
    }
    return xr.Dataset(variables, coords={"seed": range(8), "step": list(STEPS), "reference": REFERENCES})


def after_cuts(whole, first, second, noise):
    kl = 1.0 - np.eye(4)[[whole, first, second, noise]]
    coords = {"seed": range(8), "reference": REFERENCES, "cut": ["whole", "head 0.0", "head 1.0", "noise"]}
    return xr.Dataset({"mean_kl": (("seed", "cut", "reference"), np.stack([kl] * 8))}, coords=coords)


@pytest.fixture
def numbers():
    def make(
        path=(0, 1, 1, 1, 2, 2),
        loss=(1.2, 0.9, 0.9, 0.85, 0.6, 0.55),
        balanced=(1.2, 1.0, 0.7, 0.55, 0.55, 0.55),
        cut=(2, 1, 0, 2),
        one=(1.2, 0.9, 0.9, 0.9, 0.9, 0.89),
        single=(0.05, 0.99, 0.99),
        quick=True,
        apart=0.02,
        memory=(0.69, 0.65, 0.6, 0.58),
    ):
        plain = {f"{k} dirichlet": staged(path, loss) for k in (2, 3)}
        others = {f"{k} doubly stochastic": staged((0, 0, 2, 2, 2, 2), balanced, True) for k in (2, 3)}
        early = np.array([0.0, 0.9, 0.9 if quick else 0.0])
        closed = np.stack([early, np.array(single)])[None] + 0.001 * np.arange(8)[:, None, None]
        model = {"apart": apart, "by_chance": 0.02, "memory": list(memory)}
        return {
            **plain,
            **others,
            **{f"cut {k}": after_cuts(*cut) for k in (2, 3)},
            "one layer": staged((0, 1, 1, 1, 1, 1), one),
            "single": xr.Dataset(
                {"closed": (("seed", "step", "kind"), closed)}, coords={"kind": SINGLE, "step": [200, 1600]}
            ),
            "chain": {"trained": model, "untrained": model, "bigram": model, "window": 3, "states": 2},
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    verdicts = judged(study, numbers())
    assert verdicts.pop("chain.first_order") == "refuted"
    assert set(verdicts.values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("order.2", {"path": (0, 0, 2, 2, 2, 2)}),
        ("order.3", {"path": (0, 1, 2, 1, 1, 1)}),
        ("delay", {"balanced": (1.2, 1.0, 1.0, 1.0, 0.55, 0.55)}),
        ("cut.2", {"cut": (2, 2, 0, 2)}),
        ("cut.3", {"cut": (2, 0, 0, 2)}),
        ("one_layer", {"one": (1.2, 0.9, 0.8, 0.7, 0.6, 0.55)}),
        ("bad_minimum", {"single": (0.95, 0.99, 0.99)}),
        ("slow_when_tied", {"single": (0.95, 0.99, 0.99), "quick": False}),
        ("chain.literal", {"apart": 0.2}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


def test_without_what_is_asked_about_nothing_is_decided(study, numbers, judged):
    flat = {"path": (0, 1, 1, 1, 1, 1), "loss": (1.2, 0.9, 0.9, 0.9, 0.9, 0.9), "cut": (1, 1, 0, 1)}
    verdicts = judged(study, numbers(**flat))
    assert {verdicts[key] for key in ("order.2", "order.3", "delay", "cut.2")} == {"undecided"}
    assert judged(study, numbers(single=(0.05, 0.05, 0.99)))["bad_minimum"] == "undecided"
    assert judged(study, numbers(memory=(0.69, 0.5, 0.5, 0.5)))["chain.first_order"] == "supported"


def test_times_are_of_each_priors_own_gap(study, numbers):
    found = numbers()
    assert study.level(found["2 dirichlet"]) == "unigram"
    assert set(study.dates(found["2 dirichlet"], 0.5)) == {400}
    assert set(study.dates(found["2 doubly stochastic"], 0.5)) == {200}
