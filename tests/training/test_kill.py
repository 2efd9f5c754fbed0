"""SIGKILL at any moment, and the same call again: the bits of an uninterrupted run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import groklens as gl

SCRIPT = Path(__file__).with_name("kill_and_resume.py")
FULL_BATCH = gl.Recipe(
    task=gl.ModularArithmetic(7, "add"),
    model=gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32),
    optimizer=gl.AdamW(lr=1e-2, warmup_steps=10),
    train_fraction=0.5,
    steps=50,
    evaluate_every=7,
    keep=gl.Every(5),
)
MINI_BATCHES = gl.Recipe(
    task=gl.ModularArithmetic(7, "mul"),
    model=gl.MLP(d_mlp=16, d_embed=8),
    optimizer=gl.SGD(lr=0.1, momentum=0.9, warmup_steps=10),
    train_fraction=0.5,
    batch_size=4,
    steps=50,
    evaluate_every=7,
    keep=gl.Every(5),
)


def train_twice(recipe, folder, seed):
    """Folders of an uninterrupted and of a much killed run, and the number of kills."""
    folder.mkdir()
    (folder / "recipe.json").write_text(json.dumps(recipe.to_dict()))
    finished = subprocess.run(
        [sys.executable, SCRIPT, folder / "recipe.json", folder / "whole", folder / "killed", str(seed)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "TOKENIZERS_PARALLELISM": "false"},
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return folder / "whole", folder / "killed", int(finished.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [FULL_BATCH, MINI_BATCHES], ids=["full batch, AdamW", "mini-batches, SGD"])
def test_killed_and_resumed_is_bit_identical(recipe, tmp_path):
    whole, killed, kills = train_twice(recipe, tmp_path / "runs", seed=1)
    assert kills >= 5
    for path in whole.rglob("*"):
        if path.is_file() and path.name != "run.json":
            assert (killed / path.relative_to(whole)).read_bytes() == path.read_bytes(), path.name
    ours, theirs = (json.loads((folder / "run.json").read_text()) for folder in (whole, killed))
    assert ours == theirs
    assert {int(step) for step in ours["checkpoints"]} == set(recipe.kept_steps)
    assert {p.relative_to(killed) for p in killed.rglob("*")} == {
        p.relative_to(whole) for p in whole.rglob("*")
    }
    gl.load(killed, verify=True)
