"""The untrained control: the same to the bit however a model is read, and of a model that has learned nothing."""

from pathlib import Path

import pytest
import torch

import groklens as gl
from groklens.evidence import untrained_like
from groklens.models import real_copy, with_weights_shuffled
from groklens.runs import as_run

RUNS = Path(__file__).parents[2] / "examples" / "runs"


@pytest.mark.parametrize("name", ["mod23", "a5"])
def test_shuffled_weights_are_those_of_the_model_built(name):
    final = gl.load(RUNS / name).final
    control = untrained_like(as_run(final), final)
    built = with_weights_shuffled(real_copy(final.model, final.task.inputs, final.task.d_vocab_out))
    assert (control.name, control.step) == ("weights shuffled", None)
    assert torch.equal(control.snapshot.logits, final.with_model(built).logits)
    assert not torch.equal(control.snapshot.logits, final.logits)


TASK = gl.ModularArithmetic(13, "add")


def test_a_step_0_that_generalises_already_is_no_untrained_model():
    """As of whoever goes on with a model that was trained before."""
    model, train = gl.planted(TASK, [2, 5]), torch.arange(0, 169, 2)
    run = gl.Run.of({0: model, 100: model}, TASK, train_index=train)
    assert untrained_like(run, run.final).name == "weights shuffled"
    assert gl.explain(run).generalised
    blank = gl.Run.of({0: gl.MLP(d_mlp=8).build(TASK, seed=0), 100: model}, TASK, train_index=train)
    assert untrained_like(blank, blank.final).name == "untrained (step 0)"


def test_a_step_0_that_is_right_by_luck_stays_the_control():
    few = gl.RandomTable(2, seed=0)
    lucky = gl.hooked(_Right(few.labels))
    run = gl.Run.of({0: lucky, 100: lucky}, few, train_index=[2, 3])
    assert untrained_like(run, run.final).name == "untrained (step 0)"


class _Right(torch.nn.Module):
    """Right on every input of a table of two."""

    def __init__(self, labels):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.nn.functional.one_hot(labels, 2).float())

    def forward(self, tokens):
        return self.logits[2 * tokens[:, 0] + tokens[:, 1]]
