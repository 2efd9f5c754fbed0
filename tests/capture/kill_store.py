"""Kills a process before each of its file operations while it writes a zarr store, and says what is left.

usage: PYTHON kill_store.py FOLDER EVERY    Prints a line of JSON: how many kills, and what was wrong.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import xarray as xr

STEPS = (0, 3, 7, 9)
#: What changes a folder, as Python tells whoever listens.
CHANGES = ("os.rename", "os.mkdir", "os.symlink", "os.remove", "os.rmdir", "os.link")


def frame(step):
    """One captured step: an array in two chunks, one of zeros alone, one number."""
    values = {
        "hook_post": (("step", "input", "neuron"), np.full((1, 6, 5), step + 0.5, np.float32)),
        "hook_zero": (("step", "input"), np.zeros((1, 6), np.float32)),
        "blocks.0.norm": (("step",), np.array([step], np.float64)),
    }
    coordinates = {"step": ("step", [step]), "input": np.arange(6), "label": ("input", np.arange(6) % 2)}
    return xr.Dataset(values, coordinates, {"run": "mine"})


def whole(steps=STEPS):
    """What a store of these steps holds."""
    return xr.concat([frame(step) for step in steps], dim="step", data_vars="minimal", coords="minimal")


class Listener:
    """Does something at the k-th change of a file below a folder; a hook of Python's own, which cannot be taken off."""

    def __init__(self, folder, act):
        self.folder, self.act = str(folder), act
        self.count, self.at, self.on = 0, None, False
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if not self.on:
            return
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if (writes or event in CHANGES) and self.folder in str(arguments[0]) + str(arguments[1]):
            self.count += 1
            if self.at is not None and self.count >= self.at:
                self.act(self)


def write(path):
    """Write every step, as `capture` does."""
    from groklens.capture.store import ZarrStore

    store = ZarrStore(path)
    try:
        for step in STEPS:
            store.append(frame(step))
    finally:
        store.close()


def steps_left(path):
    """How many whole steps a store holds: None for no store, an exception where it does not open or lies."""
    if not path.exists():
        return None
    found = xr.open_zarr(path, chunks=None, consolidated=False).load()
    count = found.sizes["step"]
    xr.testing.assert_equal(found, whole(STEPS[:count]))
    return count


def in_a_child(work):
    """The exit status of a forked process that did `work`: threads of zarr do not survive a fork, so none is here."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def main(folder, every):
    tell = folder / "count"
    listener = Listener(folder / "x", lambda _: os.kill(os.getpid(), signal.SIGKILL))

    def writes(path, at):
        listener.folder, listener.at, listener.on, listener.count = str(path), at, True, 0
        write(path)
        listener.on = False
        tell.write_text(json.dumps([listener.count, sorted(sys.modules)]))

    def looks(path):
        tell.write_text(str(steps_left(path)))

    assert in_a_child(lambda: writes(folder / "x-whole.zarr", None)) == 0
    (total, modules), wrong, kept = json.loads(tell.read_text()), [], []
    for name in modules:  # what a child had to import, once for all the others; to import starts no thread
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for at in range(1, total + 1, every):
        path = folder / f"x-{at}.zarr"
        status = in_a_child(lambda path=path, at=at: writes(path, at))
        looked = in_a_child(lambda path=path: looks(path))
        if not os.WIFSIGNALED(status) or looked != 0:
            wrong.append([at, status, looked])
        else:
            kept.append(tell.read_text())
    sys.stdout.write(json.dumps({"operations": total, "kills": len(kept), "wrong": wrong, "kept": kept}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
