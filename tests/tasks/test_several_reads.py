"""Tasks answered at several positions: the same numbers as one table a position, trained, resumed, explained."""

import json
import textwrap
from dataclasses import dataclass
from functools import cached_property

import pytest
import torch

import groklens as gl
import warm
from groklens.errors import BadArgument
from groklens.tasks import Examples, Stream, task_from_spec

N = 6


@dataclass(frozen=True, eq=False)
class RunningParity(Stream):
    """At every position but the first, the parity of the bits so far: a language of one rule."""

    n: int = N
    name = "running parity"
    d_vocab = 2
    d_vocab_out = 2

    def batch(self, update, seed, size):
        return self._drawn(seed * 10_007 + update, size)

    @cached_property
    def probe(self):
        return self._drawn(0, 256)

    def _drawn(self, seed, size):
        bits = torch.randint(2, (size, self.n), generator=torch.Generator().manual_seed(seed))
        return Examples(bits, bits.cumsum(dim=1)[:, 1:] % 2, reads=tuple(range(1, self.n)))


STREAM = RunningParity()
MODEL = gl.Transformer(d_model=32, n_heads=2, d_head=16, d_mlp=64)
RECIPE = gl.Recipe(
    task=STREAM, model=MODEL, batch_size=64, steps=40, keep=gl.Every(20), evaluate_every=10,
    optimizer=gl.AdamW(lr=3e-3, weight_decay=0.0),
)  # fmt: skip


def table(reads=(1, 2), **options):
    bits = torch.cartesian_prod(*[torch.arange(2)] * 3)
    parities = bits.cumsum(dim=1) % 2
    known = [read for read in reads if -3 <= read < 3]
    labels = parities[:, known] if len(reads) > 1 else parities[:, (known or [0])[0]]
    return gl.TableTask(bits, labels, reads=reads, **options)


def test_one_table_a_position_gives_the_same_numbers():
    both = table()
    model = MODEL.build(both, seed=0)
    train, _ = both.split(0.5, seed=0)
    whole = gl.Snapshot(model, both, 0, train)
    apart = [gl.Snapshot(model, table((read,)), 0, train) for read in (1, 2)]
    for name in ("loss", "train_loss", "test_loss", "all_accuracy", "train_accuracy", "test_accuracy"):
        measure = getattr(gl.measures, name)
        assert measure(whole) == pytest.approx(sum(map(measure, apart)) / 2, abs=1e-6), name
    torch.testing.assert_close(whole.logits, apart[1].logits)
    torch.testing.assert_close(whole.logits_at(0), apart[0].logits)
    torch.testing.assert_close(whole.logits_at(-1), whole.logits)
    with pytest.raises(BadArgument, match=r"answered at 2 positions, \(1, 2\)"):
        whole.logits_at(2)


@pytest.mark.parametrize("reads", [(0,), (0, 1), (2, 0)])
def test_neurons_are_those_of_the_last_read(reads):
    task = table(reads)
    snapshot = gl.Snapshot(MODEL.build(task, seed=0), task)
    post = snapshot.activations("blocks.0.mlp.hook_post")
    assert torch.equal(snapshot.neurons, post[:, reads[-1]])
    silent = gl.interventions.ablate(snapshot, range(64))
    assert not torch.allclose(silent.logits, snapshot.logits)
    changed = gl.interventions.patch(snapshot, "logits", snapshot.logits + 1.0)
    torch.testing.assert_close(changed.logits, snapshot.logits + 1.0)


def test_one_read_is_what_it_was():
    plain = gl.TableTask([[0, 1], [1, 0]], [1, 0])
    for reads in ((-1,), (1,), [1]):
        task = gl.TableTask([[0, 1], [1, 0]], [1, 0], reads=reads)
        assert task == plain
        assert "reads" not in task.spec()
    first = gl.TableTask([[0, 1], [1, 0]], [1, 0], reads=(0,))
    assert first.spec()["reads"] == [0]
    model = MODEL.build(plain, seed=0)
    here = gl.Snapshot(model, first).logits
    with torch.no_grad():
        torch.testing.assert_close(here, model(first.inputs)[:, 0, :2])


def test_a_specification_has_them():
    task = table()
    assert task_from_spec(json.loads(json.dumps(task.spec()))) == task
    assert task.reads == (1, 2)
    assert task.examples["every"].reads == (1, 2)


def test_it_is_trained_and_its_rows_are_what_the_measures_say(tmp_path):
    run = gl.train(RECIPE, into=tmp_path / "run", progress=False)
    table = gl.track(run, ["test_loss", "test_accuracy"])
    for step in run.steps:
        row = run.history.sel(step=step) if hasattr(run.history, "sel") else None
        if row is not None:
            assert float(row["test_loss"]) == pytest.approx(
                float(table["test_loss"].sel(step=step)), abs=1e-5
            )
            assert float(row["test_accuracy"]) == pytest.approx(float(table["test_accuracy"].sel(step=step)))
    assert float(table["test_loss"][-1]) < float(table["test_loss"][0])


def test_a_table_is_trained_on_its_train_inputs_alone(tmp_path):
    recipe = gl.Recipe(task=table(), model=MODEL, steps=30, train_fraction=0.5, evaluate_every=30)
    run = gl.train(recipe, into=tmp_path / "run", progress=False)
    assert gl.measures.train_loss(run) < gl.measures.test_loss(run)


