"""Damages files of runs in every way that is easily thought of, and looks at what comes of opening them.

usage: python tests/runs/damage.py WORK [--files 1000] [--seed 0] [--only finished half …]

Each file is opened in a process of its own. Prints how many were refused in one clear line, how many gave the same
answer as undamaged (the damage hit what nobody reads), and everything else by name; exit status 1 where there is any.
Flips of single bits are tried on files that have a checksum: ours, and torch's and numpy's archives. In safetensors
and JSON of others nothing tells a flipped bit of a number from the number that was meant, so there the names and
sizes are hit.
"""

import argparse
import collections
import json
import os
import random
import resource
import shutil
import signal
import struct
import sys
import warnings
import zipfile
from pathlib import Path

import torch
import transformer_lens.model_bridge  # noqa: F401 (imported before the forks)
from foreign_formats import FORMATS

import groklens as gl
from groklens.errors import GroklensError
from groklens.runs.resume import ResumeState

RECIPE = gl.Recipe(
    task=gl.ModularArithmetic(5, "add"),
    model=gl.Transformer(n_layers=1, d_model=8, n_heads=2, d_head=4, d_mlp=8),
    train_fraction=0.6,
    steps=12,
    evaluate_every=3,
    keep=gl.Every(4),
)
OURS = ("finished", "half", "recorded")
MOST_MEMORY = 2 * 2**30
SECONDS = 30


class Stopped(Exception):
    """Ends a training after a resume state."""


def write_finished(folder):
    """A finished run of ours."""
    gl.train(RECIPE, into=folder / "run", progress=False)
    return folder / "run"


def write_half(folder):
    """A run of ours that was stopped after eight of twelve updates."""
    real = ResumeState.write

    def write(self, *given):
        real(self, *given)
        if self.step == 8:
            raise Stopped

    ResumeState.write = write
    try:
        gl.train(RECIPE, into=folder / "run", resume_every=0.0, progress=False)
    except Stopped:
        pass
    finally:
        ResumeState.write = real
    return folder / "run"


def write_recorded(folder):
    """A recording of ours, of a loop that does nothing."""
    model = RECIPE.model.build(RECIPE.task, 0)
    with gl.Recorder(model, RECIPE.task, folder / "run", gl.Every(2), train_index=range(9)) as rec:
        for step in range(1, 5):
            with torch.no_grad():
                next(model.parameters()).mul_(0.9)
            rec.step(step, loss=1 / step)
    return folder / "run"


def everything(run):
    """All that an answer could rest on, as one comparable value."""
    index = run.train_index
    return {
        "task": repr(run.task),
        "split": None if index is None else index.tolist(),
        "logits": {step: run.at(step).logits.tolist() for step in run.steps},
        "history": {str(name): found.values.tolist() for name, found in run.history.variables.items()},
        "finished": run.finished,
        "recipe": None if run.recipe is None else run.recipe.id,
    }


def of_ours(path):
    return everything(gl.load(path, verify=True))


def of_half(path):
    return everything(gl.train(RECIPE, into=path, progress=False))


def of_others(form):
    return lambda path: everything(form.load(path))


CASES = {
    "finished": (write_finished, of_ours),
    "half": (write_half, of_half),
    "recorded": (write_recorded, of_ours),
    **{name: (form.write, of_others(form)) for name, form in FORMATS.items()},
}


