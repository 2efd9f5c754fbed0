"""`Restricted`: the restricted loss of a run so far, in a circuit that is chosen at the same step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from groklens.forecasts.signal import Sees
from groklens.forecasts.trajectory import Trajectory
from groklens.hypotheses import Circuit
from groklens.measures import RestrictedLoss, key_by_logits
from groklens.snapshots import logit_similarities


@dataclass(frozen=True)
class Restricted:
    """Loss over all inputs with the part of the logits alone that the group's key components make, in nats.

    Components are key at that very step, by their logit similarity: a circuit taken from the end of the run would see
    the future. ln(classes) where none is key yet. nan where the task has no group.

    >>> Restricted().sees
    'oracle'
    """

    name: str = field(default="restricted_loss", init=False)
    sees: Sees = field(default="oracle", init=False)
    units: str = field(default="nats", init=False)
    source: str = field(
        default="Nanda et al. 2023, section 5; components of logit similarity > 0.005 at the same step (Chughtai et "
        "al. 2023, section 4), over all inputs",
        init=False,
    )

    def value(self, trajectory: Trajectory) -> float:
        """The loss at the last kept step."""
        snapshot = trajectory.snapshot()
        symmetry = snapshot.task.symmetry
        if symmetry is None:
            return float("nan")
        seen = snapshot.where_group_acts
        acting = seen.task.symmetry
        assert acting is not None  # of a task whose group acts
        keys = key_by_logits(logit_similarities(seen, acting))
        if not keys:
            return math.log(snapshot.task.d_vocab_out)
        return float(RestrictedLoss()(snapshot, Circuit(symmetry.group, keys)))
