"""A run of Nanda et al. (2023): every progress measure, to the digits recomputed in float64."""

import pytest

import groklens as gl


@pytest.fixture(scope="module")
def snapshot(zoo):
    run = gl.load(zoo / "nanda" / "wd_10-1_mod_addition_loss_curve.pth")
    last = run.final
    return gl.Snapshot(last.model.double(), run.task, step=last.step, train_index=run.train_index)


@pytest.fixture(scope="module")
def expected(golden):
    return golden["nanda"]["wd_10-1_mod_addition_loss_curve"]


@pytest.fixture(scope="module")
def circuit(expected):
    return gl.Circuit("C113", [int(name) for name in expected["frequencies"]])


def test_numbers(snapshot, expected, circuit):
    m = gl.measures
    measured = {
        "accuracy": m.all_accuracy(snapshot),
        "train_loss": m.train_loss(snapshot),
        "test_loss": m.test_loss(snapshot),
        "excluded_train_all": m.excluded_loss(snapshot, circuit),
        "logit_ols_fve": m.logit_fve(snapshot, circuit),
        "gini_W_E": m.gini_embedding(snapshot),
        "gini_W_L": m.gini_neuron_logit(snapshot),
        "sum_squared_weights": m.sum_squared_weights(snapshot),
        "neurons_above_0.85": m.clustered_neurons(snapshot) * 512,
    }
    assert measured == pytest.approx({name: expected[name] for name in measured}, rel=expected["tol"])
    restricted = {
        "all": m.restricted_loss(snapshot, circuit),
        "train": m.restricted_loss_train(snapshot, circuit),
        "test": m.restricted_loss_test(snapshot, circuit),
    }
    assert restricted == pytest.approx(expected["restricted"], rel=expected["tol"])


def test_excluding_one_frequency_at_a_time(snapshot, expected, circuit):
    each = gl.measures.excluded_loss_each(snapshot, circuit)
    for name, loss in expected["excluded_train_each"].items():
        assert float(each.sel(component=int(name))) == pytest.approx(loss, rel=expected["tol"])


def test_clusters(snapshot, expected):
    sizes = gl.measures.cluster_sizes(snapshot)
    assert {str(name): size for name, size in sizes.items()} == expected["frequencies"]


def test_three_rules_agree(snapshot, circuit):
    for rule in ("logits", "clusters", "readout"):
        assert gl.measures.key_components(snapshot, rule) == list(circuit.components)


def test_algorithm_is_among_the_allowed(snapshot, expected):
    assert gl.explain(snapshot).algorithm in expected["algorithm"]
