"""What a user sees of a package: its names, less modules and what is there for the rest of the library."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import ModuleType
from typing import Any


def public_names(face: Mapping[str, Any], for_the_library: Collection[str] = ()) -> list[str]:
    """The public names of a package's face, sorted.

    >>> public_names({"loss": float, "_hidden": 0, "helper": len}, for_the_library={"helper"})
    ['loss']
    """
    return sorted(
        name
        for name, value in face.items()
        if not name.startswith("_") and name not in for_the_library and not isinstance(value, ModuleType)
    )
