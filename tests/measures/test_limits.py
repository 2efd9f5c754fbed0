"""Where the answer is known in advance: planted, untrained and memorised models."""

import math

import numpy as np
import pytest
import torch

import groklens as gl
from groklens import measures

P = 17
TASK = gl.ModularArithmetic(P, "add")
TRAIN, TEST = TASK.split(0.4, seed=0)
KEY = [2, 5, 7]
CIRCUIT = gl.Circuit("C17", KEY)


@pytest.fixture(scope="module")
def clock():
    return gl.Snapshot(gl.planted(TASK, KEY), TASK, train_index=TRAIN)


@pytest.fixture(scope="module")
def untrained():
    model = gl.Transformer(d_model=48, n_heads=2, d_head=24, d_mlp=96).build(TASK, seed=0)
    return gl.Snapshot(model, TASK, train_index=TRAIN)


@pytest.fixture(scope="module")
def lookup():
    return gl.Snapshot(gl.planted(TASK, algorithm="lookup"), TASK, train_index=TRAIN)


class TestClock:
    def test_the_circuit_is_all_there_is(self, clock):
        assert measures.loss(clock) < 1e-6
        for restricted, whole in (
            (measures.restricted_loss, measures.loss),
            (measures.restricted_loss_train, measures.train_loss),
            (measures.restricted_loss_test, measures.test_loss),
        ):
            assert restricted(clock, CIRCUIT) == pytest.approx(whole(clock), rel=1e-4)
        assert measures.logit_fve(clock, CIRCUIT) == pytest.approx(1, abs=1e-6)

    def test_nothing_is_left_without_it(self, clock):
        assert measures.excluded_loss(clock, CIRCUIT) == pytest.approx(math.log(P), abs=1e-4)

    def test_without_one_frequency_the_loss_is_that_of_the_others(self, clock):
        each = measures.excluded_loss_each(clock, CIRCUIT)
        delta = np.arange(P)
        for name in KEY:
            rest = [k for k in KEY if k != name]
            logits = sum(20 * np.cos(2 * np.pi * k * delta / P) for k in rest)  # 60 in all at delta = 0
            expected = math.log(np.exp(logits - logits[0]).sum())
            assert float(each.sel(component=name)) == pytest.approx(expected, rel=1e-3)

    def test_similarities_are_the_roots_of_the_shares(self, clock):
        similarity = measures.logit_similarity(clock)
        np.testing.assert_allclose(similarity.sel(component=KEY), 3**-0.5, atol=1e-6)
        np.testing.assert_allclose(similarity.drop_sel(component=KEY), 0, atol=1e-6)
        assert float((similarity**2).sum()) == pytest.approx(1)

    def test_a_part_of_the_circuit_explains_its_share(self, clock):
        assert measures.logit_fve(clock, gl.Circuit("C17", KEY[:2])) == pytest.approx(2 / 3, abs=1e-6)
        assert measures.logit_fve(clock, gl.Circuit("C17", [1, 3])) == pytest.approx(0, abs=1e-6)

    def test_weights_hold_its_frequencies_and_no_other(self, clock):
        for spectrum in (measures.embedding_spectrum(clock), measures.neuron_logit_spectrum(clock)):
            np.testing.assert_allclose(spectrum.sel(component=KEY), 1 / 3, atol=1e-6)
            np.testing.assert_allclose(spectrum.drop_sel(component=KEY), 0, atol=1e-6)

    def test_inequality_of_six_equal_norms_among_sixteen(self, clock):
        assert measures.gini_embedding(clock) == pytest.approx(1 - 6 / 16, abs=1e-4)
        assert measures.gini_neuron_logit(clock) == pytest.approx(1 - 6 / 16, abs=1e-4)

    def test_every_neuron_is_in_a_cluster(self, clock):
        assert measures.clustered_neurons(clock) == 1.0
        np.testing.assert_allclose(measures.neuron_explained(clock), 1, atol=1e-6)
        assert measures.neuron_component(clock).values.tolist() == [2] * 4 + [5] * 4 + [7] * 4
        assert measures.ipr(clock) == pytest.approx(1, abs=1e-6)

    def test_all_rules_name_its_frequencies(self, clock):
        for rule in ("logits", "clusters", "readout"):
            assert measures.key_components(clock, rule) == KEY


