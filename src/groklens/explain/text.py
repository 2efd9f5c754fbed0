"""An explanation as text for a terminal."""

from __future__ import annotations

from groklens.explain.explanation import Explanation, Phase


def as_text(why: Explanation) -> str:
    """Headline, phases and findings, a line or two each."""
    lines = [headline(why), ""]
    if why.phases:
        lines += ["When", *(f"  {phase_text(phase)}" for phase in why.phases), ""]
    lines += ["How we know", *(f"  {finding}" for finding in why.findings)]
    return "\n".join(lines)


def headline(why: Explanation) -> str:
    """One sentence: what the run did, with which circuit, and the verdict."""
    who = f"{why.run} ({why.task})"
    if why.circuit is not None:
        names = ", ".join(map(str, why.circuit.components))
        return f"{who} generalises by components {names} of {why.circuit.group.name}: {why.verdict}."
    said = {
        "memorised": "has memorised its train inputs and does not generalise",
        "none": "has learned neither to memorise nor to generalise",
        "undecided": "is right, by no circuit that survives its controls: undecided",
    }
    return f"{who} {said[why.algorithm]}."


def phase_text(phase: Phase) -> str:
    """Such as `memorisation: from the start to (300, 500]`."""
    if phase.start is None:
        return f"{phase.name}: did not happen within the run"
    start = "the start" if phase.start[0] == phase.start[1] else f"step ({phase.start[0]}, {phase.start[1]}]"
    end = "past the last step" if phase.end is None else f"step ({phase.end[0]}, {phase.end[1]}]"
    return f"{phase.name}: from {start} to {end}"
