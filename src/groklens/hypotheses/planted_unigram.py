"""A transformer written by hand that stays on the unigram plateau: it counts tokens and never looks one back."""

from __future__ import annotations

from typing import Any

import torch

from groklens.hypotheses.planted_induction import planted_induction
from groklens.tasks import Task


def planted_unigram(task: Task | Any) -> Any:
    """A two-layer attention-only transformer that predicts the next token by how often each has occurred so far.

    That of `planted_induction` with both heads attending evenly: what a model does before its induction circuit forms,
    while its loss stands still. The negative of every measure of that circuit: near the unigram predictor, no head that
    looks one back or at what followed, and nothing gained from the order of what came before.

    Raises `BadArgument` for a task whose answers are not its tokens.

    >>> import groklens as gl
    >>> task = gl.tasks.MarkovChains(states=2, length=16)
    >>> gl.measures.stages(gl.Snapshot(planted_unigram(task), task))["stage"].item()
    'unigram'
    """
    model = planted_induction(task)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".q." in name:
                parameter.zero_()
    return model
