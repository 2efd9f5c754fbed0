"""Losses beside weights are the history, or are named: none vanishes without a word."""

import numpy as np
import pytest
import torch

import groklens as gl

ADD = gl.ModularArithmetic(5, "add")
CURVE = [3.0, 2.0, 1.0]
LEFT_OUT = "left out of the history"


class Lookup(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(6, 4)
        self.error_scale = torch.nn.Parameter(torch.ones(3))
        self.out = torch.nn.Linear(12, 5)

    def forward(self, tokens):
        return self.out(self.embed(tokens).flatten(1))


WEIGHTS = Lookup().state_dict()


def loaded(path):
    return gl.load(path, task=ADD, model=gl.hooked(Lookup()))


BESIDE = {
    "two places": (
        {"history": {"train": CURVE, "test": CURVE[:2]}, "train_losses": CURVE, "val_loss": np.array(CURVE)},
        ["train_loss", "val_loss"],
        ["history.train (3 entries)", "history.test (2 entries)"],
    ),
    "of several, none": (
        {"history": {"train_loss": CURVE}, "metrics": {"acc": torch.tensor(CURVE)}},
        [],
        ["history.train_loss (3 entries)", "metrics.acc (3 entries)"],
    ),
    "further in": ({"stats": {"test": {"loss": CURVE[:1]}}}, ["loss"], []),
    "the same name further in": (
        {"loss": CURVE, "val": {"loss": [0.0, *CURVE[1:]]}},
        ["loss"],
        ["val.loss (3 entries)"],
    ),
    "another length": ({"train_losses": CURVE, "test_losses": CURVE[:2]}, ["train_loss"], ["test_losses (2 entries)"]),
    "by step": ({"train_loss": {0: 3.0, 10: 2.0}}, [], ["train_loss (2 entries)"]),
    "pairs": ({"losses": [(0, 3.0), (10, 2.0)]}, [], ["losses (2 entries)"]),
    "seeds": ({"losses": np.ones((4, 2))}, [], ["losses (4 entries)"]),
    "another name": ({"learning_curve": CURVE}, [], ["learning_curve (3 entries)"]),
}  # fmt: skip
NOTHING = {
    "records": {"log": [{"step": 0, "loss": 3.0, "lr": 0.1}, {"step": 5, "loss": 2.0, "lr": 0.1}]},
    "with its steps": {"history": {"epoch": [0, 5, 9], "loss": CURVE, "acc": [float("nan"), 0.0, 1.0]}},
    "no curves": {
        "loss": 0.5,
        "train_indices": [0, 3, 4],
        "config": {"loss_weights": [1.0, 2.0]},
        "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"betas": (0.9, 0.98)}]},
        "metrics": {},
        "losses": [],
    },
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_not_in_the_history_is_named(name, tmp_path):
    beside, history, left_out = BESIDE[name]
    torch.save({"model": WEIGHTS, **beside}, tmp_path / "c.pt")
    run = loaded(tmp_path / "c.pt")
    assert list(run.history.data_vars) == history
    assert run.known.get(LEFT_OUT, []) == left_out


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_in_it_or_no_curve_is_not(name, tmp_path):
    torch.save({"model": WEIGHTS, **NOTHING[name]}, tmp_path / "c.pt")
    assert LEFT_OUT not in loaded(tmp_path / "c.pt").known


def test_weights_are_no_curves(tmp_path):
    np.savez(tmp_path / "c.npz", **{name: value.numpy() for name, value in WEIGHTS.items()})
    assert LEFT_OUT not in loaded(tmp_path / "c.npz").known


def test_those_of_a_folders_last_file_are_named_in_the_report_too(tmp_path):
    for step in (0, 10):
        torch.save({"model": WEIGHTS, "train_losses": CURVE}, tmp_path / f"step_{step}.pt")
    run = loaded(tmp_path)
    assert run.known[LEFT_OUT] == ["train_losses (3 entries)"]
    assert (
        gl.explain(run, progress=False).about["Not in its history"]
        == "train_losses (3 entries), in its files"
    )


def test_of_many_a_few_are_named(tmp_path):
    torch.save({"model": WEIGHTS, "history": {f"head_{i}": CURVE for i in range(40)}}, tmp_path / "c.pt")
    left_out = loaded(tmp_path / "c.pt").known[LEFT_OUT]
    assert len(left_out) == 13
    assert left_out[-1] == "and 28 more"
