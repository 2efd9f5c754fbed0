"""What is remembered with a snapshot: once, within the budget, and never of another model."""

import logging

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.snapshots import once_per_snapshot
from groklens.snapshots.memo import Memo, n_bytes

TASK = gl.ModularArithmetic(7, "add")


@pytest.fixture
def snapshot():
    return gl.Snapshot(gl.MLP(d_mlp=24, d_embed=8).build(TASK, seed=0), TASK)


@pytest.fixture
def asked():
    return []


@pytest.fixture
def shifted(asked):
    @once_per_snapshot
    def shifted(snapshot, by=0):
        """The logits, shifted."""
        asked.append(by)
        return snapshot.logits + by

    return shifted


def test_a_value_is_computed_once_for_equal_arguments(snapshot, shifted, asked):
    assert shifted(snapshot, 1) is shifted(snapshot, 1)
    assert not torch.equal(shifted(snapshot, 2), shifted(snapshot, 1))
    assert asked == [1, 2]
    assert shifted.__doc__ == "The logits, shifted."


def test_two_functions_of_one_name_do_not_share(snapshot):
    def one():
        def value(snapshot):
            return 1

        return value

    def other():
        def value(snapshot):
            return 2

        return value

    assert (snapshot.remembered(one()), snapshot.remembered(other())) == (1, 2)


def test_none_is_remembered_too(snapshot, asked):
    def nothing(snapshot):
        asked.append(1)

    assert snapshot.remembered(nothing) is snapshot.remembered(nothing) is None
    assert len(asked) == 1


def test_an_edited_model_and_another_in_its_place_share_nothing(snapshot, shifted, asked):
    own = shifted(snapshot)
    changed = gl.interventions.prune(snapshot, range(12))
    assert not torch.equal(shifted(changed), own)
    other = snapshot.with_model(gl.MLP(d_mlp=24, d_embed=8).build(TASK, seed=1))
    assert not torch.equal(shifted(other), own)
    assert len(asked) == 3


def test_circuits_and_symmetries_are_told_apart_by_what_they_are(snapshot):
    losses = [float(gl.measures.restricted_loss(snapshot, gl.Circuit("C7", [k]))) for k in (1, 2, 1)]
    assert losses[0] == losses[2] != losses[1]
    first, again = (gl.ModularArithmetic(7, "add").symmetry for _ in range(2))
    assert first == again
    assert hash(first) == hash(again)
    assert first != gl.ModularArithmetic(7, "sub").symmetry


class TestTheBudget:
    def test_what_was_longest_not_asked_for_goes_first(self, monkeypatch):
        monkeypatch.setattr("groklens.memory.BUDGETS.remembered", 1000)
        memo = Memo()
        first, second, third = ((len, (name,)) for name in "abc")
        memo.keep(first, torch.zeros(100))  # 400 bytes
        memo.keep(second, torch.zeros(100))
        assert torch.equal(memo[first], torch.zeros(100))
        memo.keep(third, torch.zeros(100))
        assert first in memo
        assert second not in memo
        assert third in memo

    def test_what_is_larger_than_all_of_it_is_not_kept_and_drives_nothing_out(self, monkeypatch):
        monkeypatch.setattr("groklens.memory.BUDGETS.remembered", 1000)
        memo = Memo()
        memo.keep((len, ()), torch.zeros(100))
        memo.keep((max, ()), torch.zeros(1000))
        assert (len, ()) in memo
        assert (max, ()) not in memo

    def test_activations_and_derived_values_share_it(self, snapshot, shifted, asked, monkeypatch):
        values = snapshot.activations("hook_embed")
        monkeypatch.setattr("groklens.memory.BUDGETS.remembered", values.nbytes)
        shifted(snapshot)
        assert torch.equal(snapshot.activations("hook_embed"), values)  # read again: it had to go
        assert snapshot.activations("hook_embed") is not values
        shifted(snapshot)
        assert asked == [0]  # beside the snapshot's own logits there is room for the smaller alone

    def test_numbers_are_the_same_where_nothing_can_be_kept(self, snapshot, monkeypatch):
        circuit = gl.Circuit("C7", [1, 3])
        expected = [
            measure(snapshot, circuit) for measure in (gl.measures.logit_fve, gl.measures.restricted_loss)
        ]
        monkeypatch.setattr("groklens.memory.BUDGETS.remembered", 0)
        fresh = gl.Snapshot(snapshot.model, TASK)
        assert [
            gl.measures.logit_fve(fresh, circuit),
            gl.measures.restricted_loss(fresh, circuit),
        ] == expected

    def test_bytes_are_counted_in_containers_and_objects(self):
        tensor, array = torch.zeros(10, dtype=torch.float64), np.zeros(5)
        assert n_bytes(tensor) == 80
        assert n_bytes([tensor, array]) == pytest.approx(120, abs=100)
        assert n_bytes({"a": (tensor, 1.0)}) >= 80
        assert n_bytes([TASK.symmetry]) < 100
        assert n_bytes([tensor, tensor]) < 160
        around = [tensor]
        around.append(around)
        assert n_bytes(around) >= 80


def test_a_circuit_is_looked_for_once_and_its_lack_said_once(snapshot, caplog):
    with caplog.at_level(logging.WARNING, logger="groklens"):
        assert gl.find_circuit(snapshot) is gl.find_circuit(snapshot) is None
    assert len(caplog.records) == 1


def test_derived_of_0_1_shows_what_is_remembered_and_warns(snapshot):
    gl.measures.loss(snapshot)
    with pytest.warns(DeprecationWarning, match=r"snapshot\.remembered"):
        derived = snapshot.derived
    assert any(name.startswith("input_statistics(") for name in derived)
    with pytest.raises(TypeError):
        derived["mine"] = 1
