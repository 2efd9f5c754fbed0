"""The bits that the shipped recipes give after 300 updates: `python tests/training/same_bits.py > FILE`.

Write it before a change and after it, on the same machine with the same versions, and compare the two files. A line
holds the shipped run's name, the `id` of its recipe, and the SHA-256 of the last weights and of the loss history.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the tests do; read when torch is imported

import torch

import groklens as gl

RUNS = Path(__file__).parents[2] / "examples" / "runs"
STEPS = 300


def digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of names, types, shapes and bytes, in the order of the names."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        found.update(tensor.numpy().tobytes())
    return found.hexdigest()


def line(name: str, folder: Path) -> str:
    recipe = gl.load(RUNS / name).recipe
    short = replace(recipe, steps=STEPS, keep=gl.Steps([STEPS]))
    run = gl.train(short, into=folder / name, progress=False)
    history = {"step": run.history["step"], **run.history.data_vars}
    losses = {column: torch.tensor(values.values) for column, values in history.items()}
    return f"{name} {recipe.id} {digest(run.at(STEPS).model.state_dict())} {digest(losses)}\n"


if __name__ == "__main__":
    torch.set_num_threads(1)  # bits depend on it
    with tempfile.TemporaryDirectory() as folder:
        for run in sorted(path.name for path in RUNS.iterdir() if (path / "run.json").is_file()):
            sys.stdout.write(line(run, Path(folder)))
            sys.stdout.flush()
