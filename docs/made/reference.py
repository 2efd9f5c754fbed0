"""The reference: every public name with its docstring, and an index of all with their first sentence."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import groklens as gl

#: Families of public names, in the order of work, and what is in them.
FAMILIES = {
    "tasks": "what is learned",
    "recipes": "a training run as a value: optimisers, losses, schedules",
    "sweeps": "one recipe over values of its fields",
    "measures": "numbers of a snapshot",
    "hypotheses": "claims about what a model computes with, and models whose answer is known",
    "interventions": "keep, remove, ablate, patch, replace",
    "harmonics": "irreps, bases, projections, spectra",
    "theory": "what can be written down",
    "forecasts": "signals, the library of runs, and the referee",
    "views": "pictures",
    "explorer": "runs and sweeps in a browser",
    "examples": "runs to look at, by name",
}


def pages() -> dict[str, str]:
    """The index, a page for the top of the library, and one for each family."""
    made = {"reference/groklens.md": page("gl", "the top of the library", gl, top())}
    for family, about in FAMILIES.items():
        module = getattr(gl, family)
        made[f"reference/{family}.md"] = page(f"gl.{family}", about, module, dir(module))
    return {"reference/index.md": index(), **made}


def pictures() -> dict[str, Path]:
    """None."""
    return {}


def top() -> list[str]:
    return [name for name in gl.__all__ if name not in FAMILIES and not name.startswith("_")]


def page(called: str, about: str, module: Any, names: list[str]) -> str:
    """All names of one module: functions and classes first, then plain values."""
    parts = [f"# {called}", f"{about[0].upper()}{about[1:]}."]
    values = []
    for name in names:
        value = getattr(module, name)
        if path := source_of(value):
            parts += [f"::: {path}", ""]
        else:
            values.append(f"`{called}.{name}`\n:   {plain(value)}\n")
    if values:
        parts += ["## Values", *values]
    return "\n\n".join(parts)


def source_of(value: Any) -> str | None:
    """Where a function or class is written, as its path in the package; None for a plain value."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    known = inspect.isclass(value) or inspect.isroutine(value) or name
    return f"{module}.{name}" if known and module and module.startswith("groklens") else None


def plain(value: Any) -> str:
    """A value in short."""
    if isinstance(value, (list, tuple)) and value and hasattr(value[0], "__name__"):
        return ", ".join(f"`{each.__name__}`" for each in value)
    said = re.sub(r"\s+", " ", repr(value))
    return f"`{said if len(said) < 300 else said[:300] + ' …'}`"


def index() -> str:
    """Every public name with the first sentence of its docstring."""
    parts = ["# Reference", "Every public name, and the first sentence of what it says."]
    parts += table("gl", "groklens", gl, top())
    for family in FAMILIES:
        parts += table(f"gl.{family}", family, getattr(gl, family), dir(getattr(gl, family)))
    return "\n".join(parts)


def table(called: str, file: str, module: Any, names: list[str]) -> list[str]:
    rows = []
    for name in names:
        value = getattr(module, name)
        path = source_of(value)
        target = f"{file}.md#{path}" if path else f"{file}.md#values"
        rows.append(f"| [`{called}.{name}`]({target}) | {first_sentence(value) if path else 'a value'} |")
    return ["", f"## {called}", "", "| name | what it is |", "|---|---|", *rows]


def first_sentence(value: Any) -> str:
    """The first sentence of a docstring, as a cell of a table."""
    said = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.:])\s", said)[0].replace("|", "\\|")
