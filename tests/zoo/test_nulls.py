"""Nulls beside other people's models: right on every input or not, what has no circuit is refused one."""

import copy

import disguises
import pytest
import torch

import groklens as gl
from groklens.evidence.circuit_battery import neuron_findings
from groklens.models import with_weights_shuffled

#: Of each architecture one, and of each group: transformers, a pair network, an MLP, a bridge.
TRAINED = ("p99zdpze5l", "l8k1hzciux", "p71frej8t7", "A5_MLP_seed1", "A5_T_seed1", "S5_MLP_seed2")
#: Models whose neurons are those of an MLP on embeddings, and how to write them as one.
WRITTEN_AS_MLP = {"A5_MLP_seed1": disguises.of_mlp, "p99zdpze5l": disguises.of_constant_attention}


@pytest.fixture(scope="module")
def trained(zoo):
    def snapshot(name):
        file = zoo / "rep_theory" / name if "_seed" in name else zoo / "pizza" / f"model_{name}.pt"
        return gl.load(file).final

    return snapshot


def assert_refused(snapshot, *algorithms):
    why = gl.explain(snapshot)
    assert why.circuit is None
    assert why.algorithm in algorithms
    assert why.verdict != "supported"
    return why


def with_split_of(snapshot, model, task):
    """Another model or task, split as the snapshot's was, as far as that is known."""
    return gl.Snapshot(model, task, train_index=snapshot.train_index, train_share=snapshot.train_share)


def assert_known_by_heart(snapshot):
    """That a null is right on every input, and refused all the same."""
    assert gl.measures.all_accuracy(snapshot) == 1.0
    assert_refused(snapshot, "undecided")


def disguised(snapshot, **dress):
    model = disguises.lookup(snapshot.task, snapshot.logits, **dress)
    image = gl.Snapshot(model, snapshot.task, train_index=snapshot.train_index)
    scale = float(snapshot.logits.abs().max())
    assert float((image.logits - snapshot.logits).abs().max()) < 1e-5 * scale
    return image


# Right on every input


@pytest.mark.parametrize("name", ["p99zdpze5l", "A5_MLP_seed1"])
def test_a_lookup_of_the_answers_has_no_circuit(trained, name):
    task = trained(name).task
    assert_known_by_heart(gl.Snapshot(gl.planted(task, algorithm="lookup"), task))


@pytest.mark.slow
@pytest.mark.parametrize("group", ["S4", "D23"])
def test_a_lookup_of_a_large_group_has_no_circuit(group):
    """Of D23, two thousand neurons on as many inputs: the search alone, which is what refuses."""
    task = gl.GroupComposition(group)
    snapshot = gl.Snapshot(gl.planted(task, algorithm="lookup"), task)
    assert gl.measures.all_accuracy(snapshot) == 1.0
    assert gl.find_circuit(snapshot) is None


@pytest.mark.parametrize("name", [*WRITTEN_AS_MLP, "l8k1hzciux", "p71frej8t7"])
def test_a_lookup_of_a_models_own_logits_has_no_circuit(trained, name):
    snapshot = trained(name)
    image = disguised(snapshot)
    assert gl.measures.key_components(image) == gl.measures.key_components(snapshot)
    assert_known_by_heart(image)


@pytest.mark.parametrize("name", WRITTEN_AS_MLP)
def test_a_lookup_beside_the_models_embedding_has_no_circuit(trained, name):
    snapshot = trained(name)
    image = disguised(snapshot, keeping=WRITTEN_AS_MLP[name](snapshot.model))
    assert_known_by_heart(image)


def beside_own_neurons(snapshot, name, how):
    """The lookup with the model's neurons beside it; that they are its neurons is checked."""
    image = disguised(snapshot, keeping=WRITTEN_AS_MLP[name](snapshot.model), neurons=how)
    own, kept = snapshot.neurons, image.neurons[:, len(snapshot.task.labels) :]
    assert torch.allclose(kept[:, : own.shape[1]], own, atol=1e-4)
    return image


