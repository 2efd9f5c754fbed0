"""The training loop of a stack of runs: evaluate, record, keep, update."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor

from groklens.claims import quantity
from groklens.progress import progress_shown, tell
from groklens.recipes import Recipe
from groklens.runs import Row, RunWriter, Written
from groklens.training.options import Options
from groklens.training.replay_writer import Ghost
from groklens.training.side_by_side import side_by_side
from groklens.training.stack import Stack
from groklens.training.watching import Watch


class Diverged(Exception):
    """Some runs of a stack, given by id, have a loss that is not finite; the others can be resumed."""

    def __init__(self, messages: dict[str, str]) -> None:
        super().__init__("; ".join(messages.values()))
        self.messages = messages


def run_loop(
    stack: Stack,
    writers: Sequence[RunWriter | Ghost],
    start: int,
    options: Options,
    save: Callable[..., None],
    hold: Callable[[int], None],
) -> bool:
    """Train `stack` from `start` updates to the end of its recipes, with one writer per run.

    `save(step)` stores where all of it is, `save(step, but=[0])` all but the first: after two seconds, four, and so on,
    every `options.resume_every` seconds at the latest, and of a stack after its last update. `hold(step)` is called at
    every step before its row is recorded, and keeps the optimiser's state where that was asked for. Weights whose loss
    is not finite are never kept; `Diverged` says of which runs, once everything is on disk. Gives whether
    `options.watch` let a run alone come to its end: where it stopped the run, that step is kept and the state saved,
    from which the same training goes on.
    """
    total = stack.recipes[0].steps
    begun = saved = time.monotonic()
    known = Row()
    with progress_shown(options.progress):
        for step in range(start, total + 1):
            rows: list[Row] = (
                stack.evaluate() if _evaluates(stack.recipes[0], step) else [{} for _ in writers]
            )
            if step < total or stack.is_stream:  # at its end a stream has no train inputs to be evaluated on
                losses = stack.losses(step + 1)
                for row, loss in zip(rows, losses.tolist(), strict=True):
                    row["train_loss"] = loss
            _check_finite(stack, writers, rows, step, save)
            hold(step)
            told = _evaluates(stack.recipes[0], step) and _is_told(options.watch, writers[0])
            before = _flushed(writers[0]) if told else None
            kept = []
            for run, (writer, row) in enumerate(zip(writers, rows, strict=True)):
                writer.record(step, row)
                if step in (stack.recipes[run].first_step, total) or stack.recipes[run].keep.keeps(step):
                    kept.append(partial(writer.keep, step, _own(stack.state(run), alone=len(writers) == 1)))
            side_by_side(kept)
            if told and _stops(options.watch, stack, writers[0], step):
                save(step, written=before)
                return False
            if step == total:
                break
            stack.step(losses, step + 1)
            known |= rows[0]
            tell(_describe(known, step + 1, total), step + 1, total)
            # Runs are sealed one after another: those that a kill leaves unsealed need the others' weights to go on.
            is_last_of_several = step + 1 == total and len(writers) > 1
            is_due = time.monotonic() - saved >= min(options.resume_every, max(2.0, saved - begun))
            if is_due or is_last_of_several:
                save(step + 1)
                saved = time.monotonic()
    return True


def _own(state: dict[str, Tensor], alone: bool) -> dict[str, Tensor]:
    """The weights of one run of a stack, which the next run's would overwrite."""
    return state if alone else {name: tensor.detach().clone() for name, tensor in state.items()}


def _is_told(watch: Watch, writer: RunWriter | Ghost) -> bool:
    return not watch.is_idle and isinstance(writer, RunWriter)


def _flushed(writer: RunWriter | Ghost) -> Written:
    """What stands in the history before a step: the step itself is computed anew where the run goes on from it."""
    writer.flush()
    return writer.written


def _stops(watch: Watch, stack: Stack, writer: RunWriter | Ghost, step: int) -> bool:
    """Tell of an evaluated step; whether the run stops there, and is not at its end anyway."""
    assert isinstance(writer, RunWriter)  # of others nobody is told
    writer.flush()
    if not watch.stops(step, stack, writer) or step == stack.recipes[0].steps:
        return False
    writer.stop(step, stack.state(0), watch.rule)
    return True


def _describe(row: Row, step: int, total: int) -> str:
    text = f"step {step:,} of {total:,}: train loss {row['train_loss']:.3g}"
    if "test_loss" in row:
        text += f", test loss {row['test_loss']:.3g} ({quantity(row['test_accuracy'], 'accuracy')})"
    return text


def _evaluates(recipe: Recipe, step: int) -> bool:
    every = recipe.evaluate_every
    return step == recipe.steps or (every is not None and step % every == 0)


def _check_finite(
    stack: Stack,
    writers: Sequence[RunWriter | Ghost],
    rows: Sequence[Row],
    step: int,
    save: Callable[..., None],
) -> None:
    bad = {run: row["train_loss"] for run, row in enumerate(rows) if not math.isfinite(row["train_loss"])}
    if not bad:
        return
    for run in bad:
        writers[run].flush()
    if len(bad) < len(writers):
        save(step, but=list(bad))
    raise Diverged({stack.recipes[run].id: _say(writers[run], loss, step) for run, loss in bad.items()})


def _say(writer: RunWriter | Ghost, loss: float, step: int) -> str:
    good = None if isinstance(writer, Ghost) else max(writer.header.checkpoints, default=None)
    where = (
        "There is no checkpoint before it"
        if good is None or isinstance(writer, Ghost)
        else f"The last good checkpoint is step {good}, {writer.paths.checkpoint(good)}; look at it with "
        f"gl.load({str(writer.paths.root)!r}).at({good})"
    )
    return f"The loss is {loss} at step {step}. {where}. Lower the learning rate or lengthen the warm-up."
