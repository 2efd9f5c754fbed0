"""`interchange`: a model with each input's activation taken from another input that one chooses."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.integers import integers
from groklens.interventions.dead_hooks import check_used
from groklens.interventions.patch import patched
from groklens.models import Site, site_of
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot


def interchange(
    snapshot: AnyRun,
    hook: Site | str,
    source: Int[Tensor, "input"] | Sequence[int],
    pos: int | str | None = None,
) -> Snapshot:
    """The snapshot with the activation at `hook` of every input taken from the input that `source` names for it.

    An interchange intervention (Geiger et al. 2021, arXiv:2106.02997): if what passes there stands for a thing, the
    answer becomes that of the source. An input that is its own source is left as it is. With `pos` only that position
    is taken, -1 being the answer's. Raises `BadArgument` for another number of sources than inputs, one that is no
    input, inputs that are the same with sources in which other values stand, or a hook of which the model does not use
    what is given back.

    >>> import torch
    >>> from groklens.hypotheses import planted
    >>> from groklens.tasks import ModularArithmetic
    >>> task = ModularArithmetic(13, "add")
    >>> turned = torch.arange(169).flip(0)
    >>> other = interchange(Snapshot(planted(task, [2, 5]), task), "blocks.0.mlp.hook_post", turned, pos=-1)
    >>> bool((other.logits.argmax(dim=1) == task.labels[turned]).all())
    True
    """
    snapshot = as_snapshot(snapshot)
    n_inputs, order = len(snapshot.task.inputs), integers("source", source, 1, "list(range(n_inputs))")
    if len(order) != n_inputs or int(order.min()) < 0 or int(order.max()) >= n_inputs:
        raise BadArgument(
            f"source names {len(order)} inputs, {int(order.min())} to {int(order.max())}; {snapshot.task.name} has "
            f"{n_inputs}: give for each the input from 0 to {n_inputs - 1} that its activation is taken from."
        )
    values = snapshot.activations(hook, pos)
    check_used(snapshot, site_of(hook, pos).hook)
    return patched(snapshot, hook, values[order], pos)
