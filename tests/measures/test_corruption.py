"""What becomes of wrong labels, on models whose answers are known."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import groklens as gl
from groklens.errors import BadArgument

TASK = gl.Corrupted(gl.ModularArithmetic(7, "add"), 0.3, seed=1)
TRAIN, TEST = TASK.split(0.6, 0)
M = gl.measures


def answering(classes, train_index=TRAIN, task=TASK):
    """A snapshot of a model that answers input i with classes[i], surely."""
    table = gl.TableTask(task.inputs, classes, "C7")
    model = gl.planted(table, algorithm="lookup")
    return gl.Snapshot(model, task, train_index=train_index)


def test_a_model_that_knows_the_truth_corrects():
    right = answering(TASK.labels)
    assert (M.fitted_accuracy(right), M.corrected_accuracy(right), M.clean_accuracy(right)) == (0, 1, 1)
    assert M.test_accuracy(right) == 1
    assert M.train_accuracy(right) == pytest.approx(1 - float(TASK.is_wrong[TRAIN].double().mean()))
    assert M.all_accuracy(right) == 1


def test_a_model_that_memorises_fits():
    learned = answering(TASK.targets)
    assert (M.fitted_accuracy(learned), M.corrected_accuracy(learned), M.clean_accuracy(learned)) == (1, 0, 1)
    assert M.train_accuracy(learned) == 1
    assert M.train_loss(learned) < 0.01 < M.loss(learned)
    assert M.test_accuracy(learned) == pytest.approx(1 - float(TASK.is_wrong[TEST].double().mean()))


def test_other_answers_are_neither():
    other = torch.where(TASK.is_wrong, 2 * TASK.labels - TASK.targets, TASK.labels) % 7
    neither = answering(other)
    assert (M.fitted_accuracy(neither), M.corrected_accuracy(neither)) == (0, 0)


def test_a_split_without_wrong_labels_has_no_number():
    clean = answering(TASK.labels, train_index=torch.nonzero(~TASK.is_wrong)[:, 0])
    assert math.isnan(M.fitted_accuracy(clean))
    assert M.clean_accuracy(clean) == 1


def test_an_ordinary_task_has_none_and_track_says_so():
    plain = answering(TASK.labels, task=TASK.task)
    with pytest.raises(BadArgument, match=r"gl\.Corrupted"):
        M.fitted_accuracy(plain)
    run = SimpleNamespace(task=plain.task, steps=[0], at=lambda step: plain)
    assert "fitted_accuracy" in gl.track(run, [M.fitted_accuracy, M.loss]).attrs["left_out"]


def test_training_fits_the_targets_and_judges_by_the_truth(tmp_path):
    recipe = gl.Recipe(
        task=TASK,
        train_fraction=0.6,
        model=gl.MLP(d_mlp=64, d_embed=None),
        optimizer=gl.AdamW(lr=1e-2, weight_decay=0.0),
        steps=300,
        evaluate_every=300,
        keep=gl.Steps([300]),
    )
    run = gl.train(recipe, into=tmp_path / "run")
    assert M.fitted_accuracy(run.final) == 1
    last = run.history.sel(step=300)
    assert float(last["train_accuracy"]) == M.train_accuracy(run.final) == 1
    assert float(last["test_accuracy"]) == pytest.approx(M.test_accuracy(run.final))
    assert float(last["test_loss"]) == pytest.approx(M.test_loss(run.final), rel=1e-6)
    assert gl.load(tmp_path / "run").recipe == recipe


def test_a_recorder_scores_by_targets_too(tmp_path):
    model = gl.planted(gl.TableTask(TASK.inputs, TASK.targets, "C7"), algorithm="lookup")
    with gl.Recorder(model, TASK, into=tmp_path / "mine", keep=gl.Every(1), train_index=TRAIN) as recorder:
        recorder.step(1)
    last = recorder.run.history.sel(step=1)
    assert float(last["train_accuracy"]) == 1
    assert float(last["test_accuracy"]) < 1
    assert isinstance(model, nn.Module)


def test_restricted_and_excluded_losses_take_train_inputs_by_target():
    snapshot = gl.Snapshot(gl.planted(TASK.task, [1, 2], "clock"), TASK, train_index=TRAIN)
    clean = gl.Snapshot(snapshot.model, TASK.task, train_index=TRAIN)
    circuit = gl.Circuit("C7", [1, 2])
    assert M.excluded_loss(snapshot, circuit) == pytest.approx(M.excluded_loss(clean, circuit), rel=0.1)
    assert M.restricted_loss_train(snapshot, circuit) > M.restricted_loss_train(clean, circuit) + 0.1
    assert M.restricted_loss(snapshot, circuit) == M.restricted_loss(clean, circuit)
