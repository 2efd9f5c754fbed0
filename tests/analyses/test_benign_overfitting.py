"""The judgement of `benign_overfitting` can go either way."""

import numpy as np
import pytest

from groklens.theory import sweep_table

DECAYS, SEEDS, SIZES = (0.3, 3.0, 10.0), (0, 1, 2), (50, 100, 200)


@pytest.fixture
def study(study_named):
    return study_named("benign_overfitting")


def spectra(spiked=(0.2, 0.1, 0.05), power=(1.0, 1.0, 1.0), foretold=None, bartlett=None):
    jitter = 1 + 0.01 * np.arange(3)[:, None]
    fast = (4.0, 6.0, 5.0)
    rows = {"spiked": spiked, "power_law": power, "fast_decay": fast}
    variables = {name: (np.asarray(row) * jitter, name, "v") for name, row in rows.items()}
    variables |= {f"{name}_foretold": (row, name, "v") for name, row in rows.items()}
    if foretold is not None:
        variables["spiked_foretold"] = (foretold, "spiked", "v")
    variables["bartlett"] = (np.asarray(spiked) * 1.3 if bartlett is None else bartlett, "b", "v")
    return sweep_table(("examples", SIZES, "examples"), SEEDS, variables)


def decays(fitted=(1, 1, 0), corrected=(0, 0, 1), test=(0.8, 1, 1), pruned=0.05, random=0.5, kept=1.0):
    each = {
        "fitted": fitted,
        "corrected": corrected,
        "test": test,
        "pruned_fitted": [pruned] * 3,
        "random_fitted": [random] * 3,
        "highest_fitted": [0.9] * 3,
        "pruned_test": [kept] * 3,
        "random_test": [0.8] * 3,
    }
    variables = {
        name: (np.tile(np.asarray(row, float), (3, 1)), name, "accuracy") for name, row in each.items()
    }
    return sweep_table(("weight_decay", DECAYS, "weight decay"), SEEDS, variables)


def verdicts(study, spectra, decays):
    return {finding.key: finding.verdict for finding in study.judge({"spectra": spectra, "decays": decays})}


def test_what_was_predicted_is_supported(study):
    assert set(verdicts(study, spectra(), decays()).values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "spectral", "network"),
    [
        ("price_falls", {"spiked": (0.1, 0.2, 0.3)}, {}),
        ("closed_form", {"foretold": (1.0, 1.0, 1.0)}, {}),
        ("bartlett", {"bartlett": (0.05, 0.1, 0.4)}, {}),
        ("coexistence", {}, {"test": (0.8, 0.8, 1)}),
        ("inversion", {}, {"corrected": (0, 0, 0.5)}),
        ("pruning", {}, {"pruned": 0.6}),
    ],
)
def test_each_prediction_can_be_refuted(study, key, spectral, network):
    found = verdicts(study, spectra(**spectral), decays(**network))
    assert found[key] == "refuted"


def test_pruning_without_coexistence_or_by_less_than_the_margin_is_undecided(study):
    assert verdicts(study, spectra(), decays(fitted=(0.5, 0.5, 0)))["pruning"] == "undecided"
    assert verdicts(study, spectra(), decays(pruned=0.4))["pruning"] == "undecided"
    assert verdicts(study, spectra(), decays(kept=0.9))["pruning"] == "undecided"


def test_one_seed_alone_does_not_support(study):
    mixed = decays()
    mixed["test"][1:, 1] = 0.5
    assert verdicts(study, spectra(), mixed)["coexistence"] == "undecided"
