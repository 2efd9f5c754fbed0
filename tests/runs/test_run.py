"""Opening a run that is as it was written."""

import math
import shutil

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument, DamagedRun, UnknownName
from groklens.models import accuracy
from groklens.models.loss import cross_entropy_each
from groklens.runs.history import History, read_history


def test_what_it_says_of_itself(tiny_run, tiny_recipe):
    assert tiny_run.steps == [0, 10, 20, 30] == tiny_recipe.kept_steps
    assert tiny_run.finished
    assert tiny_run.recipe == tiny_recipe
    assert tiny_run.task == tiny_recipe.task
    assert torch.equal(tiny_run.train_index, tiny_recipe.task.split(0.6, 0)[0])
    assert tiny_run.environment["engine"] == "quick"
    assert tiny_run.environment["threads"] == torch.get_num_threads()
    assert "4 steps to 30" in repr(tiny_run)
    tiny_run.verify()


@pytest.mark.parametrize(
    ("stands", "given"), [("run", "."), ("run/steps", ".."), (".", "run"), ("run", "../run")]
)
def test_its_folder_has_a_name_however_it_is_given(stands, given, tiny_run, tmp_path, monkeypatch):
    shutil.copytree(tiny_run.path, tmp_path / "run")
    monkeypatch.chdir(tmp_path / stands)
    assert gl.load(given).name == "run"
    assert repr(gl.load(given)).startswith("Run(run: ")


def test_step_zero_is_the_initialisation(tiny_run, tiny_recipe):
    initial = tiny_recipe.model.build(tiny_recipe.task, tiny_recipe.seed).state_dict()
    loaded = tiny_run.at(0).model.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in initial.items())


def test_history_and_checkpoints_speak_of_the_same_models(tiny_run):
    history = tiny_run.history
    assert history.step.values.tolist() == list(range(31))
    assert history.train_loss.notnull().all()
    assert history.train_loss.attrs["units"] == "nats"
    for step in tiny_run.steps:
        snapshot, row = tiny_run.at(step), history.sel(step=step)
        labels = tiny_run.task.labels
        for split, index in (("train", snapshot.train_index), ("test", snapshot.test_index)):
            loss = float(cross_entropy_each(snapshot.logits[index], labels[index]).mean())
            assert float(row[f"{split}_loss"]) == pytest.approx(loss, rel=1e-6)
            assert float(row[f"{split}_accuracy"]) == accuracy(snapshot.logits[index], labels[index])
    between = history.sel(step=5)
    assert math.isnan(between.test_loss)


def test_steps_that_were_not_kept(tiny_run):
    with pytest.raises(UnknownName, match="nearest are 10, 20"):
        tiny_run.at(15)
    assert tiny_run.nearest(26).step == 30
    assert tiny_run.final.step == 30


def test_what_is_no_run(tmp_path):
    with pytest.raises(DamagedRun, match="does not exist"):
        gl.load(tmp_path / "nowhere")
    with pytest.raises(DamagedRun, match=r"run\.json|no format"):
        gl.load(tmp_path)


def test_a_model_that_the_weights_do_not_fit(run_folder, tiny_recipe):
    other = gl.Transformer(d_model=8, n_heads=2, d_head=4, d_mlp=16).build(tiny_recipe.task, 0)
    with pytest.raises(BadArgument, match="do not fit"):
        gl.load(run_folder, model=other).at(10)


def test_the_model_given_is_a_template_only(run_folder, tiny_recipe):
    template = tiny_recipe.model.build(tiny_recipe.task, 7)
    before = {name: value.clone() for name, value in template.state_dict().items()}
    run = gl.load(run_folder, model=template)
    assert torch.equal(run.final.logits, gl.load(run_folder).final.logits)
    assert all(torch.equal(template.state_dict()[name], value) for name, value in before.items())


def test_snapshots_of_a_run_share_no_weights_and_no_hooks(run_folder):
    run = gl.load(run_folder)
    one, other = run.final, run.final
    name = "blocks.0.mlp.hook_post"
    before = other.logits
    with one.model.hooks(fwd_hooks=[(name, lambda value, hook: 0 * value)]), torch.no_grad():
        for parameter in one.model.parameters():
            parameter.zero_()
        assert not any(hook.fwd_hooks for hook in other.model.hook_dict.values())
        assert torch.equal(run.final.logits, before)
    assert torch.equal(gl.Snapshot(other.model, other.task).logits, before)


def test_history_reads_back_to_the_bit(tmp_path):
    path = tmp_path / "history.csv"
    history = History(path)
    values = {1: 0.1 + 0.2, 2: 1e-300, 3: 2 / 3, 4: float("inf"), 7: 5e-324}
    for step, value in values.items():
        history.record(step, train_loss=value)
    history.record(3, test_loss=1.0)
    history.record(9, train_loss=float("nan"))
    history.flush()
    history.record(3, test_accuracy=0.5)  # a later addition to a row that is on disk
    history.flush()
    rows = read_history(path)
    assert {step: row["train_loss"] for step, row in rows.items() if "train_loss" in row} == values
    assert rows[3] == {"train_loss": 2 / 3, "test_loss": 1.0, "test_accuracy": 0.5}
    assert rows[9] == {}
    assert sorted(History(path, before=3).rows) == [1, 2]
    assert sorted(read_history(path)) == [1, 2]


@pytest.mark.parametrize(
    "spec", [gl.MLP(d_mlp=8, d_embed=4, bias=False), gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8)]
)
def test_what_was_held_still_is_held_still_when_it_is_read(spec, tmp_path):
    """Else a learning coefficient would be of weights that no training moved, and a tangent kernel too."""
    recipe = gl.Recipe(task=gl.ModularArithmetic(5), model=spec, steps=2, train_fraction=0.5)
    model = gl.train(recipe, tmp_path / "run").final.model
    built = spec.build(recipe.task, recipe.seed)
    trained = {name for name, one in built.named_parameters() if one.requires_grad}
    assert {name for name, one in model.named_parameters() if one.requires_grad} == trained
    assert len(trained) < len(list(built.named_parameters()))
