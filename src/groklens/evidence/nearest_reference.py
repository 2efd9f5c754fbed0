"""The finding that a model of sequences predicts as its task's reference does, rather than as one that knows less."""

from __future__ import annotations

import xarray as xr

from groklens.claims import Control, Finding, Verdict
from groklens.tasks import Task

#: Standard errors, over the probe's examples, by which a difference is more than chance.
BEYOND_CHANCE = 2.0


def nearest_reference(table: xr.Dataset, task: Task) -> Finding:
    """The claim that at the last step the model is nearer to the task's reference than to any other.

    The number is by how much, in nats of KL(reference‖model) on the probe: below 0 where another is nearer. Undecided
    where that is within two standard errors, over the probe's examples. `table` is of `stages`. Near is not equal:
    the note has the distances themselves, and how far the references are from each other is `table.between`.
    """
    assert task.reference is not None  # for the type checker
    last, name = table.isel(step=-1), task.reference.name
    lead, error = (float(last[each].sel(reference=name)) for each in ("lead", "lead_error"))
    verdict: Verdict = (
        "undecided" if abs(lead) <= BEYOND_CHANCE * error else "supported" if lead > 0 else "refuted"
    )
    distances = dict(zip(last["reference"].values.tolist(), last["mean_kl"].values.tolist(), strict=True))
    listed = ", ".join(f"{distance:.3g} from {one}" for one, distance in distances.items())
    others = [distances[name] - distance for one, distance in distances.items() if one != name]
    return Finding(
        f"the model predicts more like the {name} predictor than like any other reference",
        lead,
        "nats",
        verdict,
        (Control.of("lead of each other reference over it", others, key="other_references"),)
        if others
        else (),
        source=str(table.attrs["source"]),
        note=f"it is nearest to the {last['stage'].item()} predictor: KL {listed}; the lead is ± {error:.2g} nats",
        key="stage",
        role="aside",
    )
