"""The untrained control: the run's step 0, or the model with its weights shuffled."""

from __future__ import annotations

from typing import NamedTuple

from groklens.evidence.generalising import ENOUGH, generalises
from groklens.evidence.split_fits import beyond_chance
from groklens.models import with_weights_shuffled
from groklens.runs import Run
from groklens.snapshots import Snapshot, copied_model

#: What the run's own step 0 is called among controls.
STEP_0 = "untrained (step 0)"


class Untrained(NamedTuple):
    """A snapshot that has learned nothing, with its name among controls."""

    snapshot: Snapshot
    name: str

    @property
    def step(self) -> int | None:
        """The step of the run that the control is; None for shuffled weights."""
        return self.snapshot.step if self.name == STEP_0 else None

    @property
    def where_group_acts(self) -> Untrained:
        """The control on the inputs where the task's group acts."""
        return self._replace(snapshot=self.snapshot.where_group_acts)


def untrained_like(run: Run, final: Snapshot) -> Untrained:
    """An untrained snapshot of the same model: the run's step 0 where it was kept, else the weights shuffled.

    Where step 0 generalises already, as of a model that was trained before this run, it is not taken for untrained.
    Shuffling permutes the entries of every parameter of the last model (seed 0): their sizes stay, what they
    compute goes. Raises `BadArgument` for a model that cannot be copied (`real_copy`): its shuffled copy would
    compute with the trained weights still, and be no control.
    """
    if len(run.steps) > 1 and run.steps[0] == 0:
        first = run.at(0)
        if not _has_learned(first):
            return Untrained(first, STEP_0)
    twin = copied_model(final)
    return Untrained(final.with_model(with_weights_shuffled(twin)), "weights shuffled")


def _has_learned(first: Snapshot) -> bool:
    """Whether a model answers as many test inputs as count as generalising, and more than luck would."""
    if first.task.reference is not None:  # of which no answers are counted
        return False
    general, index = generalises(first), first.test_index
    n_inputs = len(first.task.labels) if index is None or not len(index) else len(index)
    chance = max(general.control("commonest_answer").high, 1 / first.task.d_vocab_out)
    share = general.value or 0.0
    return share >= ENOUGH and beyond_chance(share, chance, n_inputs)
