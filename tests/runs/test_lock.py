"""One writer a folder, and a folder that stays."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace

import pytest

import groklens as gl
from groklens.errors import DamagedRun, RunInUse
from groklens.runs.lock import FolderLock

HOLD = """
import sys, time
from pathlib import Path
from groklens.runs.lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_told_and_a_dead_one_holds_nothing(tmp_path, tiny_recipe):
    folder = tmp_path / "run"
    child = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(RunInUse, match="being written by another process"):
            gl.train(tiny_recipe, into=folder)
        assert list(folder.iterdir()) == []
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert gl.train(tiny_recipe, into=folder).finished


def test_a_recorder_and_a_second_one(tmp_path, tiny_recipe):
    model = tiny_recipe.model.build(tiny_recipe.task, 0)
    with gl.Recorder(model, tiny_recipe.task, into=tmp_path / "run"):
        other = gl.Recorder(model, tiny_recipe.task, into=tmp_path / "run", resume=True)
        with pytest.raises(RunInUse, match="another process or recorder"):
            other.__enter__()
    with gl.Recorder(model, tiny_recipe.task, into=tmp_path / "run", resume=True):
        pass


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DamagedRun, match="Could not write"):
        FolderLock(tmp_path / "file" / "run")


@dataclass(frozen=True)
class Deletes:
    """A schedule that takes the folder away in the middle of a loop, and may put another in its place."""

    folder: str
    put_back: bool = False

    def keeps(self, step):
        if step == 3:
            shutil.rmtree(self.folder)
            if self.put_back:
                os.mkdir(self.folder)
        return step > 3


def five_steps(recorder):
    with recorder as rec:
        for step in range(1, 6):
            rec.step(step)


@pytest.mark.parametrize("put_back", [False, True])
def test_the_folder_deleted_while_a_loop_is_recorded(tmp_path, tiny_recipe, put_back):
    model, folder = tiny_recipe.model.build(tiny_recipe.task, 0), tmp_path / "run"
    recorder = gl.Recorder(model, tiny_recipe.task, into=folder, keep=Deletes(str(folder), put_back))
    with (
        pytest.warns(UserWarning, match="could not keep"),
        pytest.raises(DamagedRun, match="deleted or replaced while it was being written"),
    ):
        five_steps(recorder)
    assert not (folder / "run.json").exists()


def test_the_folder_deleted_while_a_recipe_is_trained(tmp_path, tiny_recipe):
    """The deletion comes from another process, at some moment of the training."""
    folder, recipe = (
        tmp_path / "run",
        replace(tiny_recipe, steps=100_000, evaluate_every=None, keep=gl.Every(50)),
    )
    code = (
        "import sys, shutil, time, pathlib\nfolder = pathlib.Path(sys.argv[1])\n"
        "while len(list(folder.glob('steps/*'))) < 3: time.sleep(.01)\n"
        "while folder.exists(): shutil.rmtree(folder, ignore_errors=True)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, folder])
    started = time.monotonic()
    with pytest.raises(DamagedRun):
        gl.train(recipe, into=folder)
    child.wait(timeout=60)
    assert time.monotonic() - started < 60
    assert not (folder / "run.json").exists() or not gl.load(folder).finished


def test_a_step_deleted_while_a_recipe_is_trained_is_noticed_before_the_seal(
    tmp_path, tiny_recipe, monkeypatch
):
    from groklens.runs.writer import RunWriter

    real = RunWriter.finish

    def finish(self):
        self.paths.checkpoint(10).unlink()
        real(self)

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "finish", finish)
        with pytest.raises(DamagedRun, match=r"step 10 are missing or not what was written.*call again"):
            gl.train(tiny_recipe, into=tmp_path / "run")
    assert not gl.load(tmp_path / "run").finished
    assert gl.train(tiny_recipe, into=tmp_path / "run").finished


def test_a_history_changed_by_somebody_else_is_noticed_before_the_seal(tmp_path, tiny_recipe, monkeypatch):
    from groklens.runs.writer import RunWriter

    real = RunWriter._check_kept

    def check(self, upto=None):
        self.paths.history.write_text(self.paths.history.read_text().replace("\n5,", "\n6,"))
        real(self, upto)

    monkeypatch.setattr(RunWriter, "_check_kept", check)
    with pytest.raises(DamagedRun, match=r"history\.csv is missing or not what was written"):
        gl.train(tiny_recipe, into=tmp_path / "run")
    assert not gl.load(tmp_path / "run").finished
