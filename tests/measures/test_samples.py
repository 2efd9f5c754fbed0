"""A model as a predictor: planted n-gram models say what their stage says, and others do not."""

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import predictor_of, sampled_stages
from groklens.tasks import Text

LENGTH = 12


class Table(torch.nn.Module):
    """A model that looks the next token's logits up by the present token."""

    def __init__(self, logits):
        super().__init__()
        self.table = torch.nn.Embedding.from_pretrained(logits.float())

    def forward(self, tokens):
        return self.table(tokens)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "rhyme.txt"
    path.write_text("peter piper picked a peck of pickled peppers\n" * 40)
    return Text(path, "character", length=LENGTH)


def planted(task, order):
    """A model that is the task's own reference of this order, at most the bigram."""
    every = torch.arange(task.d_vocab)[:, None]
    logits = task.references[order].log_probabilities(every)[:, 0]
    return gl.Snapshot(gl.hooked(Table(logits)), task, step=order)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_planted_model_is_the_predictor_that_was_planted(task, order):
    predictor = predictor_of(planted(task, order))
    for length in (1, 5, LENGTH):
        tokens = task.inputs[:7, :length]
        found, expected = (one.log_probabilities(tokens) for one in (predictor, task.references[order]))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("order", [1, 2])
def test_it_samples_as_its_stage_does_and_as_no_other(task, order):
    table = sampled_stages(planted(task, order), sequences=12, progress=False)
    assert table["kl"].dims == ("step", "reference", "example")
    mean = table["kl"].mean("example")[0].values
    assert mean.argmin() == order
    assert mean[order] < 1e-6
    assert np.delete(mean, order).min() > 0.05
    own = table["between"].mean("example").values
    assert np.abs(np.diag(own)).max() < 1e-12
    # What the reference samples itself is as far from the others as what the model does, the draws being the same.
    np.testing.assert_allclose(own[order], mean, atol=1e-4)


def test_the_two_tables_of_stages_say_that_their_directions_differ(task):
    """Along its own samples KL is of the model from the reference, on given text of the reference from the model."""
    snapshot, chosen = planted(task, 1), {"references": task.references[2:3], "progress": False}
    sampled, given = sampled_stages(snapshot, sequences=8, **chosen), gl.measures.stages(snapshot, **chosen)
    model, reference = predictor_of(snapshot), task.references[2]

    def by_hand(first, second, tokens):
        one, other = (each.log_probabilities(tokens)[:, :-1] for each in (first, second))
        return float((one.exp() * (one - other)).sum(dim=-1).mean())

    own = gl.theory.sample(model, task.inputs[:8, :1], task.n_ctx, 0)
    assert float(sampled["kl"].mean()) == pytest.approx(by_hand(model, reference, own), abs=1e-6)
    text = task.inputs
    assert float(given["mean_kl"][0, 0]) == pytest.approx(by_hand(reference, model, text), abs=1e-6)
    assert abs(by_hand(model, reference, text) - by_hand(reference, model, text)) > 0.01
    assert sampled["kl"].attrs["long_name"].startswith("KL(model‖reference)")
    assert given["mean_kl"].attrs["long_name"].startswith("KL(reference‖model)")


def test_the_seed_decides_and_nothing_else_changes(task):
    snapshot = planted(task, 2)
    snapshot.model.train()
    before = torch.random.get_rng_state()
    chosen = {"references": task.references[1:3], "sequences": 4, "progress": False}
    first, again, other = (sampled_stages(snapshot, seed=seed, **chosen)["kl"].values for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert snapshot.model.training


def test_a_model_as_good_as_the_reference_generalises(task, monkeypatch):
    monkeypatch.setattr(Text, "reference", task.references[2])
    found = {order: gl.explain(planted(task, order)).findings[0] for order in (1, 2)}
    assert (found[2].verdict, found[1].verdict) == ("supported", "refuted")
    assert found[2].value == pytest.approx(1, abs=1e-4)
    assert gl.explain(planted(task, 2)).generalised


def test_what_cannot_be_compared_is_refused(task):
    with pytest.raises(BadArgument, match="references are"):
        sampled_stages(planted(task, 1), references=[], progress=False)
    with pytest.raises(BadArgument, match="sequences is 1"):
        sampled_stages(planted(task, 1), sequences=1, progress=False)
