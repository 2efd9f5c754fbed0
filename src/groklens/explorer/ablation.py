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
    """A hypothesis removed at one site of a snapshot."""

    snapshot: Snapshot
    hypothesis: Hypothesis
    site: str

    def left(self, part: Removed, measure: Measure) -> float:
        """What the measure gives without this part."""
        if isinstance(part, Heads):  # what follows heads has to run again
            return float(measure(remove(self.snapshot, part, self.site)))
        logits = logits_after(self.snapshot, "remove", part, self.site)
        found = scores_if(self.snapshot, logits, "test" if measure in _BY_SPLIT else "all")
        return found.loss if measure.about.units == "nats" else found.accuracy


def ablation_of(snapshot: Snapshot, part: Part) -> list[dict[str, Any]]:
    """Loss and accuracy before and after the part is ablated, site by site, each beside its control.

    Raises `BadArgument` for a model in which nothing can be changed, or a task that is answered at several positions.
    """
    hypothesis, seen = _hypothesis(snapshot, part)
    if snapshot.task.reads != LAST:
        raise BadArgument(
            f"{snapshot.task.name} is answered at several positions, and a part is ablated for one answer at the last."
        )
    known = not lacking(test_loss.about, seen, None)
    rows = []
    for site in _sites(hypothesis, seen):
        trial = _Trial(seen, hypothesis, site)
        nulls = sorted(hypothesis.nulls("remove", site, seen), key=lambda null: null.key not in _FIRST)
        rows += [_row(trial, nulls, measure) for measure in (_BY_SPLIT if known else _OF_ALL)]
    return rows


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


def _row(trial: _Trial, nulls: Sequence[Null], measure: Measure) -> dict[str, Any]:
    """One measure before and after, and beside every control; a part that is all there is has none."""
    units = measure.about.units
    before, after = float(measure(trial.snapshot)), trial.left(trial.hypothesis, measure)
    controls = [
        Control.of(null.name, [trial.left(draw, measure) for draw in _draws(null)], null.key)
        for null in nulls
    ]
    said = [f"{in_units(before, units)} before, {in_units(after, units)} after"]
    said += [control.said(units) for control in controls] or ["there is no other part to compare it with"]
    return {
        "name": f"{measure.about.long_name}, {_DONE.get(trial.site, trial.site)}",
        "units": units,
        "before": finite(before),
        "after": finite(after),
        **_spread(controls),
        "text": "; ".join(said),
    }


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
