"""Callbacks while `gl.train` trains, and rules that stop it: what they see, and that going on gives the same bits."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument, DamagedRun
from groklens.runs import RunWriter
from groklens.runs.files import write_atomically
from groklens.training import Evaluated, Generalised, Settled


def contents(folder):
    """Every file of a run, and what is in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def at(step):
    return lambda now: now.step >= step


RECIPES = {
    "full batch": {"evaluate_every": 7},
    "mini batch": {"evaluate_every": 7, "batch_size": 8},
    "stream": {
        "evaluate_every": 7, "batch_size": 8, "task": gl.tasks.SparseParity(n=6, k=2), "model": gl.MLP(d_mlp=8),
    },
}  # fmt: skip


class TestCallback:
    def test_it_sees_every_evaluated_step_and_its_model(self, tiny_recipe, tiny_run, tmp_path):
        seen, logits = {}, {}

        def on_evaluate(now):
            seen[now.step] = now.row
            torch.rand(1), np.random.random()  # noqa: NPY002
            logits[now.step] = now.snapshot.logits
            assert now.run.steps == [step for step in (0, 10, 20, 30) if step <= now.step]
            assert sorted(now.history) == list(range(now.step + 1))

        run = gl.train(tiny_recipe, tmp_path / "run", on_evaluate=on_evaluate)
        assert contents(run.path) == contents(tiny_run.path)
        assert list(seen) == [0, 10, 20, 30]
        for step, row in seen.items():
            recorded = tiny_run.history.sel(step=step)
            assert row == {name: float(recorded[name]) for name in row}
            assert torch.equal(logits[step], tiny_run.at(step).logits)
        assert seen[10].keys() == {"train_loss", "test_loss", "train_accuracy", "test_accuracy"}

    def test_its_error_goes_on_and_the_run_can(self, tiny_recipe, tiny_run, tmp_path):
        def fails(now):
            if now.step == 20:
                raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            gl.train(tiny_recipe, tmp_path / "run", on_evaluate=fails)
        assert gl.train(tiny_recipe, tmp_path / "run").history.identical(tiny_run.history)


@pytest.mark.parametrize("kind", RECIPES)
def test_a_stopped_run_goes_on_to_the_same_bits(kind, tiny_recipe, tmp_path):
    recipe = replace(tiny_recipe, **RECIPES[kind])
    whole = gl.train(recipe, tmp_path / "whole")
    for _ in range(2):  # the same call stops at the same step
        run = gl.train(recipe, tmp_path / "run", stop_when=at(13))
        assert run.steps == [0, 10, 14]
        assert run.finished is False
        assert run.stopped_by == "<lambda>"
        assert repr(run).endswith("stopped by <lambda>)")
        assert run.history.step.values.tolist() == list(range(15))
    assert gl.train(recipe, tmp_path / "run", stop_when=at(21)).steps == [0, 10, 20, 21]
    again = gl.train(recipe, tmp_path / "run")
    assert again.finished
    assert again.stopped_by is None
    assert contents(again.path) == contents(whole.path)


@pytest.fixture(scope="module")
def often(tiny_recipe):
    """The recipe evaluated between the steps that it keeps."""
    return replace(tiny_recipe, evaluate_every=7)


@pytest.fixture(scope="module")
def whole(often, tmp_path_factory):
    """The files of its run."""
    return contents(gl.train(often, tmp_path_factory.mktemp("whole") / "run").path)


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_interrupted_while_it_stops(number, often, whole, tmp_path, monkeypatch):
    """Before and after every file that is written from where it stops on."""
    count, stopping = 0, False

    class Killed(Exception):
        pass

    def write(path, data, **options):
        nonlocal count
        count += stopping
        if stopping and count == number:
            raise Killed
        write_atomically(path, data, **options)

    def stop(self, *given):
        nonlocal stopping
        stopping = True
        real(self, *given)

    real = RunWriter.stop
    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "stop", stop)
        for module in ("writer", "header", "history", "resume"):
            patch.setattr(f"groklens.runs.{module}.write_atomically", write)
        try:
            gl.train(often, tmp_path / "run", stop_when=at(13))
            gl.train(often, tmp_path / "run")  # the last numbers come after it has stopped
        except Killed:
            pass
    assert contents(gl.train(often, tmp_path / "run").path) == whole


