"""Taking a run up again: only from what is exactly as it was written."""

import itertools
import os
import random
import re
import shutil
import struct
import sys
from dataclasses import replace

import pytest
import torch

import groklens as gl
from groklens.errors import DamagedRun
from groklens.runs.header import Header
from groklens.runs.paths import RunPaths
from groklens.runs.resume import ResumeState
from groklens.runs.writer import RunWriter

OURS = re.compile(r"groklens/(training|runs)/")


class Stopped(Exception):
    """A kill, for tests that do not need a real one."""


def stop_at_save(monkeypatch, number):
    """Let the `number`-th resume state be written, and nothing after it."""
    real, count = ResumeState.write, 0

    def write(self, *given):
        nonlocal count
        count += 1
        real(self, *given)
        if count == number:
            raise Stopped

    monkeypatch.setattr(ResumeState, "write", write)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, tiny_recipe):
    """A run that was stopped after 17 of its 30 updates."""
    folder = tmp_path_factory.mktemp("half") / "half"
    with pytest.MonkeyPatch.context() as patch:
        stop_at_save(patch, 17)
        with pytest.raises(Stopped):
            gl.train(tiny_recipe, into=folder, resume_every=0.0)
    return folder


@pytest.fixture
def half(stopped, tmp_path):
    """A copy of it."""
    return shutil.copytree(stopped, tmp_path / "half")


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def flip(path, bit):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def test_what_was_not_damaged_goes_on(half, tiny_recipe, tiny_run):
    assert ResumeState.peek(RunPaths(half).resume).step == 17
    assert gl.train(tiny_recipe, into=half).history.identical(tiny_run.history)
    assert not RunPaths(half).resume.exists()


@pytest.mark.parametrize("seed", range(8))
def test_a_bit_of_the_state(half, tiny_recipe, tiny_run, seed):
    """Wherever it is: in the weights, the moments, the names, the numbers; the rest of the run is left alone."""
    path = RunPaths(half).resume
    header_ends = 8 + struct.unpack("<Q", path.read_bytes()[:8])[0]
    first, last = (0, header_ends) if seed % 5 == 0 else (header_ends, path.stat().st_size)
    flip(path, random.Random(seed).randrange(8 * first, 8 * last))
    before, message = contents(half), "delete that one file and call again"
    try:
        run = gl.train(tiny_recipe, into=half)
    except DamagedRun as error:
        message = str(error)
        assert contents(half) == before
        path.unlink()
        run = gl.train(tiny_recipe, into=half)
    assert "delete that one file and call again" in message
    assert "\n" not in message
    for step in tiny_run.steps:
        assert torch.equal(run.at(step).logits, tiny_run.at(step).logits)
    assert run.history.identical(tiny_run.history)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b""), cut, lambda p: flip(p, 999)]
)
@pytest.mark.parametrize("name", ["history.csv", "steps/00000000.safetensors", "steps/00000010.safetensors"])
def test_what_it_goes_on_from_is_whole(half, tiny_recipe, tiny_run, damage, name):
    damage(half / name)
    says = "history" if name == "history.csv" else f"the weights of step {int(name[6:14])} are missing"
    with pytest.raises(DamagedRun, match=says) as caught:
        gl.train(tiny_recipe, into=half)
    assert "\n" not in str(caught.value)
    RunPaths(half).resume.unlink()
    if name == "history.csv":
        (half / name).unlink(missing_ok=True)
    run = gl.train(tiny_recipe, into=half)
    run.verify()
    assert run.history.identical(tiny_run.history)


def test_without_its_header_it_is_not_taken_up(half, tiny_recipe, tiny_run):
    """It would be sealed without the steps that the header listed."""
    (half / "run.json").unlink()
    with pytest.raises(DamagedRun, match=r"run\.json is missing.*delete"):
        gl.train(tiny_recipe, into=half)
    RunPaths(half).resume.unlink()
    assert gl.train(tiny_recipe, into=half).steps == tiny_run.steps


@pytest.mark.parametrize("changes", [{"step": 31}, {"step": -1}, {"seed": 1}])
def test_a_state_of_another_run(half, tiny_recipe, changes):
    path = RunPaths(half).resume
    state, tensors = ResumeState.read(path)
    if "seed" in changes:
        changes = {"recipes": (replace(tiny_recipe, **changes),)}
    replace(state, **changes).write(path, tensors)
    with pytest.raises(DamagedRun, match="delete that one file"):
        gl.train(tiny_recipe, into=half)


def test_a_state_of_groklens_0_1(half, tiny_recipe):
    from safetensors.torch import save_file

    _, (tensors,) = ResumeState.read(RunPaths(half).resume)
    save_file(tensors | {"step": torch.tensor(17)}, RunPaths(half).resume, {"step": "17"})
    with pytest.raises(DamagedRun, match="delete that one file"):
        gl.train(tiny_recipe, into=half)


