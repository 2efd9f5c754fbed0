"""Train inputs are judged by their targets, test inputs and all together by their labels: everywhere the same."""

import pytest
import torch

import groklens as gl
from groklens.snapshots import correct_by_targets, judged_by, judged_on_its_side, scores

CLEAN = gl.ModularArithmetic(11, "add")
TASKS = {"clean": CLEAN, "corrupted": gl.Corrupted(CLEAN, 0.3)}


@pytest.fixture(params=TASKS)
def snapshot(request):
    task = TASKS[request.param]
    model = gl.MLP(d_mlp=24, d_embed=8).build(task, seed=3)
    return gl.Snapshot(model, task, train_index=task.split(0.5, seed=0)[0])


def test_each_side_from_its_definition(snapshot):
    task, logits = snapshot.task, snapshot.logits.double()
    sides = {
        "train": (snapshot.train_index, task.targets),
        "test": (snapshot.test_index, task.labels),
        "all": (torch.arange(len(task.labels)), task.labels),
    }
    for split, (index, wanted) in sides.items():
        found = scores(snapshot, split)
        losses = -logits.log_softmax(dim=1)[index, wanted[index]]
        torch.testing.assert_close(found.losses, losses, rtol=1e-9, atol=1e-9)
        assert torch.equal(found.correct, logits[index].argmax(dim=1) == wanted[index])
        assert found.loss == pytest.approx(float(losses.mean()), rel=1e-9)
        assert torch.equal(judged_by(task, split), wanted)


def test_measures_training_and_evidence_agree(snapshot, tmp_path):
    task = snapshot.task
    recipe = gl.Recipe(
        task=task, model=gl.MLP(d_mlp=24, d_embed=8), steps=2, train_fraction=0.5, seed=0, evaluate_every=1
    )
    run = gl.train(recipe, into=tmp_path / "run", progress=False)
    row = run.history.sel(step=2)
    for split in ("train", "test"):
        found = scores(run.final, split)
        assert float(row[f"{split}_loss"]) == pytest.approx(found.loss, rel=1e-6)
        assert float(row[f"{split}_accuracy"]) == pytest.approx(found.accuracy)


def test_each_input_on_its_own_side(snapshot):
    task, train, test = snapshot.task, snapshot.train_index, snapshot.test_index
    judged = judged_on_its_side(task, train)
    assert torch.equal(judged[train], task.targets[train])
    assert torch.equal(judged[test], task.labels[test])


def test_what_a_memoriser_would_answer(snapshot):
    answered = snapshot.logits.argmax(dim=1)
    assert torch.equal(correct_by_targets(snapshot), answered == snapshot.task.targets)
