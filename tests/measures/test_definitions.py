"""Each measure equals its published definition, on models that have learned nothing and so excite every component."""

import numpy as np
import pytest
import reference
import torch

import groklens as gl
from groklens import measures

P = 11
KEYS = {"add": (2, 5), "sub": (1, 4), "mul": (1, 3, 5), "div": (2, 5)}  # 5 is the sign of C10
CASES = [(op, kind) for op in KEYS for kind in ("transformer", "embedded", "one-hot")]
EXACT = {"rel": 1e-10, "abs": 1e-12}


def random_model(kind, task):
    if kind == "transformer":
        return gl.Transformer(d_model=12, n_heads=2, d_head=6, d_mlp=20).build(task, seed=1)
    d_embed = 9 if kind == "embedded" else None
    model = gl.MLP(d_mlp=20, d_embed=d_embed, combine="concat").build(task, seed=1)
    with torch.no_grad():
        model.b_in.normal_(generator=torch.Generator().manual_seed(2))
    return model


class Case:
    """A random model's snapshot, and everything of it in the order in which its operation is an addition."""

    def __init__(self, op, kind):
        task = gl.ModularArithmetic(P, op)
        self.kind, self.key = kind, KEYS[op]
        self.train, self.test = task.split(0.4, seed=3)
        self.snapshot = gl.Snapshot(random_model(kind, task), task, train_index=self.train)
        self.circuit = gl.Circuit(task.group, self.key)
        self.places, _, classes, self.n = reference.as_addition(op, P)
        by_class = np.empty_like(self.snapshot.logits.double().numpy())
        by_class[:, classes] = self.snapshot.logits.double().numpy()
        self.logits = reference.reordered(by_class, op, P)
        self.neurons = reference.reordered(self.snapshot.neurons.double().numpy(), op, P)
        x, y = np.divmod(np.arange(self.n**2), self.n)
        self.labels = (x + y) % self.n
        membership = np.zeros(self.n**2, dtype=bool)
        membership[self.train.numpy()] = True
        self.in_train = reference.reordered(membership, op, P)

    def by_element(self, vectors):
        moved = np.empty((self.n, vectors.shape[1]))
        moved[self.places] = vectors[: self.n].double().numpy()
        return moved

    @property
    def operands(self):
        weights = self.snapshot.weights
        if "W_E" in weights:
            return self.by_element(weights["W_E"])
        return np.concatenate([self.by_element(side) for side in weights["W_in"]], axis=1)

    @property
    def readout(self):
        weights = self.snapshot.weights
        w_l = weights["W_U"].double()
        if "W_out" in weights:
            w_l = weights["W_out"][0].double() @ w_l
        return self.by_element(w_l.T)


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request):
    return Case(*request.param)


def as_dict(array):
    return dict(zip(array["component"].values.tolist(), array.values.tolist(), strict=True))


def test_the_reference_orders_answers_as_the_task_does(case):
    losses = reference.cross_entropy(case.logits, case.labels)
    assert losses.mean() == pytest.approx(measures.loss(case.snapshot), **EXACT)
    assert losses[case.in_train].mean() == pytest.approx(measures.train_loss(case.snapshot), **EXACT)
    assert losses[~case.in_train].mean() == pytest.approx(measures.test_loss(case.snapshot), **EXACT)


def test_accuracies(case):
    right = case.logits.argmax(axis=1) == case.labels
    assert measures.all_accuracy(case.snapshot) == pytest.approx(right.mean())
    assert measures.train_accuracy(case.snapshot) == pytest.approx(right[case.in_train].mean())
    assert measures.test_accuracy(case.snapshot) == pytest.approx(right[~case.in_train].mean())


def test_restricted_loss_keeps_the_sum_directions_and_the_mean(case):
    losses = reference.restricted_losses(case.logits, case.labels, case.key, case.n)
    arguments = (case.snapshot, case.circuit)
    assert measures.restricted_loss(*arguments) == pytest.approx(losses.mean(), **EXACT)
    assert measures.restricted_loss_train(*arguments) == pytest.approx(losses[case.in_train].mean(), **EXACT)
    assert measures.restricted_loss_test(*arguments) == pytest.approx(losses[~case.in_train].mean(), **EXACT)


