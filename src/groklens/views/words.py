"""An explanation in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groklens.explain.explanation import Explanation, Phase
    from groklens.harmonics import ComponentName

_WITHOUT_CIRCUIT = {
    "memorised": "memorised its training inputs and does not generalise",
    "none": "has learned neither its training inputs nor the rule",
}


def what_it_does(explanation: Explanation) -> str:
    """How the model comes by its answers, as the end of a sentence that begins with the task."""
    if not explanation.generalised:
        return _WITHOUT_CIRCUIT.get(explanation.algorithm, "does not generalise")
    if explanation.circuit is None:
        return "generalises, by no circuit that survived its controls"
    components = explanation.circuit.components
    kind = (
        f"a {explanation.algorithm}-like circuit"
        if explanation.algorithm in ("clock", "pizza")
        else "a circuit"
    )
    return f"generalises by {kind} on {named(components)}"


def verdict_words(explanation: Explanation) -> str:
    """The verdict, with what it is about where the sentence before it is about something else."""
    about_circuit = explanation.generalised and explanation.circuit is not None
    return (
        explanation.verdict if about_circuit else f"that it generalises by a circuit is {explanation.verdict}"
    )


def headline(explanation: Explanation) -> str:
    """Task, algorithm and verdict in one line."""
    return f"{explanation.task} · {what_it_does(explanation)} · {verdict_words(explanation)}"


def named(components: Sequence[ComponentName]) -> str:
    """Components in a sentence: frequencies 14, 35; the irrep std; eight at most, then their number."""
    word = ("irrep", "irreps") if isinstance(components[0], str) else ("frequency", "frequencies")
    if len(components) > 12:
        return f"{len(components)} {word[1]}"
    return f"{word[len(components) > 1]} {', '.join(map(str, components))}"


def when(interval: tuple[int, int] | None) -> str:
    """A moment of training: a step, or the two kept steps it lies between."""
    if interval is None:
        return "not reached"
    low, high = interval
    return f"{high:,}" if low == high else f"{low:,}–{high:,}"


def timeline(phases: Sequence[Phase]) -> str:
    """The phases in one sentence; empty where there are none."""
    parts = []
    for phase in phases:
        if phase.start is None:
            parts.append(f"{phase.name} never began")
        elif phase.end is None:
            parts.append(f"{phase.name} from step {when(phase.start)}, not over at the last")
        else:
            parts.append(f"{phase.name} from step {when(phase.start)} to {when(phase.end)}")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
