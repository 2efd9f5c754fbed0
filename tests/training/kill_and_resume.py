"""Trains the recipe in argv[1] twice: in one go into argv[2], and into argv[3] under SIGKILLs at random moments.

Each attempt is a process of its own, forked from this one so that the imports are paid for once. Writes how
many attempts were killed. argv[4] seeds the moments.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import transformer_lens.model_bridge  # noqa: F401 (imported before the forks)

from groklens.recipes import Recipe
from groklens.training.train import train


def attempt(recipe: Recipe, folder: Path, rows: int | None, jitter: float = 0.0) -> bool:
    """Train in a child, killed once its history has `rows` rows; whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            train(recipe, folder, resume_every=0.0, progress=False)
        except BaseException as error:
            os.write(2, f"the child failed: {error!r}".encode())
            os._exit(1)
        os._exit(0)
    done, status = os.waitpid(child, os.WNOHANG)
    while not done and (rows is None or written(folder) <= rows):
        time.sleep(0.0005)
        done, status = os.waitpid(child, os.WNOHANG)
    if not done:
        time.sleep(jitter)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit(1)
    return os.WIFEXITED(status)


def written(folder: Path) -> int:
    """Rows of the history so far, -1 before there is a header line."""
    path = folder / "history.csv"
    return path.read_bytes().count(b"\n") - 1 if path.exists() else -1


def main() -> None:
    recipe = Recipe.from_dict(json.loads(Path(sys.argv[1]).read_text()))
    attempt(recipe, Path(sys.argv[2]), rows=None)
    moments, kills = random.Random(int(sys.argv[4])), 0
    for rows in [-1, *sorted(moments.randrange(recipe.steps * 3 // 4) for _ in range(5))]:
        # The moment inside a step is the jitter's: an update, a checkpoint, the history, a rename.
        kills += not attempt(recipe, Path(sys.argv[3]), rows, moments.uniform(0, 0.01))
    attempt(recipe, Path(sys.argv[3]), rows=None)
    sys.stdout.write(str(kills))


main()
