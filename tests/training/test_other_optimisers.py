"""Optimisers that see whole tensors or keep more: alone, in stacks, killed, extended, forked, and from a shell."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

import groklens as gl
import own_parts
from groklens import parts
from groklens.errors import BadArgument, PartNeeded
from groklens.parts import parts_in
from groklens.recipes import SGD, Adam, AdamW, Grokfast, Muon, OrthoGrad
from groklens.training import loop
from groklens.training.stack import Stack
from groklens.training.stacking import first_stack

INSIDE = AdamW(lr=1e-2, warmup_steps=3)
SPECS = {
    "Grokfast": Grokfast(INSIDE),
    "OrthoGrad": OrthoGrad(INSIDE),
    "Muon": Muon(lr=0.02, adam_lr=1e-2, warmup_steps=3),
    "all of them": Grokfast(OrthoGrad(Muon(warmup_steps=3)), decay=0.9),
    "coupled": Adam(lr=1e-2, weight_decay=1e-3),
}
RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(5),
    model=gl.MLP(d_mlp=8, d_embed=4, combine="sum"),
    train_fraction=0.6,
    steps=12,
    evaluate_every=6,
    keep=gl.Every(6),
)


def of_each(*names):
    chosen = {name: SPECS[name] for name in names or SPECS}
    return pytest.mark.parametrize("spec", chosen.values(), ids=chosen)


def bits(run, step):
    return run.at(step).model.state_dict()


def same(one, other, steps):
    return all(
        torch.equal(each, bits(other, step)[name]) for step in steps for name, each in bits(one, step).items()
    )


class InDouble(gl.MLP):
    """The same model in float64."""

    def build(self, task, seed, device="cpu"):
        return super().build(task, seed, device).double()


def by_itself(recipe, updates):
    """A plain loop over the module, with no axis of runs: the weights after some updates."""
    model = recipe.model.build(recipe.task, recipe.seed)
    spec, named = recipe.optimizer, dict(model.named_parameters())
    optimizer = spec.build(named.items() if getattr(spec, "by_name", False) else named.values())
    train, _ = recipe.task.split(recipe.train_fraction, recipe.seed)
    for update in range(1, updates + 1):
        for group in optimizer.param_groups:
            group["lr"] = spec.rate(update)
        optimizer.zero_grad()
        logits = model(recipe.task.inputs[train])[:, -1]
        recipe.loss_part.each(logits, recipe.task.targets[train]).mean().backward()
        optimizer.step()
    return model.state_dict()


@of_each()
@pytest.mark.parametrize("loss", ["cross_entropy", "stablemax"])
def test_a_stack_is_its_runs_and_each_a_plain_loop(spec, loss):
    """What an optimiser does to a tensor it does to each run's own, and not to the tensor of all runs."""
    base = replace(RECIPE, model=InDouble(**vars(RECIPE.model)), optimizer=spec, loss=loss)
    recipes = [replace(base, seed=seed) for seed in range(3)]
    stack = Stack(recipes, "cpu")
    for update in range(1, 13):
        stack.step(stack.losses(update), update)
    for run, recipe in enumerate(recipes):
        known = by_itself(recipe, 12)
        for name, value in stack.state(run).items():
            torch.testing.assert_close(value, known[name], rtol=1e-7, atol=1e-9)


def other_values(spec):
    """The same kind of optimiser with another rate and, of Grokfast, another gain."""
    changes = {"gain": 0.5} if isinstance(spec, Grokfast) else {}
    inside = getattr(spec, "optimizer", None)
    return replace(
        spec, **changes, **({"lr": 5e-3} if inside is None else {"optimizer": other_values(inside)})
    )


@of_each("OrthoGrad", "all of them")
def test_runs_of_other_values_share_a_stack(spec, tmp_path):
    base = replace(RECIPE, optimizer=spec)
    recipes = [base, replace(base, seed=1), replace(base, seed=2, optimizer=other_values(spec))]
    assert len(first_stack(recipes, [0] * 3)) == 3
    for recipe, run in zip(recipes, gl.train_many(recipes, into=tmp_path, progress=False), strict=True):
        assert run.environment["engine"] == "quick, 3 stacked"
        single = gl.train(recipe, into=tmp_path / "single" / recipe.id, progress=False)
        np.testing.assert_allclose(run.history["train_loss"], single.history["train_loss"], rtol=1e-4)


def test_kinds_are_stacked_apart():
    recipes = [
        replace(RECIPE, optimizer=each) for each in (Grokfast(INSIDE), INSIDE, Grokfast(Adam()), Grokfast())
    ]
    assert [each.optimizer for each in first_stack(recipes, [0] * 4)] == [Grokfast(), Grokfast(INSIDE)]


