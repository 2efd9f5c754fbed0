"""What the authors of the representation measures stored of their own models, and Stander's reading of S5."""

import json

import a5_authors
import numpy as np
import pytest
import torch

import groklens as gl
from groklens import measures

#: Ours, and what the authors call it.
SHARES = {
    measures.x_embed_share: "percent_x_embed",
    measures.y_embed_share: "percent_y_embed",
    measures.unembed_share: "percent_unembed",
    measures.hidden_x_share: "percent_hidden_x",
    measures.hidden_y_share: "percent_hidden_y",
    measures.hidden_xy_share: "percent_hidden_xy",
}
EXACT = ("D59_MLP_seed1", "D59_T_seed1", "S5_MLP_seed2", "S5_T_seed1")
CYCLIC = ("C113_MLP_seed1", "C113_T_seed1")
INEXACT = ("A5_MLP_seed1", "A5_T_seed1", "A5_T_seed3")


class Model:
    def __init__(self, folder):
        self.name = folder.name
        self.snapshot = gl.load(folder).final
        self.stored = json.loads((folder / "summary_metrics.json").read_text())
        keys = (folder / "key_reps.txt").read_text().split()
        cyclic = self.name.startswith("C")
        components = [int(key.removeprefix("freq_")) for key in keys] if cyclic else keys
        self.circuit = gl.Circuit(self.snapshot.task.group, components)

    def both(self, measure):
        """Ours and theirs, by component; theirs only of the irreps that they listed."""
        ours = measure(self.snapshot)
        names = ours["component"].values.tolist()
        keys = [f"{SHARES[measure]}_{f'freq_{n}' if isinstance(n, int) else n}_rep" for n in names]
        pairs = [
            (x, self.stored[key]) for x, key in zip(ours.values, keys, strict=True) if key in self.stored
        ]
        assert len(pairs) == len(names)
        return np.array(pairs).T


_models = {}


@pytest.fixture
def model(request, zoo):
    if request.param not in _models:
        _models[request.param] = Model(zoo / "rep_theory" / request.param)
    return _models[request.param]


@pytest.mark.parametrize("model", EXACT, indirect=True)
@pytest.mark.parametrize("measure", SHARES, ids=SHARES.get)
def test_every_share_is_the_authors(model, measure):
    ours, theirs = model.both(measure)
    np.testing.assert_allclose(ours, theirs, atol=2e-7)


@pytest.mark.parametrize("model", CYCLIC, indirect=True)
@pytest.mark.parametrize("measure", list(SHARES)[:3], ids=SHARES.get)
def test_shares_of_weights_in_a_cyclic_group_are_the_authors(model, measure):
    ours, theirs = model.both(measure)
    np.testing.assert_allclose(ours, theirs, atol=2e-7)


@pytest.mark.parametrize("model", CYCLIC, indirect=True)
@pytest.mark.parametrize("measure", list(SHARES)[3:], ids=SHARES.get)
def test_theirs_of_activations_in_a_cyclic_group_are_a_little_higher(model, measure):
    """As they would be from four columns of rank two: the directions that rounding adds can only add."""
    ours, theirs = model.both(measure)
    excess = theirs - ours
    assert excess.min() > 0
    assert excess.max() < 0.01


@pytest.mark.parametrize("model", EXACT, indirect=True)
def test_hidden_losses_are_the_authors(model):
    arguments = (model.snapshot, model.circuit)
    restricted, excluded = (model.stored[f"total_hidden_{kind}_loss"] for kind in ("restricted", "excluded"))
    assert measures.hidden_restricted_loss(*arguments) == pytest.approx(restricted, rel=1e-5)
    assert measures.hidden_excluded_loss(*arguments) == pytest.approx(excluded, rel=1e-5)


@pytest.mark.parametrize("model", EXACT, indirect=True)
def test_totals_over_the_key_irreps_are_the_authors(model):
    def total(measure):
        return float(measure(model.snapshot).sel(component=list(model.circuit.components)).sum())

    hidden = sum(total(measure) for measure in list(SHARES)[3:])
    assert hidden == pytest.approx(model.stored["percent_hidden_explained"], abs=1e-5)
    for measure, name in list(SHARES.items())[:3]:
        assert total(measure) == pytest.approx(model.stored[f"{name}_explained"], abs=1e-5)


@pytest.mark.parametrize("model", ["S5_MLP_seed2"], indirect=True)
def test_golden_values(model, golden):
    expected = golden["rep_theory"][model.name]
    key = ["sign", "standard"]

    def of(measure):
        return measure(model.snapshot).sel(component=key).values.tolist()

    assert of(measures.x_embed_share) == pytest.approx(expected["percent_x_embed"], abs=1e-5)
    assert of(measures.unembed_share) == pytest.approx(expected["percent_unembed"], abs=1e-5)
    hidden = np.array([of(measure) for measure in list(SHARES)[3:]]).T
    np.testing.assert_allclose(hidden, [expected["percent_hidden_x_y_xy"][name] for name in key], atol=1.5e-5)
    arguments = (model.snapshot, model.circuit)
    restricted = expected["hidden_restricted_loss"]
    assert measures.hidden_restricted_loss(*arguments) == pytest.approx(restricted, rel=1e-5)
    excluded = expected["hidden_excluded_loss_train"]
    assert measures.hidden_excluded_loss(*arguments) == pytest.approx(excluded, rel=1e-5)


@pytest.mark.parametrize("model", INEXACT, indirect=True)
@pytest.mark.parametrize("name", ["a5_3d_a", "a5_3d_b"])
def test_the_authors_inexact_matrices_explain_their_shares_of_a5(model, name):
    """Their spans of A5's three-dimensional irreps give their numbers, ours do not: see a5_authors."""
    x = measures.total_embeddings(model.snapshot)[0]
    q = torch.linalg.qr(a5_authors.irreps_3d(divisor=5)[name].flatten(1))[0]
    stored = model.stored[f"percent_x_embed_{name}_rep"]
    assert float((q.T @ x).square().sum() / x.square().sum()) == pytest.approx(stored, abs=1e-6)
    exact = torch.linalg.qr(a5_authors.irreps_3d(divisor=4)[name].flatten(1))[0]
    ours = float(measures.x_embed_share(model.snapshot).sel(component=name))
    assert float((exact.T @ x).square().sum() / x.square().sum()) == pytest.approx(ours, abs=1e-9)


@pytest.mark.parametrize("model", ["S5_MLP_seed2"], indirect=True)
def test_every_live_neuron_of_the_s5_mlp_is_constant_on_cosets(model):
    """S4's cosets for the standard irrep, A5's for sign; large subgroups, which random vectors do not give."""
    found = measures.coset_subgroups(model.snapshot)
    component = measures.neuron_component(model.snapshot).values
    for operand in ("x", "y"):
        orders = found["order"].sel(operand=operand).values
        assert dict(zip(*np.unique(orders, return_counts=True), strict=True)) == {
            12: 11,
            24: 108,
            60: 7,
            120: 2,
        }
        assert set(component[orders == 60]) == {"sign"}
        assert set(component[(orders == 24) | (orders == 12)]) == {"standard"}
    assert float(found["concentration"].max()) < 1e-3


@pytest.mark.parametrize("model", ["S5_MLP_seed2"], indirect=True)
def test_the_subgroups_of_x_and_of_y_are_conjugate(model):
    found = measures.coset_subgroups(model.snapshot)
    orders = found["order"].values
    np.testing.assert_array_equal(orders[0], orders[1])
    points = found["subgroup"].values[:, orders[0] == 24]
    assert len(set(points[0])) == len(set(points[1])) == 5  # the stabilisers of the five points
