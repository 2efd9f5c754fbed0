"""The finding that a model fits the wrong labels it was trained on, where its task has corrupted labels."""

from __future__ import annotations

from groklens.claims import Control, Finding, Verdict, percent
from groklens.evidence.untrained import Untrained
from groklens.measures import clean_accuracy, corrected_accuracy, fitted_accuracy, test_accuracy
from groklens.snapshots import Snapshot
from groklens.theory import ALL_FITTED, NONE_FITTED, LabelFates, phase_of


def wrong_labels(final: Snapshot, untrained: Untrained) -> list[Finding]:
    """The finding that wrong train labels are memorised, with Doshi's name for the regime; none without wrong labels.

    Supported where at least 0.95 of them are answered as trained, refuted where at most 0.05 are.
    """
    task, index = final.task, final.train_index
    if (
        not task.is_corrupted
        or index is None
        or len(index) == len(task.labels)
        or bool((task.targets[index] == task.labels[index]).all())
    ):
        return []
    fitted, corrected = float(fitted_accuracy(final)), float(corrected_accuracy(final))
    fates = LabelFates(fitted, corrected, 1 - fitted - corrected, float(clean_accuracy(final)))
    verdict: Verdict = (
        "supported" if fitted >= ALL_FITTED else "refuted" if fitted <= NONE_FITTED else "undecided"
    )
    return [
        Finding(
            "the wrong labels trained on are memorised",
            fitted,
            "accuracy",
            verdict,
            (Control.of(untrained.name, [float(fitted_accuracy(untrained.snapshot))], key="untrained"),),
            source="Doshi et al. 2024, section 3",
            note=f"{phase_of(fates, float(test_accuracy(final)))}: {percent(corrected)} of them are corrected, "
            f"{percent(fates.clean)} of the correct ones are answered",
            key="labels.fitted",
            role="aside",
        )
    ]
