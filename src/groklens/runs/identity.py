"""Which weights a run has at a step, told without reading them where that can be: what a kept number belongs to."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

from groklens.runs.files import encode_tensors
from groklens.runs.foreign import ForeignFiles
from groklens.runs.run import Run
from groklens.runs.stored import Stored


def identity_of(run: Run, step: int) -> str:
    """What the weights at a kept step are known by, so that numbers of theirs are not taken for another model's.

    Of a run of ours it is the checkpoint's checksum; of other files their paths, sizes and times of writing; of a model
    on the hub its name and revision (a branch that moved since is not noticed); of anything else a checksum of the
    weights, for which the model is read.

    >>> identity_of(gl.load("examples/runs/mod113"), 0)[:7]  # doctest: +SKIP
    'sha256 '
    """
    source = run._source
    if isinstance(source, Stored):
        return f"sha256 {source.digests[step]}"
    if isinstance(source, ForeignFiles):
        named = _named(source.models[step])
        if named:
            return named
    state = source.model_at(step).state_dict()
    return f"sha256 {hashlib.sha256(encode_tensors({k: v.detach().cpu() for k, v in state.items()})).hexdigest()}"


def _named(build: Any) -> str:
    """The files, or the name and revision, that a model is built from; empty where that is not seen."""
    if not isinstance(build, partial):
        return ""
    given = [each for each in build.args if isinstance(each, (str, Path))]
    return "; ".join(_file(each) if isinstance(each, Path) else each for each in given)


def _file(path: Path) -> str:
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    said = []
    for file in files:
        found = file.stat()
        said.append(f"{file.name} {found.st_size} {found.st_mtime_ns}")
    return f"{path.resolve()}: {hashlib.sha256(' '.join(said).encode()).hexdigest()[:16]}"
