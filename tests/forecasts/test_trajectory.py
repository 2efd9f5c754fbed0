"""What a signal sees of a run: nothing later than its step, and no more than it said."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.forecasts import Trajectory


def test_nothing_after_the_step_is_seen(run):
    seen = Trajectory(run, 105)
    assert seen.steps[-1] == 100
    assert seen.history["step"].values.max() == 105
    assert seen.evaluated("test_accuracy")["step"].values[-1] == 100
    for asked in (lambda: seen.snapshot(130), lambda: seen.until(200)):
        with pytest.raises(gl.errors.BadArgument, match="later than it"):
            asked()
    with pytest.raises(gl.errors.BadArgument, match="not kept"):
        seen.snapshot(99)


def test_train_only_sees_no_test_examples(run):
    seen = Trajectory(run, 300, "train_only")
    train = {tuple(each) for each in run.task.inputs[run.train_index].tolist()}
    assert {tuple(each) for each in seen.snapshot().task.inputs.tolist()} == train
    assert seen.snapshot().task.symmetry is None
    assert set(seen.history) == {"train_loss", "train_accuracy"}
    assert len(seen.examples("train").labels) == len(train)
    for asked in (lambda: seen.examples("test"), lambda: seen.evaluated("test_loss")):
        with pytest.raises(gl.errors.BadArgument, match="train_only"):
            asked()
    with pytest.raises(gl.errors.BadArgument, match="test inputs"):
        gl.measures.test_loss(seen.snapshot())
    with pytest.raises(gl.errors.BadArgument, match="cannot show"):
        seen.seen_by("oracle")


def test_held_out_sees_test_examples_and_no_group(run):
    seen = Trajectory(run, 300, "held_out")
    assert seen.snapshot().task.symmetry is None
    assert gl.measures.test_loss(seen.snapshot()) == pytest.approx(gl.measures.test_loss(run.final))
    assert len(seen.examples("test").labels) == 121 - len(run.train_index)
    assert Trajectory(run, 300, "oracle").snapshot().task.symmetry.group.name == "C11"


@dataclass(frozen=True)
class Peeks:
    """A signal that asks for more than it says."""

    asks: str
    name: str = "peeks"
    sees: str = "train_only"
    units: str = "number"
    source: str = "here"

    def value(self, trajectory):
        if self.asks == "examples":
            return float(len(trajectory.examples("test").labels))
        if self.asks == "loss":
            return float(trajectory.evaluated("test_loss").values[-1])
        if self.asks == "measure":
            return float(gl.measures.test_accuracy(trajectory.snapshot()))
        if self.asks == "recipe":
            return float(len(trajectory.recipe.task.inputs))
        return float(trajectory.snapshot(300).logits.mean())


@pytest.mark.parametrize("asks", ["examples", "loss", "measure", "future", "recipe"])
def test_a_signal_that_peeks_fails(run, asks):
    with pytest.raises(AttributeError if asks == "recipe" else gl.errors.BadArgument):
        gl.forecasts.row_of(run, 100, signals=[Peeks(asks)])


def test_of_the_recipe_hyper_parameters_and_loss_alone_are_seen(run):
    chosen = Trajectory(run, 100, "train_only").chosen
    assert vars(chosen) == {
        "loss": "cross_entropy",
        "learning_rate": 1e-2,
        "weight_decay": 0.5,
        "train_share": 0.7,
        "seed": 0,
    }


def test_signals_are_checked(run):
    with pytest.raises(gl.errors.BadArgument, match="no signal"):
        gl.forecasts.row_of(run, signals=[gl.measures.logit_scale])
    with pytest.raises(gl.errors.BadArgument, match="sees 'everything'"):
        gl.forecasts.row_of(run, signals=[Peeks("loss", sees="everything")])
    with pytest.raises(gl.errors.BadArgument, match="declare it held_out"):
        gl.forecasts.Measured(gl.measures.test_loss, "train_only")
    with pytest.raises(gl.errors.BadArgument, match="declare it oracle"):
        gl.forecasts.Measured(gl.measures.ipr, "held_out")


def test_runs_that_cannot_be_seen_so_are_refused(run):
    unknown = gl.Run.of({0: run.final.model}, run.task)
    with pytest.raises(gl.errors.BadArgument, match="not known"):
        Trajectory(unknown, 0)
    late = gl.Run.of({50: run.final.model}, run.task, train_index=run.train_index)
    with pytest.raises(gl.errors.BadArgument, match="first is 50"):
        Trajectory(late, 40)


def test_the_run_is_as_it_was(run):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = gl.forecasts.row_of(run, 170)
    assert torch.equal(torch.get_rng_state(), before)
    second = gl.forecasts.row_of(run, 170)
    for name in first:
        np.testing.assert_array_equal(first[name].values, second[name].values)
