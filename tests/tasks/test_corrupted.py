"""Corruption changes what is trained towards, and nothing that is judged."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.errors import BadArgument
from groklens.tasks import task_from_spec

TASK = gl.ModularArithmetic(11, "add")


@settings(max_examples=30, deadline=None)
@given(fraction=st.floats(0, 1), seed=st.integers(0, 5))
def test_just_the_share_asked_for_is_wrong(fraction, seed):
    noisy = gl.Corrupted(TASK, fraction, seed)
    assert int(noisy.is_wrong.sum()) == round(fraction * 121)
    assert torch.equal(noisy.labels, TASK.labels)
    assert noisy.targets.min() >= 0
    assert noisy.targets.max() < 11


def test_random_labels_are_right_as_often_as_chance():
    shares = [float((~gl.Corrupted(TASK, 1, s, uniform=True).is_wrong).double().mean()) for s in range(40)]
    assert sum(shares) / 40 == pytest.approx(1 / 11, abs=3 * (10 / 121 / 121 / 40) ** 0.5)
    assert gl.Corrupted(TASK, 1, 0).is_wrong.all()


def test_wrong_classes_are_uniform_among_the_others():
    task = gl.ModularArithmetic(3, "add")
    moved = torch.cat([(gl.Corrupted(task, 1, s).targets - task.labels) % 3 for s in range(60)])
    assert set(moved.tolist()) == {1, 2}
    assert float((moved == 1).double().mean()) == pytest.approx(0.5, abs=0.07)


def test_it_is_the_task_in_all_else():
    noisy = gl.Corrupted(TASK, 0.3, 1)
    assert noisy.group is TASK.group
    assert noisy.grid == TASK.grid
    assert noisy.token_names == TASK.token_names
    assert torch.equal(noisy.split(0.4, 2)[0], TASK.split(0.4, 2)[0])
    assert gl.Corrupted(gl.TableTask([[0], [1]], [0, 1]), 0.5).operand_names == ("a",)


def test_it_can_be_made_again():
    for base in (TASK, gl.GroupComposition("S3"), gl.TableTask([[0, 1], [1, 0]], [0, 1], "C2")):
        noisy = gl.Corrupted(base, 0.5, 3, uniform=True)
        again = task_from_spec(noisy.spec())
        assert again == noisy
        assert torch.equal(again.targets, noisy.targets)


def test_seeds_and_digests_differ_and_the_global_state_is_untouched():
    before = torch.get_rng_state()
    first, second = gl.Corrupted(TASK, 0.3, 0), gl.Corrupted(TASK, 0.3, 1)
    assert not torch.equal(first.targets, second.targets)
    assert len({first.digest, second.digest, TASK.digest}) == 3
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("task", "fraction", "said"),
    [
        (TASK, 1.5, "share of the labels"),
        (TASK, -0.1, "share of the labels"),
        (gl.TableTask([[0], [1]], [0, 0]), 0.5, "one class"),
        (gl.Corrupted(TASK, 0.1), 0.1, "corrupted already"),
    ],
)
def test_what_cannot_be_corrupted_is_refused(task, fraction, said):
    with pytest.raises(BadArgument, match=said):
        gl.Corrupted(task, fraction)


@pytest.mark.parametrize(
    "task", [TASK, gl.GroupComposition("S3"), gl.RandomTable(5), gl.TableTask([[0], [1]], [0, 1])]
)
def test_other_tasks_are_trained_towards_what_is_right(task):
    assert not task.is_corrupted
    assert torch.equal(task.targets, task.labels)
    assert gl.Corrupted(task, 0.5).is_corrupted
