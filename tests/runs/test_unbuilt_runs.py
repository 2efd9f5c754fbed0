"""A stored transformer is looked at without its bridge, to the same numbers, and is that bridge for whoever asks."""

import torch

import groklens as gl
from groklens.models import draws_nothing
from groklens.models.unbuilt import Unbuilt


def test_a_stored_run_is_looked_at_without_a_bridge_and_gives_one(tiny_run):
    step = tiny_run.steps[-1]
    snapshot, bridge = tiny_run.at(step), tiny_run.models[step]()
    logits, words = snapshot.logits, snapshot.anatomy.in_words
    assert type(snapshot.anatomy.model) is Unbuilt
    assert draws_nothing(snapshot.anatomy.model)
    plain = gl.Snapshot(bridge, tiny_run.task, step, tiny_run.train_index)
    assert torch.equal(logits, plain.logits)
    assert torch.equal(snapshot.neurons, plain.neurons)
    assert words == plain.anatomy.in_words  # frozen biases are no trained parameters
    assert snapshot.anatomy.hooks == plain.anatomy.hooks
    assert type(snapshot.model) is type(bridge)
    assert snapshot.model is snapshot.model
    assert not draws_nothing(snapshot.anatomy.model)
    assert [p.requires_grad for p in snapshot.model.parameters()] == [
        p.requires_grad for p in bridge.parameters()
    ]


def test_what_a_user_changes_in_the_bridge_is_looked_at(tiny_run):
    snapshot = tiny_run.final
    with torch.no_grad():
        snapshot.model.original_model.head.weight.zero_()
    assert float(snapshot.logits.abs().max()) == 0


def test_measures_are_the_same_with_and_without_a_bridge_and_two_steps_at_a_time(tiny_run):
    circuit = gl.Circuit("C7", [1, 2])
    bridges = gl.Run.of(
        {step: tiny_run.models[step]() for step in tiny_run.steps},
        tiny_run.task,
        train_index=tiny_run.train_index,
        name=tiny_run.name,
    )
    one = gl.measures.tabulate(tiny_run, gl.measures.PROGRESS, circuit, tiny_run.steps)
    two = gl.measures.tabulate(tiny_run, gl.measures.PROGRESS, circuit, tiny_run.steps, beside=True)
    assert two.identical(one)
    assert gl.measures.tabulate(bridges, gl.measures.PROGRESS, circuit, tiny_run.steps).identical(one)


def test_rows_taken_beside_raise_the_first_error_and_leave_the_random_state(tiny_run):
    import pytest

    @gl.measure(long_name="fails late", units="", valid_range=(0, 1), source="here")
    def fails_late(snapshot):
        return 0.0 if snapshot.step in (tiny_run.steps[-1], 0) else float("nan")

    before = torch.get_rng_state()
    with pytest.raises(gl.errors.BadArgument, match=f"fails_late at step {tiny_run.steps[1]} "):
        gl.measures.tabulate(tiny_run, [fails_late], None, tiny_run.steps, beside=True)
    assert torch.equal(torch.get_rng_state(), before)
