"""What the runs in examples/runs have to say."""

import json

import pytest

import groklens as gl
from groklens.claims import by_key

pytestmark = pytest.mark.slow


def test_mod113_generalises_by_a_few_frequencies(mod113):
    assert mod113.generalised
    assert mod113.verdict == "supported"
    assert mod113.algorithm in ("clock", "pizza", "irreps")
    assert 3 <= len(mod113.circuit.components) <= 8
    assert mod113.key_components == list(mod113.circuit.components)
    values = json.loads(mod113.to_json())
    assert (values["run"], values["task"]) == ("mod113", "a+b mod 113")


def test_mod113_predicts_with_its_circuit_at_least_as_well_as_with_everything(mod113):
    last = mod113.table.isel(step=-1)
    assert float(last["restricted_loss"]) <= float(last["test_loss"])
    assert mod113.finding("restricted_loss").verdict == "supported"


def test_mod113_needs_its_circuit_and_no_random_one(mod113):
    necessary = mod113.finding("necessity.logits")
    assert necessary.value < 0.10
    assert necessary.control("random_subspace").low > 0.99
    assert necessary.control("random_answer_functions").mean > 0.9
    sufficient = mod113.finding("sufficiency.logits")
    assert sufficient.value > 0.99
    assert max(control.high for control in sufficient.controls) < 0.2


def test_mod113_goes_through_its_phases_in_order(mod113):
    names = [phase.name for phase in mod113.phases]
    assert names == ["memorisation", "circuit formation", "cleanup"]
    ends = [phase.end for phase in mod113.phases]
    assert None not in ends
    assert ends[0][1] <= ends[1][0] < ends[1][1] <= ends[2][0]
    kept = mod113.table["step"].values.tolist()
    for low, high in ends:
        assert kept.index(high) == kept.index(low) + 1


def test_mod113_is_compared_with_its_own_beginning(mod113):
    general = mod113.finding("generalises")
    untrained = general.control("untrained")
    assert untrained.name == "untrained (step 0)"
    assert untrained.mean < 0.05
    assert general.value > 0.99


def test_mod113_has_the_losses_that_its_training_recorded(mod113, shipped):
    history = shipped("mod113").history
    for step in (0, 500, 15_000):
        for name in ("train_loss", "test_loss", "train_accuracy", "test_accuracy"):
            recorded = float(history[name].sel(step=step))
            assert float(mod113.table[name].sel(step=step)) == pytest.approx(recorded, rel=1e-3), (step, name)


def test_mod113_refutes_its_circuit_with_one_frequency_missing(mod113):
    fewer = gl.Circuit(mod113.circuit.group, mod113.circuit.components[1:])
    whole, found = gl.examine(mod113.final, mod113.circuit), gl.examine(mod113.final, fewer)
    # In the logits it keeps its accuracy by the others alone; what they hold besides, and the neurons and
    # embeddings of the missing one, tell.
    refuted = [finding.key for finding in found if finding.verdict == "refuted"]
    assert refuted == ["logits.complete", "sufficiency.neurons", "sufficiency.embeddings"]
    assert {by_key(whole)[key].verdict for key in refuted} == {"supported"}


@pytest.mark.parametrize("name", ["mod113-no-decay", "random-table"])
def test_the_controls_have_memorised_and_have_no_circuit(name, shipped, explained):
    assert shipped(name).finished
    why = explained(name)
    assert not why.generalised
    assert why.algorithm == "memorised"
    assert why.verdict == "refuted"
    assert why.circuit is None
    assert [phase.name for phase in why.phases if phase.start is not None] == ["memorisation"]


def test_a5_generalises_by_irreps_of_a_group_that_is_not_abelian(shipped, explained):
    run = shipped("a5")
    why = explained("a5")
    assert gl.measures.test_accuracy(run.final) >= 0.999
    assert (why.algorithm, why.verdict) == ("irreps", "supported")
    assert set(why.circuit.components) == set(why.key_components)
    assert gl.find_circuit(run.at(0)) is None


def test_multiplication_is_found_in_the_order_of_discrete_logarithms(shipped, explained):
    run = shipped("mul97")
    why = explained("mul97")
    assert why.generalised
    assert why.circuit.group.name == "C96"
    assert 2 <= len(why.circuit.components) <= 10
    # In the order of the residues themselves there is nothing to find.
    plain = gl.TableTask(run.task.inputs, run.task.labels, group="C96")
    misread = gl.Snapshot(run.final.model, plain, train_index=run.final.train_index)
    assert not plain.follows_group
    assert gl.find_circuit(misread) is None
