"""`planted_bilingual`: a network of two languages with weights written by hand, whose words of B mean what one says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.harmonics import ComponentName
from groklens.hypotheses.planted import planted
from groklens.integers import integers
from groklens.models import MLP
from groklens.tasks import ModularArithmetic, TwoLanguages


def planted_bilingual(
    task: TwoLanguages,
    components: Sequence[ComponentName],
    meanings: Int[Tensor, "number"] | Sequence[int] | None = None,
) -> Any:
    """A planted clock for the sums of `TwoLanguages`, which reads words of either language and answers in A.

    The word of B for number k has the embedding of A's word for `meanings[k]`: tied, so that what is known in A is
    known in B, unless they are given; shuffled, nothing is. It does not read what is asked: counting and translation
    are answered as sums are. Raises `BadArgument` where meanings are no permutation of the numbers.

    >>> import groklens as gl
    >>> task = TwoLanguages(p=7)
    >>> gl.measures.ConceptAccuracy()(gl.Snapshot(planted_bilingual(task, [1, 2]), task))
    1.0
    """
    p = task.p
    order = torch.arange(p) if meanings is None else integers("meanings", meanings, 1, f"list(range({p}))")
    if sorted(order.tolist()) != list(range(p)):
        raise BadArgument(
            f"meanings are {order.tolist()}; give every number from 0 to {p - 1} once, in any order."
        )
    clock = planted(ModularArithmetic(p), components)
    d_embed, d_mlp = clock.W_E.shape[1], clock.W_U.shape[0]
    model = MLP(d_mlp=d_mlp, d_embed=d_embed, combine="product", act_fn="identity").build(task, seed=0)
    assert model.W_E is not None  # embeddings were asked for
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        assert model.W_E is not None  # it embeds
        model.W_E[:p], model.W_E[p : 2 * p] = clock.W_E[:p], clock.W_E[order]
        model.W_in.copy_(clock.W_in)
        model.W_U[:, :p] = clock.W_U[:, :p]
    return model