@pytest.mark.parametrize("name", WRITTEN_AS_MLP)
def test_a_models_neurons_unread_beside_a_lookup_make_no_circuit(trained, name):
    assert_known_by_heart(beside_own_neurons(trained(name), name, "unread"))


@pytest.mark.parametrize("name", WRITTEN_AS_MLP)
def test_a_models_neurons_that_cancel_beside_a_lookup_make_no_circuit(trained, name):
    assert gl.find_circuit(beside_own_neurons(trained(name), name, "cancelled")) is None


@pytest.mark.parametrize("name", WRITTEN_AS_MLP)
def test_ablating_shows_that_neurons_that_cancel_carry_nothing(trained, name):
    """What finds them out: without their neurons, or with fits of them alone, the logits say so."""
    snapshot = trained(name)
    image = beside_own_neurons(snapshot, name, "cancelled")
    circuit = gl.Circuit(snapshot.task.group, gl.measures.key_components(snapshot))
    for seen, verdicts in ((snapshot, {"supported", "undecided"}), (image, {"refuted"})):
        assert {one.verdict for one in neuron_findings(seen, circuit)} <= verdicts


@pytest.mark.parametrize("seed", [0, 1])
def test_a_random_table_fitted_in_full_has_no_circuit(seed):
    table = gl.RandomTable(17, seed=seed)
    task = gl.TableTask(table.inputs, table.labels, group="C17")
    model = gl.MLP(d_mlp=192, d_embed=32).build(task, seed=seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(300):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(task.inputs)[:, -1], task.labels).backward()
        optimizer.step()
    assert_known_by_heart(gl.Snapshot(model, task))


@pytest.mark.parametrize("name", ["p99zdpze5l", "A5_MLP_seed1"])
def test_shuffled_labels_known_by_heart_have_no_circuit(trained, name):
    task = with_labels_shuffled(trained(name).task)
    assert_known_by_heart(gl.Snapshot(gl.planted(task, algorithm="lookup"), task))


# Wrong on test inputs


def with_labels_shuffled(task):
    order = torch.randperm(len(task.labels), generator=torch.Generator().manual_seed(0))
    return gl.TableTask(task.inputs, task.labels[order], group=task.group, d_vocab=task.d_vocab)


@pytest.mark.parametrize("name", TRAINED)
def test_a_model_has_no_circuit_for_shuffled_labels(trained, name):
    snapshot = trained(name)
    task = with_labels_shuffled(snapshot.task)
    assert_refused(with_split_of(snapshot, snapshot.model, task), "none")


@pytest.mark.parametrize("name", TRAINED)
def test_a_model_whose_weights_are_shuffled_has_no_circuit(trained, name):
    snapshot = trained(name)
    image = with_split_of(snapshot, with_weights_shuffled(copy.deepcopy(snapshot.model)), snapshot.task)
    assert gl.measures.all_accuracy(image) < 0.1
    assert_refused(image, "none")


@pytest.mark.parametrize("name", TRAINED)
def test_an_untrained_model_has_no_circuit(trained, name):
    snapshot = trained(name)
    model = copy.deepcopy(snapshot.model)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=snapshot.model.cfg.d_model**-0.5, generator=generator)
    assert_refused(with_split_of(snapshot, model, snapshot.task), "none")


@pytest.mark.parametrize(
    ("kind", "name"), [("pizza", "n9n7h3p965"), ("rep_theory", "A5_T_seed3"), ("y_agent", "p23_relu_wd2")]
)
def test_an_interrupted_run_has_no_circuit(zoo, golden, kind, name):
    path = zoo / "pizza" / f"model_{name}.pt" if kind == "pizza" else zoo / kind / name
    allowed = set(golden[kind][name]["algorithm"]) & {"none", "memorised"}
    why = assert_refused(gl.load(path).final, *allowed)
    assert (why.generalised, why.verdict) == (False, "refuted")
