"""The loss by position: its mean is the loss, and it falls where the context says more."""

import pytest
import torch

import groklens as gl
from groklens.tasks import Examples, Stream

MODEL = gl.Transformer(d_model=16, n_heads=1, d_head=16, d_mlp=None)


class Halves(Stream):
    """Four random tokens, then the same again."""

    name, d_vocab, d_vocab_out = "halves", 5, 5

    def batch(self, update, seed, size):
        once = torch.randint(5, (size, 4), generator=torch.Generator().manual_seed(seed + update))
        twice = torch.cat([once, once], dim=1)
        return Examples(twice, twice[:, 1:], reads=tuple(range(7)))

    @property
    def probe(self):
        return self.batch(0, 0, 50)


class Knows(torch.nn.Module):
    """Says what stood four places back of the next token, where there is one; else nothing."""

    def forward(self, tokens):
        logits = torch.zeros(*tokens.shape, 5)
        logits[:, 3:].scatter_(2, tokens[:, : tokens.shape[1] - 3, None], 3.0)
        return logits


def test_its_mean_is_the_loss():
    task = Halves()
    snapshot = gl.Snapshot(MODEL.build(task, seed=0), task)
    found = gl.measures.loss_by_position(snapshot)
    assert (found.dims, found.shape) == (("pos",), (7,))
    assert float(found.mean()) == pytest.approx(gl.measures.loss(snapshot), abs=1e-6)


def test_it_falls_where_the_context_tells():
    found = gl.measures.loss_by_position(gl.Snapshot(gl.hooked(Knows()), Halves()))
    log = torch.log(torch.tensor(5.0)).item()
    assert found.values[:3].tolist() == pytest.approx([log] * 3)
    sure = torch.tensor([3.0, 0, 0, 0, 0]).log_softmax(dim=0)[0].item()
    assert found.values[3:].tolist() == pytest.approx([-sure] * 4)
    assert found["pos"].values.tolist() == list(range(7))


def test_of_a_task_with_one_answer_it_is_the_loss_there():
    task = gl.ModularArithmetic(5)
    snapshot = gl.Snapshot(MODEL.build(task, seed=0), task)
    found = gl.measures.loss_by_position(snapshot)
    assert found["pos"].values.tolist() == [2]
    assert float(found[0]) == pytest.approx(gl.measures.loss(snapshot), abs=1e-6)
