"""Longer, and other, lives of a run: the bits of the run that was asked for at once, of the parent, and of no kill."""

import logging
import sys
from dataclasses import replace

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument, DamagedRun
from groklens.runs.lock import FolderLock
from groklens.runs.paths import RunPaths

FULL = gl.Recipe(
    task=gl.ModularArithmetic(7),
    model=gl.MLP(d_mlp=16, d_embed=8),
    optimizer=gl.AdamW(lr=1e-2, warmup_steps=30),
    train_fraction=0.5,
    steps=40,
    evaluate_every=10,
    keep=gl.Every(10),
)
RECIPES = {
    "full batch": FULL,
    "mini-batch": replace(FULL, batch_size=8, optimizer=gl.SGD(lr=0.1, momentum=0.9)),
    "log-spaced": replace(FULL, keep=gl.LogSpaced(6)),
    "transformer": replace(FULL, model=gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32)),
    "stream": replace(FULL, task=gl.tasks.SparseParity(n=8, k=2), batch_size=16),
}


@pytest.fixture(scope="module", params=RECIPES)
def parent(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lives") / "parent"
    return gl.train(RECIPES[request.param], folder, keep_optimizer=[20])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return gl.train(FULL, tmp_path_factory.mktemp("lives") / "parent", keep_optimizer=[20])


def same(one, other, steps):
    ours, theirs = ([run.at(step).model.state_dict() for step in steps] for run in (one, other))
    return all(
        torch.equal(mine[name], yours[name])
        for mine, yours in zip(ours, theirs, strict=True)
        for name in mine | yours
    )


def contents(run):
    return {path.relative_to(run.path): path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def test_extended_is_asked_for_at_once(parent, tmp_path):
    before = contents(parent)
    longer = gl.extend(parent, 70)
    at_once = gl.train(gl.sweeps.changed(parent.recipe, {"steps": 70}), tmp_path / "at once")
    common = sorted(set(longer.steps) & set(at_once.steps))
    assert {0, 70} < set(common)
    assert same(longer, at_once, common)
    assert longer.history.equals(at_once.history)
    assert longer.recipe == at_once.recipe
    assert set(longer.steps) >= {step for step in at_once.steps if step >= 40}
    assert contents(parent) == before
    assert gl.extend(parent, 70).steps == longer.steps
    longer.verify()


def test_a_run_is_extended_again_and_again(whole, tmp_path):
    first = gl.extend(whole, 60, tmp_path / "first")
    second = gl.extend(str(first.path), 90, tmp_path / "second")
    at_once = gl.train(gl.sweeps.changed(whole.recipe, {"steps": 90}), tmp_path / "at once")
    assert second.steps == at_once.steps
    assert same(second, at_once, second.steps)


def test_a_fork_without_changes_follows_its_parent(parent, tmp_path):
    before = contents(parent)
    fork = gl.fork(parent, 20, tmp_path / "fork")
    assert fork.steps[0] == 20
    common = sorted(set(fork.steps) & set(parent.steps))
    assert same(fork, parent, common)
    assert parent.history.sel(step=slice(20, None)).equals(fork.history)
    assert contents(parent) == before
    assert (fork.recipe.start.recipe, fork.recipe.start.step) == (parent.recipe.id, 20)
    assert gl.Recipe.from_dict(fork.recipe.to_dict()) == fork.recipe
    fork.verify()


def test_a_run_says_what_it_goes_on_from(whole, tmp_path):
    fork = gl.fork(whole, 20, tmp_path / "fork")
    assert whole.parent is None
    left = {"run": "parent", "recipe": whole.recipe.id, "step": 20, "extended": False, "changed": {}}
    assert fork.parent == left
    assert gl.extend(fork, 50, tmp_path / "on").parent["parent"] == left
    assert gl.extend(whole, 50, tmp_path / "longer").parent["extended"] is True
    assert "from step 20 of parent" in repr(fork)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer.weight_decay": 0.0},
        {"optimizer.lr": 1e-3},
        {"train_fraction": 0.3},
        {"task": gl.ModularArithmetic(7, "sub")},
        {"optimizer": gl.AdamW(lr=1e-2)},
        {"steps": 60},
    ],
    ids=str,
)
def test_what_is_changed_shows_from_there_on(whole, tmp_path, changes):
    fork = gl.fork(whole, 20, tmp_path / "fork", **changes)
    assert same(fork, whole, [20])
    assert same(fork, whole, [40]) is ("steps" in changes)
    assert fork.recipe == replace(gl.sweeps.changed(whole.recipe, changes), start=fork.recipe.start)


