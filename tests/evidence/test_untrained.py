"""The untrained control is the same to the bit, whether the model of a run on disk is built for it or not."""

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