def test_a_rule_that_stops_at_the_end_stops_nothing(tiny_recipe, tiny_run, tmp_path):
    run = gl.train(tiny_recipe, tmp_path / "run", stop_when=at(30))
    assert run.finished
    assert contents(run.path) == contents(tiny_run.path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stop_when": lambda now: None}, "stop_when gave None at step 0; give a function"),
        ({"stop_when": 500}, "stop_when is 500; give a function of an evaluated step"),
        ({"stop_when": Generalised}, "stop_when is .*Generalised.*give a function"),
        ({"on_evaluate": "print"}, "on_evaluate is 'print'; give a function"),
    ],
)
def test_what_is_no_rule_is_refused(options, said, tiny_recipe, tmp_path):
    with pytest.raises(BadArgument, match=said):
        gl.train(tiny_recipe, tmp_path / "run", **options)


@pytest.mark.parametrize(
    "stopped_by", ["me", {"rule": "me"}, {"rule": 3, "step": 14}, {"rule": "", "step": -1}]
)
def test_a_damaged_word_of_who_stopped_it_is_refused(stopped_by, run_folder):
    path = run_folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"stopped_by": stopped_by}))
    with pytest.raises(DamagedRun, match=r"stopped_by|checksum"):
        gl.load(run_folder)


def evaluated(accuracies=(), every=10, **rows):
    """A step at which a rule is asked, after these values of each name."""
    rows = {"test_accuracy": accuracies, **rows} if accuracies else rows
    count = len(next(iter(rows.values())))
    history = {every * i: {name: values[i] for name, values in rows.items()} for i in range(count)}
    step = max(history)
    recipe = gl.Recipe(task=gl.ModularArithmetic(5), model=gl.MLP(d_mlp=4, d_embed=2))
    return Evaluated(step, history[step], history, recipe, Path("nowhere"), dict)


@pytest.mark.parametrize(
    ("accuracies", "for_steps", "wanted"),
    [
        ((0.2, 0.99), 0, True),
        ((0.2, 0.98), 0, False),
        ((0.2, 0.99, 1.0), 10, True),
        ((0.2, 0.99, 1.0), 11, False),
        ((1.0, 0.5, 1.0, 1.0), 20, False),
        ((1.0, 1.0, 1.0, 0.9), 0, False),
    ],
)
def test_generalised(accuracies, for_steps, wanted):
    assert Generalised(for_steps)(evaluated(accuracies)) is wanted


def test_a_rule_without_its_number_says_so():
    for rule, name in ((Generalised(), "test_accuracy"), (Settled(), "test_loss")):
        with pytest.raises(BadArgument, match=f"No {name} is recorded.*train_loss"):
            rule(evaluated(train_loss=(1.0, 0.5)))


@pytest.mark.parametrize(
    "make",
    [lambda: Generalised(accuracy=2), lambda: Generalised(-1), lambda: Settled(0), lambda: Settled(norm=1)],
)
def test_a_rule_out_of_range_is_refused(make):
    with pytest.raises(BadArgument, match=r"give|at least"):
        make()


class TestSettled:
    @pytest.mark.parametrize(
        ("losses", "norms", "wanted"),
        [
            ((5.0, 6.0, 0.05, 0.01, 0.001), (9, 9, 4, 4, 4), True),
            ((5.0, 6.0, 0.07, 0.01, 0.001), (9, 9, 4, 4, 4), False),
            ((5.0, 6.0, 0.05, 0.01, 0.001), (9, 9, 5, 4, 4), False),
            ((0.01, 0.01, 0.01, 0.01, 0.01), (4, 4, 4, 4, 4), False),
        ],
    )
    def test_both_have_to_rest(self, losses, norms, wanted, monkeypatch):
        """Over two evaluations back, of which the first is a kept step."""

        class Model:
            def __init__(self, norm):
                self.norm = norm

        class Kept:
            steps = (0, 10, 20, 30, 40)

            def at(self, step):
                return type("Snapshot", (), {"model": Model(norms[step // 10])})

        monkeypatch.setattr("groklens.training.stopping.parameters_squared", lambda model: model.norm)
        monkeypatch.setattr(Evaluated, "run", Kept())
        monkeypatch.setattr(Evaluated, "snapshot", Kept().at(40))
        monkeypatch.setattr("groklens.training.stopping.kept_steps", lambda run: run.steps)
        assert Settled(for_steps=20)(evaluated(test_loss=losses)) is wanted

    def test_in_a_training(self, tiny_recipe, tmp_path):
        """Of weights that hardly move, the loss decides; its bounds here are those of no grokking run."""
        slow = replace(tiny_recipe, optimizer=gl.AdamW(lr=1e-6))
        asked = []

        def rule(now):
            asked.append(Settled(for_steps=10)._rests(now, now.step - 10) if now.step >= 10 else False)
            return asked[-1]

        run = gl.train(slow, tmp_path / "run", stop_when=rule)
        assert asked == [False, True]
        assert run.steps == [0, 10]
        assert run.stopped_by == "rule"
