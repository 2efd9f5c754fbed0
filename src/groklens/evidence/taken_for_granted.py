"""The finding that names what a run's files leave open, and which defaults were assumed in its place."""

from __future__ import annotations

from groklens.claims import Finding
from groklens.runs import Run


def taken_for_granted(run: Run) -> list[Finding]:
    """The finding that the files say all that was used of them, undecided where something was assumed.

    None where nothing was: for runs that say everything themselves, and for what the user said.

    >>> taken_for_granted(gl.load("runs/mine"))  # doctest: +SKIP
    []
    """
    taken = run.known.get("taken for granted")
    if not isinstance(taken, dict) or not taken:
        return []
    listed = "; ".join(f"{name}: {value}" for name, value in taken.items())
    return [
        Finding(
            "the files say how the model computes and what it was trained on",
            None,
            "",
            "undecided",
            note=f"they do not say, and it was taken for granted: {listed}",
            key="files.assumed",
            role="aside",
        )
    ]
