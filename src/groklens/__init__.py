"""groklens: when, how and why a network came to generalise.

Everything public is here and is imported when it is first used: `import groklens as gl` loads neither torch
nor TransformerLens.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Where each public name lives.
_PUBLIC = {
    "Corrupted": "tasks",
    "FiniteGroup": "groups",
    "GroupComposition": "tasks",
    "ModularArithmetic": "tasks",
    "Probe": "tasks",
    "RandomTable": "tasks",
    "TableTask": "tasks",
    "Task": "tasks",
    "MLP": "models",
    "Transformer": "models",
    "hooked": "models",
    "AdamW": "recipes",
    "Every": "recipes",
    "LogSpaced": "recipes",
    "Recipe": "recipes",
    "SGD": "recipes",
    "Steps": "recipes",
    "Snapshot": "snapshots",
    "capture": "capture",
    "Run": "runs",
    "load": "runs",
    "revisions": "runs",
    "Recorder": "training",
    "extend": "training",
    "fork": "training",
    "train": "training",
    "train_many": "training",
    "Circuit": "hypotheses",
    "Control": "claims",
    "Finding": "claims",
    "find_circuit": "evidence",
    "planted": "hypotheses",
    "frame": "measures",
    "measure": "measures",
    "track": "evidence",
    "Explanation": "explain",
    "examine": "evidence",
    "forecast": "forecasts",
    "explain": "explain",
    "Sweep": "sweeps",
    "GroklensError": "errors",
}
#: What submodules had in version 0.1 and the top has now; these answer for one version, with a warning.
_MOVED = {"measures": ("track",)}
_MODULES = (
    "examples",
    "explorer",
    "forecasts",
    "harmonics",
    "hypotheses",
    "interventions",
    "measures",
    "recipes",
    "sweeps",
    "tasks",
    "theory",
    "views",
)

__all__ = [*_PUBLIC, *_MODULES, "__version__"]

#: The same names for type checkers, which follow imports only; a test holds the two lists equal. A function that its
#: package calls by the name of its file is taken from the file: they would take it for the module.
if TYPE_CHECKING:
    from groklens import examples as examples
    from groklens import explorer as explorer
    from groklens import forecasts as forecasts
    from groklens import harmonics as harmonics
    from groklens import hypotheses as hypotheses
    from groklens import interventions as interventions
    from groklens import measures as measures
    from groklens import recipes as recipes
    from groklens import sweeps as sweeps
    from groklens import tasks as tasks
    from groklens import theory as theory
    from groklens import views as views
    from groklens.capture import capture as capture
    from groklens.claims import Control as Control
    from groklens.claims import Finding as Finding
    from groklens.errors import GroklensError as GroklensError
    from groklens.evidence import find_circuit as find_circuit
    from groklens.evidence.examine import examine as examine
    from groklens.evidence.track import track as track
    from groklens.explain import Explanation as Explanation
    from groklens.explain.explain import explain as explain
    from groklens.forecasts.forecast import forecast as forecast
    from groklens.groups import FiniteGroup as FiniteGroup
    from groklens.hypotheses import Circuit as Circuit
    from groklens.hypotheses import planted as planted
    from groklens.measures.frame import frame as frame
    from groklens.measures.measure import measure as measure
    from groklens.models import MLP as MLP
    from groklens.models import Transformer as Transformer
    from groklens.models import hooked as hooked
    from groklens.recipes import SGD as SGD
    from groklens.recipes import AdamW as AdamW
    from groklens.recipes import Every as Every
    from groklens.recipes import LogSpaced as LogSpaced
    from groklens.recipes import Recipe as Recipe
    from groklens.recipes import Steps as Steps
    from groklens.runs import Run as Run
    from groklens.runs import load as load
    from groklens.runs import revisions as revisions
    from groklens.snapshots import Snapshot as Snapshot
    from groklens.sweeps import Sweep as Sweep
    from groklens.tasks import Corrupted as Corrupted
    from groklens.tasks import GroupComposition as GroupComposition
    from groklens.tasks import ModularArithmetic as ModularArithmetic
    from groklens.tasks import Probe as Probe
    from groklens.tasks import RandomTable as RandomTable
    from groklens.tasks import TableTask as TableTask
    from groklens.tasks import Task as Task
    from groklens.training import Recorder as Recorder
    from groklens.training import train as train
    from groklens.training import train_many as train_many
    from groklens.training.extend import extend as extend
    from groklens.training.fork import fork as fork
else:

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return importlib.import_module(f"groklens.{name}")
        if name not in _PUBLIC:
            raise _unknown("groklens", name, __all__)
        value = getattr(importlib.import_module(f"groklens.{_PUBLIC[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # Importing groklens.explain would put the subpackage where the function of that name belongs.
        if name in _PUBLIC and isinstance(value, ModuleType):
            return
        if name in _MOVED:
            value.__getattr__ = _moved_from(name)
        if name in _MODULES:
            _hide_files(value)
        super().__setattr__(name, value)


class _Family(ModuleType):
    """A submodule whose files are no attributes: `gl.views.inputs` would be a module where a function is meant.

    They are imported by their path as ever.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not _is_file(self, value):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        raise _unknown(self.__name__, name, dir(self))

    def __dir__(self) -> list[str]:
        if "__dir__" in vars(self):
            return sorted(vars(self)["__dir__"]())
        shown = (name for name, value in vars(self).items() if not isinstance(value, ModuleType))
        return sorted(name for name in shown if not name.startswith("_"))


def _unknown(package: str, name: str, known: list[str]) -> AttributeError:
    from groklens.public import no_attribute  # nothing is imported before it is used

    return no_attribute(package, name, known)


def _is_file(family: ModuleType, value: Any) -> bool:
    return isinstance(value, ModuleType) and value.__name__.startswith(f"{family.__name__}.")


def _hide_files(family: ModuleType) -> None:
    for name in [name for name, value in vars(family).items() if _is_file(family, value)]:
        delattr(family, name)
    family.__class__ = _Family


def _moved_from(module: str) -> Callable[[str], Any]:
    """Make the `__getattr__` of a module some of whose names of version 0.1 have moved: it warns and says where to."""

    def answer(name: str) -> Any:
        if name not in _MOVED[module]:
            package = f"groklens.{module}"
            raise _unknown(package, name, dir(sys.modules[package]))
        warnings.warn(f"gl.{module}.{name} is gl.{name} now.", DeprecationWarning, stacklevel=2)
        value = getattr(sys.modules[__name__], name)
        setattr(
            sys.modules[f"{__name__}.{module}"], name, value
        )  # `from … import` asks twice, and is told once
        return value

    return answer


sys.modules[__name__].__class__ = _Package
