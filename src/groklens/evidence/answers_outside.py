"""The finding that a model answers some inputs with a class that is not one of its task's."""

from __future__ import annotations

from groklens.claims import Control, Finding, percent
from groklens.evidence.untrained import Untrained
from groklens.snapshots import Snapshot, judged_by


def outside_answers(final: Snapshot, untrained: Untrained) -> list[Finding]:
    """The finding that some inputs are answered with a class outside the task's; None where none is.

    Models that give a logit a token have classes for operators and separators too. Where one of those is the largest,
    the model is wrong, whatever the task's logits are, and every accuracy counts it so; losses are over the task's
    classes alone.
    """
    share = _share(final)
    if not share:
        return []
    return [
        Finding(
            "the model's largest logit is none of the task's classes on some inputs, which count as wrong",
            share,
            "share of inputs",
            "supported",
            (Control.of(untrained.name, [_share(untrained.snapshot)], key="untrained"),),
            source="largest logit over all the model's classes",
            note=f"{int(final.outside.sum()):,} of {len(final.outside):,} inputs; "
            f"among the task's {final.task.d_vocab_out} classes alone {percent(_within(final))} would be correct",
            key="answers.outside",
            role="aside",
        )
    ]


def _share(snapshot: Snapshot) -> float:
    return float(snapshot.outside.double().mean())


def _within(snapshot: Snapshot) -> float:
    return float((snapshot.logits.argmax(dim=1) == judged_by(snapshot.task, "all")).double().mean())
