"""One thread while groklens looks at a model, and the user's number of threads before and after."""

import gc
import sys
import threading
import weakref
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch

import groklens as gl
import own_parts
from groklens.errors import BadArgument
from groklens.hypotheses import planted
from groklens.threads import each_beside, one_thread

ADD = gl.ModularArithmetic(7, "add")
CIRCUIT = gl.Circuit("C7", [2])


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def seen(monkeypatch):
    """How many threads the model's passes over the task run on."""
    counts = []
    blocks = gl.Snapshot.blocks
    monkeypatch.setattr(
        gl.Snapshot, "blocks", lambda self: counts.append(torch.get_num_threads()) or blocks(self)
    )
    return counts


@pytest.mark.parametrize(
    "look",
    [
        lambda snapshot: gl.explain(snapshot),
        lambda snapshot: gl.examine(snapshot, CIRCUIT),
        lambda snapshot: gl.find_circuit(snapshot),
    ],
    ids=["explain", "examine", "find_circuit"],
)
def test_a_look_at_a_model_takes_one_thread_and_gives_the_others_back(look, seen):
    look(gl.Snapshot(planted(ADD, [2]), ADD))
    assert set(seen) == {1}
    assert torch.get_num_threads() == 3


@dataclass(frozen=True)
class Counting:
    """A schedule that keeps nothing and notes torch's threads."""

    counts: ClassVar[list[int]] = []

    def keeps(self, step):
        self.counts.append(torch.get_num_threads())
        return False


@pytest.mark.parametrize(
    ("p", "d_mlp", "n_runs", "expected"), [(7, 32, 1, 1), (7, 32, 2, 1), (43, 512, 1, 3), (7, 512, 32, 3)]
)
def test_small_steps_are_trained_on_one_thread(p, d_mlp, n_runs, expected, tmp_path):
    Counting.counts.clear()
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(p, "add"),
        model=gl.MLP(d_mlp=d_mlp),
        steps=2,
        keep=Counting(),
        train_fraction=0.5,
    )
    runs = gl.train_many([replace(recipe, seed=seed) for seed in range(n_runs)], into=tmp_path)
    assert set(Counting.counts[n_runs:]) >= {expected}
    assert {run.environment["threads"] for run in runs} == {expected}
    assert torch.get_num_threads() == 3


def test_a_model_of_a_users_own_is_trained_on_the_users_threads(tmp_path):
    """How often it uses each weight nobody knows but its author: a convolution does in every place."""
    Counting.counts.clear()
    recipe = gl.Recipe(
        task=own_parts.Maximum(5), model=own_parts.Sum(4), steps=2, keep=Counting(), train_fraction=0.5
    )
    run = gl.train(recipe, into=tmp_path)
    assert set(Counting.counts[1:]) == {3}
    assert run.environment["threads"] == 3


def test_who_is_told_of_a_small_step_has_the_threads_of_the_user(tmp_path):
    Counting.counts.clear()
    recipe = gl.Recipe(
        task=ADD, model=gl.MLP(d_mlp=8), steps=3, evaluate_every=1, keep=Counting(), train_fraction=0.5
    )
    told = []

    def callback(now):
        told.append(torch.get_num_threads())
        failing_quietly()
        told.append(torch.get_num_threads())
        if now.step == 2:
            raise KeyboardInterrupt

    def stop(now):
        told.append(torch.get_num_threads())
        return False

    with pytest.raises(KeyboardInterrupt):
        gl.train(recipe, into=tmp_path, on_evaluate=callback, stop_when=stop)
    assert set(told) == {3}
    assert set(Counting.counts[1:]) == {1}
    assert torch.get_num_threads() == 3


@one_thread()
def failing_quietly():
    with pytest.raises(ZeroDivisionError):
        failing()


def test_what_a_small_run_learns_does_not_depend_on_threads(tmp_path):
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(23, "add"),
        model=gl.Transformer(d_model=32, n_heads=4, d_head=8, d_mlp=128),
        train_fraction=0.75,
        steps=30,
    )
    learned = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        run = gl.train(recipe, into=tmp_path / str(threads))
        learned.append(torch.nn.utils.parameters_to_vector(run.final.model.parameters()))
    assert all(torch.equal(learned[0], other) for other in learned[1:])


def test_tracking_and_capturing_take_one_thread_too(tiny_run):
    counts = []

    @gl.measure(long_name="threads", units="threads", valid_range=(1, 99), source="here")
    def threads(snapshot):
        return float(torch.get_num_threads())

    assert set(gl.track(tiny_run, [threads]).threads.values) == {1.0}
    gl.capture(tiny_run, "hook_embed", reduce=lambda value: counts.append(torch.get_num_threads()) or value)
    assert set(counts) == {1}
    assert torch.get_num_threads() == 3