def killed_at(step, monkeypatch):
    """A context in which training is interrupted before this update."""

    def tell(text, at, total):
        if at == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "tell", tell)


@of_each("all of them", "Muon", "Grokfast")
def test_killed_extended_and_forked_it_has_the_same_bits(spec, tmp_path, monkeypatch):
    recipe = replace(RECIPE, optimizer=spec)
    whole = gl.train(recipe, into=tmp_path / "whole", keep_optimizer=[6])
    with monkeypatch.context() as patch:
        killed_at(8, patch)
        with pytest.raises(KeyboardInterrupt):
            gl.train(recipe, into=tmp_path / "killed", resume_every=0.0)
    assert same(gl.train(recipe, into=tmp_path / "killed"), whole, (0, 6, 12))
    short = gl.train(replace(recipe, steps=6), into=tmp_path / "short")
    assert same(gl.extend(short, 12), whole, (6, 12))
    assert same(gl.fork(whole, 6, tmp_path / "fork"), whole, (6, 12))


@of_each("all of them")
def test_a_killed_stack_goes_on_to_the_same_bits(spec, tmp_path, monkeypatch):
    recipes = [replace(RECIPE, optimizer=spec, seed=seed) for seed in range(2)]
    whole = gl.train_many(recipes, into=tmp_path / "whole", progress=False)
    with monkeypatch.context() as patch:
        killed_at(8, patch)
        with pytest.raises(KeyboardInterrupt):
            gl.train_many(recipes, into=tmp_path / "killed", resume_every=0.0)
    for run, known in zip(gl.train_many(recipes, into=tmp_path / "killed"), whole, strict=True):
        assert same(run, known, (6, 12))


def test_a_fork_may_begin_to_amplify_and_leave_off(tmp_path):
    plain = gl.train(replace(RECIPE, optimizer=INSIDE), into=tmp_path / "plain", keep_optimizer=[6])
    amplified = gl.fork(plain, 6, tmp_path / "amplified", optimizer=Grokfast(INSIDE))
    assert same(amplified, plain, (6,))
    assert not same(amplified, plain, (12,))
    again = gl.extend(amplified, 18)
    assert gl.fork(again, 18, tmp_path / "plain again", optimizer=INSIDE, steps=20).finished
    none = gl.fork(plain, 6, tmp_path / "none", optimizer=Grokfast(INSIDE, gain=0.0))
    assert same(none, plain, (6, 12))


def test_the_shell_trains_by_what_a_recipe_says(tmp_path, shell):
    file = tmp_path / "recipe.json"
    recipe = replace(RECIPE, optimizer=Grokfast(OrthoGrad(INSIDE)), loss="stablemax")
    file.write_text(json.dumps(recipe.to_dict()))
    assert shell("train", str(file), str(tmp_path / "run"))[0] == 0
    assert gl.load(tmp_path / "run").recipe == recipe
    values = recipe.to_dict()
    values["optimizer"]["optimizer"] = {"kind": "Every", "period": 3}
    file.write_text(json.dumps(values))
    status, _, error = shell("train", str(file), str(tmp_path / "other"))
    assert (status, "is of kind 'Every'" in error) == (2, True)


def test_around_an_optimiser_of_ones_own(tmp_path, monkeypatch):
    """It sees its run's parameters as they are, is registered, and asked for where it is not at hand."""
    recipe = replace(RECIPE, model=own_parts.Sum(), optimizer=Grokfast(own_parts.SignDescent()))
    run = gl.train(recipe, into=tmp_path / "run")
    assert run.recipe == recipe
    assert first_stack([recipe, replace(recipe, seed=1)], [0, 0]) == [recipe]
    monkeypatch.setattr(parts, "_KNOWN", {})
    with pytest.raises(PartNeeded, match=r"Sum.*SignDescent"):
        gl.load(run.path)
    assert gl.load(run.path, parts=[own_parts.SignDescent, own_parts.Sum]).recipe == recipe


@dataclass(frozen=True)
class Loose:
    """An optimiser whose field no file holds."""

    rule: object = print

    def build(self, parameters):
        return torch.optim.SGD(parameters, 0.1)


def test_what_cannot_survive_inside_says_so_before_training():
    with pytest.raises(BadArgument, match="which a file cannot hold"):
        replace(RECIPE, optimizer=Grokfast(Loose()))
    assert [type(each) for each in parts_in(Grokfast(SGD()))] == [Grokfast, SGD]


def test_a_sweep_over_what_is_inside(tmp_path):
    over = {"optimizer.optimizer.lr": (1e-2, 1e-3), "optimizer.gain": (0.0, 2.0)}
    runs = gl.Sweep(replace(RECIPE, optimizer=Grokfast(INSIDE)), over).run(tmp_path / "sweep")
    assert len(runs) == 4
    assert set(runs.events().dims) == {"lr", "gain"}
