"""Recording a loop and a model of the user's own."""

import errno
import os
import warnings

import numpy as np
import pytest
import torch
from own_model import Lookup, MyModel

import groklens as gl
from groklens.errors import BadArgument, DamagedRun
from groklens.models import accuracy
from groklens.models.loss import cross_entropy_each

TASK = gl.ModularArithmetic(5, "add")
TRAIN, TEST = TASK.split(0.6, 0)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MyModel()


def update(model, optimizer):
    loss = torch.nn.functional.cross_entropy(model(TASK.inputs[TRAIN]), TASK.labels[TRAIN])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def nothing_hooked(model):
    return not any(hook.fwd_hooks or hook.bwd_hooks for hook in model.hook_dict.values())


def test_three_lines_in_a_loop_of_ones_own(model, tmp_path):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    states = {0: state(model)}
    with gl.Recorder(model, TASK, into=tmp_path / "mine", keep=gl.Every(4), train_index=TRAIN) as rec:
        for step in range(1, 11):
            update(model, optimizer)
            states[step] = state(model)
            rec.step(step)
    run = rec.run
    assert run.steps == [0, 4, 8, 10]
    assert run.finished
    assert run.recipe is None
    assert torch.equal(run.train_index, TRAIN)
    assert nothing_hooked(model)
    run.verify()
    assert run.history.step.values.tolist() == [0, 4, 8, 10]
    reference = MyModel().eval()
    for step in run.steps:
        reference.load_state_dict(states[step])
        with torch.no_grad():
            logits = reference(TASK.inputs)
        assert torch.equal(run.at(step).logits, logits)
        row = run.history.sel(step=step)
        for split, index in (("train", TRAIN), ("test", TEST)):
            assert float(row[f"{split}_loss"]) == float(
                cross_entropy_each(logits[index], TASK.labels[index]).mean()
            )
            assert float(row[f"{split}_accuracy"]) == accuracy(logits[index], TASK.labels[index])


def test_recording_changes_nothing_about_the_training(tmp_path):
    """The same loop with and without a recorder ends with the same bits, dropout and all."""
    ends = []
    for recorded in (False, True):
        torch.manual_seed(3)
        model = MyModel()
        model.embedding.eval()  # flags that differ within one model
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        if recorded:
            with gl.Recorder(model, TASK, into=tmp_path / "run", keep=gl.Every(1), train_index=TRAIN) as rec:
                for step in range(1, 8):
                    update(model, optimizer)
                    rec.step(step)
        else:
            for _ in range(7):
                update(model, optimizer)
        assert model.training
        assert model.dropout.training
        assert not model.embedding.training
        ends.append((state(model), torch.rand(1)))
    assert same(ends[0][0], ends[1][0])
    assert torch.equal(ends[0][1], ends[1][1])


def test_a_model_that_always_draws_does_not_shift_the_loops_random_numbers(tmp_path):
    class Noisy(Lookup):
        def run_with_cache(self, tokens, names_filter=None):
            return super().run_with_cache(tokens)[0] + torch.rand(1), {}

    torch.manual_seed(0)
    before = torch.get_rng_state()
    with gl.Recorder(Noisy(), TASK, into=tmp_path / "run", keep=gl.Every(1), train_index=TRAIN) as rec:
        rec.step(1)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_later_process_opens_it_with_the_class(model, tmp_path):
    with gl.Recorder(model, TASK, into=tmp_path / "mine", train_index=TRAIN) as rec:
        update(model, torch.optim.SGD(model.parameters(), lr=0.1))
        rec.step(1)
    here = rec.run.final.logits
    assert torch.equal(gl.load(tmp_path / "mine", model=MyModel()).final.logits, here)
    with pytest.raises(BadArgument, match=r"MyModel.*model="):
        _ = gl.load(tmp_path / "mine").final


@pytest.mark.parametrize(
    "spec", [gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32), gl.MLP(d_mlp=16, d_embed=8)]
)
def test_models_of_groklens_open_by_themselves(spec, tmp_path):
    model = spec.build(TASK, 0)
    with gl.Recorder(model, TASK, into=tmp_path / "run", train_index=TRAIN) as rec:
        with torch.no_grad():
            next(model.parameters()).mul_(2)
        rec.step(1)
    loaded = gl.load(tmp_path / "run")
    assert loaded.steps == [0, 1]
    assert torch.equal(loaded.final.logits, rec.run.final.logits)
    assert not torch.equal(loaded.at(0).logits, loaded.at(1).logits)
    assert same(state(loaded.final.model), state(model))


