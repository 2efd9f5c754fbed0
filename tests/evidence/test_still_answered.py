"""A circuit is necessary for test inputs, and not for train inputs alone: a table by heart may answer the others."""

import math

import pytest
import torch

import groklens as gl

TASK = gl.ModularArithmetic(13, "add")
A, B = TASK.inputs[:, 0], TASK.inputs[:, 1]
FREQUENCIES = (2, 5, 6)


class Clock(torch.nn.Module):
    """Neurons that turn with a + b, and a neuron an input that adds to its answer's logit where it is `by_heart`."""

    def __init__(self, by_heart):
        super().__init__()
        self.neurons, self.read = torch.nn.Identity(), torch.nn.Linear(6 + 169, 13, bias=False)
        table = 60.0 * torch.nn.functional.one_hot(TASK.labels, 13)
        table[~torch.zeros(169, dtype=torch.bool).index_fill(0, by_heart, True)] = 0.0
        with torch.no_grad():
            self.read.weight.copy_(torch.cat([4 * self.turned(torch.arange(13)).T, table]).T)

    def turned(self, x):
        angles = 2 * math.pi * torch.outer(x.double(), torch.tensor(FREQUENCIES).double()) / 13
        return torch.cat([angles.cos(), angles.sin()], dim=1).float()

    def forward(self, tokens):
        a, b = tokens[:, 0], tokens[:, 1]
        own = torch.nn.functional.one_hot(13 * a + b, 169).float()
        return self.read(self.neurons(torch.cat([self.turned(a + b), own], dim=1)))


def explained(by_heart, train):
    model = gl.hooked(Clock(by_heart), names={"neurons": "blocks.0.mlp.hook_post"})
    return gl.explain(model, TASK, train_index=train)


@pytest.mark.parametrize("share", [0.7, 0.9])
def test_test_inputs_that_are_known_by_heart_are_not_answered_by_the_circuit(share):
    train, test = TASK.split(share, 0)
    why = explained(test, train)
    assert (why.circuit, why.verdict) == (None, "undecided")
    for key in ("necessity.logits", "necessity.readout"):
        assert why.finding(key).verdict != "supported"
    assert "of test inputs 100 % are still answered" in why.finding("necessity.readout").note


def test_without_a_table_test_inputs_fall_with_the_others():
    train, test = TASK.split(0.7, 0)
    why = explained(test[:0], train)
    assert why.verdict == "supported"
    assert all("still answered" not in finding.note for finding in why.findings)
