"""Runs trained at once: each is its single run, written and resumed on its own."""

import os
import signal
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import groklens as gl
from groklens.errors import BadArgument, TrainingDiverged
from groklens.runs import RunWriter
from groklens.runs.resume import ResumeState
from groklens.training.stack import Stack
from groklens.training.stacking import first_stack

SMALL = {"d_model": 16, "n_heads": 2, "d_head": 8, "d_mlp": 32}
MODELS = {
    "transformer": gl.Transformer(**SMALL),
    "two layers, biases, norms": gl.Transformer(**SMALL, n_layers=2, bias=True, normalization="LN"),
    "param-free norms": gl.Transformer(**SMALL, normalization="LNPre"),
    "no MLP": gl.Transformer(**{**SMALL, "d_mlp": None}),
    "gelu, not causal": gl.Transformer(**SMALL, n_layers=2, act_fn="gelu", causal=False),
    "MLP": gl.MLP(d_mlp=16, d_embed=8),
    "one-hot product": gl.MLP(d_mlp=16, d_embed=None, combine="product", act_fn="identity"),
}


class InDouble(gl.Transformer):
    """The same model in float64."""

    def build(self, task, seed, device="cpu"):
        return super().build(task, seed, device).double()


def differing(model, **changes):
    """Four recipes of one shape that differ in everything that may differ."""
    base = gl.Recipe(
        task=gl.ModularArithmetic(7, "add"),
        model=model,
        optimizer=gl.AdamW(lr=1e-2, warmup_steps=5),
        train_fraction=0.6,
        steps=20,
        evaluate_every=5,
        keep=gl.Every(10),
    )
    base = replace(base, **changes)
    optimizer = base.optimizer
    return [
        base,
        replace(base, seed=1, optimizer=replace(optimizer, lr=3e-3, warmup_steps=0)),
        replace(base, seed=2, task=gl.RandomTable(7, seed=3)),
        replace(
            base, seed=3, task=gl.ModularArithmetic(7, "sub"), optimizer=replace(optimizer, weight_decay=0.1)
        ),
    ]


def one_stack(recipes):
    return first_stack(recipes, [0] * len(recipes))


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(
    "changes",
    [{}, {"batch_size": 7, "optimizer": gl.SGD(lr=0.02, momentum=0.9)}, {"loss": "mse"}],
    ids=["full batch", "mini-batches, SGD", "squared error"],
)
def test_each_run_is_its_single_run(model, changes, tmp_path):
    recipes = differing(model, steps=10, **changes)
    assert len(one_stack(recipes)) == 4
    stacked = gl.train_many(recipes, into=tmp_path / "many")
    for recipe, run in zip(recipes, stacked, strict=True):
        single = gl.train(recipe, into=tmp_path / "single" / recipe.id)
        assert run.recipe == recipe
        assert run.steps == single.steps
        assert run.environment["engine"] == "quick, 4 stacked"
        for name in ("train_loss", "test_loss"):
            np.testing.assert_allclose(run.history[name], single.history[name], rtol=1e-4, err_msg=name)
        start, alone = (load_file(each.path / "steps" / "00000000.safetensors") for each in (run, single))
        assert all(torch.equal(start[name], value) for name, value in alone.items())
        run.verify()
    assert stacked[0].history["train_loss"][-1] < stacked[0].history["train_loss"][0]


def test_sixty_steps_in_double_precision_stay_with_the_single_runs():
    recipes = differing(InDouble(**SMALL))
    stacks = [Stack(recipes, "cpu"), *(Stack([recipe], "cpu") for recipe in recipes)]
    history = [[] for _ in stacks]
    for update in range(1, 61):
        for stack, losses in zip(stacks, history, strict=True):
            loss = stack.losses(update)
            losses.append(loss.detach().clone())
            stack.step(loss, update)
    together = torch.stack(history[0], dim=1)
    alone = torch.stack([torch.cat(losses) for losses in history[1:]])
    assert together.dtype == torch.float64
    torch.testing.assert_close(together, alone, rtol=1e-8, atol=0)


def test_runs_do_not_mix():
    """What the other runs of a stack are changes nothing but rounding."""
    recipes = differing(MODELS["transformer"])
    stacks = [Stack(recipes, "cpu"), Stack([recipes[0], *reversed(recipes[1:])], "cpu")]
    for update in range(1, 6):
        losses = [stack.losses(update) for stack in stacks]
        torch.testing.assert_close(losses[0][0], losses[1][0], rtol=1e-6, atol=0)
        for stack, loss in zip(stacks, losses, strict=True):
            stack.step(loss, update)


def test_other_shapes_are_grouped_and_equal_recipes_share_a_run(tmp_path):
    small, wide = differing(MODELS["transformer"])[:2], replace(differing(MODELS["MLP"])[0], steps=5)
    plain = replace(small[0], model=gl.Transformer(**SMALL, act_fn="solu_ln"), steps=5)
    recipes = [small[0], wide, small[1], plain, small[0]]
    runs = gl.train_many(recipes, into=tmp_path)
    assert [run.recipe for run in runs] == recipes
    engines = [run.environment["engine"] for run in runs]
    assert engines == ["quick, 2 stacked", "quick", "quick, 2 stacked", "plain", "quick, 2 stacked"]
    assert runs[0].path == runs[4].path == tmp_path / small[0].id
    assert len(list(tmp_path.iterdir())) == 4


