"""A text as a stream: windows of what it says, its digest, n-gram references, and training to the same bits."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import groklens as gl
from groklens.cli import app
from groklens.errors import BadArgument
from groklens.tasks import StandardLibrary, Text, standard_library, task_from_spec

RHYME = "Humpty Dumpty sat on a wall.\nHumpty Dumpty had a great fall.\n" * 30
MODEL = gl.Transformer(n_layers=2, d_model=16, n_heads=2, d_head=8, d_mlp=None, init="gpt2")


@pytest.fixture(scope="module")
def rhyme(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "rhyme.txt"
    path.write_text(RHYME)
    return path


def recipe(task, **fields):
    chosen = {"steps": 20, "evaluate_every": 10, "keep": gl.Every(10), "batch_size": 16} | fields
    return gl.Recipe(task=task, model=MODEL, optimizer=gl.AdamW(lr=3e-2, weight_decay=0.0), **chosen)


@pytest.fixture(scope="module")
def run(rhyme, tmp_path_factory):
    return gl.train(recipe(Text(rhyme, "character", length=16)), into=tmp_path_factory.mktemp("run") / "text")


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 50), st.integers(1, 9))
def test_a_batch_is_windows_of_the_text_by_update_and_seed_alone(rhyme, update, seed, size):
    task = Text(rhyme, length=12)
    examples, again = task.batch(update, seed, size), Text(rhyme, length=12).batch(update, seed, size)
    assert torch.equal(examples.inputs, again.inputs)
    assert examples.inputs.shape == (size, 12)
    assert examples.reads == task.reads == tuple(range(11))
    assert torch.equal(examples.labels, examples.inputs[:, 1:])
    trained = RHYME.encode()[: round(0.9 * len(RHYME))]
    assert all(bytes(window) in trained for window in examples.inputs.tolist())


def test_the_probe_is_no_part_of_what_is_trained_on(rhyme):
    task = Text(rhyme, length=10, test_share=0.25)
    windows = b"".join(bytes(window) for window in task.inputs.tolist())
    held_out = RHYME.encode()[round(0.75 * len(RHYME)) :]
    assert len(task.train_tokens) + len(task.test_tokens) == len(RHYME)
    assert windows == held_out[: len(windows)]
    assert len(task.inputs) == len(held_out) // 10


def test_characters_are_those_of_the_text(tmp_path):
    path = tmp_path / "marks.txt"
    path.write_text("é→b\tb\n" * 20, encoding="utf-8")
    task = Text(path, "character", length=4, test_share=0.31)
    assert task.d_vocab == task.d_vocab_out == 5
    assert task.token_names == ["\\t", "\\n", "b", "é", "→"]
    said = "".join(sorted(set("é→b\tb\n"))[token] for token in task.train_tokens.tolist())
    assert ("é→b\tb\n" * 20).startswith(said)
    assert len(task.train_tokens) + len(task.test_tokens) == 120
    as_bytes = Text(path, length=4)
    assert as_bytes.d_vocab == 256
    assert [*as_bytes.token_names[9:11], as_bytes.token_names[0xE9]] == ["\\t", "\\n", "\\xe9"]


def test_references_are_counted_in_what_is_trained_on(rhyme):
    task = Text(rhyme, "character", length=16)
    assert [each.name for each in task.references][1:] == ["unigram", "bigram", "trigram", "4-gram", "5-gram"]
    assert task.reference is task.references[-1]
    assert torch.equal(task.reference.text, task.train_tokens)
    assert Text(rhyme, "character", length=16).references is task.references  # counted once


def test_it_comes_back_from_its_specification(rhyme):
    task = Text(rhyme, length=16)
    spec = json.loads(json.dumps(task.spec()))
    assert set(spec) == {"kind", "path", "unit", "length", "test_share", "sha256"}
    again = task_from_spec(spec)
    assert again == task
    assert again.digest == task.digest
    assert torch.equal(again.inputs, task.inputs)
    assert Text(rhyme, length=17).digest != task.digest


def test_it_is_trained_and_looked_at(run):
    history = run.history
    assert float(history["test_loss"].sel(step=20)) < float(history["test_loss"].sel(step=0))
    table = gl.measures.stages(run, progress=False)
    assert list(table["reference"].values)[:2] == ["uniform", "unigram"]
    assert table["stage"].values[0] == "uniform"
    assert table["stage"].values[-1] != "uniform"
    losses = gl.measures.loss_by_position(run.at(20))
    assert losses.dims == ("pos",)
    assert losses["pos"].values.tolist() == list(range(15))
    assert float(losses.mean()) == pytest.approx(float(table["loss"][-1]))
    assert gl.track(run, "loss_by_position")["loss_by_position"].dims == ("step", "pos")


def test_a_killed_run_ends_with_the_same_bits(run, rhyme, tmp_path, monkeypatch):
    from groklens.training import loop

    def killed(text, step, total):
        if step == 14:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "tell", killed)
        with pytest.raises(KeyboardInterrupt):
            gl.train(run.recipe, into=tmp_path / "run", resume_every=0.0)
    again = gl.train(run.recipe, into=tmp_path / "run").final.model.state_dict()
    assert all(torch.equal(again[name], value) for name, value in run.final.model.state_dict().items())


def test_train_many_gives_the_runs_of_train(run, tmp_path):
    seeds = [replace(run.recipe, seed=seed) for seed in (0, 1)]
    first, second = gl.train_many(seeds, into=tmp_path)
    for name, value in run.final.model.state_dict().items():
        torch.testing.assert_close(first.final.model.state_dict()[name], value)
    assert second.final.step == 20


@pytest.mark.parametrize("unit", ["byte", "character"])
def test_a_changed_text_is_refused_and_the_run_still_opens(unit, rhyme, tmp_path):
    path = tmp_path / "rhyme.txt"
    path.write_bytes(rhyme.read_bytes())
    trained = gl.train(recipe(Text(path, unit, length=8), steps=3, keep=gl.Steps([])), into=tmp_path / "run")
    path.write_text(RHYME.replace("wall", "hall"))
    opened = gl.load(trained.path)
    assert opened.steps == [0, 3]
    assert opened.history["train_loss"].notnull().all()
    with pytest.raises(BadArgument, match=r"rhyme.txt is not the text .* SHA-256 is .* it was changed"):
        _ = opened.final.logits
    with pytest.raises(BadArgument, match="is not the text"):
        gl.train(trained.recipe, into=tmp_path / "more")
    here = gl.Run.of({step: opened.at(step).model for step in opened.steps}, Text(path, unit, length=8))
    assert here.final.logits.shape == (len(here.task.inputs), here.task.d_vocab)
    path.unlink()
    assert gl.load(trained.path).steps == [0, 3]
    with pytest.raises(BadArgument, match=r"rhyme.txt' cannot be read \(No such file"):
        _ = gl.load(trained.path).final.logits


def test_it_generalises_by_loss_against_the_counts(rhyme):
    task = Text(rhyme, "character", length=16)
    model = MODEL.build(task, seed=0)
    finding = gl.explain(model, task).findings[0]
    assert (finding.key, finding.units, finding.verdict) == ("generalises", "share of the gain", "refuted")
    assert finding.value == pytest.approx(0, abs=0.1)
    assert finding.controls[0].mean > 0.1


def test_what_predicts_as_the_reference_generalises(rhyme, monkeypatch):
    task = Text(rhyme, "character", length=16)
    snapshot = gl.Snapshot(MODEL.build(task, seed=0), task)
    unigram = task.references[1]
    for reference, verdict in ((task.references[0], "undecided"), (unigram, "undecided")):
        monkeypatch.setattr(Text, "reference", reference)  # which gain nothing, or what frequencies do
        assert gl.explain(snapshot).findings[0].verdict == verdict
        assert "cannot be judged" in gl.explain(snapshot).headline


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: Text(path.with_name("none.txt")), "none.txt' cannot be read"),
        (lambda path: Text(path, "word"), "unit is 'word'"),
        (lambda path: Text(path, length=2), "length is 2"),
        (lambda path: Text(path, test_share=1), "test_share is 1"),
        (
            lambda path: Text(path, length=200).probe,
            "25 tokens are kept for the probe, fewer than one window of 200",
        ),
        (lambda path: Text(path, "character", length=4).inputs, "is no UTF-8 .* give unit='byte'"),
        (lambda path: Text(path).split(0.5, 0), "is a stream"),
    ],
)
def test_what_is_no_text_is_refused(make, message, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9 " * 50)
    with pytest.raises(BadArgument, match=message):
        make(path)


# Python's own sources


def test_the_sources_are_there_with_their_version_and_digest():
    task = StandardLibrary(length=32)
    assert task.spec()["python"] == ".".join(map(str, sys.version_info[:3]))
    assert len(task.sha256) == 64
    assert (task.d_vocab, len(task.token_names)) == (97, 97)
    assert len(task.train_tokens) > 2_000_000
    said = "".join(standard_library.ALPHABET[token] for token in task.train_tokens[:5000].tolist())
    assert "import" in said
    assert task.inputs.shape == (256, 32)
    assert task_from_spec(task.spec()) == task


def test_signs_beyond_ascii_are_one_token():
    tokens = StandardLibrary().encoded("a\n\t§~".encode()).tolist()
    assert tokens == [66, 0, 96, 96, 96, 95]


def test_another_version_of_the_library_is_judged_by_its_digest(monkeypatch):
    known = StandardLibrary(length=32, python="3.9.0", sha256=StandardLibrary().sha256)
    assert known.inputs.shape == (256, 32)  # the version is a record, and decides nothing
    other = StandardLibrary(length=32, sha256="0" * 64)
    with pytest.raises(
        BadArgument, match=r"The standard library of Python .* which is here, is not the text"
    ):
        _ = other.inputs
    monkeypatch.setattr(standard_library.sysconfig, "get_path", lambda name: "/nowhere")
    with pytest.raises(BadArgument, match=r"sources are not all in /nowhere .*gl.tasks.Text"):
        StandardLibrary()


def test_every_module_is_there():
    for module in (*standard_library.MODULES, *standard_library.TEST_MODULES):
        assert (Path(os.__file__).parent / f"{module}.py").is_file(), module
    assert not set(standard_library.MODULES) & set(standard_library.TEST_MODULES)


def test_both_appear_by_themselves_in_a_shell():
    shown = CliRunner().invoke(app, ["tasks"]).stdout
    assert "gl.tasks.Text(path, unit, length): The next byte" in shown
    assert "gl.tasks.StandardLibrary(length, python, sha256): The next character" in shown
