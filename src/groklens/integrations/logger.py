"""`Logger`: a callback of `gl.train` that writes every evaluated step to a logger, and closes it at the end."""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from groklens.errors import BadArgument
from groklens.training import Evaluated


class Logger:
    """A callback for `gl.train(…, on_evaluate=)` that writes the row of every evaluated step, by its names.

    As a context it closes what it opened at the end, after an exception too; a logger of the user's own stays open.
    After an interruption the steps since the last resume state are written again, with the numbers that they had.
    """

    def __call__(self, now: Evaluated) -> None:
        """Write the losses and accuracies of a step."""
        self.write({name: float(value) for name, value in now.row.items()}, now.step)

    def __enter__(self) -> Logger:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @abstractmethod
    def write(self, row: Mapping[str, float], step: int) -> None:
        """Write numbers by name at a step."""

    @abstractmethod
    def close(self) -> None:
        """Close what was opened here."""


def imported(module: str, package: str) -> Any:
    """A library's module; `BadArgument` where it is not installed.

    >>> imported("json", "json").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in (package, module):
            raise
        raise BadArgument(
            f"This logger is for {package}, which is not installed: pip install {package}."
        ) from error
