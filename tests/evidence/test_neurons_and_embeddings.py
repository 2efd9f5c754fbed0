"""What the neurons and embeddings must show, and what they must not be taken to show."""

import pytest
import torch

import groklens as gl
from groklens.claims import by_key
from groklens.evidence.circuit_battery import embedding_findings, neuron_findings
from groklens.interventions import clusters

ADD = gl.ModularArithmetic(23, "add")
CIRCUIT = gl.Circuit("C23", [2, 5, 9])


@pytest.fixture(scope="module")
def clock():
    return gl.Snapshot(gl.planted(ADD, [2, 5, 9]), ADD)


def found_in(snapshot, circuit=CIRCUIT):
    return by_key([*neuron_findings(snapshot, circuit), *embedding_findings(snapshot, circuit)])


def verdicts(snapshot, circuit=CIRCUIT):
    return {key: finding.verdict for key, finding in found_in(snapshot, circuit).items()}


def test_a_clock_shows_it_all(clock):
    found = verdicts(clock)
    assert found["sufficiency.neurons"] == found["sufficiency.embeddings"] == "supported"
    assert found["necessity.embeddings"] == found["clusters.carry"] == "supported"
    # Every neuron is the circuit's: no other set as large can be drawn, and the finding says so.
    assert found["necessity.neurons"] == "undecided"
    assert "no control could be drawn" in found_in(clock)["necessity.neurons"].note


def test_every_finding_has_its_controls(clock):
    for finding in found_in(clock).values():
        assert finding.source
        assert finding.controls or "no control" in finding.note
        assert all(control.low <= control.mean <= control.high for control in finding.controls)
    assert found_in(clock)["sufficiency.neurons"].control("relabelled").draws >= 20


def test_with_idle_neurons_beside_it_the_circuits_own_are_necessary(clock):
    """As many idle neurons again: now random sets exist, and ablating them does nothing."""
    wide = with_idle_neurons(clock)
    torch.testing.assert_close(wide.logits, clock.logits, rtol=1e-4, atol=1e-4)
    assert found_in(wide)["necessity.neurons"].verdict == "supported"
    assert found_in(wide)["clusters.carry"].value == pytest.approx(1, abs=1e-4)


def test_a_wrong_circuit_is_refused(clock):
    found = verdicts(clock, gl.Circuit("C23", [1, 3, 4]))
    assert found["sufficiency.neurons"] == found["sufficiency.embeddings"] == "refuted"
    assert found["necessity.embeddings"] == "refuted"
    assert found["necessity.neurons"] == found["clusters.carry"] == "undecided"


def test_an_untrained_model_supports_nothing():
    snapshot = gl.Snapshot(gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32).build(ADD, 0), ADD)
    assert "supported" not in verdicts(snapshot).values()


def test_a_lookup_has_no_neurons_of_any_component():
    snapshot = gl.Snapshot(gl.planted(ADD, algorithm="lookup"), ADD)
    found = verdicts(snapshot)
    assert clusters(snapshot, CIRCUIT) == {}
    assert found["sufficiency.neurons"] == "refuted"
    assert found["necessity.neurons"] == found["clusters.carry"] == "undecided"


def test_number_and_control_are_of_the_same_components():
    """Of a lookup no component is seen: beside what all hold under other labels stands what all hold, not none."""
    found = gl.explain(gl.planted(ADD, algorithm="lookup"), ADD).finding("neurons.show")
    control = found.control("relabelled")
    assert (found.verdict, found.value) == ("refuted", pytest.approx(control.mean))
    assert found.value > 0.1
    assert found.claim == "the neurons compute with the 11 components that are key in the logits"
    assert found.note == "none is seen, and the share is that of all: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"


def test_of_one_component_it_is_said_that_it_is_one():
    why = gl.explain(gl.planted(ADD, [2]), ADD)
    assert (
        why.finding("neurons.show").claim
        == "the neurons compute with the one component that is key in the logits"
    )


def test_one_step_is_no_control_of_itself():
    found = gl.explain(gl.planted(ADD, [2, 5]), ADD, train_index=ADD.split(0.5, 0)[0]).finding(
        "restricted_loss"
    )
    assert [each.key for each in found.controls] == ["whole_model"]


def test_explain_and_examine_report_the_neurons(clock):
    assert "sufficiency.neurons" in by_key(gl.explain(clock).findings)
    assert "sufficiency.embeddings" in by_key(gl.examine(clock, CIRCUIT))


def with_idle_neurons(snapshot):
    """The planted clock's MLP with twice the neurons, the new ones random and read by nothing."""
    model = snapshot.model
    d_mlp, n = model.cfg.d_mlp, 2 * model.cfg.d_mlp + 10
    wide = gl.MLP(
        d_mlp=n, d_embed=model.cfg.d_model, combine=model.cfg.combine, act_fn=model.cfg.act_fn
    ).build(ADD, seed=0)
    with torch.no_grad():
        wide.W_E.copy_(model.W_E)
        wide.b_in.normal_(generator=torch.Generator().manual_seed(0))
        wide.W_in[:, :, :d_mlp], wide.b_in[:d_mlp] = model.W_in, model.b_in
        wide.W_U.zero_(), wide.b_U.copy_(model.b_U)
        wide.W_U[:d_mlp] = model.W_U
    return gl.Snapshot(wide, ADD)
