"""A split that has nothing to do with what a model has memorised is doubted; every other is not."""

import warnings
from types import SimpleNamespace

import pytest
import torch
from transformer_lens.HookedRootModule import HookedRootModule

import groklens as gl
from groklens.claims import by_key, percent
from groklens.evidence.split_fits import split_doubted

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


@pytest.mark.parametrize("share", [0.2, 0.3, 0.5, 0.8])
class TestAMemoriser:
    def test_with_its_own_split_has_memorised(self, share):
        seen = TASK.split(share, 0)[0]
        why, caught = explained(Memory(TASK, seen), TASK, seen)
        assert (why.algorithm, why.verdict, caught) == ("memorised", "refuted", [])
        assert "split.fits" not in by_key(why.findings)

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_with_another_split_is_undecided(self, share, seed):
        seen, other = TASK.split(share, 0)[0], TASK.split(share, seed)[0]
        why, caught = explained(Memory(TASK, seen), TASK, other)
        assert len(caught) == 1
        assert (why.algorithm, why.verdict, why.generalised) == ("undecided", "undecided", False)
        assert why.phases == []
        assert by_key(why.findings)["split.fits"].verdict == "undecided"
        assert by_key(why.findings)["split.fits"].role == "aside"
        assert by_key(why.findings)["generalises"].verdict == "undecided"
        assert "the split given may not be the model's: train accuracy" in why.headline
        assert f"near the {percent(len(other) / 289)} trained on" in why.headline
        assert "may not be the model's" in str(caught[0].message)

    def test_without_a_split_is_undecided(self, share):
        why, caught = explained(Memory(TASK, TASK.split(share, 0)[0]), TASK, None)
        assert (why.algorithm, why.verdict, caught) == ("undecided", "undecided", [])
        assert "which of them it was trained on is not known" in why.headline


def test_wrong_labels_memorised_count_as_what_they_were_trained_towards():
    task = gl.Corrupted(TASK, 0.3)
    seen, other = task.split(0.4, 0)[0], task.split(0.4, 1)[0]
    model = Memory(task, seen, task.targets)
    assert not split_doubted(gl.Snapshot(model, task, train_index=seen))
    assert split_doubted(gl.Snapshot(model, task, train_index=other))


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
        assert not split_doubted(gl.Snapshot(model, TASK, train_index=index))


def test_a_model_that_generalises_raises_no_doubt():
    _, caught = explained(gl.planted(TASK, [2, 5]), TASK, TASK.split(0.3, 0)[0])
    assert caught == []


def rate(n, share, accuracies, times=40):
    """How often a split is doubted that is the model's own, correct on train and test inputs at these rates."""
    task, generator, doubted = gl.ModularArithmetic(n, "add"), torch.Generator().manual_seed(0), 0
    for seed in range(times):
        rates = torch.full((n * n,), accuracies[1])
        index = task.split(share, seed)[0]
        rates[index] = accuracies[0]
        right = torch.rand(n * n, generator=generator) < rates
        answers = torch.where(right, task.labels, (task.labels + 1) % n)
        model = Memory(task, torch.arange(n * n), answers)
        doubted += split_doubted(gl.Snapshot(model, task, train_index=index))
    return doubted / times


@pytest.mark.parametrize(
    "case", [(5, 0.6, (0.95, 0.6)), (5, 0.8, (0.95, 0.7)), (5, 0.5, (0.9, 0.5)), (5, 0.5, (0.5, 0.5))]
)
def test_a_task_too_small_to_show_a_difference_raises_no_doubt(case):
    assert rate(*case) == 0


@pytest.mark.parametrize(
    "case",
    [(7, 0.8, (0.97, 0.85)), (11, 0.9, (0.97, 0.9)), (17, 0.95, (0.985, 0.94)), (17, 0.9, (0.985, 0.95))],
)
def test_a_true_split_all_but_learned_is_hardly_ever_doubted(case):
    assert rate(*case) <= 0.05


@pytest.mark.parametrize(("n", "share"), [(11, 0.3), (11, 0.5), (11, 0.8), (113, 0.3), (113, 0.8)])
def test_a_wrong_split_is_doubted_at_every_size(n, share):
    task, times = gl.ModularArithmetic(n, "add"), 20 if n < 100 else 5
    doubted = 0
    for seed in range(times):
        model = Memory(task, task.split(share, 1000 + seed)[0])
        doubted += split_doubted(gl.Snapshot(model, task, train_index=task.split(share, seed)[0]))
    assert doubted >= 0.9 * times


def test_a_rule_for_a_share_of_all_inputs_is_undecided_and_nothing_more_is_said():
    """Half of the answers known, whichever inputs were trained on: the true split may give these accuracies."""
    task = gl.ModularArithmetic(10, "add")
    index = torch.randperm(100, generator=torch.Generator().manual_seed(1))[:50]
    answers = torch.where(task.labels < 5, task.labels, (task.labels + 5) % 10)
    why, caught = explained(Memory(task, torch.arange(100), answers), task, index)
    finding = by_key(why.findings)["split.fits"]
    assert (finding.verdict, why.algorithm, why.verdict, why.phases) == ("undecided",) * 3 + ([],)
    assert "a rule learned for such a share look the same" in finding.note
    told = " ".join([why.headline, str(why), str(caught[0].message)])
    assert "given cannot be" not in told
    assert len(caught) == 1


def test_a_split_that_training_recorded_is_not_doubted():
    seen, other = TASK.split(0.3, 0)[0], TASK.split(0.3, 1)[0]
    model = Memory(TASK, seen)
    assert split_doubted(gl.Snapshot(model, TASK, train_index=other))
    recorded = gl.Snapshot(model, TASK, train_index=other, split_recorded=True)
    assert not split_doubted(recorded)
    assert not split_doubted(recorded.with_model(model))


def test_a_run_by_recipe_says_that_its_split_is_recorded(tmp_path):
    recipe = gl.Recipe(
        task=gl.ModularArithmetic(5, "add"), model=gl.MLP(d_mlp=8, d_embed=4), steps=2, train_fraction=0.6
    )
    run = gl.train(recipe, tmp_path / "run", progress=False)
    snapshots = [run.at(0), run.final, run.nearest(1)]
    assert all(snapshot.split_recorded for snapshot in snapshots)
    assert run.final.with_model(run.final.model).split_recorded


def test_a_recorded_loop_does_not_say_so(tmp_path):
    task = gl.ModularArithmetic(5, "add")
    model = gl.MLP(d_mlp=8, d_embed=4).build(task, 0)
    with gl.Recorder(model, task, tmp_path / "run", train_index=task.split(0.5, 0)[0]) as recorder:
        recorder.step(1, 1.0)
    assert not gl.load(tmp_path / "run").final.split_recorded


@pytest.mark.parametrize("n_held_out", [16, 50])
def test_inputs_held_out_of_those_memorised_do_not_show_that_it_generalises(n_held_out):
    """A memoriser of 70 %, and a split whose few test inputs it was trained on: better on them than on the rest."""
    task = gl.ModularArithmetic(13, "add")
    known, _ = task.split(0.7, seed=0)
    given = [each for each in range(169) if each not in set(known[:n_held_out].tolist())]
    why, _ = explained(Memory(task, known), task, torch.tensor(given))
    assert by_key(why.findings)["generalises"].verdict == "undecided"
    assert "below test accuracy 100" in why.headline
