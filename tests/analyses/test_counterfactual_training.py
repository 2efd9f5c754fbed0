"""The judgement of `counterfactual_training` can go either way."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

import groklens as gl

STEPS = np.arange(0, 1050, 50)
FORKED = {"before": 100, "within": 200, "after": 500}
#: When test inputs are known after the fork, by place and change; None for never.
WAITS = {
    "before": {"none": 200, "decay removed": None, "rate cut": None},
    "within": {
        "none": 100,
        "decay removed": 300,
        "rate cut": None,
        "circuit removed": 200,
        "random change": 100,
    },
    "after": {"circuit removed": 150, "random change": 50, "data cut below": None},
}
AT_ONCE = {"circuit removed": 0.1, "random change": 0.95}


@pytest.fixture
def study(study_named):
    return study_named("counterfactual_training")


@pytest.fixture
def numbers(study):
    def make(waits=None, at_once=None, end=None, apart=0.0):
        whole = {place: WAITS[place] | (waits or {}).get(place, {}) for place in WAITS}
        accuracy = np.zeros((3, len(FORKED), len(study.CHANGES), len(STEPS)))
        for i, (place, step) in enumerate(FORKED.items()):
            for j, change in enumerate(study.CHANGES):
                wait = whole[place].get(change, 0 if place == "after" else 200)
                accuracy[:, i, j] = ((step + wait if wait is not None else 9999) <= STEPS) * 1.0
                first = (AT_ONCE | (at_once or {})).get(change)
                if place == "after" and first is not None:
                    accuracy[:, i, j, step == STEPS] = first
                if place == "after" and change in (end or {}):
                    accuracy[:, i, j, -1] = end[change]
        coords = {"seed": range(3), "place": list(FORKED), "change": list(study.CHANGES), "step": STEPS}
        forked = np.tile(np.array(list(FORKED.values()), float), (3, 1))
        columns = {
            "accuracy": (tuple(coords), accuracy),
            "forked_at": (("seed", "place"), forked),
            "apart": (("seed", "place"), np.full((3, 3), apart)),
            "components": ("seed", np.full(3, 5.0)),
        }
        return {"lives": xr.Dataset(columns, coords)}

    return make


def test_what_was_predicted_is_supported(study, numbers, judged):
    found = judged(study, numbers())
    assert set(found.values()) == {"supported"}, found


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("no_change", {"apart": 1e-7}),
        ("decay_removed.before", {"waits": {"before": {"decay removed": 200}}}),
        ("decay_removed.within", {"waits": {"within": {"decay removed": 50}}}),
        ("rate_cut.before", {"waits": {"before": {"rate cut": 200}}}),
        ("rate_cut.within", {"waits": {"within": {"rate cut": 100}}}),
        ("decay_removed.after", {"end": {"decay removed": 0.5}}),
        ("rate_cut.after", {"end": {"rate cut": 0.9}}),
        ("ungrokking", {"end": {"data cut below": 1.0}}),
        ("circuit_removed.after", {"at_once": {"random change": 0.05}}),
        ("circuit_removed.within", {"waits": {"within": {"random change": 300}}}),
        ("comes_back", {"waits": {"after": {"circuit removed": None}}}),
    ],
)
def test_each_prediction_can_be_refuted(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "refuted"


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("decay_removed.before", {"waits": {"before": {"decay removed": 300}}}),
        ("decay_removed.before", {"waits": {"before": {"none": None}}}),
        ("decay_removed.after", {"end": {"none": 0.9}}),
        ("ungrokking", {"end": {"data cut above": 0.4}}),
        ("ungrokking", {"end": {"data cut below": 0.7}}),
        ("circuit_removed.after", {"at_once": {"none": 0.9}}),
        ("circuit_removed.after", {"at_once": {"circuit removed": 0.8}}),
    ],
)
def test_where_the_control_fails_or_it_is_half_so_nothing_is_decided(study, numbers, judged, key, change):
    assert judged(study, numbers(**change))[key] == "undecided"


def test_the_circuit_is_gone_from_embedding_and_read_out_and_noise_moves_as_far(study):
    from groklens import Circuit
    from groklens.harmonics import chosen_basis

    generator = torch.Generator().manual_seed(1)
    weights = {
        "W_E": torch.randn(8, 4, generator=generator),
        "unembed.W_U": torch.randn(6, 7, generator=generator),
    }
    weights["b_in"] = torch.randn(6, generator=generator)
    circuit = Circuit("C7", [2])
    basis = chosen_basis(circuit.group, circuit.components).float()
    cut = study.without(weights, circuit)
    assert torch.allclose(basis.T @ cut["W_E"][:7], torch.zeros(2, 4), atol=1e-5)
    assert torch.allclose(cut["unembed.W_U"] @ basis, torch.zeros(6, 2), atol=1e-5)
    assert torch.equal(cut["W_E"][7:], weights["W_E"][7:])
    other = study.as_far(weights, cut)
    for name in weights:
        far, near = ((each[name] - weights[name]).norm() for each in (other, cut))
        assert far == pytest.approx(float(near), abs=1e-5)
    assert torch.equal(other["b_in"], weights["b_in"])


@pytest.fixture
def paper(study):
    from analyses.counterfactual_training import paper

    return paper


def test_the_forks_of_the_paper_s_run_are_made_of_any_run(paper, tmp_path, monkeypatch):
    model = gl.Transformer(n_layers=1, d_model=8, n_heads=1, d_head=8, d_mlp=8)
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(5), model=model, steps=6, evaluate_every=1, keep=gl.Steps((0, 2, 4))
    )
    monkeypatch.setattr(paper, "KEEP", gl.Every(1))
    forks = {
        place: (step, 6, changes)
        for step, (place, (_, _, changes)) in zip((2, 4), paper.FORKS.items(), strict=True)
    }
    found = paper.lives(tmp_path, recipe, forks)
    assert {place: table.sizes["change"] for place, table in found.items()} == {"within": 5, "after": 6}
    assert {float(table["apart"]) for table in found.values()} == {0.0}
    assert found["within"]["accuracy"].sel(change="none").dropna("step")["step"].values.tolist() == [
        2,
        3,
        4,
        5,
        6,
    ]


def test_the_page_tells_the_numbers_that_are_kept_of_the_paper_s_run(paper):
    folder = Path(paper.__file__).parent
    kept = json.loads((folder / "paper.json").read_text())["lives"]
    page = (folder / "README.md").read_text(encoding="utf-8")
    said = {"decay removed": "without decay", "rate cut": "a tenth of the rate"}
    said |= {"circuit removed": "the circuit projected out", "random change": "a random change of that size"}
    said |= {"data cut below": "data cut from 0.3 to 0.15"}
    for place, values in kept.items():
        table = xr.Dataset.from_dict(values)
        assert float(table["apart"]) == 0
        for change in table["change"].values[1:]:
            one = table["accuracy"].sel(change=change).dropna("step").values
            row = f"| {paper.FORKS[place][0]:,} | {said[str(change)]} | {_to_three(one[0])} | {_to_three(one[-1])} |"
            assert row in page


def _to_three(share):
    return "1" if share > 0.9995 else f"{share:.3f}"
