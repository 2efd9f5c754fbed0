"""Processes of their own for the tests that need one, forked from an interpreter that has imported what takes long.

Each begins with torch, TransformerLens and groklens as they are once imported: nothing has run in it, and no types are
checked. What a test says of the import itself needs an interpreter that is new, and does not belong here.
"""

import multiprocessing
import multiprocessing.forkserver
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

#: Of multiprocessing: whatever is started by it begins the same way, pools of workers too.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "torch", "transformer_lens.model_bridge", "xarray", "scipy.optimize", "groklens.training.train",
        "groklens.sweeps", "groklens.explain", "groklens.capture",
    ]
)  # fmt: skip


def started():
    """The context, whose server has begun with these imports and no others."""
    multiprocessing.forkserver.ensure_running()
    return CONTEXT


def run(*arguments, cwd=None, env=None, timeout=300):
    """What `python ARGUMENTS` does: a script, or lines after -c, or a module after -m; as `subprocess.run` says it."""
    command = [str(each) for each in arguments]
    with tempfile.TemporaryDirectory() as folder:
        where = (folder, os.getcwd() if cwd is None else str(cwd), {**os.environ, **(env or {})})
        process = started().Process(target=_main, args=(command, *where))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(command, timeout)
        out, err = (Path(folder, stream).read_text(encoding="utf-8") for stream in ("out", "err"))
    return subprocess.CompletedProcess(command, process.exitcode, out, err)


def _main(command, folder, cwd, environment):
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for descriptor, stream in ((1, "out"), (2, "err")):
        os.dup2(os.open(Path(folder, stream), os.O_WRONLY | os.O_CREAT), descriptor)
    first, *rest = command
    if first == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(rest[0], {"__name__": "__main__"})
    elif first == "-m":
        sys.argv = rest
        sys.path.insert(0, cwd)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        sys.path.insert(0, str(Path(first).parent))
        runpy.run_path(first, run_name="__main__")