def test_a_state_swapped_with_that_of_another_run(half, tiny_recipe, tmp_path, monkeypatch):
    other = replace(tiny_recipe, seed=1)
    with monkeypatch.context() as patch:
        stop_at_save(patch, 17)
        with pytest.raises(Stopped):
            gl.train(other, into=tmp_path / "other", resume_every=0.0)
    shutil.copy(RunPaths(tmp_path / "other").resume, RunPaths(half).resume)
    with pytest.raises(DamagedRun, match=f"step 17 of recipe {other.id}"):
        gl.train(tiny_recipe, into=half)


def killed_at_line(recipes, folder, number):
    """Train in a child that dies at the `number`-th line of groklens that it comes to, or finishes before."""
    child = os.fork()
    if child == 0:
        left = number

        def traced(frame, event, argument):
            nonlocal left
            left -= event == "line"
            if left < 0:
                os._exit(0)
            return traced if "groklens/" in frame.f_code.co_filename else None

        sys.settrace(lambda frame, *_: traced if OURS.search(frame.f_code.co_filename) else None)
        try:
            gl.train_many(recipes, folder, resume_every=0.0, progress=False)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


class TestStacks:
    """Runs that were trained at once and stopped between their states go on at once, or after each other."""

    @pytest.fixture(scope="class")
    def recipes(self, tiny_recipe):
        return [replace(tiny_recipe, seed=seed) for seed in range(3)]

    @pytest.fixture(scope="class")
    def whole(self, recipes, tmp_path_factory):
        folder = tmp_path_factory.mktemp("whole")
        gl.train_many(recipes, folder)
        return contents(folder)

    @pytest.mark.parametrize("number", [1, 2, 17, 29])
    def test_after_a_state(self, recipes, whole, number, tmp_path, monkeypatch):
        with monkeypatch.context() as patch:
            stop_at_save(patch, number)
            with pytest.raises(Stopped):
                gl.train_many(recipes, tmp_path / "many", resume_every=0.0)
        gl.train_many(recipes, tmp_path / "many")
        assert contents(tmp_path / "many") == whole

    @pytest.mark.parametrize("seed", range(6))
    def test_at_any_line_again_and_again(self, recipes, whole, seed, tmp_path):
        """Killed at a line of ours that chance chooses, early and late, two or three times in a row."""
        chance = random.Random(seed)
        for _ in range(chance.choice((2, 3))):
            killed_at_line(recipes, tmp_path / "many", int(10 ** chance.uniform(1.5, 4.3)))
        gl.train_many(recipes, tmp_path / "many")
        assert contents(tmp_path / "many") == whole

    @pytest.mark.parametrize("finished", [1, 2, 3])
    def test_between_two_seals(self, recipes, whole, finished, tmp_path, monkeypatch):
        real, turns = RunWriter.finish, itertools.count(1)

        def finish(self):  # of several runs at once
            if (turn := next(turns)) > finished:
                raise Stopped
            real(self)
            if turn == len(recipes):
                raise Stopped

        with monkeypatch.context() as patch:
            patch.setattr(RunWriter, "finish", finish)
            with pytest.raises(Stopped):
                gl.train_many(recipes, tmp_path / "many", resume_every=0.0)
        sealed = [Header.read(RunPaths(tmp_path / "many" / r.id).header).finished for r in recipes]
        assert sum(sealed) == finished
        gl.train_many(recipes, tmp_path / "many")
        assert contents(tmp_path / "many") == whole

    def test_one_alone_and_then_the_rest(self, recipes, whole, tmp_path, monkeypatch):
        """A call for one of them leaves the others their company."""
        with monkeypatch.context() as patch:
            stop_at_save(patch, 20)
            with pytest.raises(Stopped):
                gl.train_many(recipes, tmp_path / "many", resume_every=0.0)
        alone = gl.train(recipes[1], tmp_path / "many" / recipes[1].id)
        assert alone.finished
        gl.train_many(recipes, tmp_path / "many")
        ours = contents(tmp_path / "many")
        assert ours.keys() == whole.keys()
        assert all(ours[name] == whole[name] for name in whole if not name.startswith(recipes[1].id))

    def test_fewer_and_more_of_them(self, recipes, whole, tmp_path, monkeypatch):
        with monkeypatch.context() as patch:
            stop_at_save(patch, 20)
            with pytest.raises(Stopped):
                gl.train_many(recipes, tmp_path / "many", resume_every=0.0)
        gl.train_many(recipes[:2], tmp_path / "many")
        gl.train_many([*recipes, replace(recipes[0], seed=9)], tmp_path / "many")
        ours = contents(tmp_path / "many")
        assert all(ours[name] == whole[name] for name in whole)

    def test_with_one_of_them_gone(self, recipes, tmp_path, monkeypatch):
        with monkeypatch.context() as patch:
            stop_at_save(patch, 20)
            with pytest.raises(Stopped):
                gl.train_many(recipes, tmp_path / "many", resume_every=0.0)
        shutil.rmtree(tmp_path / "many" / recipes[1].id)
        for run in gl.train_many(recipes, tmp_path / "many"):
            run.verify()
            assert run.finished
