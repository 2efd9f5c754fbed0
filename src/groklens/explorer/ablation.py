"""What ablating one part does to loss and accuracy, beside random parts of the same size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from groklens.claims import Control, in_units
from groklens.errors import BadArgument
from groklens.explorer.as_script import finite
from groklens.explorer.parts import FREQUENCY, HEAD, Part
from groklens.hypotheses import Circuit, Heads, Hypothesis, Neurons, Null
from groklens.hypotheses import Part as Removed
from groklens.interventions import logits_after, remove
from groklens.measures import Measure, all_accuracy, lacking, loss, test_accuracy, test_loss
from groklens.snapshots import Snapshot, scores_if
from groklens.tasks import LAST

#: Draws of a control: fewer than a verdict needs, for a page that answers at once.
DRAWS = 5
_BY_SPLIT, _OF_ALL = (test_loss, test_accuracy), (loss, all_accuracy)
#: The control that stands first: as many random functions, units, or the same of relabelled elements.
_FIRST = ("random_answer_functions", "relabelled", "random_neurons", "random_heads")
#: How a part is ablated, by the site.
_DONE = {
    "logits": "taken out of the logits",
    "embeddings": "taken out of the embeddings",
    "neurons": "held at its mean",
    "heads": "held at its mean",
}


@dataclass(frozen=True)
class _Trial:
    """A hypothesis removed at one site of a snapshot, and the measures that say what is left."""

    snapshot: Snapshot
    hypothesis: Hypothesis
    site: str
    measures: tuple[Measure, ...]

    def left(self, part: Removed) -> list[float]:
        """What each measure gives without a part."""
        if isinstance(part, Heads):  # what follows heads has to run again
            without = remove(self.snapshot, part, self.site)
            return [float(measure(without)) for measure in self.measures]
        logits = logits_after(self.snapshot, "remove", part, self.site)
        found = scores_if(self.snapshot, logits, "test" if self.measures == _BY_SPLIT else "all")
        return [found.loss, found.accuracy]

    def rows(self) -> list[dict[str, Any]]:
        """A row for each measure: before, after, and beside every control; a part that is all there is has none."""
        before = [float(measure(self.snapshot)) for measure in self.measures]
        after = self.left(self.hypothesis)
        nulls = sorted(
            self.hypothesis.nulls("remove", self.site, self.snapshot), key=lambda null: null.key not in _FIRST
        )
        drawn = [(null, [self.left(draw) for draw in _draws(null)]) for null in nulls]
        return [
            _row(
                f"{measure.about.long_name}, {_DONE.get(self.site, self.site)}",
                measure.about.units,
                (before[at], after[at]),
                [Control.of(null.name, [left[at] for left in draws], key=null.key) for null, draws in drawn],
            )
            for at, measure in enumerate(self.measures)
        ]


def ablation_of(snapshot: Snapshot, part: Part) -> list[dict[str, Any]]:
    """Loss and accuracy before and after the part is ablated, site by site, each beside its control.

    Raises `BadArgument` for a model in which nothing can be changed, or a task that is answered at several positions.
    """
    hypothesis, seen = _hypothesis(snapshot, part)
    if snapshot.task.reads != LAST:
        raise BadArgument(
            f"{snapshot.task.name} is answered at several positions, and a part is ablated for one answer at the last."
        )
    measures = _OF_ALL if lacking(test_loss.about, seen, None) else _BY_SPLIT
    return [
        row for site in _sites(hypothesis, seen) for row in _Trial(seen, hypothesis, site, measures).rows()
    ]


def _hypothesis(snapshot: Snapshot, part: Part) -> tuple[Hypothesis, Snapshot]:
    """The part as a hypothesis, and the snapshot on the inputs that it is of."""
    if part.kind == FREQUENCY:
        seen = snapshot.where_group_acts
        assert seen.task.symmetry is not None
        return Circuit(seen.task.symmetry.group, part.value), seen
    return (Heads(part.value) if part.kind == HEAD else Neurons(part.value)), snapshot


def _sites(hypothesis: Hypothesis, seen: Snapshot) -> tuple[str, ...]:
    own = hypothesis.sites(seen)
    return tuple(site for site in own if site in ("logits", "embeddings")) or own[:1]


def _row(name: str, units: str, ends: tuple[float, float], controls: Sequence[Control]) -> dict[str, Any]:
    before, after = ends
    said = [f"{in_units(before, units)} before, {in_units(after, units)} after"]
    said += [control.said(units) for control in controls] or ["there is no other part to compare it with"]
    values = {"name": name, "units": units, "before": finite(before), "after": finite(after)}
    return {**values, **_spread(controls), "text": "; ".join(said)}


def _spread(controls: Sequence[Control]) -> dict[str, Any]:
    """The first control in numbers; its name is empty where there is none."""
    if not controls:
        return {"control": None, "control_name": ""}
    first = controls[0]
    return {
        "control": finite(first.mean),
        "control_low": finite(first.low),
        "control_high": finite(first.high),
        "draws": first.draws,
        "control_name": first.name,
    }


def _draws(null: Null) -> Iterator[Removed]:
    """The first of the parts that there are, or random ones from a generator of their own."""
    if null.every:
        return islice(null.every, DRAWS)
    generator = torch.Generator().manual_seed(0)
    draw: Callable[[torch.Generator], Removed] = null.draw
    return (draw(generator) for _ in range(DRAWS))
