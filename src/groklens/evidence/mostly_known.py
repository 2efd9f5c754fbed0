"""Whether so many test inputs are answered that most of them are known: more than luck answers, or weights shuffled."""

from __future__ import annotations

from groklens.claims import DRAWS
from groklens.evidence.few_inputs import Judged, judged
from groklens.models import with_weights_shuffled
from groklens.snapshots import Snapshot, copied_model, once_per_snapshot, scores

#: How often a model that answers half of such inputs, or as many as are asked for, may pass for one that knows most.
LEVEL = 0.001


def most_are_known(final: Snapshot, share: float) -> bool:
    """Whether a model like this one that answers such a share of test inputs knows most of them.

    It answers more than half, or than the commonest answer, and more than half of what its weights in random order
    leave: an untrained model tells most of two classes at times, where those are the sides of a line.
    """
    n, _, blind = judged(final)
    answered = Judged(n, round(share * n), blind)
    if answered.luck > LEVEL:
        return False
    return answered._replace(blind=max(blind, (1 + _by_shuffled_weights(final)) / 2)).luck <= LEVEL


@once_per_snapshot
def _by_shuffled_weights(final: Snapshot) -> float:
    """The largest test accuracy of the model with its weights in a random order, of 20."""
    twin = copied_model(final)
    shuffled = (final.with_model(with_weights_shuffled(twin, seed)) for seed in range(DRAWS))
    return max(scores(each, "test").accuracy for each in shuffled)
