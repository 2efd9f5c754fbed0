"""Sweeps: one recipe over values of its fields, trained by any executor, as one table over their axes."""

from groklens.public import public_names
from groklens.recipes import changed as changed
from groklens.sweeps.axes import Axis as Axis
from groklens.sweeps.events import KNOWN as KNOWN
from groklens.sweeps.events import PHASES as PHASES
from groklens.sweeps.events import events_of as events_of
from groklens.sweeps.events import phases as phases
from groklens.sweeps.over_seeds import over_seeds as over_seeds
from groklens.sweeps.sweep import Sweep as Sweep
from groklens.sweeps.sweep import SweepUnfinished as SweepUnfinished
from groklens.sweeps.sweep_runs import SweepRuns as SweepRuns
from groklens.sweeps.sweep_runs import load as load


def __dir__() -> list[str]:
    return public_names(globals(), {"KNOWN", "public_names"})
