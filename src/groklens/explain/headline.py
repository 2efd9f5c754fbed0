"""One sentence of what was found: the same in a shell, a report, a notebook and `why.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groklens.claims import Finding, in_words, named, percent

if TYPE_CHECKING:
    from groklens.explain.explanation import Explanation


def headline(why: Explanation) -> str:
    """What the model came to do, by which circuit, and the verdict, with what is left open.

    It says no more than the findings: `in part` where a finding that counts is undecided, which it names, and the
    verdict on "it generalises by a circuit" in its last words.
    """
    return f"{why.run} ({why.task}) {_did(why)}."


def _did(why: Explanation) -> str:
    for finding in why.findings:
        if finding.key == "generalises" and finding.verdict == "undecided":
            return _not_told(finding)
    if not why.generalised:
        return f"{_without_rule(why)}; that it generalises by a circuit is refuted"
    if why.circuit is None:
        return "generalises, by no circuit that survives its controls: undecided"
    if why.circuit.is_everything:
        return (
            f"generalises, and every component of {why.circuit.group.name} is key, so that no circuit can be told "
            "from the whole: undecided"
        )
    return f"generalises by {_circuit(why)}: {_verdict(why)}"


def _not_told(general: Finding) -> str:
    if general.value is None:
        return (
            "was trained on every input, so that generalising cannot be told from memorising: "
            "that it generalises is undecided"
        )
    return (
        f"is right on {percent(general.value)} of all inputs, and which of them it was trained on is not known: "
        "whether it memorised, generalises or neither is undecided"
    )


def _without_rule(why: Explanation) -> str:
    if why.algorithm == "memorised":
        return "has memorised its train inputs and does not generalise"
    return "has learned neither its train inputs nor the rule"


def _circuit(why: Explanation) -> str:
    assert why.circuit is not None
    kind = f"{why.algorithm}-like circuit" if why.algorithm in ("clock", "pizza") else "circuit"
    return f"a {kind} on {named(why.circuit.components)} of {why.circuit.group.name}"


def _verdict(why: Explanation) -> str:
    undecided, refuted = (in_words(why.findings, verdict) for verdict in ("undecided", "refuted"))
    if why.verdict == "supported":
        return f"supported in part, {_said(undecided, 'undecided')}" if undecided else "supported"
    if refuted:
        return f"undecided, {_said(refuted, 'refuted')}"
    return f"undecided, {_said(undecided, 'undecided')}" if undecided else "undecided"


def _said(names: list[str], verdict: str) -> str:
    listed = " and ".join(names)
    return f"as {listed} {'is' if len(names) == 1 else 'are'} {verdict}"
