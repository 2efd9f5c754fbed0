"""What was looked for in a model and not found, in words: a hook of another name is not a missing part."""

from __future__ import annotations

from typing import Any


def no_neurons(snapshot: Any) -> str:
    """What is said of a model in which no neurons are found: at which hook they were looked for.

    >>> no_neurons(snapshot)  # doctest: +SKIP
    "no MLP neurons are found in Snapshot(a+b mod 13, unknown step): no hook 'blocks.0.mlp.hook_post'"
    """
    others = _others(snapshot.model, "hook_post")
    return f"no MLP neurons are found in {snapshot!r}: no hook {snapshot.last_mlp!r}{others}"


def nothing_to_see(snapshot: Any) -> str:
    """What is said of a model with neither neurons nor an embedding by TransformerLens' names."""
    return (
        f"neurons and embeddings were not looked at: the model has no hook {snapshot.last_mlp!r}"
        f"{_others(snapshot.model, 'hook_post')} and no W_E"
    )


def _others(model: Any, kind: str) -> str:
    """Hooks whose names end alike, which may be what was meant."""
    alike = [name for name in getattr(model, "hook_dict", {}) if name.endswith(kind)]
    return f" (it has {', '.join(map(repr, alike[:3]))}{', …' * (len(alike) > 3)})" if alike else ""