def test_an_object_that_is_no_module(tmp_path):
    model = Lookup()
    with gl.Recorder(model, TASK, into=tmp_path / "run", train_index=TRAIN) as rec:
        model.table[TASK.inputs[:, 0], TASK.inputs[:, 1], TASK.labels] += 5
        rec.step(1)
    history = rec.run.history
    assert history.test_accuracy.values.tolist() == [0.2 * 5 * (TASK.labels[TEST] == 0).double().mean(), 1.0]
    assert float(history.train_loss[0]) == pytest.approx(np.log(5))


def test_the_run_is_there_while_the_loop_runs(model, tmp_path):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with gl.Recorder(model, TASK, into=tmp_path / "run", keep=gl.Every(2), train_index=TRAIN) as rec:
        assert rec.run.steps == [0]
        for step in range(1, 4):
            update(model, optimizer)
            rec.step(step, loss=0.25 * step)
        assert rec.run.steps == [0, 2]
        assert not rec.run.finished
        assert rec.run.history.step.values.tolist() == [0, 1, 2, 3]
        assert rec.run.at(2).logits.shape == (25, 5)
    assert rec.run.steps == [0, 2, 3]


class Stop(Exception):
    """What the user's loop raises."""


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
def test_a_loop_that_raises_keeps_what_there_was(error, model, tmp_path):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = gl.Recorder(model, TASK, into=tmp_path / "run", keep=gl.Every(100), train_index=TRAIN)
    reported = {}

    def loop():
        with recorder as rec:
            for step in range(1, 20):
                update(model, optimizer)
                if step == 6:
                    raise error  # six updates made, five reported
                rec.step(step)
                reported.update(state(model))

    with pytest.raises(error):
        loop()
    run = recorder.run
    assert run.steps == [0, 5]
    assert not run.finished
    assert same(state(run.final.model), reported)
    assert not same(state(run.final.model), state(model))
    assert run.history.train_loss.notnull().all()
    run.verify()


