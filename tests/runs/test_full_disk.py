"""A disk that refuses: a clear error, nothing written is lost, no temporary file stays."""

import builtins
import errno
import os

import pytest
import torch

import groklens as gl
from groklens.errors import DamagedRun
from groklens.runs.files import write_atomically
from groklens.runs.header import Header
from groklens.runs.history import History, read_history


def no_space(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class HalfWritten:
    """A file on a disk that is full after half of what it is given."""

    def __init__(self, file):
        self._file = file

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self._file.close()

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, data):
        self._file.write(data[: len(data) // 2])
        self._file.flush()
        no_space()


def fill_the_disk(monkeypatch, suffix):
    real = builtins.open

    def half(path, mode="r", *args, **kwargs):
        file = real(path, mode, *args, **kwargs)
        return HalfWritten(file) if str(path).endswith(suffix) and mode not in ("r", "rb") else file

    monkeypatch.setattr(builtins, "open", half)


def temporaries(folder):
    return list(folder.rglob("*.tmp"))


def test_a_rename_that_fails(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(DamagedRun, match=r"No space left on device.*is intact") as caught:
        write_atomically(path, b"new")
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"old"
    assert not temporaries(tmp_path)


def test_a_write_that_fails_half_way(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    fill_the_disk(monkeypatch, ".tmp")
    with pytest.raises(DamagedRun, match="No space left on device"):
        write_atomically(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert not temporaries(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DamagedRun, match="Could not write"):
        write_atomically(tmp_path / "file" / "run.json", b"{}")


def test_half_a_line_does_not_spoil_the_history(tmp_path, monkeypatch):
    history = History(tmp_path / "history.csv")
    history.record(1, train_loss=1.0)
    history.flush()
    history.record(2, train_loss=0.5)
    with monkeypatch.context() as patch:
        fill_the_disk(patch, "history.csv")
        with pytest.raises(DamagedRun, match=r"history\.csv.*No space left.*is intact"):
            history.flush()
    assert read_history(history.path) == {1: {"train_loss": 1.0}}
    history.flush()  # there is room again
    assert read_history(history.path) == {1: {"train_loss": 1.0}, 2: {"train_loss": 0.5}}


@pytest.mark.parametrize("writes", [1, 4, 7, 9])
def test_training_goes_on_where_the_disk_stopped_it(writes, tmp_path, tiny_recipe, tiny_run, monkeypatch):
    real, count = os.replace, 0

    def full_after(source, target):
        nonlocal count
        count += 1
        if count > writes:
            no_space()
        real(source, target)

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full_after)
        with pytest.raises(DamagedRun, match="call again"):
            gl.train(tiny_recipe, into=folder)
    assert not temporaries(folder)
    for step in gl.load(folder).steps:  # what was kept so far is whole
        assert torch.equal(gl.load(folder).at(step).logits, tiny_run.at(step).logits)
    run = gl.train(tiny_recipe, into=folder)
    run.verify()
    assert run.history.equals(tiny_run.history)


def test_temporary_files_of_a_killed_process_are_cleared_away(run_folder, tiny_recipe):
    ours = run_folder / "steps" / "00000010.safetensors.123.tmp"
    theirs = run_folder / "notes.tmp"
    ours.write_bytes(b"half")
    theirs.write_text("the user's own")
    header = Header.read(run_folder / "run.json")
    header.finished = False
    header.write(run_folder / "run.json")
    gl.train(tiny_recipe, into=run_folder)
    assert not ours.exists()
    assert theirs.exists()
