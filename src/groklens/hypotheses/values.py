"""The values at a site where hypotheses are tried (logits, neurons, residual, heads, a hook, …), and their mean."""

from __future__ import annotations

import torch
from torch import Tensor

from groklens.errors import BadArgument
from groklens.hypotheses.hypothesis import SITES
from groklens.models import Site, operand_rows
from groklens.snapshots import Snapshot, once_per_snapshot


def hooks_at(snapshot: Snapshot, site: str) -> list[Site]:
    """The hooks whose values stand at a site, one a layer of heads; none for logits. `BadArgument` without them."""
    anatomy = snapshot.anatomy
    if site in ("logits", "readout"):
        return []
    if site in ("neurons", "fits"):
        if anatomy.neurons is None:
            raise BadArgument(f"There is nothing to intervene on: {anatomy.no_neurons_in(snapshot)}.")
        return [anatomy.neurons_sought]
    if site == "embeddings":
        if anatomy.embedding is None:
            raise BadArgument(f"{snapshot!r} has no embeddings at hook_embed to intervene on.")
        return [anatomy.embedding]
    if "@" in site:
        return [_named(site)]
    if site not in SITES:
        raise BadArgument(
            f"site is {site!r}; choose {', '.join(map(repr, SITES))}, or a hook and a position, such as "
            "'blocks.0.hook_resid_pre@-1'."
        )
    residual = [] if anatomy.residual is None else [anatomy.residual]
    hooks = residual if site == "residual" else anatomy.head_outputs
    if not hooks:
        raise BadArgument(f"{snapshot!r} has no hook of TransformerLens' name for its {site}.")
    return hooks


def _named(site: str) -> Site:
    """The hook and position that are written `HOOK@POSITION`, the position as a number or a name of the task's."""
    hook, _, pos = site.rpartition("@")
    return Site(hook, int(pos) if pos.removeprefix("-").isdecimal() else pos)


def state_hook(snapshot: Snapshot, hook: str | None) -> str:
    """The hook that is given, or that of the embeddings; `BadArgument` where the model has none of that name."""
    if hook is not None:
        return hook
    embedding = snapshot.anatomy.embedding_hook
    if embedding is None:
        raise BadArgument(
            f"{snapshot!r} has no embeddings at hook_embed; name the hook, one of snapshot.anatomy.hooks."
        )
    return embedding.hook


def values_at(snapshot: Snapshot, site: str) -> Tensor:
    """The values at a site for every input: logits float64, else as the model gives them.

    Heads are input × layer × pos × head × d_head, embeddings input × pos × d_model, others input × feature.
    """
    hooks = hooks_at(snapshot, site)
    if not hooks:
        return _logits(snapshot)
    if site in ("neurons", "fits"):
        assert snapshot.neurons is not None
        return snapshot.neurons
    found = [snapshot.activations(each) for each in hooks]
    return torch.stack(found, dim=1) if site == "heads" else found[0]


@once_per_snapshot
def _logits(snapshot: Snapshot) -> Tensor:
    """The logits in float64, of which every draw of a control leaves out another part."""
    return snapshot.logits.double()


def constant_at(site: str, snapshot: Snapshot) -> Tensor:
    """What is in no hypothesis' part: the mean over the inputs; of an operand's embedding that over its tokens."""
    return snapshot.remembered(_constant, site)


def _constant(snapshot: Snapshot, site: str) -> Tensor:
    values = values_at(snapshot, site)
    if site != "embeddings":
        return values.mean(dim=0)
    constant, task = values.clone(), snapshot.task
    for operand, row in enumerate(operand_rows(snapshot.anatomy.model, task, values.shape[1])[:2]):
        tokens, which = task.operands[:, operand].unique(return_inverse=True)
        of_token = values.new_zeros(len(tokens), values.shape[-1])
        of_token[which] = values[:, row]
        constant[:, row] = of_token.mean(dim=0)
    return constant
