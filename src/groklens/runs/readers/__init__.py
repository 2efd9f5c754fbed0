"""Readers of other programs' formats, one per file: a module with `NAME`, `recognises(path)` and `read(path, told)`."""

from __future__ import annotations

from types import ModuleType

from groklens.runs.readers import (
    gguf,
    grokking_demo,
    hooked_transformer,
    hugging_face,
    loss_log,
    nanda,
    pizza,
    rep_theory,
    state_dict,
    y_agent,
)

#: In the order in which they are asked; each looks at what only its format has.
READERS: tuple[ModuleType, ...] = (
    rep_theory,
    pizza,
    y_agent,
    nanda,
    grokking_demo,
    gguf,
    hugging_face,
    hooked_transformer,
    state_dict,
    loss_log,
)
