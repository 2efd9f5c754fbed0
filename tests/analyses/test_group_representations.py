"""The judgement of `group_representations` can go either way."""

import pytest

ZOO = {"A5": {"generalised": True, "circuit": ["d3"]}, "S6": {"generalised": False, "circuit": None}}


@pytest.fixture
def study(study_named):
    return study_named("group_representations")


@pytest.fixture
def numbers():
    def make(after=0.9, before=0.2, kept=1.0, relabelled=(0.1, 0.2), zoo=ZOO):
        return {
            "circuit": "A5: d3",
            "battery": [],
            "shares": {"x_embed_share": [after, before]},
            "cosets": {"kept": kept, "orders": {"12": 3}, "relabelled": list(relabelled), "whole": 1.0},
            "authors": zoo,
        }

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    assert set(judged(study, numbers()).values()) == {"supported"}


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("inside.x_embed_share", {"after": 0.4}),
        ("inside.x_embed_share", {"before": 0.85}),
        ("coset_means", {"kept": 0.5}),
        ("coset_means", {"relabelled": (1.0, 0.2)}),
        ("authors", {"zoo": ZOO | {"A5": {"generalised": True, "circuit": None}}}),
        ("authors", {"zoo": ZOO | {"S6": {"generalised": False, "circuit": ["d5"]}}}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"
