"""What `dir()` of a package shows, and lazy imports of its names."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable, Mapping
from types import ModuleType
from typing import Any

from groklens.errors import did_you_mean


def public_names(face: Mapping[str, Any], for_the_library: Collection[str] = ()) -> list[str]:
    """The public names of a package, sorted.

    >>> public_names({"loss": float, "_hidden": 0, "helper": len}, for_the_library={"helper"})
    ['loss']
    """
    return sorted(
        name
        for name, value in face.items()
        if not name.startswith("_") and name not in for_the_library and not isinstance(value, ModuleType)
    )


def no_attribute(package: str, name: str, known: Iterable[str]) -> AttributeError:
    """The error that says a package has no such name, and which are spelt most like it.

    >>> str(no_attribute("gl.views", "spectrm", ["spectrum"]))
    "gl.views has no 'spectrm'; did you mean 'spectrum'? All names: dir(gl.views)."
    """
    asked = (
        "" if name.startswith("_") else did_you_mean(name, known)
    )  # others only ask whether it has such a thing
    return AttributeError(
        f"{package} has no {name!r}; {f'{asked} All names:' if asked else 'see'} dir({package})."
    )


def lazily(package: str, files: Mapping[str, str], name: str) -> Any:
    """Import and return the `name` of a package from the file that `files` lists; `AttributeError` for an unknown name.

    >>> lazily("collections", {"Mapping": "abc"}, "Mapping").__name__
    'Mapping'
    """
    if name not in files:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{package}.{files[name]}"), name)