def test_finished_runs_are_not_trained_again(tmp_path):
    recipes = differing(MODELS["MLP"])
    first = gl.train_many(recipes[:2], into=tmp_path)
    times = [path.stat().st_mtime_ns for run in first for path in run.path.rglob("*")]
    runs = gl.train_many(recipes, into=tmp_path)
    assert [path.stat().st_mtime_ns for run in first for path in run.path.rglob("*")] == times
    assert all(run.finished for run in runs)


def test_more_runs_than_fit_are_trained_in_turn(tmp_path, monkeypatch):
    monkeypatch.setattr("groklens.memory.BUDGETS.stack", 1)
    runs = gl.train_many(differing(MODELS["MLP"]), into=tmp_path)
    assert [run.environment["engine"] for run in runs] == ["quick"] * 4


def test_a_run_that_diverges_leaves_the_others_to_finish(tmp_path):
    recipes = differing(MODELS["MLP"], optimizer=gl.SGD(lr=0.1), loss="mse")
    recipes[1] = replace(recipes[1], optimizer=gl.SGD(lr=1e6))
    with pytest.raises(
        TrainingDiverged, match=rf"1 of 4 runs diverged(.|\n)*{recipes[1].id}: The loss is (nan|inf)"
    ):
        gl.train_many(recipes, into=tmp_path / "many")
    for recipe in (recipes[0], *recipes[2:]):
        run = gl.load(tmp_path / "many" / recipe.id)
        assert run.finished
        single = gl.train(recipe, into=tmp_path / "single" / recipe.id)
        np.testing.assert_allclose(run.history["train_loss"], single.history["train_loss"], rtol=1e-4)
    with pytest.raises(TrainingDiverged):  # asking again gives the same answer
        gl.train_many(recipes, into=tmp_path / "many")


def test_no_recipes_is_a_mistake(tmp_path):
    with pytest.raises(BadArgument, match="at least one"):
        gl.train_many([], into=tmp_path)


def train_until_killed(recipes, folder, call, calls, resume_every=0.0):
    """Train in a forked child, which imports nothing anew and kills itself before that call of a method is made."""
    child = os.fork()
    if child == 0:
        try:
            left, (owner, name) = calls, call
            method = getattr(owner, name)

            def call_or_die(self, *arguments):
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return method(self, *arguments)

            setattr(owner, name, call_or_die)
            sys.modules["groklens.training.side_by_side"]._AT_A_TIME = 1
            gl.train_many(recipes, into=folder, progress=False, resume_every=resume_every)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


SAVED, SEALED = (ResumeState, "write"), (RunWriter, "finish")


@pytest.mark.parametrize("saves", [1, 5, 9])
def test_killed_and_resumed(saves, tmp_path):
    recipes = differing(MODELS["transformer"])
    train_until_killed(recipes, tmp_path / "killed", SAVED, saves)
    killed = gl.train_many(recipes, into=tmp_path / "killed")
    whole = gl.train_many(recipes, into=tmp_path / "whole")
    for run, other in zip(killed, whole, strict=True):
        run.verify()
        assert run.steps == other.steps
        np.testing.assert_allclose(run.history["train_loss"], other.history["train_loss"], rtol=1e-4)
        assert (run.path / "history.csv").read_bytes() == (other.path / "history.csv").read_bytes()


@pytest.mark.parametrize("kind", ["transformer", "MLP"])
@pytest.mark.parametrize("sealed", range(4))
def test_killed_while_the_runs_are_sealed(kind, sealed, tmp_path):
    """Before any state was due: runs that are not sealed yet are not trained again without those that are."""
    recipes = differing(MODELS[kind])
    train_until_killed(recipes, tmp_path / "killed", SEALED, sealed + 1, resume_every=30.0)
    assert sum(gl.load(tmp_path / "killed" / each.id).finished for each in recipes) == sealed
    killed = gl.train_many(recipes, into=tmp_path / "killed")
    whole = gl.train_many(recipes, into=tmp_path / "whole")
    for run, other in zip(killed, whole, strict=True):
        assert (run.path / "history.csv").read_bytes() == (other.path / "history.csv").read_bytes()
        assert [path.read_bytes() for path in files_of(run)] == [
            path.read_bytes() for path in files_of(other)
        ]
    assert not list((tmp_path / "killed").glob("stack-*"))


def files_of(run):
    return sorted((run.path / "steps").iterdir())


def test_a_stacked_run_can_be_finished_by_itself(tmp_path):
    recipes = differing(MODELS["two layers, biases, norms"])
    train_until_killed(recipes, tmp_path / "killed", SAVED, 20)
    run = gl.train(recipes[2], into=tmp_path / "killed" / recipes[2].id)
    single = gl.train(recipes[2], into=tmp_path / "single")
    assert run.finished
    np.testing.assert_allclose(run.history["train_loss"], single.history["train_loss"], rtol=1e-4)