def test_a_full_disk_does_not_hide_the_loops_own_error(model, tmp_path, monkeypatch):
    def no_space(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def loop():
        with gl.Recorder(model, TASK, into=tmp_path / "run", train_index=TRAIN) as rec:
            rec.step(1)
            monkeypatch.setattr(os, "replace", no_space)
            raise Stop

    with pytest.warns(UserWarning, match=r"could not keep step 1.*No space"), pytest.raises(Stop):
        loop()
    monkeypatch.undo()
    assert gl.load(tmp_path / "run", model=MyModel()).steps == [0]
    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(DamagedRun, match="No space"):
        gl.Recorder(model, TASK, into=tmp_path / "other").__enter__()


def test_ones_own_loss_is_recorded(model, tmp_path):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    own = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a loss that still has its graph is no reason to warn
        with gl.Recorder(
            model, TASK, into=tmp_path / "run", keep=gl.Every(3), train_index=TRAIN, loss_units="bits"
        ) as rec:
            for step in range(1, 6):
                loss = update(model, optimizer)
                own[step] = loss.item()
                rec.step(step, loss=loss)
    history = rec.run.history
    assert (
        dict(zip(history.step.values[1:].tolist(), history.reported_loss.values[1:].tolist(), strict=True))
        == own
    )
    assert history.reported_loss.units == "bits"
    assert history.train_loss.units == "nats"
    for column in (history.test_loss, history.train_loss):  # its own are of the steps that are kept
        assert history.step[column.notnull()].values.tolist() == [0, 3, 5]


def test_an_unknown_split_is_left_unknown(model, tmp_path):
    with gl.Recorder(model, TASK, into=tmp_path / "run") as rec:
        rec.step(1)
        rec.step(2, loss=0.5)
    assert rec.run.train_index is None
    assert rec.run.steps == [0, 2]
    assert rec.run.history.step.values.tolist() == [2]
    assert float(rec.run.history.reported_loss[0]) == 0.5
    assert rec.run.history.reported_loss.units == "as reported"
    assert bool(rec.run.history.train_loss.isnull().all())


def test_a_model_that_diverged_is_kept_without_numbers(model, tmp_path):
    with gl.Recorder(model, TASK, into=tmp_path / "run", keep=gl.Every(1), train_index=TRAIN) as rec:
        with torch.no_grad():
            model.readout.weight.fill_(float("nan"))
        rec.step(1)
    assert rec.run.steps == [0, 1]
    assert rec.run.history.step.values.tolist() == [0]
    with pytest.raises(BadArgument, match="not finite"):
        _ = rec.run.final.logits


@pytest.mark.parametrize("steps", [[0], [-1], [2, 2], [3, 1]])
def test_steps_have_to_increase(steps, model, tmp_path):
    with gl.Recorder(model, TASK, into=tmp_path / "run") as rec:
        for step in steps[:-1]:
            rec.step(step)
        with pytest.raises(BadArgument, match=f"step is {steps[-1]}"):
            rec.step(steps[-1])


def test_outside_the_block(model, tmp_path):
    rec = gl.Recorder(model, TASK, into=tmp_path / "run")
    with pytest.raises(BadArgument, match=r"with gl\.Recorder"):
        rec.step(1)
    with pytest.raises(BadArgument, match=r"with gl\.Recorder"):
        _ = rec.run
    with rec:
        rec.step(1)
    with pytest.raises(BadArgument, match=r"with gl\.Recorder"):
        rec.step(2)


def test_a_folder_that_holds_a_run(run_folder, model):
    before = (run_folder / "run.json").read_bytes()
    with pytest.raises(BadArgument, match=r"holds a run.*another folder"):
        gl.Recorder(model, TASK, into=run_folder).__enter__()
    assert (run_folder / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    "index",
    [
        TRAIN,
        TRAIN.flip(0),
        TRAIN.tolist(),
        TRAIN.numpy(),
        TRAIN.int(),
        torch.isin(torch.arange(25), TRAIN),
        torch.isin(torch.arange(25), TRAIN).tolist(),
        torch.isin(torch.arange(25), TRAIN).numpy(),
    ],
    ids=["indices", "unsorted", "list", "numpy", "int32", "mask", "list mask", "numpy mask"],
)
def test_a_split_in_any_form(index, model, tmp_path):
    with gl.Recorder(model, TASK, into=tmp_path / "run", train_index=index) as rec:
        pass
    assert torch.equal(rec.run.train_index, TRAIN)


@pytest.mark.parametrize(
    ("index", "says"),
    [
        ([], "at least one integer"),
        ([0, 25], "inputs 0 to 24"),
        ([-1, 3], "inputs 0 to 24"),
        ([3, 1, 3], "3 more than once"),
        (torch.ones(24, dtype=torch.bool), r"\(25,\)"),
        (torch.zeros(25, dtype=torch.bool), "at least one integer"),
        (torch.tensor([0.5, 1.0]), "at least one integer"),
        (torch.tensor([[0, 1]]), "flat list"),
    ],
)
def test_what_is_no_split(index, says, model, tmp_path):
    with pytest.raises(BadArgument, match=says):
        gl.Recorder(model, TASK, into=tmp_path / "run", train_index=index)
    assert not (tmp_path / "run").exists()


def test_models_that_cannot_be_recorded(tmp_path):
    with pytest.raises(BadArgument, match="run_with_cache"):
        gl.Recorder(torch.nn.Linear(2, 2), TASK, into=tmp_path / "run")
    closed = Lookup()
    closed.load_state_dict = None
    with pytest.raises(BadArgument, match="load_state_dict"):
        gl.Recorder(closed, TASK, into=tmp_path / "run")
    with pytest.raises(BadArgument, match="does not run on the inputs"):
        gl.Recorder(MyModel(n=3), TASK, into=tmp_path / "run").__enter__()
    with pytest.raises(BadArgument, match="d_vocab_out=7"):
        gl.Recorder(MyModel(n=6), gl.ModularArithmetic(7), into=tmp_path / "run").__enter__()
    assert not (tmp_path / "run").exists()


def test_a_schedule_that_cannot_know_its_end(model, tmp_path):
    with pytest.raises(BadArgument, match="until="):
        gl.Recorder(model, TASK, into=tmp_path / "run", keep=gl.LogSpaced(5))


def test_a_probe_without_labels_is_recorded(tmp_path):
    task = gl.Probe([[0, 1, 2], [2, 1, 0]], d_vocab=3)
    model = gl.Transformer(d_model=8, n_heads=2, d_head=4, d_mlp=16).build(task, 0)
    with gl.Recorder(model, task, into=tmp_path / "run") as rec:
        rec.step(1)
    run = gl.load(tmp_path / "run")
    assert run.steps == [0, 1]
    assert torch.equal(run.final.logits, gl.Snapshot(model, task).logits)
