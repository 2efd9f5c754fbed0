"""A zarr store holds whole steps: on a disk that refuses, at any file operation, and after a kill at any of them."""

import errno
import json
import os
import threading
import time
from pathlib import Path

import kill_store
import numpy as np
import pytest
import xarray as xr
from kill_store import STEPS, Listener, frame, steps_left, whole, write

import warm
from groklens.capture import lengths
from groklens.capture.store import ZarrStore
from groklens.errors import BadArgument, GroklensError


def refuses(listener):
    """The k-th operation, and all after it where the disk stays full; else what zarr writes beside it takes a while."""
    if listener.count > listener.at and not listener.stays:
        if threading.current_thread() is not threading.main_thread():
            time.sleep(0.003)
        return
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(scope="module")
def disk():
    return Listener("nowhere", refuses)


def written(disk, path, at=None, stays=False):
    """How many file operations it took, and the error."""
    disk.folder, disk.at, disk.stays, disk.count, disk.on = str(path.name), at, stays, 0, True
    try:
        write(path)
    except GroklensError as error:
        return disk.count, error
    finally:
        disk.on = False
    return disk.count, None


@pytest.mark.parametrize(("stays", "links"), [(True, True), (False, True), (False, False)])
def test_a_disk_that_refuses_at_any_operation(tmp_path, disk, stays, links, monkeypatch):
    if not links:
        monkeypatch.setattr(os, "symlink", no_links)
    total, error = written(disk, tmp_path / "whole.zarr")
    assert error is None
    assert total > 50
    for at in range(1, total + 1, 11):
        path = tmp_path / f"x-{at}.zarr"
        _, error = written(disk, path, at, stays)
        found = steps_left(path) or 0
        assert (error is None) == (found == len(STEPS)), at  # what is tidied up at the end may fail unseen
        if error is not None:
            assert f"step {STEPS[found]} " in str(error), at
            assert "No space left" in str(error)
            assert "\n" not in str(error)
        if error is not None and not stays:
            assert not [left for left in path.rglob("*") if "lengths" in left.name or "incoming" in left.name]


def no_links(*args, **kwargs):
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_a_kill_at_any_operation(tmp_path):
    script = Path(kill_store.__file__)
    done = warm.run(script, tmp_path, "13")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kills"] >= 10
    assert not found["wrong"], (found, done.stderr)
    assert {"None", "1", "2", "3", "4"} == set(found["kept"])


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("version", [2, 3])
def test_both_formats_of_zarr(tmp_path, monkeypatch, version, links):
    real = xr.Dataset.to_zarr
    if not links:
        monkeypatch.setattr(os, "symlink", no_links)
    monkeypatch.setattr(xr.Dataset, "to_zarr", lambda *a, **k: real(*a, **k, zarr_format=version))
    store = ZarrStore(tmp_path / "x.zarr")
    for count, step in enumerate(STEPS, start=1):
        store.append(frame(step))
        assert steps_left(store.path) == count  # while it is being written
    found = store.open()
    xr.testing.assert_identical(found.load(), whole())
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]
    assert [path.name for path in tmp_path.iterdir()] == ["x.zarr"]
    metadata = {path.name for path in (store.path / "step").iterdir()}
    assert metadata <= {"zarr.json", ".zarray", ".zattrs", "c", "0"}


def test_more_steps_than_one_chunk_holds(tmp_path, monkeypatch):
    from groklens.capture import store as module

    monkeypatch.setattr(module, "_STEPS_A_CHUNK", 3)
    monkeypatch.setattr(module, "_STEP_CHUNKS", {"chunks": (3,)})
    store = ZarrStore(tmp_path / "x.zarr")
    for step in range(8):
        store.append(frame(step))
    xr.testing.assert_identical(store.open().load(), whole(range(8)))


def test_after_a_refusal_the_same_step_can_be_written(tmp_path, monkeypatch):
    store = ZarrStore(tmp_path / "x.zarr")
    store.append(frame(0))
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(lengths.Lengths, "_point_to", no_links)
            patch.setattr(lengths.Lengths, "_replace_each", no_links)
            with pytest.raises(GroklensError, match="step 3"):
                store.append(frame(3))
    for step in STEPS[1:]:
        store.append(frame(step))
    xr.testing.assert_identical(store.open().load(), whole())


def test_numbers_of_another_type_are_refused(tmp_path):
    store = ZarrStore(tmp_path / "x.zarr")
    store.append(frame(0))
    with pytest.raises(BadArgument, match=r"float64.*same type at every step"):
        store.append(frame(3).astype(np.float64))
    assert steps_left(store.path) == 1