class TestLookup:
    def test_every_component_is_alike(self, lookup):
        assert measures.key_components(lookup) == list(range(1, 9))
        np.testing.assert_allclose(measures.logit_similarity(lookup), 8**-0.5, atol=1e-9)
        np.testing.assert_allclose(measures.embedding_spectrum(lookup), 1 / 8, atol=1e-9)
        assert measures.gini_embedding(lookup) == pytest.approx(0, abs=1e-9)

    def test_a_neuron_of_one_cell_is_explained_as_little_as_any(self, lookup):
        # A cell's 17² coefficients are alike in power: eight products of 288 belong to a frequency.
        np.testing.assert_allclose(measures.neuron_explained(lookup), 8 / (P**2 - 1), atol=1e-9)
        assert measures.clustered_neurons(lookup) == 0
        assert measures.ipr(lookup) == pytest.approx(1 / 8, abs=1e-9)
        assert measures.key_components(lookup, "clusters") == []

    def test_a_circuit_of_some_components_is_a_part_of_it(self, lookup):
        # One-hot answers have the same power in every component: 3 of 8 explain as much.
        assert measures.logit_fve(lookup, CIRCUIT) == pytest.approx(3 / 8, abs=1e-6)


class TestUntrained:
    def test_losses_are_those_of_guessing(self, untrained):
        whole = measures.loss(untrained)
        assert whole == pytest.approx(math.log(P), abs=0.6)
        for measure in (measures.restricted_loss, measures.excluded_loss):
            assert measure(untrained, CIRCUIT) == pytest.approx(whole, abs=0.2)
        assert measures.all_accuracy(untrained) < 0.2

    def test_nothing_is_clustered_or_concentrated(self, untrained):
        assert measures.clustered_neurons(untrained) == 0
        assert float(abs(measures.logit_similarity(untrained)).max()) < 0.1
        assert float(measures.embedding_spectrum(untrained).max()) < 2 / 8
        assert measures.ipr(untrained) < 0.3
        assert measures.logit_fve(untrained, CIRCUIT) < 0.02


def test_memorising_shows_in_the_gap_between_the_splits():
    model = gl.planted(TASK, algorithm="lookup")
    with torch.no_grad():
        model.W_U[TEST] = 0.0
    snapshot = gl.Snapshot(model, TASK, train_index=TRAIN)
    assert measures.train_accuracy(snapshot) == 1.0
    assert measures.train_loss(snapshot) < 1e-9
    assert measures.test_loss(snapshot) == pytest.approx(math.log(P))
    assert measures.test_accuracy(snapshot) < 0.2


def test_a_neuron_that_does_not_vary_is_explained_by_nothing():
    model = gl.MLP(d_mlp=4, d_embed=None).build(TASK, seed=0)
    with torch.no_grad():
        model.W_in.zero_()
        model.b_in.copy_(torch.tensor([0.0, 0.1, 1.0, 7.3]))
    explained = measures.neuron_explained(gl.Snapshot(model, TASK))
    np.testing.assert_allclose(explained, 0, atol=1e-9)


def test_a_circuit_that_explains_all_but_one_neuron_is_counted_so():
    model = gl.planted(TASK, [3])
    with torch.no_grad():
        model.W_in[:, :, 0] = 0.0  # one of four neurons is silent
    assert measures.clustered_neurons(gl.Snapshot(model, TASK)) == 0.75


@pytest.mark.parametrize(
    ("rule", "expected"), [("logits", [2, 5, 7]), ("readout", [2, 5]), ("clusters", [2, 5, 7])]
)
def test_the_rules_disagree_where_a_component_is_weak(rule, expected):
    model = gl.planted(TASK, KEY)
    with torch.no_grad():
        model.W_U[8:] *= 0.05  # frequency 7: 0.1 % of the power of W_L, similarity 0.035
    assert measures.key_components(gl.Snapshot(model, TASK), rule) == expected


def test_a_negative_use_of_a_component_is_not_key():
    model = gl.planted(TASK, KEY)
    with torch.no_grad():
        model.W_U[8:] *= -1
    snapshot = gl.Snapshot(model, TASK)
    assert measures.key_components(snapshot) == [2, 5]
    assert float(measures.logit_similarity(snapshot).sel(component=7)) == pytest.approx(-(3**-0.5), abs=1e-6)


def test_a_neuron_of_two_frequencies_is_explained_by_the_share_of_the_larger():
    model = gl.MLP(d_mlp=3, d_embed=None, act_fn="identity").build(TASK, seed=0)
    shares = torch.tensor([0.84, 0.86, 1.0])
    angle = 2 * math.pi * torch.arange(P) / P
    with torch.no_grad():
        model.W_in.zero_()
        waves = torch.outer((2 * angle).cos(), shares.sqrt()) + torch.outer(
            (5 * angle).cos(), (1 - shares).sqrt()
        )
        model.W_in[0, :P] = waves
    snapshot = gl.Snapshot(model, TASK)
    np.testing.assert_allclose(measures.neuron_explained(snapshot), shares, atol=1e-6)
    assert measures.clustered_neurons(snapshot) == pytest.approx(2 / 3)  # from 0.85 on
    assert measures.cluster_sizes(snapshot) == {2: 2}
