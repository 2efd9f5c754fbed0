"""A split that has nothing to do with what a model has memorised is doubted; every other is not."""

import warnings
from types import SimpleNamespace

import pytest
import torch
from transformer_lens.HookedRootModule import HookedRootModule

import groklens as gl
from groklens.circuits.split_fits import split_cannot_be

TASK = gl.ModularArithmetic(17, "add")


class Memory(HookedRootModule):
    """Certain of the inputs it has seen, and noise elsewhere."""

    def __init__(self, task, seen, towards=None):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        table = torch.randn(len(task.labels), task.d_vocab_out, generator=generator)
        table[seen] = 0
        table[seen, (task.labels if towards is None else towards)[seen]] = 20.0
        self.cfg, self.n = SimpleNamespace(), task.d_vocab_out
        self.table = torch.nn.Parameter(table)
        self.W_E = torch.nn.Parameter(torch.randn(task.d_vocab, 8, generator=generator))
        self.setup()

    def forward(self, tokens):
        return self.table[tokens[:, 0] * self.n + tokens[:, 1]]


def explained(model, task, index):
    """The explanation, and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        why = gl.explain(model, task, train_index=index)
    return why, [warning for warning in caught if "split given" in str(warning.message)]


def keys(why):
    return {finding.key: finding for finding in why.findings}


@pytest.mark.parametrize("share", [0.2, 0.3, 0.5, 0.8])
class TestAMemoriser:
    def test_with_its_own_split_has_memorised(self, share):
        seen = TASK.split(share, 0)[0]
        why, caught = explained(Memory(TASK, seen), TASK, seen)
        assert (why.algorithm, why.verdict, caught) == ("memorised", "refuted", [])
        assert "split.fits" not in keys(why)

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_with_another_split_is_undecided(self, share, seed):
        seen, other = TASK.split(share, 0)[0], TASK.split(share, seed)[0]
        why, caught = explained(Memory(TASK, seen), TASK, other)
        assert len(caught) == 1
        assert (why.algorithm, why.verdict, why.generalised) == ("undecided", "undecided", False)
        assert why.phases == []
        assert keys(why)["split.fits"].verdict == "refuted"
        assert keys(why)["split.fits"].role == "aside"
        assert keys(why)["generalises"].verdict == "undecided"
        assert "the split given cannot be the model's" in why.headline

    def test_without_a_split_is_undecided(self, share):
        why, caught = explained(Memory(TASK, TASK.split(share, 0)[0]), TASK, None)
        assert (why.algorithm, why.verdict, caught) == ("undecided", "undecided", [])
        assert "which of them it was trained on is not known" in why.headline


def test_wrong_labels_memorised_count_as_what_they_were_trained_towards():
    task = gl.Corrupted(TASK, 0.3)
    seen, other = task.split(0.4, 0)[0], task.split(0.4, 1)[0]
    model = Memory(task, seen, task.targets)
    assert not split_cannot_be(gl.Snapshot(model, task, train_index=seen))
    assert split_cannot_be(gl.Snapshot(model, task, train_index=other))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_a_random_model_raises_no_doubt(seed, share):
    index = TASK.split(share, seed)[0]
    why, caught = explained(gl.MLP(d_mlp=16, d_embed=8).build(TASK, seed), TASK, index)
    assert caught == []
    assert why.algorithm == "none"


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_an_undertrained_model_raises_no_doubt(share):
    """Half-way to memorising: better on what it was trained on than elsewhere, at every step of the way."""
    index, model = TASK.split(share, 0)[0], gl.MLP(d_mlp=64, d_embed=16).build(TASK, 0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(30):
        for _ in range(3):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(TASK.inputs[index])[:, -1], TASK.labels[index]).backward()
            optimizer.step()
        assert not split_cannot_be(gl.Snapshot(model, TASK, train_index=index))


def test_a_model_that_generalises_raises_no_doubt():
    _, caught = explained(gl.planted(TASK, [2, 5]), TASK, TASK.split(0.3, 0)[0])
    assert caught == []


def test_a_split_that_training_recorded_is_not_doubted():
    seen, other = TASK.split(0.3, 0)[0], TASK.split(0.3, 1)[0]
    snapshot = gl.Snapshot(Memory(TASK, seen), TASK, train_index=other)
    assert split_cannot_be(snapshot)
    snapshot.split_recorded = True
    assert not split_cannot_be(snapshot)
