"""The finding that three authors' rules name the same key components."""

from __future__ import annotations

from groklens.claims import Control, Finding
from groklens.evidence.untrained import Untrained
from groklens.harmonics import ComponentName
from groklens.measures import key_components
from groklens.snapshots import Snapshot


def rules_agree(final: Snapshot, untrained: Untrained) -> Finding:
    """The claim that logits, neuron clusters and read-out name the same key components, each by its authors' rule."""
    sets, share = _named_by_all(final)
    _, by_chance = _named_by_all(untrained.snapshot)
    return Finding(
        "three authors' rules name the same key components",
        share,
        "share of the components that any of them names",
        "supported" if share == 1 else "undecided",
        (Control.of(untrained.name, [by_chance], key="untrained"),),
        source="logit similarity > 0.005; clusters of neurons at 85 %; over 5 % of W_L",
        note="; ".join(f"{rule}: {', '.join(map(str, names)) or 'none'}" for rule, names in sets.items()),
        key="rules.agree",
        role="aside",
    )


def _named_by_all(snapshot: Snapshot) -> tuple[dict[str, list[ComponentName]], float]:
    """The key components by each rule, and the share of those named by any rule that every rule names."""
    sets = {rule: key_components(snapshot, rule) for rule in ("logits", "clusters", "readout")}
    union = set().union(*map(set, sets.values()))
    shared = set.intersection(*map(set, sets.values()))
    return sets, len(shared) / len(union) if union else 0.0
