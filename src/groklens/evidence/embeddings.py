"""Sufficiency and necessity of a circuit at the token embeddings.

The same claims as `evidence.logits` makes of the logits. They can fail where those hold: a model may hold more of
an embedding than it needs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from groklens.claims import ASIDE, Finding, judge_keeping, judge_removal
from groklens.evidence.random_controls import accuracy_left, random_control
from groklens.hypotheses import Circuit
from groklens.interventions import embedded_logits, embeddings_of, parts
from groklens.snapshots import Snapshot, accuracy_if

_SOURCE = "projections at hook_embed, against components of equal dimension"


def embedding_sufficiency(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that the circuit's components of the embeddings alone keep the accuracy over all inputs.

    Controls: the same components of relabelled elements (20 draws). Raises `BadArgument` for a model whose
    operands are not embedded at `hook_embed`.
    """
    whole = accuracy_if(snapshot, snapshot.logits)
    values = embeddings_of(snapshot)

    def with_only(order: Tensor | None) -> float:
        part, mean = parts(values, snapshot, circuit, "embeddings", order)
        return accuracy_left(snapshot, embedded_logits(snapshot, mean + part))

    def relabelled(g: torch.Generator) -> float:
        return with_only(torch.randperm(circuit.group.order, generator=g))

    value = with_only(None)

    controls = [random_control("components of relabelled elements kept", relabelled, key="relabelled")]
    verdict, note = judge_keeping(value, whole, controls)
    claim = "keeping only the circuit's components of the embeddings keeps the accuracy"
    return Finding(
        claim,
        value,
        "accuracy",
        verdict,
        tuple(controls),
        source=_SOURCE,
        note=note,
        key="sufficiency.embeddings",
        role=ASIDE,
    )


def embedding_necessity(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that accuracy falls towards chance without the circuit's components of the embeddings.

    Controls and errors as for `embedding_sufficiency`.
    """
    whole, chance = accuracy_if(snapshot, snapshot.logits), 1 / snapshot.task.d_vocab_out
    values = embeddings_of(snapshot)

    def without(order: Tensor | None) -> float:
        part, _ = parts(values, snapshot, circuit, "embeddings", order)
        return accuracy_left(snapshot, embedded_logits(snapshot, values - part))

    def relabelled(g: torch.Generator) -> float:
        return without(torch.randperm(circuit.group.order, generator=g))

    value = without(None)

    controls = [random_control("components of relabelled elements removed", relabelled, key="relabelled")]
    verdict, note = judge_removal(value, whole, chance, controls)
    claim = "removing the circuit's components from the embeddings takes the accuracy towards chance"
    return Finding(
        claim,
        value,
        "accuracy",
        verdict,
        tuple(controls),
        source=_SOURCE,
        note=note,
        key="necessity.embeddings",
        role=ASIDE,
    )
