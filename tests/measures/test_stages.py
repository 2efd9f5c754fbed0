"""Stages: the nearest reference, and KL against sums by hand."""

from dataclasses import dataclass

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.tasks import Examples, Stream

REFERENCES = [gl.theory.Uniform(3), *(gl.theory.InContext(3, context=n) for n in range(2))]


@dataclass(frozen=True, eq=False, repr=False)
class Noise(Stream):
    """Random tokens, each of which is to be told from those before."""

    name = "noise"
    d_vocab = d_vocab_out = 3
    operand_names = ()

    def batch(self, update, seed, size):
        tokens = torch.randint(3, (size, 9), generator=torch.Generator().manual_seed(update))
        return Examples(tokens[:, :-1], tokens[:, 1:][:, 1:], reads=tuple(range(1, 8)))

    @property
    def probe(self):
        return self.batch(0, 0, 20)


class Predicting(torch.nn.Module):
    """A model that predicts as a reference does."""

    def __init__(self, reference, scale=1.0):
        super().__init__()
        self.reference, self.scale = reference, scale

    def forward(self, tokens):
        return self.reference.log_probabilities(tokens).float() * self.scale


@pytest.mark.parametrize("place", range(3))
def test_a_model_that_predicts_as_a_reference_is_nearest_to_it(place):
    model = gl.hooked(Predicting(REFERENCES[place]))
    table = gl.measures.stages(gl.Snapshot(model, Noise()), REFERENCES).isel(step=0)
    name = REFERENCES[place].name
    assert table["stage"].item() == name
    assert (table["stage_at"].values[1:] == name).all()
    assert float(table["mean_kl"].sel(reference=name)) == pytest.approx(0, abs=1e-7)
    torch.testing.assert_close(
        torch.tensor(table["mean_kl"].values),
        torch.tensor(table["between"].sel(nearest=name).values),
        atol=1e-6,
        rtol=0,
    )
    assert float(table["loss"]) == pytest.approx(float(table["reference_loss"].sel(reference=name)), abs=1e-6)


def test_kl_is_from_the_reference_by_position():
    task = Noise()
    table = gl.measures.stages(gl.Snapshot(gl.hooked(Predicting(REFERENCES[2], 2.0)), task), REFERENCES)
    log = REFERENCES[1].log_probabilities(task.inputs)
    model = (2 * REFERENCES[2].log_probabilities(task.inputs)).log_softmax(-1)
    by_hand = (log.exp() * (log - model)).sum(-1).mean(0)[1:]
    found = table["kl"].sel(reference="unigram")[0]
    assert found["pos"].values.tolist() == list(range(1, 8))
    torch.testing.assert_close(torch.tensor(found.values), by_hand, atol=1e-6, rtol=0)


def test_references_are_asked_for_by_name():
    snapshot = gl.Snapshot(gl.hooked(Predicting(REFERENCES[0])), Noise())
    for wrong in (None, [], [REFERENCES[0]] * 2, ["unigram"]):
        with pytest.raises(BadArgument, match="give predictors"):
            gl.measures.stages(snapshot, wrong)
    with pytest.raises(BadArgument, match="it has to give"):
        gl.measures.stages(snapshot, [gl.theory.Uniform(4)])
