"""The causal battery supports the truth, refutes what is false, and says so when it cannot tell."""

import pytest
import torch

import groklens as gl
from groklens.claims import by_key
from groklens.evidence.circuit_battery import asked
from groklens.evidence.generalising import generalises
from groklens.evidence.neuron_components import components_in_neurons
from groklens.models.loss import tied_accuracy

P = 17
TASK = gl.ModularArithmetic(P, "add")
TRUTH = (2, 5, 7)


@pytest.fixture(scope="module")
def snapshot():
    train, _ = TASK.split(0.5, seed=0)
    return gl.Snapshot(gl.planted(TASK, TRUTH), TASK, train_index=train)


#: Words that each finding's claim alone holds; those of neurons and embeddings are test_evidence's.
KEYS = {
    "general": "generalises",
    "key": "logits.key",
    "complete": "logits.complete",
    "seen": "neurons.show",
    "sufficient": "sufficiency.logits",
    "necessary": "necessity.logits",
    "readout": "necessity.readout",
}


def examined(snapshot, circuit):
    """The findings of the whole battery by what they are about."""
    findings = gl.examine(snapshot, circuit)
    found = by_key(findings)
    assert len(found) == len(findings)
    return {name: found[key] for name, key in KEYS.items()}


def verdicts(snapshot, names):
    return {name: finding.verdict for name, finding in examined(snapshot, gl.Circuit("C17", names)).items()}


def test_the_truth_is_supported_by_every_test(snapshot):
    assert set(verdicts(snapshot, TRUTH).values()) == {"supported"}


def test_a_component_too_many_is_refuted_by_logits_and_not_seen(snapshot):
    found = verdicts(snapshot, (*TRUTH, 8))
    assert (found["key"], found["seen"]) == ("refuted", "undecided")
    assert examined(snapshot, gl.Circuit("C17", [*TRUTH, 8]))["seen"].note == "not seen: 8"


def test_components_that_the_model_does_not_use_fail_every_test(snapshot):
    found = verdicts(snapshot, (1, 3, 4))
    assert found.pop("general") == "supported"  # it is right, but not by these
    assert set(found.values()) == {"refuted"}


@pytest.mark.parametrize("missing", TRUTH)
def test_a_missing_component_is_refuted_by_what_the_logits_still_hold(snapshot, missing):
    # Two frequencies of three are seen, and often enough to answer by: accuracy alone would not tell.
    found = verdicts(snapshot, [name for name in TRUTH if name != missing])
    assert found["complete"] == "refuted"
    assert (found["key"], found["seen"]) == ("supported", "supported")


def test_one_component_of_three_is_not_necessary_as_two_still_answer(snapshot):
    found = verdicts(snapshot, (2,))
    assert (found["necessary"], found["readout"]) == ("refuted", "refuted")


def test_completeness_of_every_component_is_vacuous():
    task = gl.ModularArithmetic(11, "add")
    snapshot = gl.Snapshot(gl.planted(task, [2, 5]), task)
    finding = examined(snapshot, gl.Circuit("C11", [1, 2, 3, 4, 5]))["complete"]
    assert (finding.verdict, finding.value) == ("undecided", None)
    assert "vacuous" in finding.note


def test_half_a_circuit_without_which_nothing_is_left_is_not_sufficient():
    # cos 2πk·/15 for k = 3 and 5 tell elements apart mod 5 and mod 3: each alone is wrong.
    task = gl.ModularArithmetic(15, "add")
    snapshot = gl.Snapshot(gl.planted(task, [3, 5]), task)
    assert gl.find_circuit(snapshot) == gl.Circuit("C15", [3, 5])
    for name, left in ((3, 1 / 3), (5, 1 / 5)):
        sufficient = examined(snapshot, gl.Circuit("C15", [name]))["sufficient"]
        assert sufficient.verdict == "refuted"
        assert sufficient.value <= left + 1e-9


def test_every_finding_has_a_number_and_controls_of_twenty_draws(snapshot):
    circuit = gl.Circuit("C17", TRUTH)
    for finding in (
        asked(snapshot, circuit, "sufficiency.logits"),
        asked(snapshot, circuit, "necessity.logits"),
        asked(snapshot, circuit, "necessity.readout"),
        components_in_neurons(snapshot, circuit)[1],
    ):
        assert finding.value is not None
        assert finding.source
        assert finding.controls
        for control in finding.controls:
            assert control.draws >= 20
            assert control.low <= control.mean <= control.high


def test_the_limits_of_a_clock_are_known_numbers(snapshot):
    circuit = gl.Circuit("C17", TRUTH)
    assert asked(snapshot, circuit, "sufficiency.logits").value == 1.0
    assert asked(snapshot, circuit, "necessity.logits").value == pytest.approx(
        1 / P
    )  # nothing but rounding is left
    assert asked(snapshot, circuit, "necessity.readout").value == pytest.approx(1 / P)
    assert asked(snapshot, circuit, "necessity.logits").control("random_subspace").low > 0.99
    _, finding = components_in_neurons(snapshot, circuit)
    assert finding.value == pytest.approx(1.0)


