"""The logits with a hypothesis' part alone, or without it, by the quickest of the exact ways."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.hypotheses import Act, Circuit, Heads, Neurons, Part, Relabelled, hooks_at
from groklens.interventions.project import changed_at, with_heads, with_values
from groklens.interventions.readout import embedded_logits, logits_of, logits_without
from groklens.interventions.replace import logits_of_fits
from groklens.snapshots import Snapshot


def logits_after(snapshot: Snapshot, act: Act, hypothesis: Part, site: str) -> Float[Tensor, "input answer"]:
    """The logits that `keep` or `remove` would give (input × answer), at the logits themselves float64.

    Where what follows the neurons is linear, neurons are read out by a matrix product; where embeddings are those of
    tokens, the quick pass runs: the same numbers, to float32. Raises `BadArgument` for a site that the model lacks.
    """
    if site == "fits" and act == "keep" and isinstance(hypothesis, (Circuit, Relabelled)):
        fits = hypothesis if isinstance(hypothesis, Relabelled) else Relabelled(hypothesis)
        return logits_of_fits(snapshot, fits.circuit, fits.order)
    if isinstance(hypothesis, Neurons) and act == "remove":
        return logits_without(snapshot, torch.tensor(hypothesis.index))
    if site == "heads" and (act == "remove" or isinstance(hypothesis, Heads)):
        return with_heads(snapshot, act, hypothesis).logits
    hooks, changed = hooks_at(snapshot, site), changed_at(snapshot, act, hypothesis, site)
    if not hooks:
        return changed
    if site in ("neurons", "fits"):
        return logits_of(snapshot, changed)
    if site == "embeddings":
        return embedded_logits(snapshot, changed)
    return with_values(snapshot, hooks, changed).logits
