"""Measures that never see all logits at once equal what the whole array gives, in any group."""

import numpy as np
import pytest

import groklens as gl
from groklens import measures
from groklens.models.loss import cross_entropy_each

CASES = {
    "add": (gl.ModularArithmetic(13, "add"), [2, 5]),
    "mul": (gl.ModularArithmetic(11, "mul"), [1, 5]),
    "S3": (gl.GroupComposition("S3"), ["standard"]),
    "D4": (gl.GroupComposition("D4"), None),
}


@pytest.fixture(params=CASES)
def case(request, monkeypatch):
    task, names = CASES[request.param]
    monkeypatch.setattr("groklens.memory.BUDGETS.statistics", 8 * 40 * 17)  # several blocks
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=24).build(task, seed=1)
    snapshot = gl.Snapshot(model, task, train_index=task.split(0.4, seed=0)[0])
    names = names or list(gl.harmonics.nontrivial(task.group))[-2:]
    return snapshot, gl.Circuit(task.group, names)


def test_restricted_and_excluded_losses(case):
    snapshot, circuit = case
    logits, task, train = snapshot.logits.double(), snapshot.task, snapshot.train_index
    kept = cross_entropy_each(circuit.project(logits, task) + logits.mean(dim=0), task.labels)
    assert measures.restricted_loss(snapshot, circuit) == pytest.approx(float(kept.mean()), rel=1e-9)
    assert measures.restricted_loss_train(snapshot, circuit) == pytest.approx(
        float(kept[train].mean()), rel=1e-9
    )
    assert measures.restricted_loss_test(snapshot, circuit) == pytest.approx(
        float(kept[snapshot.test_index].mean()), rel=1e-9
    )
    each = measures.excluded_loss_each(snapshot, circuit)
    assert each["component"].values.tolist() == list(circuit.components)

    def excluded(circuit):
        losses = cross_entropy_each(circuit.remove(logits, task)[train], task.labels[train])
        return pytest.approx(float(losses.mean()), rel=1e-9)

    assert measures.excluded_loss(snapshot, circuit) == excluded(circuit)
    for name, loss in zip(circuit.components, each.values.tolist(), strict=True):
        assert loss == excluded(gl.Circuit(circuit.group, [name]))


def test_similarity_with_each_character(case):
    snapshot, circuit = case
    group, symmetry = circuit.group, snapshot.task.symmetry
    n = group.order
    logits = snapshot.logits[:, :n].double()
    quotient = group.table[symmetry.products][:, group.inverses]
    for centred, found in (
        (logits - logits.mean(dim=1, keepdim=True), measures.logit_similarity(snapshot)),
        (logits - logits.mean(), None),
    ):
        cosines = {}
        for name, part in gl.harmonics.nontrivial(group).items():
            character = part.character[quotient]
            cosines[name] = float((centred * character).sum() / (centred.norm() * character.norm()))
        if found is None:
            share = sum(cosines[name] ** 2 for name in circuit.components)
            assert measures.logit_fve(snapshot, circuit) == pytest.approx(share, rel=1e-9)
        else:
            assert found.values.tolist() == pytest.approx(list(cosines.values()), rel=1e-9, abs=1e-12)


def test_each_measure_alone_says_what_it_says_after_the_others(case):
    snapshot, circuit = case
    for measure in measures.PROGRESS:
        alone = gl.Snapshot(snapshot.model, snapshot.task, train_index=snapshot.train_index)
        found, expected = measure(alone, circuit), measure(snapshot, circuit)
        assert np.array_equal(np.asarray(found), np.asarray(expected)), measure.__name__


def test_memoised_numbers_are_those_of_the_circuit_asked_for(case):
    snapshot, circuit = case
    other = gl.Circuit(circuit.group, [next(iter(gl.harmonics.nontrivial(circuit.group)))])
    first = measures.excluded_loss(snapshot, circuit)
    assert measures.excluded_loss(snapshot, other) != first
    assert measures.excluded_loss(snapshot, circuit) == first