def test_controls_stand_for_the_same_number_of_functions_and_the_same_energy(snapshot):
    circuit, generator = gl.Circuit("C17", TRUTH), torch.Generator().manual_seed(1)
    logits = snapshot.logits.double()
    drawn = {null.key: null.draw(generator) for null in circuit.nulls("keep", "logits", snapshot)}
    part = drawn["random_subspace"].part(logits, "logits", snapshot)
    assert int(torch.linalg.matrix_rank(part)) == circuit.size
    answers = drawn["random_answer_functions"].part(logits, "logits", snapshot)
    assert int(torch.linalg.matrix_rank(answers)) == circuit.size
    by_answer = torch.stack([answers[TASK.labels == c] for c in range(P)])
    torch.testing.assert_close(by_answer, by_answer[:, :1].expand_as(by_answer))  # functions of the answer
    energy = circuit.project(logits, TASK).norm()
    kept = drawn["equal_energy"].part(logits, "logits", snapshot) + logits.mean(dim=0)
    assert float(kept.norm()) == pytest.approx(float(energy))
    for site in ("logits", "readout"):
        noise = circuit.nulls("remove", site, snapshot)[-1].draw(generator).part(logits, site, snapshot)
        assert float(noise.norm()) == pytest.approx(float(circuit.part(logits, site, snapshot).norm()))


def test_a_vacuous_claim_is_undecided_and_says_so():
    task = gl.ModularArithmetic(11, "add")
    everything = gl.Circuit("C11", [1, 2, 3, 4, 5])
    finding = asked(gl.Snapshot(gl.planted(task, algorithm="lookup"), task), everything, "sufficiency.logits")
    assert finding.verdict == "undecided"
    assert "vacuous" in finding.note
    finding = asked(gl.Snapshot(gl.planted(task, [2, 5]), task), everything, "sufficiency.logits")
    assert (finding.verdict, finding.value) == ("undecided", 1.0)


def test_the_battery_is_deterministic_and_leaves_the_global_generator_alone(snapshot):
    circuit = gl.Circuit("C17", TRUTH)
    before = torch.get_rng_state()
    first, again = ([finding.to_dict() for finding in gl.examine(snapshot, circuit)] for _ in range(2))
    assert first == again
    assert torch.equal(torch.get_rng_state(), before)


def test_an_untrained_model_refutes_any_hypothesis():
    model = gl.MLP(d_mlp=64, d_embed=16).build(TASK, seed=0)
    found = examined(gl.Snapshot(model, TASK), gl.Circuit("C17", TRUTH))
    assert (found["general"].verdict, found["seen"].verdict) == ("undecided", "refuted")  # no split was given
    for name in ("sufficient", "necessary", "readout"):
        assert found[name].verdict != "supported"


def test_a_model_without_mlp_is_judged_by_its_embedding():
    model = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=None).build(TASK, seed=0)
    with torch.no_grad():
        embedding = dict(model.named_parameters())["tok_embed._original_component.weight"]
        angle = 2 * torch.pi * 5 * torch.arange(P) / P
        embedding.zero_()
        embedding[:P, 0], embedding[:P, 1] = angle.cos(), angle.sin()
    seen, finding = components_in_neurons(gl.Snapshot(model, TASK), gl.Circuit("C17", [3, 5]))
    assert seen == [5]
    assert "the embeddings" in finding.claim


def test_generalising_is_asked_of_held_out_inputs_where_they_are_known():
    train, test = TASK.split(0.5, seed=0)
    model = gl.planted(TASK, TRUTH)
    known, unknown = gl.Snapshot(model, TASK, train_index=train), gl.Snapshot(model, TASK)
    assert "test inputs" in generalises(known).claim
    assert "not known" in generalises(unknown).note
    commonest = TASK.labels[test].bincount().max() / len(test)
    assert generalises(known).control("commonest_answer").mean == pytest.approx(float(commonest))


class TestSharedAccuracy:
    labels = torch.tensor([0, 1, 2, 0])

    def test_agrees_with_plain_accuracy_without_ties(self):
        logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).double()
        plain = (logits.argmax(dim=1) == self.labels).double().mean()
        assert tied_accuracy(logits, self.labels, resolution=1e-12) == pytest.approx(float(plain))

    def test_is_chance_where_all_logits_are_alike(self):
        noise = 1e-9 * torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).double()
        assert tied_accuracy(noise, self.labels, resolution=1e-6) == pytest.approx(1 / 3)

    def test_shares_the_credit_between_the_tied(self):
        logits = torch.tensor([[1.0, 1.0, 0.0]] * 4).double()
        assert tied_accuracy(logits, self.labels, resolution=1e-6) == pytest.approx((0.5 + 0.5 + 0 + 0.5) / 4)

    def test_does_not_forgive_beyond_the_resolution(self):
        logits = torch.tensor([[0.0, 1e-3, 0.0]] * 4).double()
        assert tied_accuracy(logits, self.labels, resolution=1e-6) == pytest.approx(1 / 4)


def test_a_group_by_its_name_is_the_tasks_own_whose_elements_stand_in_another_order():
    task = gl.ModularArithmetic(11, "mul")
    snapshot = gl.Snapshot(gl.planted(task, [1, 2]), task)
    by_name, by_list = gl.examine(snapshot, gl.Circuit("C10", [1, 2])), gl.examine(snapshot, [1, 2])
    assert [(each.key, each.value, each.verdict) for each in by_name] == [
        (each.key, each.value, each.verdict) for each in by_list
    ]
    assert {each.key: each.verdict for each in by_name}["necessity.readout"] == "supported"
