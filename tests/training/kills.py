"""Trains in one go, and again under SIGKILLs at random moments, and compares every byte.

usage: python tests/training/kills.py WORK --kinds full_batch mini_batch many recorder stopped longer [--kills 7]

Each attempt is a process of its own, forked from this one so that the imports are paid for once. Prints for each kind
how many attempts were killed and which files differ; exit status 1 where one does.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
import transformer_lens.model_bridge  # noqa: F401 (imported before the forks)

import groklens as gl
from groklens.errors import BadArgument
from groklens.recipes import Recipe
from groklens.training.train import train, train_many

FULL_BATCH = Recipe(
    task=gl.ModularArithmetic(7, "add"),
    model=gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=32),
    optimizer=gl.AdamW(lr=1e-2, warmup_steps=10),
    train_fraction=0.5,
    steps=30,
    evaluate_every=7,
    keep=gl.Every(5),
)
MINI_BATCH = replace(
    FULL_BATCH,
    task=gl.ModularArithmetic(7, "mul"),
    model=gl.MLP(d_mlp=16, d_embed=8),
    optimizer=gl.SGD(lr=0.1, momentum=0.9, warmup_steps=10),
    batch_size=4,
)
MANY = [replace(FULL_BATCH, seed=seed) for seed in range(2)] + [
    replace(FULL_BATCH, seed=seed, optimizer=gl.AdamW(lr=3e-3)) for seed in range(1)
]


def by_recipe(recipe):
    return lambda folder: train(recipe, folder / "run", resume_every=0.0, progress=False)


def many(folder):
    """Stacked runs, their states saved in turn after every update."""
    train_many(MANY, folder, resume_every=0.0, progress=False)


def recorded(folder):
    """A loop of somebody's own, who saves model and optimiser beside the recording, and goes on from there."""
    task, own = FULL_BATCH.task, folder / "own.pt"
    inputs, labels = task.inputs, task.labels
    model = FULL_BATCH.model.build(task, 0)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    start = 0
    if own.exists():
        saved = torch.load(own, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        start = saved["step"]
    begun = (folder / "run" / "run.json").exists()
    recorder = gl.Recorder(
        model, task, into=folder / "run", keep=gl.Every(5), train_index=range(25), resume=begun
    )
    with recorder:
        assert recorder.last == start or not begun
        for step in range(start + 1, 31):
            loss = torch.nn.functional.cross_entropy(model(inputs[:25])[:, -1], labels[:25])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.step(step, loss)
            if step % 5 == 0:  # with the steps that are kept, so that there is always a step to go on from
                saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
                torch.save(saved, folder / "own.tmp")
                os.replace(folder / "own.tmp", own)


def stopped(folder):
    """A run that a rule stops, between kept steps, and that then goes on without it."""
    train(FULL_BATCH, folder / "run", resume_every=0.0, progress=False, stop_when=at_18)
    train(FULL_BATCH, folder / "run", resume_every=0.0, progress=False)


def at_18(now):
    return now.step == 18


def longer(folder):
    """A run that is extended, and forked; what it goes on from is not killed."""
    parent = folder.parent / "parent"
    train(MINI_BATCH, parent, progress=False, keep_optimizer=[20])
    gl.extend(parent, 50, folder / "longer", resume_every=0.0, progress=False)
    gl.fork(parent, 20, folder / "fork", train_fraction=0.4, resume_every=0.0, progress=False)


KINDS = {
    "longer": longer,
    "full_batch": by_recipe(FULL_BATCH),
    "mini_batch": by_recipe(MINI_BATCH),
    "many": many,
    "recorder": recorded,
    "stopped": stopped,
}


def attempt(work, folder, after=None):
    """Work in a child, killed `after` so many seconds of its work; how it ended: "done", "killed"."""
    ready, begun = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(ready)
            os.write(begun, b".")
            work(folder)
        except BaseException as error:
            os.write(2, f"the child failed: {error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    os.close(begun)
    os.read(ready, 1)
    os.close(ready)
    if after is not None:
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit("a child failed")
    return "done" if os.WIFEXITED(status) else "killed"


def contents(folder):
    """Every file below a folder, and what is in it; the user's own state apart."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("own.")
    }


def compare(kind, folder, kills, seed):
    """How many kills there were, and the names of files that differ from those of an uninterrupted run."""
    work, moments = KINDS[kind], random.Random(seed)
    whole = folder / "whole"
    whole.mkdir(parents=True)
    begin = time.monotonic()
    attempt(work, whole)
    took, killed, differ, rounds = time.monotonic() - begin, 0, set(), 0
    while killed < kills:
        again = folder / f"again{rounds}"
        again.mkdir()
        ended = "killed"
        while ended == "killed":
            # An attempt that is always killed early gets nowhere; every other one may be long.
            after = moments.uniform(0, took * moments.choice((0.3, 1.2))) if killed < kills else None
            ended = attempt(work, again, after)
            killed += ended == "killed"
        ours, theirs = contents(again), contents(whole)
        differ |= {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
        for run in again.glob("**/run.json"):
            with contextlib.suppress(BadArgument):  # one of a class of the user's own
                gl.load(run.parent, verify=True)
        shutil.rmtree(again)
        rounds += 1
    return {
        "kind": kind,
        "kills": killed,
        "runs": rounds,
        "seconds": round(took, 2),
        "differ": sorted(differ),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--kinds", choices=KINDS, nargs="+", required=True)
    parser.add_argument("--kills", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = [
        compare(kind, options.work / kind, options.kills, options.seed)
        for kind in dict.fromkeys(options.kinds)
    ]
    sys.stdout.write(json.dumps(results) + "\n")
    sys.exit(any(result["differ"] for result in results))