def flip(file, rng):
    data = bytearray(file.read_bytes())
    bit = rng.randrange(8 * (header_bytes(file) or len(data)))
    data[bit // 8] ^= 1 << bit % 8
    file.write_bytes(data)


def header_bytes(file):
    """How much of a file of others is guarded by being looked at; 0 for one that is under a checksum."""
    if (
        file.suffix != ".safetensors"
        or (file.parents[1] / "run.json").exists()
        or (file.parent / "run.json").exists()
    ):
        return 0
    return 8 + struct.unpack("<Q", file.read_bytes()[:8])[0]


def cut(file, rng):
    os.truncate(file, rng.randrange(file.stat().st_size))


def append(file, rng):
    with open(file, "ab") as handle:
        handle.write(rng.randbytes(rng.randrange(1, 200)))


def zeros(file, rng):
    data = bytearray(file.read_bytes())
    start = rng.randrange(header_bytes(file) or len(data))
    data[start : start + 64] = bytes(len(data[start : start + 64]))
    file.write_bytes(data)


def garbage(file, rng):
    file.write_bytes(rng.randbytes(file.stat().st_size))


def empty(file, rng):
    file.write_bytes(b"")


def gone(file, rng):
    file.unlink()


def folder(file, rng):
    file.unlink()
    file.mkdir()


def pipe(file, rng):
    file.unlink()
    os.mkfifo(file)


def device(file, rng):
    file.unlink()
    file.symlink_to("/dev/zero")


def loop(file, rng):
    file.unlink()
    file.symlink_to(file.name)


def sparse(file, rng):
    os.truncate(file, 2**42)


def brackets(file, rng):
    file.write_text("[" * 100_000)


def bomb(file, rng):
    """An archive that declares, and holds, far more than its own size."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(3 * 2**28))


DAMAGES = {
    function.__name__: (function, weight)
    for function, weight in (
        (flip, 12), (cut, 4), (append, 2), (zeros, 4), (garbage, 1), (empty, 1), (gone, 1), (folder, 1), (pipe, 1),
        (device, 1), (loop, 1), (sparse, 1), (brackets, 1), (bomb, 0.3),
    )
}  # fmt: skip


def in_a_child(answer, path):
    """What opening `path` gives: "refused", its answer as text, or what went wrong; and the most memory it took."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(
            resource.RLIMIT_DATA, (4 * MOST_MEMORY, 4 * MOST_MEMORY)
        )  # the machine is others' too
        warnings.simplefilter("ignore")
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        os.write(writing, said(answer, path).encode(errors="replace"))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe_:
        text = pipe_.read().decode()
    _, status, usage = os.wait4(child, 0)
    if os.WIFSIGNALED(status):
        text = "hang" if os.WTERMSIG(status) == signal.SIGALRM else f"killed by signal {os.WTERMSIG(status)}"
    return text, usage.ru_maxrss * 1024


def said(answer, path):
    try:
        return "answer " + json.dumps(answer(path), default=str)
    except GroklensError as error:
        return "refused" if "\n" not in str(error) else f"in several lines: {error}"
    except BaseException as error:
        return f"traceback {type(error).__name__}: {error}"


def campaign(work, files, seed, only=tuple(CASES)):
    """Counts by outcome, all that is neither refused nor the same, and the most memory that an opening took."""
    rng, counts, wrong, most = random.Random(seed), collections.Counter(), [], 0
    names, weights = list(DAMAGES), [weight for _, weight in DAMAGES.values()]
    wholes = {}
    for name in only:
        write, answer = CASES[name]
        (work / name).mkdir(parents=True)
        whole = write(work / name)
        copy = work / "copy"
        shutil.copytree(work / name, copy)
        wholes[name] = (
            whole.relative_to(work / name),
            in_a_child(answer, copy / whole.relative_to(work / name))[0],
        )
        assert wholes[name][1].startswith("answer"), (name, wholes[name][1][:500])
        shutil.rmtree(copy)
    for number in range(files):
        name = only[number % len(only)]
        damage = rng.choices(names, weights)[0]
        shutil.copytree(work / name, work / "copy")
        candidates = sorted(p for p in (work / "copy").rglob("*") if p.is_file() and p.stat().st_size)
        file = rng.choice(candidates)
        if damage == "flip" and file.suffix in (".json", ".gguf") and name not in OURS:
            damage = "cut"  # another digit is another number, and nothing says which was meant
        DAMAGES[damage][0](file, rng)
        inside, whole = wholes[name]
        text, memory = in_a_child(CASES[name][1], work / "copy" / inside)
        most = max(most, memory)
        outcome = "refused" if text == "refused" else "same answer" if text == whole else "WRONG"
        counts[outcome] += 1
        if outcome == "WRONG" or memory > MOST_MEMORY:
            wrong.append(f"{name}/{file.relative_to(work / 'copy')} {damage} (file {number}): {text[:300]}")
        shutil.rmtree(work / "copy")
    return {"files": files, **counts, "most_memory_gib": round(most / 2**30, 2), "wrong": wrong}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    result = campaign(options.work, options.files, options.seed, options.only)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    sys.exit(bool(result["wrong"]))
