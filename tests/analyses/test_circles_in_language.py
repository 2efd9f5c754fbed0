"""The judgement of `circles_in_language` can go either way, and it finds a planted circle where it was planted."""

import numpy as np
import pytest
import xarray as xr

LAYERS = 10
TEMPLATES = ["all", "without 0", "without 1", "without 2", "only 0", "only 1", "only 2"]
SHARES = {"weekdays": 0.5, "months": 0.35}


@pytest.fixture
def study(study_named):
    return study_named("circles_in_language")


def circles(share, above, orders=360, dims=("templates", "layer"), shape=(7, LAYERS), **coords):
    """A table whose orders above are as given in the first layers and 0 in the rest, or everywhere a number."""
    found = np.zeros(shape) + np.asarray(above)
    values = {
        "share": np.full(shape, share) + 0.01 * np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1)) / 7
    }
    values |= {
        "orders_above": found,
        "orders": np.full(shape, orders),
        "median_of_orders": np.full(shape, 0.33),
    }
    values["highest_of_others"] = np.full(shape, 0.4)
    own = {"templates": TEMPLATES} if "templates" in dims else {}
    return xr.Dataset({name: (dims, each) for name, each in values.items()}, coords=own | coords)


def layers(found, many=100):
    """Orders above: none at this share of the layers, many at the others."""
    return np.where(np.arange(LAYERS) < round(found * LAYERS), 0, many)


@pytest.fixture
def numbers():
    def make(
        found=0.9, without_one=None, nouns=(0.0, 0.0, 0.0, 0.0), taken=0.9, shares=(0.5, 0.35), noun=0.33,
        right=(0.05, 0.2), one_digit=(0.1, 0.62), helix=0.5, drawn=0.9,
    ):  # fmt: skip
        every = np.stack([layers(found)] * 7)
        if without_one is not None:
            every[1] = layers(without_one)
        lists = np.stack([np.stack([layers(each)] * 7) for each in nouns])
        out = np.stack([layers(each) for each in (taken, taken, drawn, 1.0)])
        made = {}
        for (name, kind), share in zip(
            {"weekdays": "seven unrelated nouns", "months": "twelve unrelated nouns"}.items(),
            shares,
            strict=True,
        ):
            made[name] = circles(share, every)
            made[kind] = circles(noun, lists, dims=("list", "templates", "layer"), shape=lists.shape)
            kinds = ["frequency", "alphabet", "random 0", "random 1"]
            made[f"{name}, taken out"] = circles(
                share, out, dims=("taken_out", "layer"), shape=out.shape, taken_out=kinds
            )
        sums = {name: (("kind", "shown"), [one_digit, right]) for name in ("right", "last_digit")}
        sums["asked"] = ("kind", [55, 300])
        coords = {"kind": ["one digit", "two digits"], "shown": ["none", "two"]}
        fits = ["helix", "polynomial", "line", "shuffled: highest"]
        r2 = np.stack([np.full(LAYERS, each) for each in (helix, 0.2, 0.1, 0.0)], axis=1)
        table = xr.Dataset({"r2": (("layer", "fit"), r2)}, coords={"fit": fits})
        return made | {"sums": xr.Dataset(sums, coords=coords), "helix": table}

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert set(judged(study, numbers()).values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("weekdays.circle", {"found": 0.5}),
        ("months.circle", {"found": 0.1}),
        ("seven_unrelated_nouns.none", {"nouns": (0.9, 0.9, 0.0, 0.0)}),
        ("twelve_unrelated_nouns.none", {"nouns": (0.9, 0.9, 0.9, 0.0)}),
        ("weekdays.frequency", {"taken": 0.5}),
        ("weekdays.alphabet", {"taken": 0.4}),
        ("months.frequency", {"taken": 0.3}),
        ("months.alphabet", {"taken": 0.0}),
        ("weekdays.trial", {"shares": (0.8, 0.35)}),
        ("months.trial", {"shares": (0.5, 0.2)}),
        ("nouns.trial", {"noun": 0.6}),
        ("addition.absent", {"right": (0.9, 0.95)}),
        ("addition.trial.one_digit", {"one_digit": (0.0, 0.1)}),
        ("addition.trial.two_digits", {"right": (0.01, 0.4)}),
        ("helix", {"helix": 0.15}),
    ],
)
def test_each_claim_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


def test_what_rests_on_one_template_or_one_list_is_undecided(study, numbers, judged):
    assert judged(study, numbers(without_one=0.2))["weekdays.circle"] == "undecided"
    assert judged(study, numbers(nouns=(0.9, 0.0, 0.0, 0.0)))["seven_unrelated_nouns.none"] == "undecided"
    assert judged(study, numbers(right=(0.1, 0.5)))["addition.absent"] == "undecided"


def test_what_any_ranking_does_refutes_nothing(study, numbers, judged):
    verdicts = judged(study, numbers(taken=0.3, drawn=0.3))
    assert verdicts["weekdays.alphabet"] == verdicts["months.frequency"] == "undecided"


def test_where_sums_cannot_be_written_nothing_is_said_of_them(study, numbers, judged):
    keys = judged(study, numbers() | {"sums": {"refused": "a word is no number"}})
    assert not [key for key in keys if "addition" in key or key == "helix"]


def test_a_planted_circle_is_found_where_it_is(study, judged):
    found = study.measure(smoke=True)
    above = found["weekdays"]["orders_above"].sel(templates="all").values
    assert above[0] == 359
    assert (above[1:] == 0).all()
    verdicts = judged(study, found)
    assert verdicts["weekdays.circle"] == "supported"
    assert verdicts["months.circle"] == "refuted"
    assert verdicts["seven_unrelated_nouns.none"] == verdicts["twelve_unrelated_nouns.none"] == "supported"


def test_without_a_model_it_says_where_one_comes_from(study, monkeypatch, tmp_path):
    monkeypatch.setenv("GROKLENS_SMOLLM2", str(tmp_path / "nothing.gguf"))
    with pytest.raises(SystemExit, match=r"make smollm2.*--model"):
        study.measure()
    monkeypatch.delenv("GROKLENS_SMOLLM2")
    monkeypatch.setattr(study, "FETCHED", tmp_path)
    with pytest.raises(SystemExit, match="make smollm2"):
        study.measure()


def test_nouns_are_in_one_list_each(study):
    for size in (7, 12):
        lists = study.lists_of(size, 5)
        every = [noun for each in lists for noun in each]
        assert len(every) == len(set(every)) == size * len(lists)
        assert len(lists) >= 3