def test_another_order_of_batches_and_a_new_optimiser(tmp_path):
    parent = gl.train(RECIPES["mini-batch"], tmp_path / "parent", keep_optimizer=[20])
    forks = [gl.fork(parent, 20, tmp_path / f"order {order}", order=order) for order in (1, 2)]
    assert not same(*forks, [40])
    fresh = gl.fork(parent, 10, tmp_path / "fresh", optimizer_state=False)
    assert same(fresh, parent, [10])
    assert not same(fresh, parent, [40])
    assert fresh.train_index.tolist() == parent.train_index.tolist()


def test_weights_with_something_taken_out(whole, tmp_path):
    weights = whole.at(20).model.state_dict()
    cut = {name: torch.zeros_like(each) for name, each in weights.items()}
    fork = gl.fork(whole, 20, tmp_path / "cut", weights=cut)
    assert float(fork.at(20).logits.abs().max()) == 0
    assert same(gl.fork(whole, 20, tmp_path / "same", weights=weights), whole, [20, 30, 40])


def test_a_fork_of_a_fork(whole, tmp_path):
    first = gl.fork(whole, 20, tmp_path / "first", keep_optimizer=[30])
    second = gl.fork(first, 30, tmp_path / "second")
    assert same(second, whole, [30, 40])
    assert gl.extend(second, 60, tmp_path / "longer").steps == [30, 40, 50, 60]


def test_a_fork_of_a_fork_keeps_its_order_of_batches(tmp_path):
    parent = gl.train(RECIPES["mini-batch"], tmp_path / "parent", keep_optimizer=[20])
    first = gl.fork(parent, 20, tmp_path / "first", order=5, keep_optimizer=[30])
    second = gl.fork(first, 30, tmp_path / "second")
    assert second.recipe.start.order == 5
    assert same(second, first, [30, 40])


def test_a_fork_is_never_trained_from_step_0_in_a_stack(whole, tmp_path):
    fork = gl.fork(whole, 20, tmp_path / "fork", keep=gl.Steps([25]))
    with pytest.raises(BadArgument, match=r"gl\.fork\(run, step=20"):
        gl.train_many([FULL, fork.recipe], tmp_path / "many")
    with pytest.raises(BadArgument, match="is of a fork"):
        gl.Sweep(fork.recipe, over={"optimizer.lr": (1e-3, 1e-2)})


