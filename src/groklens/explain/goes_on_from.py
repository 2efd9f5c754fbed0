"""What a run that was forked or extended goes on from, in words: whose run, and what changed there."""

from __future__ import annotations

from typing import Any

import torch

from groklens.claims import number
from groklens.errors import shown
from groklens.runs import Run

#: What fields are called, by the last of their dotted names, where not so.
_CALLED = {"lr": "learning rate", "optimizer": "optimiser"}
#: What is said of what a fork begins with that is not its parent's.
_NEW = {
    "weights": "other weights were put in",
    "optimizer_state": "the optimiser began anew",
    "order": "another order of inputs began",
}
#: How many runs, one before the other, are named.
_MOST = 4


def goes_on_from(run: Run) -> str:
    """The step and the run that this one goes on from, with what was otherwise until there; empty where none.

    Of a run whose parent goes on from another, those too, the nearest first.
    """
    said: list[str] = []
    link = run.parent
    while link is not None and len(said) < _MOST:
        said.append(f"step {link['step']:,} of {shown(link['run'])}{_how(link)}")
        link = link.get("parent")
    return ", which goes on from ".join([*said, *(["others"] if link is not None else [])])


def other_inputs_since(run: Run) -> int | None:
    """The last step at which a fork came to train on other inputs; None where there was none."""
    link = run.parent
    while link is not None:
        if {"train_fraction", "task"} & set(link.get("changed", ())):
            return int(link["step"])
        link = link.get("parent")
    return None


def trained_on_until(run: Run) -> int | None:
    """The step until which a run's parents trained on inputs that are its test inputs; None where they did not.

    A fork on fewer inputs tests on those that its parent had trained on, and what was learned of them by heart stays.
    """
    link, recipe = run.origin.parent, run.origin.recipe
    if recipe is None:
        return None
    while link is not None and "task" not in (before := link.get("changed") or {}):
        if "train_fraction" in before:
            _, test = recipe.task.split(recipe.train_fraction, recipe.seed)
            known, _ = recipe.task.split(before["train_fraction"], recipe.seed)
            if bool(torch.isin(test, known).any()):
                return int(link["step"])
        link = link.get("parent")
    return None


def _how(link: dict[str, Any]) -> str:
    if link["extended"]:
        return ""
    changed = link.get("changed")
    if changed is None:
        return " (what was changed there is not recorded)"
    before = [_said(name, value) for name, value in changed.items() if name not in _NEW]
    until = [f"until there: {', '.join(before)}"] if before else []
    new = [said for name, said in _NEW.items() if name in changed]
    return f" ({'; '.join([*until, *new]) or 'with nothing changed'})"


def _said(name: str, value: Any) -> str:
    """A value before the change, such as `weight decay 1`."""
    if name == "batch_size" and value is None:
        return "full batch"
    last = name.rpartition(".")[2]
    words = _CALLED.get(last, last.replace("_", " "))
    return f"{words} {number(value) if isinstance(value, float) else shown(str(value))}"
