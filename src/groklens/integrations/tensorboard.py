"""`TensorBoardLogger`: the losses and accuracies of a training, as TensorBoard shows them while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groklens.errors import BadArgument, described
from groklens.integrations.logger import Logger, imported


class TensorBoardLogger(Logger):
    """A callback of `gl.train` that writes every evaluated step for TensorBoard.

    Args:
        into: the folder of the logs, or a `SummaryWriter` of the user's own, which stays open.

    Raises `BadArgument` for anything else, and where the package `tensorboard` is not installed.

    >>> with TensorBoardLogger("logs/mod113") as log:  # doctest: +SKIP
    ...     gl.train(recipe, into="runs/mod113", on_evaluate=log)
    """

    def __init__(self, into: str | Path | Any) -> None:
        self._opened = isinstance(into, (str, Path))
        if not self._opened and not callable(getattr(into, "add_scalar", None)):
            raise BadArgument(
                f"into is {described(into)}; give a folder for the logs, or a SummaryWriter: "
                "TensorBoardLogger('logs/mod113')."
            )
        self.writer: Any = (
            imported("torch.utils.tensorboard", "tensorboard").SummaryWriter(str(into))
            if self._opened
            else into
        )

    def write(self, row: Mapping[str, float], step: int) -> None:
        """Write numbers by name at a step."""
        for name, value in row.items():
            self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Close the writer that was opened here."""
        if self._opened:
            self.writer.close()
        else:
            self.writer.flush()
