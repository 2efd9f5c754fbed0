"""The training loop: what it computes, what it writes, and when it refuses."""

import pytest
import torch

import groklens as gl
from groklens.errors import DamagedRun, RecipeMismatch, TrainingDiverged
from groklens.models import LOSSES_EACH
from groklens.recipes import Recipe
from groklens.runs.header import Header
from groklens.training.batches import batch_for

TASK = gl.ModularArithmetic(5, "add")


def contents(folder):
    """Everything that a run wrote, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def small_mlp(**changes):
    values = {"task": TASK, "model": gl.MLP(d_mlp=16, d_embed=8), "train_fraction": 0.8, "steps": 20}
    return Recipe(**{**values, "evaluate_every": 5, "keep": gl.Every(5), **changes})


def by_hand(recipe):
    """The same training in a few lines of plain torch, without the quick pass, fused steps or resuming."""
    model = recipe.model.build(recipe.task, recipe.seed)
    parameters = [p for p in model.parameters() if p.requires_grad]
    spec = recipe.optimizer
    if isinstance(spec, gl.AdamW):
        optimizer = torch.optim.AdamW(
            parameters, lr=spec.lr, betas=spec.betas, eps=spec.eps, weight_decay=spec.weight_decay
        )
    else:
        optimizer = torch.optim.SGD(
            parameters, lr=spec.lr, momentum=spec.momentum, weight_decay=spec.weight_decay
        )
    index, _ = recipe.task.split(recipe.train_fraction, recipe.seed)
    losses = []
    for update in range(1, recipe.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = spec.lr * min(1, update / spec.warmup_steps) if spec.warmup_steps else spec.lr
        batch = batch_for(recipe, index, update)
        logits = model(recipe.task.inputs[batch])[:, -1, : recipe.task.d_vocab_out]
        loss = LOSSES_EACH[recipe.loss](logits, recipe.task.labels[batch]).mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses, model


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(
            task=TASK,
            model=gl.Transformer(n_layers=2, d_model=16, n_heads=2, d_head=8, d_mlp=32, bias="mlp"),
            optimizer=gl.AdamW(lr=1e-2, warmup_steps=7),
            train_fraction=0.6,
            steps=20,
            keep=gl.Every(20),
        ),
        small_mlp(optimizer=gl.SGD(lr=0.1, momentum=0.9, weight_decay=1e-3, warmup_steps=3)),
        small_mlp(optimizer=gl.SGD(lr=0.1), batch_size=6, loss="mse"),
    ],
    ids=["transformer, AdamW", "MLP, SGD", "mini-batches, squared error"],
)
def test_it_computes_what_plain_torch_computes(recipe, tmp_path):
    run = gl.train(recipe, into=tmp_path / "run")
    losses, model = by_hand(recipe)
    assert run.history.train_loss.values[:-1] == pytest.approx(losses, rel=2e-4)
    theirs = model.state_dict()
    for name, value in run.final.model.state_dict().items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-3, atol=1e-4, msg=name)


def test_the_same_recipe_gives_the_same_bytes_and_leaves_the_random_state_alone(tmp_path):
    written = []
    for name in ("one", "two"):
        torch.manual_seed(len(name) + ord(name[0]))
        before = torch.get_rng_state()
        gl.train(small_mlp(batch_size=4), into=tmp_path / name)
        assert torch.equal(torch.get_rng_state(), before)
        written.append(contents(tmp_path / name))
    assert written[0] == written[1]
    assert "steps/00000015.safetensors" in written[0]
    assert not any("resume" in name or "tmp" in name for name in written[0])
    gl.train(small_mlp(batch_size=4, seed=1), into=tmp_path / "three")
    assert contents(tmp_path / "three")["history.csv"] != written[0]["history.csv"]


def test_a_finished_run_is_returned_untouched(run_folder, tiny_recipe):
    def state():
        return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in run_folder.rglob("*")}

    before = state()
    run = gl.train(tiny_recipe, into=run_folder)
    assert run.finished
    assert state() == before


def test_another_recipe_is_not_mixed_in(run_folder, tiny_recipe):
    before = contents(run_folder)
    other = Recipe.from_dict(tiny_recipe.to_dict() | {"seed": 4, "steps": 40})
    with pytest.raises(RecipeMismatch, match=r"steps: 30 → 40; seed: 0 → 4.*another folder"):
        gl.train(other, into=run_folder)
    assert contents(run_folder) == before


def test_a_recorded_run_is_not_trained_on(tmp_path):
    with gl.Recorder(gl.MLP(d_mlp=8).build(TASK, 0), TASK, into=tmp_path / "run"):
        pass
    with pytest.raises(RecipeMismatch, match="another folder"):
        gl.train(small_mlp(), into=tmp_path / "run")


@pytest.mark.parametrize("keep", [gl.Every(1), gl.Steps([])])
def test_a_loss_that_is_no_number_stops_with_step_and_checkpoint(keep, tmp_path):
    recipe = small_mlp(optimizer=gl.SGD(lr=1e12), keep=keep, steps=50)
    folder = tmp_path / "run"
    with pytest.raises(TrainingDiverged, match=r"The loss is (nan|inf) at step \d+") as caught:
        gl.train(recipe, into=folder)
    run = gl.load(folder)
    assert f"last good checkpoint is step {run.steps[-1]}, " in str(caught.value)
    assert f"{run.steps[-1]:08d}.safetensors" in str(caught.value)
    stopped = int(str(caught.value).split("at step ")[1].split(".")[0])
    assert run.steps == (list(range(stopped)) if isinstance(keep, gl.Every) else [0])
    assert torch.isfinite(run.final.logits).all()
    assert not run.finished
    assert int(run.history.step[-1]) == stopped - 1
    with pytest.raises(TrainingDiverged):  # asking again gives the same answer
        gl.train(recipe, into=folder)


def test_a_loss_that_ends_with_the_last_update(tmp_path):
    recipe = small_mlp(optimizer=gl.SGD(lr=1e38), steps=1)
    with pytest.raises(TrainingDiverged, match="at step 1"):
        gl.train(recipe, into=tmp_path / "run")
    assert gl.load(tmp_path / "run").steps == [0]


def test_quiet_unless_on_a_terminal(tmp_path, capfd):
    gl.train(small_mlp(), into=tmp_path / "quiet")
    assert capfd.readouterr() == ("", "")
    gl.train(small_mlp(), into=tmp_path / "shown", progress=True)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "test loss" in shown.err


def test_held_out_inputs_are_evaluated_when_asked(tmp_path):
    history = gl.train(small_mlp(evaluate_every=8), into=tmp_path / "some").history
    evaluated = history.step[history.test_loss.notnull()].values.tolist()
    assert evaluated == [0, 8, 16, 20]
    assert history.train_loss.notnull().all()
    history = gl.train(small_mlp(evaluate_every=None), into=tmp_path / "never").history
    assert history.step[history.test_loss.notnull()].values.tolist() == [20]
    history = gl.train(small_mlp(train_fraction=1.0), into=tmp_path / "all").history
    assert not history.test_loss.notnull().any()


def test_mini_batches_go_through_every_input_once_an_epoch():
    recipe = small_mlp(batch_size=6)
    index, _ = TASK.split(0.8, 0)  # 20 inputs: 3 batches an epoch, 2 inputs left out
    epochs = [torch.cat([batch_for(recipe, index, 3 * epoch + i) for i in (1, 2, 3)]) for epoch in range(20)]
    for epoch in epochs:
        assert len(epoch.unique()) == 18
        assert set(epoch.tolist()) <= set(index.tolist())
    assert not torch.equal(epochs[0], epochs[1])
    assert torch.cat(epochs).unique().tolist() == index.tolist()  # nobody is left out for good
    assert torch.equal(batch_for(small_mlp(batch_size=None), index, 5), index)


def unfinish(folder):
    """Make a finished run look as if it had been stopped before the end, without its resume state."""
    header = Header.read(folder / "run.json")
    header.finished, header.history = False, None
    header.write(folder / "run.json")


def test_a_run_without_its_resume_state_starts_over_and_mends_itself(run_folder, tiny_recipe):
    before = contents(run_folder)
    (run_folder / "steps" / "00000010.safetensors").unlink()
    (run_folder / "steps" / "00000020.safetensors").write_bytes(b"damaged")
    unfinish(run_folder)
    gl.train(tiny_recipe, into=run_folder).verify()
    assert contents(run_folder) == before


def test_a_damaged_resume_state_says_what_to_delete(run_folder, tiny_recipe):
    unfinish(run_folder)
    resume = run_folder / "resume.safetensors"
    resume.write_bytes(b"damaged")
    with pytest.raises(DamagedRun, match=r"resume\.safetensors.*delete that one file"):
        gl.train(tiny_recipe, into=run_folder)
    resume.unlink()
    gl.train(tiny_recipe, into=run_folder).verify()
