"""Whether test inputs are still answered without what is said to answer them, whatever becomes of train inputs."""

from __future__ import annotations

from groklens.claims import FALL, percent
from groklens.evidence.split_fits import ENOUGH
from groklens.snapshots import Snapshot, correct_by_labels


def still_answered(snapshot: Snapshot, left: float, chance: float) -> str:
    """That test inputs, of which this accuracy is left, fell less than half of the way to chance, in words; else empty.

    Over all inputs accuracy may fall as far by train inputs alone, where the others are known by heart. Asked of models
    that answer enough test inputs, which is what a circuit is said to do.
    """
    test = snapshot.test_index
    if test is None or not len(test):
        return ""
    whole = float(correct_by_labels(snapshot, test).double().mean())
    if whole < ENOUGH or whole - left >= FALL * (whole - chance):
        return ""
    return f"of test inputs {percent(left)} are still answered"
