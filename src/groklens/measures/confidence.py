"""How large logits are, and on how many train inputs float32 has no loss left."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from groklens.measures.measure import measure
from groklens.snapshots import Snapshot, judged_by


@measure(
    long_name="logit scale",
    units="logit",
    valid_range=(0, float("inf")),
    source="arXiv:2606.18465 (abstract: the effective logit scale); root mean square over classes and inputs is ours",
    split="all",
)
def logit_scale(snapshot: Snapshot) -> float:
    """Root mean square of the logits over all inputs, centred over the classes of each.

    0 where every class is as likely; far above 1 where the softmax is certain, correctly or not. It is multiplied by
    what the logits are multiplied by, and knows nothing of what is added to all logits of an input.
    """
    centred = snapshot.logits.double()
    centred = centred - centred.mean(dim=1, keepdim=True)
    return float(centred.square().mean().sqrt())


@measure(
    long_name="softmax collapse",
    units="share of train inputs",
    valid_range=(0, 1),
    source="Prieto et al. 2025, arXiv:2501.04697 (softmax collapse): losses that are 0 in float32",
    split="train",
    needs=("split",),
)
def softmax_collapse(snapshot: Snapshot) -> float:
    """Share of the train inputs whose cross-entropy is exactly 0 in float32, in [0, 1].

    From a lead of about 16.6 nats over the other classes on, an input teaches a network that is trained in float32
    nothing more. 0: all inputs still do. 1: the gradient is gone, and that training stands still says nothing of what
    is learned. Training with float64 losses (as ours) does not collapse there; it says what float32 would do.
    """
    index = snapshot.train_index
    wanted = judged_by(snapshot.task, "train")[index]
    losses = F.cross_entropy(snapshot.logits[index].float(), wanted, reduction="none")
    return float((losses == 0).to(torch.float64).mean())