@pytest.mark.parametrize("parts", ["stream", "table"])
def test_interrupted_and_resumed_to_the_bit(tmp_path, parts, monkeypatch):
    recipe = (
        RECIPE if parts == "stream" else gl.Recipe(task=table(), model=MODEL, steps=40, keep=gl.Every(20))
    )
    whole = gl.train(recipe, into=tmp_path / "whole", progress=False)

    class Stop(Exception):
        pass

    from groklens.training.stack import Stack

    step, count = Stack.step, [0]

    def stopping(self, losses, update):
        count[0] += 1
        if count[0] == 25:
            raise Stop
        step(self, losses, update)

    monkeypatch.setattr(Stack, "step", stopping)
    with pytest.raises(Stop):
        gl.train(recipe, into=tmp_path / "killed", progress=False)
    monkeypatch.setattr(Stack, "step", step)
    again = gl.train(recipe, into=tmp_path / "killed", progress=False)
    for one, other in zip(whole.final.weights.values(), again.final.weights.values(), strict=True):
        assert torch.equal(one, other)


def test_it_is_explained_without_a_circuit(tmp_path):
    run = gl.train(RECIPE, into=tmp_path / "run", progress=False)
    why = gl.explain(run, progress=False)
    assert why.circuit is None
    assert 0 < why.finding("generalises").value < 1
    assert why.finding("generalises").control("commonest_answer").mean == pytest.approx(0.5, abs=0.1)
    assert "running parity" in str(why)
    assert gl.views.summary(why)


def test_a_hypothesis_is_of_one_answer():
    task = table()
    snapshot = gl.Snapshot(MODEL.build(task, seed=0), task)
    for hypothesis in (gl.hypotheses.Heads([(0, 0)]), gl.Circuit("C2", [1])):
        with pytest.raises(BadArgument, match="answered at 2 positions"):
            gl.examine(snapshot, hypothesis)
    with pytest.raises(BadArgument, match="answered at 2 positions, and a circuit is of one answer"):
        gl.track(snapshot, "restricted_loss", circuit=gl.Circuit("C2", [1]))
    spectrum = gl.measures.ActivationSpectrum("blocks.0.hook_resid_post", (0, 1, 2, 3, 0, 1, 2, 3), 1, "C4")
    assert spectrum(snapshot).sizes["component"] == 2


def test_activations_and_captures_carry_the_labels():
    task = table()
    acts = gl.capture(gl.Snapshot(MODEL.build(task, seed=0), task), "blocks.0.hook_resid_post")
    assert acts["label"].dims == ("input", "read")
    assert acts.sel(a=1)["blocks.0.hook_resid_post"].sizes["input"] == 4


def test_it_is_recorded(tmp_path):
    task = table()
    model = MODEL.build(task, seed=0)
    train, _ = task.split(0.5, seed=0)
    with gl.Recorder(model, task, tmp_path / "run", train_index=train) as recorder:
        recorder.step(1)
    run = gl.load(tmp_path / "run")
    snapshot = gl.Snapshot(model, task, 0, train)
    assert run.history["test_loss"].values[0] == pytest.approx(gl.measures.test_loss(snapshot), abs=1e-6)


def test_a_plain_module_answers_at_every_position():
    class Ours(torch.nn.Module):
        def __init__(self, all_positions):
            super().__init__()
            self.embed, self.read = torch.nn.Embedding(2, 8), torch.nn.Linear(8, 2)
            self.all_positions = all_positions

        def forward(self, tokens):
            logits = self.read(self.embed(tokens).cumsum(dim=1))
            return logits if self.all_positions else logits[:, -1]

    task = table()
    assert gl.Snapshot(gl.hooked(Ours(True)), task).logits_at(0).shape == (8, 2)
    with pytest.raises(BadArgument, match=r"answered at 2 of its 3 positions; .*\(input, pos, class\)"):
        _ = gl.Snapshot(gl.hooked(Ours(False)), task).logits


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: table(reads=()), "give the positions"),
        (lambda: table(reads=(1, 3)), "0 to 2 or -1 from the end"),
        (lambda: table(reads=(2, -1)), "names a position twice"),
        (lambda: table(group="C2"), "leave group out"),
        (lambda: table((0,), group="C2"), "at the last position; leave group out"),
        (lambda: Examples(torch.zeros(4, 3).long(), torch.zeros(4).long(), reads=(0, 1)), r"\(4, 2\)"),
        (lambda: gl.Corrupted(table(), 0.1), "answered at 2 positions"),
    ],
)
def test_what_is_no_reading(make, words):
    with pytest.raises(BadArgument, match=words):
        make()


def test_a_batch_reads_where_the_probe_does(tmp_path):
    class Elsewhere(RunningParity):
        def batch(self, update, seed, size):
            found = super().batch(update, seed, size)
            return Examples(found.inputs, found.labels[:, 1:], reads=found.reads[1:])

    recipe = gl.Recipe(task=Elsewhere(), model=MODEL, batch_size=8, steps=2)
    with pytest.raises(BadArgument, match="answered at"):
        gl.train(recipe, into=tmp_path / "run", progress=False)


def test_another_process_loads_it_with_the_part(tmp_path):
    gl.train(RECIPE, into=tmp_path / "run", progress=False)
    script = textwrap.dedent(f"""
        import sys; sys.path.insert(0, {str(__file__.rpartition("/")[0])!r})
        import groklens as gl, test_several_reads as mine
        run = gl.load({str(tmp_path / "run")!r}, parts=[mine.RunningParity])
        print(run.final.logits_at(0).shape, float(gl.track(run, "test_loss")["test_loss"][-1]))
    """)
    found = warm.run("-c", script)
    assert "torch.Size([256, 2])" in found.stdout, found.stderr[-2000:]
