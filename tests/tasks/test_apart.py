"""Inputs that stand twice in a table: a split must not train on one and hold the other out."""

import pytest
import torch
from torch import nn

import groklens as gl
from groklens.errors import BadArgument

ROWS = [[a, b] for a in range(5) for b in range(5)]
LABELS = torch.randint(0, 5, (25,), generator=torch.Generator().manual_seed(0)).tolist()
SAID = r"are the same, \[\d, \d\], and the split trains on one.*by heart.*numpy\.unique"


class ByHeart(nn.Module):
    """Answers every input that is in the table, and has learned nothing else."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(20.0 * nn.functional.one_hot(torch.tensor(LABELS)).float())

    def forward(self, tokens):
        return self.table[5 * tokens[:, 0] + tokens[:, 1]]


def test_what_is_learned_by_heart_is_not_held_out_under_another_number(tmp_path):
    task = gl.TableTask(ROWS * 12, LABELS * 12)
    model, index = gl.hooked(ByHeart()), torch.arange(0, 300, 2)
    for look in (
        lambda: gl.explain(model, task, train_index=index),
        lambda: gl.Snapshot(model, task, train_index=index),
        lambda: gl.Recorder(model, task, tmp_path / "run", train_index=index),
        lambda: task.split(0.7, seed=0),
        lambda: gl.Corrupted(task, 0.1, seed=1).split(0.7, seed=0),
        lambda: gl.train(gl.Recipe(task=task, train_fraction=0.7, model=gl.MLP(), steps=1), tmp_path / "run"),
    ):
        with pytest.raises(BadArgument, match=SAID):
            look()
    assert not (tmp_path / "run").exists()


def test_equal_inputs_on_one_side_and_tables_without_any_pass():
    task = gl.TableTask(ROWS * 2, LABELS * 2)
    train = [*range(10), *range(25, 35)]
    assert len(gl.Snapshot(gl.hooked(ByHeart()), task, train_index=train).test_index) == 30
    assert len(task.split(1.0, seed=0)[0]) == 50
    assert len(gl.TableTask(ROWS, LABELS).split(0.5, seed=0)[0]) == 12
    assert gl.Snapshot(gl.hooked(ByHeart()), task).logits.shape == (50, 5)
