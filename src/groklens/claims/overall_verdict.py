"""The rule that turns all findings about a model into one verdict: whether it generalises by a circuit."""

from __future__ import annotations

from collections.abc import Sequence

from groklens.claims.finding import Finding, Verdict
from groklens.claims.lookup import by_key

#: The two questions that decide, each asked at two sites: the keys of the findings that count, and their names.
COUNTED = {
    "sufficiency": {
        "sufficiency.logits": "sufficiency at the logits",
        "sufficiency.neurons": "sufficiency of the per-neuron fits",
    },
    "necessity": {
        "necessity.logits": "necessity at the logits",
        "necessity.readout": "necessity at the read-out",
    },
}


def verdict_of(findings: Sequence[Finding], everything: bool = False) -> Verdict:
    """The overall verdict on the claim that a model generalises by a circuit, from the findings about it.

    * `refuted` where the model does not generalise; `undecided` where that cannot be told (split unknown, or
      no test inputs).
    * `supported` where sufficiency and necessity each have at least one supported finding and no refuted one.
      Sufficiency counts at the logits and for the per-neuron fits, necessity at the logits and at the read-out
      (`COUNTED`). Whatever else was asked is reported beside them and does not count: a true circuit may share
      its neurons, so that ablating them does not bring the model to chance.
    * `undecided` otherwise: a counted finding is refuted, a question is supported at neither of its sites, or no
      circuit survived. A counted finding that is merely undecided leaves the verdict; the headline names it.
    * A circuit of every component (`everything`) leaves nothing out that could have been asked for, and is never
      more than `undecided`.
    """
    found = by_key(findings)
    if "generalises" not in found:
        return "undecided"
    if found["generalises"].verdict != "supported":
        return found["generalises"].verdict
    for sites in COUNTED.values():
        verdicts = {found[key].verdict for key in sites if key in found}
        if "supported" not in verdicts or "refuted" in verdicts:
            return "undecided"
    return "undecided" if everything else "supported"


def counted(findings: Sequence[Finding]) -> dict[str, Finding]:
    """The findings that decide the overall verdict, by key."""
    keys = [key for sites in COUNTED.values() for key in sites]
    found = by_key(findings)
    return {key: found[key] for key in keys if key in found}


def counted_with(verdict: Verdict, findings: Sequence[Finding]) -> list[str]:
    """Names of the deciding findings that have this verdict, such as `sufficiency at the logits`."""
    names = {key: name for sites in COUNTED.values() for key, name in sites.items()}
    return [names[key] for key, finding in counted(findings).items() if finding.verdict == verdict]
