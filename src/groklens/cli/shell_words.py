"""What an error says to somebody at a shell: what it tells Python's users to type, as a shell has it."""

from __future__ import annotations

import re

#: What messages of the library tell to type in Python, and what stands there in a shell.
_SAID = (
    (r" All names: dir\([\w.]+\)\.", ""),
    (
        r"Use one of run\.steps or run\.nearest\(-?\d+\); training with .* keeps more\.",
        "groklens info PATH lists all.",
    ),
    (r"the last is run\.final, step", "the last is"),
    (
        r"Give the folder or file of a run: gl\.load\('runs/mine'\)\.( Example runs are opened by .*revisions=\.)?",
        "Give the folder or file of a run, or the name of one that groklens examples lists.",
    ),
    (r"; a format can be forced with format=\.", "."),
    (
        r"Make the model that they were taken from and give it: model = ",
        "A shell cannot give the model that they were taken from; in Python: model = ",
    ),
    (r"gl\.load\(('[^']*')\)", r"\1"),
    (r"open it by gl\.sweeps\.load\(('[^']*')\)", r"open it by groklens show \1"),
)


def in_a_shell(said: str) -> str:
    """A message without what only Python understands.

    >>> in_a_shell("There is no measure 'los'; did you mean 'loss'? All names: dir(gl.measures).")
    "There is no measure 'los'; did you mean 'loss'?"
    """
    for python, shell in _SAID:
        said = re.sub(python, shell, said)
    return said


def sentence(said: str) -> str:
    """A message that ends as a sentence does, once.

    >>> sentence("No such command 'explian'. Did you mean 'explain'?."), sentence("Missing argument")
    ("No such command 'explian'. Did you mean 'explain'?", 'Missing argument.')
    """
    bare = said.rstrip(" .")
    return bare if bare.endswith(("?", "!")) else f"{bare}."