def test_excluded_loss_removes_them_from_the_train_logits(case):
    def expected(key):
        return reference.excluded_loss(case.logits, case.labels, case.in_train, key, case.n)

    assert measures.excluded_loss(case.snapshot, case.circuit) == pytest.approx(expected(case.key), **EXACT)
    each = as_dict(measures.excluded_loss_each(case.snapshot, case.circuit))
    assert each == pytest.approx({k: expected((k,)) for k in case.key}, **EXACT)


def test_logit_variance_explained_is_that_of_least_squares(case):
    expected = reference.logit_fve(case.logits, case.key, case.n)
    assert measures.logit_fve(case.snapshot, case.circuit) == pytest.approx(expected, **EXACT)


def test_logit_variance_explained_of_a_group_given_by_name(case):
    named = gl.Circuit(case.circuit.group.name, case.key)
    assert measures.logit_fve(case.snapshot, named) == measures.logit_fve(case.snapshot, case.circuit)


def test_logit_similarity_is_the_cosine_with_each_cube(case):
    expected = reference.logit_similarity(case.logits, case.n)
    assert as_dict(measures.logit_similarity(case.snapshot)) == pytest.approx(expected, **EXACT)


def test_spectra_and_their_gini_coefficients(case):
    snapshot = case.snapshot
    assert as_dict(measures.embedding_spectrum(snapshot)) == pytest.approx(
        reference.spectrum(case.operands), **EXACT
    )
    assert as_dict(measures.neuron_logit_spectrum(snapshot)) == pytest.approx(
        reference.spectrum(case.readout), **EXACT
    )
    assert measures.gini_embedding(snapshot) == pytest.approx(reference.gini(case.operands), **EXACT)
    assert measures.gini_neuron_logit(snapshot) == pytest.approx(reference.gini(case.readout), **EXACT)


def test_inverse_participation_ratio(case):
    sides = [case.readout]
    if case.kind != "transformer":
        weights = case.snapshot.weights
        inward = weights["W_in"].double()
        read = weights["W_E"].double() @ inward if case.kind == "embedded" else inward
        sides.append(np.concatenate([case.by_element(side) for side in read], axis=1))
    assert measures.ipr(case.snapshot) == pytest.approx(reference.ipr(sides), **EXACT)


def test_neurons_by_a_transform_each(case):
    fractions = reference.neuron_fractions(case.neurons, case.n)
    explained = measures.neuron_explained(case.snapshot).values
    np.testing.assert_allclose(explained, fractions.max(axis=1), rtol=1e-10)
    chosen = measures.neuron_component(case.snapshot).values - 1
    of_chosen = fractions[
        np.arange(len(chosen)), chosen
    ]  # a neuron of one cell has ties: any of them will do
    np.testing.assert_allclose(of_chosen, fractions.max(axis=1), rtol=1e-10)
    assert len(set(chosen.tolist())) > 1
    expected = (fractions.max(axis=1) >= 0.85).mean()
    assert measures.clustered_neurons(case.snapshot) == pytest.approx(expected)


def test_sum_of_squared_weights(case):
    parameters = case.snapshot.model.parameters()
    expected = sum(float((p.detach().numpy().astype(np.float64) ** 2).sum()) for p in parameters)
    assert measures.sum_squared_weights(case.snapshot) == pytest.approx(expected, **EXACT)


def test_the_reference_directions_are_what_they_are_said_to_be():
    n, k = 11, 3
    a, b = np.divmod(np.arange(n * n), n)
    angle = 2 * np.pi * k * (a + b) / n
    u, v = reference.sum_directions(k, n)
    np.testing.assert_allclose(u, np.cos(angle) / np.linalg.norm(np.cos(angle)), atol=1e-12)
    np.testing.assert_allclose(v, np.sin(angle) / np.linalg.norm(np.sin(angle)), atol=1e-12)
    for order in (10, 11):
        np.testing.assert_allclose(
            reference.fourier_rows(order) @ reference.fourier_rows(order).T, np.eye(order), atol=1e-12
        )
