"""Telling a model's weights from what trainers write beside them, by the names of the files."""

from __future__ import annotations

import re
from pathlib import Path

#: What trainers write beside a model, by name, and what they call the model.
_ASIDE = re.compile(r"optim|sched|scaler|rng_state|random_states|training_args", re.IGNORECASE)
_MODEL = re.compile(r"(pytorch_)?(model|weights)\.(pt|pth|bin|ckpt|safetensors|npz)(\.index\.json)?")


def model_among(files: list[Path]) -> Path | None:
    """The file of the model's weights among those of one step; None where that cannot be told.

    >>> model_among([Path("optimizer.pt"), Path("model.pt")]).name
    'model.pt'
    """
    chosen = [file for file in files if not _ASIDE.search(file.name)]
    usual = [file for file in chosen if _MODEL.fullmatch(file.name)]
    return next((found[0] for found in (chosen, usual) if len(found) == 1), None)
