"""Whatever state a loop is in when it calls: autocast, no gradients, inference mode, another working directory."""

import os

import pytest
import torch
from torch import nn

import groklens as gl
from groklens.errors import BadArgument

TASK = gl.ModularArithmetic(11, "add")
RECIPE = gl.Recipe(task=TASK, train_fraction=0.5, model=gl.MLP(d_mlp=16), steps=4, keep=gl.Every(2))


def half():
    return torch.autocast("cpu", dtype=torch.bfloat16)


def values(why):
    return {finding.key: finding.value for finding in why.findings}


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(12, 16), nn.Flatten(), nn.Linear(48, 32), nn.ReLU(), nn.Linear(32, 11))


@pytest.fixture(autouse=True)
def _same_random_state():
    with torch.random.fork_rng():
        yield


class TestAutocast:
    def test_an_explanation_has_its_own_numbers(self):
        model = gl.planted(TASK, [2, 3])
        wanted = values(gl.explain(model, TASK))
        with half():
            assert values(gl.explain(model, TASK)) == wanted
            assert torch.is_autocast_enabled("cpu")

    def test_looks_and_measures_too(self, tmp_path):
        run = gl.train(RECIPE, tmp_path / "run")
        logits, table = run.at(2).logits, gl.track(run, ["test_loss", "excluded_loss"])
        with half():
            again = gl.load(tmp_path / "run")
            assert torch.equal(again.at(2).logits, logits)
            assert gl.track(again, ["test_loss", "excluded_loss"]).identical(table)

    def test_training_has_the_same_bits(self, tmp_path):
        alone = gl.train(RECIPE, tmp_path / "alone")
        with half():
            inside = gl.train(RECIPE, tmp_path / "inside")
        assert inside.history.identical(alone.history)

    def test_a_recorder_within_it(self, tmp_path):
        module = net()
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
        recorder = gl.Recorder(gl.hooked(module), TASK, tmp_path / "run", keep=gl.Every(1))
        with recorder as rec, half():
            for step in (1, 2, 3):
                loss = nn.functional.cross_entropy(module(TASK.inputs[:60]), TASK.labels[:60])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rec.step(step)
        final = gl.load(tmp_path / "run", model=gl.hooked(net())).final
        assert torch.equal(final.logits, gl.Snapshot(gl.hooked(module), TASK).logits)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_training_where_no_gradients_are_kept(mode, tmp_path):
    alone = gl.train(RECIPE, tmp_path / "alone")
    with mode():
        inside = gl.train(RECIPE, tmp_path / "inside")
        assert not torch.is_grad_enabled()
        gl.extend(inside, steps=6)
    assert inside.history.identical(alone.history)
    assert gl.load(tmp_path / "inside-to-6").steps == [0, 2, 4, 6]


class TestAnotherWorkingDirectory:
    """What was opened or begun by a relative path stays where it is when the process moves."""

    @pytest.fixture
    def elsewhere(self, tmp_path, monkeypatch):
        (tmp_path / "away").mkdir()
        monkeypatch.chdir(tmp_path)
        return tmp_path / "away"

    def test_runs_and_files_that_are_open(self, elsewhere):
        gl.train(RECIPE, "run")
        os.mkdir("files")
        for step in (1, 2):
            torch.save(net().state_dict(), f"files/step_{step}.pt")
        run = gl.load("run")
        files = gl.load("files", task=TASK, model=gl.hooked(net()))
        os.chdir(elsewhere)
        assert run.at(2).logits.shape == files.at(1).logits.shape == (121, 11)
        assert gl.extend(run, steps=6).steps == [0, 2, 4, 6]
        assert list(elsewhere.iterdir()) == []

    def test_a_recording_and_a_training_that_move(self, elsewhere):
        with gl.Recorder(gl.hooked(net()), TASK, "rec", keep=gl.Every(1)) as rec:
            os.chdir(elsewhere)
            rec.step(1)
        assert rec.run.steps == [0, 1]
        os.chdir("..")
        run = gl.train(RECIPE, "run", on_evaluate=lambda evaluated: os.chdir(elsewhere))
        assert run.steps == [0, 2, 4]
        assert run.at(2).logits.shape == (121, 11)
        assert list(elsewhere.iterdir()) == []


def recorded_while(change, folder):
    module = net()
    with gl.Recorder(gl.hooked(module), TASK, folder, keep=gl.Every(1)) as recorder:
        recorder.step(1)
        change(module)
        recorder.step(2)


@pytest.mark.parametrize(
    "change", [lambda m: m.append(nn.Linear(11, 11)), lambda m: m.insert(4, nn.Linear(32, 32))]
)
def test_a_model_that_grows_is_another(change, tmp_path):
    said = r"other weights now than when the recording began.*folder of its own"
    with pytest.warns(UserWarning, match="could not keep"), pytest.raises(BadArgument, match=said):
        recorded_while(change, tmp_path / "run")
    assert gl.load(tmp_path / "run", model=gl.hooked(net())).steps == [0, 1]


def test_what_needs_gradients_within_inference_mode(tmp_path):
    run = gl.train(RECIPE, tmp_path / "run")
    wanted = gl.track(run, [gl.measures.LLC(chains=2, draws=20)], steps=[4])
    with torch.inference_mode():
        again = gl.load(tmp_path / "run")
        assert again.final.logits.shape == (121, 11)
        assert gl.track(again, [gl.measures.LLC(chains=2, draws=20)], steps=[4]).identical(wanted)
