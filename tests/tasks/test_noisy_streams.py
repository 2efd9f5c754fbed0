"""Label noise on every kind of task: streams, features, and tasks of a user's own; a loop of one's own on a stream."""

from dataclasses import dataclass, replace

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.tasks import Corrupted, Examples, SparseParity, Stream, task_from_spec
from groklens.training.batches import batch_of

PARITY = SparseParity(n=6, k=2)
NOISY = Corrupted(PARITY, 0.25, seed=3)
RECIPE = gl.Recipe(
    task=NOISY,
    model=gl.MLP(d_mlp=64, d_embed=None),
    optimizer=gl.AdamW(lr=1e-2, weight_decay=0.01),
    batch_size=256,
    steps=300,
    evaluate_every=100,
    keep=gl.Every(100),
)


@dataclass(frozen=True, eq=False)
class Clouds(Stream):
    """A user's own stream of features: three clouds of points around corners."""

    spread: float = 0.3
    name = "clouds"
    d_in = 2
    d_vocab = None
    d_vocab_out = 3

    def batch(self, update, seed, size):
        generator = torch.Generator().manual_seed(1000 * seed + update)
        labels = torch.randint(3, (size,), generator=generator)
        corners = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
        return Examples(corners[labels] + self.spread * torch.randn(size, 2, generator=generator), labels)

    @property
    def probe(self):
        return self.batch(0, 0, 256)


def test_each_fresh_example_is_wrong_by_itself_and_by_update_and_seed():
    before = torch.get_rng_state()
    batches = [NOISY.batch(update, 0, 64) for update in range(1, 101)]
    wrong = torch.stack([batch.targets != batch.labels for batch in batches])
    assert float(wrong.double().mean()) == pytest.approx(0.25, abs=4 * (0.1875 / 6400) ** 0.5)
    assert float(wrong.double().mean(dim=0).max()) < 0.5  # no place in the batch is always wrong
    assert torch.equal(NOISY.batch(7, 0, 64).targets, batches[6].targets)
    for other in (
        NOISY.batch(8, 0, 64),
        NOISY.batch(7, 1, 64),
        Corrupted(PARITY, 0.25, seed=4).batch(7, 0, 64),
    ):
        assert not torch.equal(other.targets != other.labels, wrong[6])
    assert torch.equal(torch.get_rng_state(), before)


def test_inputs_and_labels_are_the_tasks_and_the_probe_is_right():
    mine, its = NOISY.batch(5, 2, 32), PARITY.batch(5, 2, 32)
    assert torch.equal(mine.inputs, its.inputs)
    assert torch.equal(mine.labels, its.labels)
    assert set(NOISY.examples) == {"probe"}
    assert torch.equal(NOISY.targets, PARITY.labels)
    assert NOISY.is_stream
    assert not Corrupted(gl.RandomTable(5), 0.1).is_stream
    everything = Corrupted(PARITY, 1.0).batch(1, 0, 32)
    assert not (everything.targets == everything.labels).any()


def test_it_is_trained_on_and_judged_by_what_is_right(tmp_path):
    run = gl.train(RECIPE, into=tmp_path / "noisy")
    assert run.train_index is None
    assert float(run.history["test_accuracy"].sel(step=300)) > 0.95
    late = run.history["train_loss"].where(run.history["step"] > 250, drop=True)
    assert float(late.mean()) > 0.5  # a quarter of the targets cannot be foreseen: 0.562 nats at best
    assert "fresh inputs for every update" in gl.explain(run).about["Data"]
    assert task_from_spec(NOISY.spec()) == NOISY == gl.load(run.path).task


def test_a_users_own_stream_of_features_is_corrupted_trained_and_opened(tmp_path):
    recipe = replace(RECIPE, task=Corrupted(Clouds(), 0.2), steps=100, keep=gl.Every(50))
    runs = gl.train_many([recipe, replace(recipe, seed=1)], into=tmp_path / "runs")
    again = gl.load(runs[1].path, parts=[Clouds])
    assert again.task == recipe.task
    assert again.environment["engine"] == "quick, 2 stacked"
    assert float(again.history["test_accuracy"].sel(step=100)) > 0.95
    assert gl.explain(again).algorithm in ("undecided", "none")


def test_a_loop_of_ones_own_on_a_stream_is_recorded_without_a_split(tmp_path):
    model = gl.MLP(d_mlp=64, d_embed=None).build(NOISY, seed=0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    with gl.Recorder(model, NOISY, tmp_path / "own", gl.Every(100)) as recorder:
        for step in range(1, 301):
            batch = NOISY.batch(step, 0, 256)
            loss = torch.nn.functional.cross_entropy(model(batch.inputs)[:, -1], batch.targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.step(step, loss)
    history = recorder.run.history
    assert float(history["test_accuracy"].sel(step=300)) > 0.95
    assert not history["train_loss"].notnull().any()
    assert float(gl.track(recorder.run, ["test_loss"])["test_loss"].sel(step=300)) == pytest.approx(
        float(history["test_loss"].sel(step=300)), rel=1e-4
    )
    assert gl.explain(recorder.run).phases == []


@dataclass(frozen=True, eq=False)
class Narrow(Clouds):
    """A stream whose batches are not as wide as its probe."""

    def batch(self, update, seed, size):
        fresh = super().batch(update, seed, size)
        return Examples(fresh.inputs[:, :1], fresh.labels) if update else fresh


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: gl.Snapshot(RECIPE.model.build(PARITY, 0), NOISY, train_index=[0]),
            "is a stream: .*train_index",
        ),
        (lambda: Corrupted(gl.RandomTable(5), 0.1).batch(1, 0, 8), "is a table, which has no fresh examples"),
        (lambda: NOISY.split(0.5, 0), "is a stream"),
        (lambda: batch_of(replace(RECIPE, task=Narrow()), 1), "Examples of 256 inputs, 2 wide"),
        (lambda: replace(RECIPE, batch_size=None), "is a stream, and has no full batch"),
    ],
)
def test_what_a_stream_does_not_have_is_said(make, said):
    with pytest.raises(BadArgument, match=said):
        make()
