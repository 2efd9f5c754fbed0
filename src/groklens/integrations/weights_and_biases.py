"""`WandbLogger`: the losses and accuracies of a training, as Weights & Biases shows them while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groklens.errors import BadArgument, described
from groklens.integrations.logger import Logger, imported


class WandbLogger(Logger):
    """A callback of `gl.train` that writes every evaluated step to a run of Weights & Biases.

    Args:
        run: a run of the user's own, `wandb.init(…)`, which stays open; one is begun when it is not given.
        options: what that is begun with, as `wandb.init` takes it: `project="grokking"`, `mode="offline"`.

    Weights & Biases takes steps in order only, so that steps written again after an interruption are those it had.
    Raises `BadArgument` for something else than a run, for options beside one, and where `wandb` is not installed.

    >>> with WandbLogger(project="grokking", mode="offline") as log:  # doctest: +SKIP
    ...     gl.train(recipe, into="runs/mod113", on_evaluate=log)
    """

    def __init__(self, run: Any = None, **options: Any) -> None:
        self._opened = run is None
        if not self._opened and (options or not callable(getattr(run, "log", None))):
            raise BadArgument(
                f"run is {described(run)}{f', beside {sorted(options)}' if options else ''}; give a run that "
                "wandb.init gave, or what to begin one with: WandbLogger(project='grokking')."
            )
        self.run = imported("wandb", "wandb").init(**options) if self._opened else run

    def write(self, row: Mapping[str, float], step: int) -> None:
        """Write numbers by name at a step."""
        self.run.log(dict(row), step=step)

    def close(self) -> None:
        """Finish the run that was begun here."""
        if self._opened:
            self.run.finish()