def test_numbers_do_not_depend_on_the_users_threads(tiny_run):
    tables = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        tables.append(gl.track(tiny_run, gl.measures.PROGRESS, gl.Circuit("C7", [1, 2])))
    assert tables[0].identical(tables[1])
    assert tables[0].identical(tables[2])


def test_threads_come_back_after_an_error():
    with pytest.raises(ZeroDivisionError):
        failing()
    assert torch.get_num_threads() == 3


@one_thread()
def failing():
    assert torch.get_num_threads() == 1
    raise ZeroDivisionError


def test_looks_that_overlap_in_threads_of_python_leave_torch_as_it_was():
    begun, second_is_in, seen = threading.Event(), threading.Event(), []

    def first():
        with one_thread():
            begun.set()
            second_is_in.wait(5)

    def second():
        begun.wait(5)
        with one_thread():
            second_is_in.set()
            one.join(5)
            seen.append(torch.get_num_threads())

    one, two = threading.Thread(target=first), threading.Thread(target=second)
    one.start(), two.start()
    two.join(10)
    assert seen == [1]
    assert torch.get_num_threads() == 3


def test_a_look_that_ends_while_another_goes_on_gives_its_own_threads_back():
    """Torch counts threads apart in each thread of Python: nobody else can give them back."""
    other_is_in, ours_is_over = threading.Event(), threading.Event()

    def other():
        with one_thread():
            other_is_in.set()
            ours_is_over.wait(5)
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    seen, thread = [], threading.Thread(target=other)
    thread.start()
    other_is_in.wait(5)
    with one_thread():
        pass
    assert torch.get_num_threads() == 3
    ours_is_over.set()
    thread.join(10)
    assert seen == [1, 3]
    assert torch.get_num_threads() == 3


def test_a_thread_that_is_born_while_another_looks_is_given_what_that_one_had():
    seen = []

    def born():
        with one_thread():
            with one_thread():
                pass
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    with one_thread():
        thread = threading.Thread(target=born)
        thread.start(), thread.join(10)
        assert torch.get_num_threads() == 1
    assert seen == [1, 3]
    later = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    later.start(), later.join(10)
    assert seen == [1, 3, 3]


def test_a_look_within_a_look_leaves_the_outer_one_on_its_thread():
    with one_thread():
        with one_thread():
            pass
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_values_are_made_in_order_by_the_caller_and_looked_at_beside():
    made, caller = [], threading.get_ident()

    def values():
        for value in range(7):
            made.append(threading.get_ident())
            yield value

    found = list(each_beside(lambda value: (value * value, threading.get_ident()), values()))
    assert [square for square, _ in found] == [0, 1, 4, 9, 16, 25, 36]
    assert set(made) == {caller}
    assert caller not in {thread for _, thread in found}
    assert list(each_beside(str, [])) == []


def test_what_a_look_beside_raises_is_raised_in_its_turn():
    def look(value):
        if value == 2:
            raise BadArgument("two")
        return value

    found = each_beside(look, range(5))
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(BadArgument, match="two"):
        next(found)


def test_draws_scored_beside_are_those_scored_in_turn(monkeypatch):
    task = gl.ModularArithmetic(13, "add")
    circuit = gl.Circuit("C13", [2, 5])

    def findings():
        return gl.examine(gl.Snapshot(planted(task, [2, 5]), task), circuit)

    beside = findings()
    monkeypatch.setattr("groklens.evidence.battery.each_beside", map)
    assert [finding.to_dict() for finding in findings()] == [finding.to_dict() for finding in beside]


def test_one_that_is_given_up_may_be_collected_in_its_own_thread(monkeypatch):
    """As where an error keeps it in a circle of references: the collector runs in whatever thread allocates."""
    raised, given_up, collected = [], threading.Event(), threading.Event()
    monkeypatch.setattr(sys, "unraisablehook", raised.append)

    def worked(value):
        if value:
            given_up.wait(10)
            gc.collect()
            collected.set()
        return value

    gc.disable()
    try:
        circle = [each_beside(worked, range(100))]
        circle.append(circle)
        assert next(circle[0]) == 0
        there = weakref.ref(circle[0])
        del circle
        given_up.set()
        assert collected.wait(10)
    finally:
        gc.enable()
    assert there() is None
    assert [str(each.exc_value) for each in raised] == []
