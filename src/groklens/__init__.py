"""groklens: when, how and why a network came to generalise.

Everything public is here and is imported when it is first used: `import groklens as gl` loads neither torch
nor TransformerLens.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

#: Where each public name lives.
_PUBLIC = {
    "Corrupted": "tasks",
    "FiniteGroup": "tasks",
    "GroupComposition": "tasks",
    "ModularArithmetic": "tasks",
    "Probe": "tasks",
    "RandomTable": "tasks",
    "TableTask": "tasks",
    "Task": "tasks",
    "MLP": "models",
    "Transformer": "models",
    "AdamW": "recipes",
    "Every": "recipes",
    "LogSpaced": "recipes",
    "Recipe": "recipes",
    "SGD": "recipes",
    "Steps": "recipes",
    "Snapshot": "capture",
    "capture": "capture",
    "Run": "runs",
    "load": "runs",
    "Recorder": "training",
    "train": "training",
    "train_many": "training",
    "Circuit": "circuits",
    "Control": "claims",
    "Finding": "claims",
    "find_circuit": "circuits",
    "planted": "circuits",
    "measure": "measures",
    "track": "measures",
    "Explanation": "explain",
    "examine": "explain",
    "explain": "explain",
    "GroklensError": "errors",
}
_MODULES = ("harmonics", "interventions", "measures", "theory", "views")

__all__ = [*_PUBLIC, *_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"groklens.{name}")
    if name not in _PUBLIC:
        raise AttributeError(f"groklens has no {name!r}; see dir(groklens).")
    value = getattr(importlib.import_module(f"groklens.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # Importing groklens.explain would put the subpackage where the function of that name belongs.
        if not (name in _PUBLIC and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
