"""`RecorderCallback` for the Trainer of transformers: a run of ours recorded while it trains."""

from __future__ import annotations

from typing import Any

from groklens.integrations.library import of_library
from groklens.integrations.recording import Recording


class RecorderCallback(Recording):
    """A callback of transformers' Trainer that records, measures and explains what it trains, to the bit unchanged.

    Args:
        task: what the model is looked at with: `gl.tasks.Words(...)`, `gl.Probe(tokens)`, a table, a text.
        into: a new folder for the run.
        keep: which updates to keep, `gl.Every(100)` by default. The first, the last, and those at which the Trainer
            saves a checkpoint are kept in any case.
        measures: measures or their names, taken at every kept step: `table` has them, and the Trainer's
            `state.log_history` those that are one number, as `groklens/NAME`. Those that need a circuit are left out;
            `gl.track(callback.run, ...)` takes them.
        explain_every: how many updates there are from one explanation of the model to the next: `findings` has what
            was found, and the log its numbers by their keys. None for no explanations.
        train_index: the inputs of the task that are trained on, where they are.
        within: the path of the submodule that is looked at, where it is not the whole model.
        names, answer, inputs: as in `gl.hooked`, for modules that are hooked at their own paths. Without them a causal
            language model of transformers has TransformerLens' names, in a bridge beside it.
        loss_units: the unit of the loss that the Trainer logs, which is recorded as `reported_loss`.
        resume: go on with the recording in `into`, when the Trainer resumes from a checkpoint; where there is no
            recording yet, begin one.

    `run` is the run and `table` the numbers, while it trains too. Weights, gradients, mode, hooks and random states
    are as they were after every look, dropout and shuffling included. Only the main process records; a compiled or
    data-parallel model is taken out of what is around it, one whose weights are spread over processes is refused. A
    look that fails later than at the start warns, and the training goes on. A training that ends by an error leaves
    the run unfinished, and whole up to the last step kept.

    >>> callback = RecorderCallback(task, into="runs/mine", measures=["test_loss"])  # doctest: +SKIP
    >>> Trainer(model, args, train_dataset=data, callbacks=[callback]).train()  # doctest: +SKIP
    >>> gl.explain(callback.run)  # doctest: +SKIP
    """

    def __new__(cls, *given: Any, **options: Any) -> RecorderCallback:
        """One that is a `transformers.TrainerCallback` too."""
        return object.__new__(of_library(cls, "TrainerCallback", ("transformers.trainer_callback",)))

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
        """Keep the model as it is before the first update, or take its recording up."""
        if state.is_world_process_zero:
            self._write(state, self._begin(model, state.global_step))

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
        """Keep the step where that is due, before the Trainer saves a checkpoint to go on from."""
        needed = control.should_save or control.should_training_stop
        self._write(state, self._at(model, state.global_step, needed=needed))

    def on_epoch_end(self, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
        """Keep the step where the Trainer saves at the end of an epoch, or stops."""
        self.on_step_end(args, state, control, model)

    def on_save(self, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
        """Keep the step that another callback had saved."""
        self._write(state, self._at(model, state.global_step, needed=True))

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **others: Any
    ) -> None:
        """Record the loss that the Trainer logs."""
        if logs and "loss" in logs:
            self._loss(state.global_step, logs["loss"])

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Seal the run. The last step is kept by now: the model may be the best one of before again."""
        self._end()

    @staticmethod
    def _write(state: Any, numbers: dict[str, float]) -> None:
        if numbers:
            state.log_history.append({**numbers, "epoch": state.epoch, "step": state.global_step})
