"""`Measured`: any measure of a snapshot as a signal, on what it may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groklens.errors import BadArgument
from groklens.forecasts.signal import Sees
from groklens.forecasts.trajectory import Trajectory
from groklens.measures import gini_neuron_logit, ipr, lacking, logit_scale, spectral_entropy, test_loss


@dataclass(frozen=True)
class Measured:
    """A measure of the snapshot at the last kept step, as a signal that sees no more than it says.

    Args:
        measure: a measure that gives a number, ours or a user's.
        sees: what it may look at; of `"train_only"` the snapshot's task is the train examples alone.

    nan where the model or task lacks what the measure needs (a group, neurons), so that one table holds many kinds of
    runs. Raises `BadArgument` for a measure of test examples that is declared `train_only`.

    >>> Measured(gl.measures.logit_scale, "train_only").name  # doctest: +SKIP
    'logit_scale'
    """

    measure: Any
    sees: Sees

    def __post_init__(self) -> None:
        """Refuse what could only be measured on examples that are not shown."""
        about = self.measure.about
        if self.sees == "train_only" and about.split == "test":
            raise BadArgument(f"{self.name} is measured on test examples; declare it held_out.")
        if self.sees != "oracle" and {"group", "circuit"} & set(about.needs):
            raise BadArgument(f"{self.name} needs the task's group; declare it oracle.")

    @property
    def name(self) -> str:
        """The measure's own name."""
        return str(self.measure.__name__)

    @property
    def units(self) -> str:
        """The measure's unit."""
        return str(self.measure.about.units)

    @property
    def source(self) -> str:
        """The measure's source, and the examples that it was taken on here."""
        on = {
            "train_only": "; over the train examples alone",
            "held_out": "; over all examples",
            "oracle": "",
        }
        return f"{self.measure.about.source}{on[self.sees]}"

    def value(self, trajectory: Trajectory) -> float:
        """The measure's number at the last kept step."""
        snapshot = trajectory.snapshot()
        missing = lacking(self.measure.about, snapshot, None)
        return float("nan") if missing else float(self.measure(snapshot))


#: Measures that are signals as they are; what sees less than its measure does says so.
LOGIT_SCALE = Measured(logit_scale, "train_only")
SPECTRAL_ENTROPY = Measured(spectral_entropy, "train_only")
TEST_LOSS = Measured(test_loss, "held_out")
GINI = Measured(gini_neuron_logit, "oracle")
IPR = Measured(ipr, "oracle")
