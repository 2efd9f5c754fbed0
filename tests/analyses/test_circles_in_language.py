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


def circles(share, above, orders=360, dims=("templates", "layer"), shape=(7, LAYERS), closed=1.0, **coords):
    """A table whose orders above are as given in the first layers and 0 in the rest, or everywhere a number.

    Its orders close at a share of the layers.
    """
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
    values |= {name: np.full(shape, 0.5) for name in ("closing", "neighbours", "open_line")}
    values["closed"] = np.zeros(shape, bool) | (layers(closed) == 0)
    own = {"templates": TEMPLATES} if "templates" in dims else {}
    table = xr.Dataset({name: (dims, each) for name, each in values.items()}, coords=own | coords)
    return table.assign_attrs(shared_tokens="", share_by_tokens=1 / 3, orders_above_by_tokens=359)


def layers(found, many=100):
    """Orders above: none at this share of the layers, many at the others."""
    return np.where(np.arange(LAYERS) < round(found * LAYERS), 0, many)


@pytest.fixture
def numbers():
    def make(
        found=0.9, without_one=None, nouns=(0.0, 0.0, 0.0, 0.0), taken=0.9, shares=(0.5, 0.35), noun=0.33,
        right=(0.05, 0.2), one_digit=(0.1, 0.62), helix=0.5, drawn=0.9,
        closes=0.8, line_closes=0.0, line=1.0, renamed=0.3,
    ):  # fmt: skip
        every = np.stack([layers(found)] * 7)
        if without_one is not None:
            every[1] = layers(without_one)
        lists = np.stack([np.stack([layers(each)] * 7) for each in nouns])
        out = np.stack([layers(each) for each in (taken, taken, drawn, 0.9)])
        made = {}
        for (name, kind), share in zip(
            {"weekdays": "seven unrelated nouns", "months": "twelve unrelated nouns"}.items(),
            shares,
            strict=True,
        ):
            made[name] = circles(share, every, closed=closes)
            made[kind] = circles(noun, lists, dims=("list", "templates", "layer"), shape=lists.shape)
            kinds = ["frequency", "alphabet", "random 0", "random 1"]
            made[f"{name}, taken out"] = circles(
                share, out, dims=("taken_out", "layer"), shape=out.shape, taken_out=kinds
            )
        made["one to twelve"] = circles(0.4, np.stack([layers(line)] * 7), closed=line_closes)
        sums = {name: (("kind", "shown"), [one_digit, right]) for name in ("right", "last_digit")}
        sums["asked"] = ("kind", [55, 300])
        coords = {"kind": ["one digit", "two digits"], "shown": ["none", "two"]}
        fits = ["helix", "polynomial", "line", "shuffled: highest", "digits renamed: highest"]
        r2 = np.stack([np.full(LAYERS, each) for each in (helix, 0.2, 0.1, 0.0, renamed)], axis=1)
        table = xr.Dataset({"r2": (("layer", "fit"), r2)}, coords={"fit": fits})
        return made | {"sums": xr.Dataset(sums, coords=coords), "helix": table}

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert set(judged(study, numbers()).values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("weekdays.order", {"found": 0.5}),
        ("months.order", {"found": 0.1}),
        ("weekdays.circle", {"found": 0.5}),
        ("months.circle", {"found": 0.1}),
        ("numbers.open", {"line_closes": 0.6}),
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
        ("addition.last_digit", {"right": (0.9, 0.95)}),
        ("helix", {"helix": 0.15}),
        ("helix", {"renamed": 0.55}),
    ],
)
def test_each_claim_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


def test_what_rests_on_one_template_or_one_list_is_undecided(study, numbers, judged):
    assert judged(study, numbers(without_one=0.2))["weekdays.order"] == "undecided"
    assert judged(study, numbers(nouns=(0.9, 0.0, 0.0, 0.0)))["seven_unrelated_nouns.none"] == "undecided"
    assert judged(study, numbers(right=(0.1, 0.5)))["addition.absent"] == "undecided"


def test_an_order_that_does_not_close_is_no_circle_yet(study, numbers, judged):
    """What a line of numbers gives: ahead of every other order at all layers, and closed at none."""
    verdicts = judged(study, numbers(found=1.0, closes=0.0))
    assert verdicts["weekdays.order"] == verdicts["months.order"] == "supported"
    assert verdicts["weekdays.circle"] == verdicts["months.circle"] == "undecided"
    assert judged(study, numbers(closes=0.5))["weekdays.circle"] == "undecided"


def test_numbers_without_an_order_are_no_control(study, numbers, judged):
    assert judged(study, numbers(line=0.3))["numbers.open"] == "undecided"


def test_what_any_ranking_does_refutes_nothing(study, numbers, judged):
    verdicts = judged(study, numbers(taken=0.3, drawn=0.2))
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
    assert verdicts["weekdays.order"] == verdicts["weekdays.circle"] == "supported"
    assert verdicts["months.order"] == verdicts["months.circle"] == "refuted"
    assert verdicts["numbers.open"] == "undecided"  # they have no order in this model
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