def test_a_fork_whose_state_is_gone_is_made_anew(whole, tmp_path):
    whole_fork = gl.fork(whole, 20, tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:  # stopped before its first update
        patch.setitem(vars(sys.modules["groklens.training.train"]), "run_loop", lambda *given: False)
        gl.fork(whole, 20, tmp_path / "fork")
    RunPaths(tmp_path / "fork").resume.unlink()
    assert same(gl.fork(whole, 20, tmp_path / "fork"), whole_fork, whole_fork.steps)


def test_a_finished_run_keeps_no_other_state_and_says_so(whole, caplog):
    with caplog.at_level(logging.WARNING, "groklens"):
        gl.train(FULL, whole.path, keep_optimizer=[20])
        assert not caplog.text
        gl.train(FULL, whole.path, keep_optimizer=[30])
    assert "into another folder" in caplog.text


def test_folders_that_cannot_be(whole, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadArgument, match="Cannot write"):
        gl.fork(whole, 20, tmp_path / "file" / "x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadArgument, match="Cannot write"):
        gl.fork(whole, 20, ".")


def test_of_a_stack_it_goes_on_within_rounding(tmp_path):
    runs = gl.train_many([replace(FULL, seed=s) for s in range(3)], tmp_path, keep_optimizer=[20])
    fork = gl.fork(runs[1], 20, tmp_path / "fork")
    assert torch.allclose(fork.final.logits, runs[1].final.logits, atol=1e-4)


def test_without_the_optimisers_state_it_is_trained_again_and_says_so(tmp_path, caplog):
    parent = gl.train(FULL, tmp_path / "parent", keep_optimizer=None)
    assert not RunPaths(parent.path).state(40).exists()
    with caplog.at_level(logging.WARNING, "groklens"):
        longer = gl.extend(parent, 60)
    assert "trained from step 0 again" in caplog.text
    assert same(longer, parent, parent.steps)
    with pytest.raises(BadArgument, match=r"keep_optimizer=\[20\]"):
        gl.fork(parent, 20, tmp_path / "fork")


def test_a_damaged_state_is_refused(whole, tmp_path):
    import shutil

    copied = shutil.copytree(whole.path, tmp_path / "run")
    state = RunPaths(copied).state(20)
    data = bytearray(state.read_bytes())
    data[-3] ^= 1
    state.write_bytes(bytes(data))
    with pytest.raises(DamagedRun, match="damaged"):
        gl.fork(str(copied), 20, tmp_path / "fork")
    shutil.copyfile(RunPaths(copied).state(40), state)
    with pytest.raises(BadArgument, match="is of step 40"):
        gl.fork(str(copied), 20, tmp_path / "fork")
    assert not (tmp_path / "fork").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": 3}, "cannot change seed"),
        ({"model": gl.MLP()}, "cannot change model"),
        ({"optimiser": 1}, "optimizer"),
        ({"task": gl.ModularArithmetic(11)}, "do not fit"),
        ({"steps": 20}, "give more steps"),
        ({"weights": {}}, "weights is"),
    ],
)
def test_what_a_fork_cannot_change(whole, tmp_path, given, said):
    with pytest.raises(BadArgument, match=said):
        gl.fork(whole, 20, tmp_path / "fork", **given)
    assert not (tmp_path / "fork").exists()


def test_what_cannot_be_extended(whole, tmp_path):
    with pytest.raises(BadArgument, match="has 40 already"):
        gl.extend(whole, 40)
    with pytest.raises(BadArgument, match=r"not trained by gl\.train"):
        gl.extend(gl.Run.of({0: whole.final.model}, whole.task), 50)
    with pytest.raises(BadArgument, match="a step of keep_optimizer"):
        gl.train(FULL, tmp_path / "other", keep_optimizer=[-5])


def test_a_forks_recipe_alone_is_no_beginning(whole, tmp_path):
    recipe = gl.fork(whole, 20, tmp_path / "fork").recipe
    for train in (gl.train, gl.train_many):
        with pytest.raises(BadArgument, match=r"gl\.fork\(run, step=20"):
            train(recipe, tmp_path / "elsewhere")
    with pytest.raises(BadArgument, match="names a recipe's id"):
        replace(recipe.start, weights=b"00")


def test_ids_of_recipes_without_a_start_are_as_they_were():
    assert "start" not in FULL.to_dict()


def test_what_another_process_writes_beside_a_fork_stays(whole, tmp_path):
    left, written = (tmp_path / f"fork.{number}.groklens.tmp" for number in (1, 2))
    left.mkdir()
    with FolderLock(written):
        gl.fork(whole, 20, tmp_path / "fork")
        assert written.is_dir()
        assert not left.exists()
