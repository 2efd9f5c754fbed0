"""`RecorderCallback` for the Trainer of Lightning: a run of ours recorded while it trains."""

from __future__ import annotations

from typing import Any

from groklens.integrations.library import of_library
from groklens.integrations.recording import Recording


class RecorderCallback(Recording):
    """A callback of Lightning's Trainer that records, measures and explains what it trains, without changing its bits.

    It is for `lightning` and for `pytorch_lightning`. Arguments and attributes are those of the callback for
    transformers' Trainer, with these differences: `within="net"` looks at that part of the LightningModule, in whose
    place the whole one is called with the task's tokens otherwise; steps are the optimiser's (`trainer.global_step`);
    numbers go to the loggers as `groklens/NAME`; the loss of a kept step is that of its batch, as `training_step` gives
    it; every checkpoint that is saved keeps its step.

    >>> callback = RecorderCallback(task, into="runs/mine", within="net", keep=gl.Every(100))  # doctest: +SKIP
    >>> Trainer(callbacks=[callback]).fit(module, data)  # doctest: +SKIP
    >>> gl.explain(callback.run)  # doctest: +SKIP
    """

    def __new__(cls, *given: Any, **options: Any) -> RecorderCallback:
        """One that is a Lightning `Callback` too."""
        return object.__new__(of_library(cls, "Callback", ("lightning.pytorch", "pytorch_lightning")))

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Keep the model as it is before the first update, or take its recording up."""
        if trainer.is_global_zero:
            self._write(trainer, self._begin(pl_module, trainer.global_step))

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *others: Any
    ) -> None:
        """Keep the step where that is due."""
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        self._write(trainer, self._at(pl_module, trainer.global_step, loss=loss))

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: Any) -> None:
        """Keep the step to go on from, before its checkpoint is written."""
        self._write(trainer, self._at(pl_module, trainer.global_step, needed=True))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Keep the last step, and seal the run."""
        self._write(trainer, self._at(pl_module, trainer.global_step, needed=True))
        self._end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Leave the run unfinished: what is kept is whole."""
        self._end(exception)

    @staticmethod
    def _write(trainer: Any, numbers: dict[str, float]) -> None:
        for logger in trainer.loggers if numbers else ():
            logger.log_metrics(numbers, step=trainer.global_step)
