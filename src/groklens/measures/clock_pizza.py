"""Measures that tell a clock from a pizza: gradient symmetricity, distance irrelevance, circularity.

A clock multiplies waves of the operands, so its gradients with respect to them differ and its logits depend
on the answer alone; a pizza adds embeddings, so the gradients agree and its logits fade where the operands'
difference puts them on opposite sides (Zhong et al. 2023, arXiv:2306.17844).
"""

from __future__ import annotations

import random
from array import array
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import Symmetry
from groklens.measures.circles import cyclic_logs
from groklens.measures.measure import measure
from groklens.models import answer_logits, at_rest_with_gradients, device_of, operand_rows
from groklens.snapshots import Snapshot, symmetry_of
from groklens.tasks import Task

_PAPER = "Zhong et al. 2023"
TRIPLES = 100


@measure(
    long_name="gradient symmetricity",
    units="cosine",
    valid_range=(-1, 1),
    source=f"{_PAPER}, section 4.1: 100 triples (a, b, c) of random.Random(42), embeddings before positions",
    split="all",
    needs=("group",),
)
def gradient_symmetricity(snapshot: Snapshot) -> float:
    """Mean cosine between a logit's gradients with respect to the embeddings of the two operands, of 100 triples.

    An estimate: the mean over the 100 triples of operands and logit that the authors draw, of all n³, with a standard
    error of a tenth of the triples' standard deviation; of a clock about 0.05, so that 0.08 may be 0.05 of all.
    1 where the operands enter through their sum (pizza), near 0 where they are multiplied (clock). An
    untrained transformer also has about 1: read it beside that control. Needs `hook_embed`; raises
    `BadArgument` for a model that has none.
    """
    n = symmetry_of(snapshot).group.order
    chosen = torch.tensor(_triples(n))
    task = snapshot.task
    gradient = _embedding_gradient(snapshot, task.inputs[_rows(task, n, chosen)], chosen[:, 2])
    first, second = operand_rows(snapshot.anatomy.model, task, gradient.shape[1])[:2]
    return float(torch.cosine_similarity(gradient[:, first], gradient[:, second], dim=-1).mean())


def _rows(task: Task, n: int, chosen: Int[Tensor, "triple 3"]) -> Int[Tensor, "triple"]:
    """Indices of the inputs that have the first two elements of each triple as operands."""
    a, b = chosen[:, 0], chosen[:, 1]
    if task.grid == (n, n):
        return a * n + b
    places = torch.full((n, n), -1)
    known = (task.operands[:, :2] < n).all(dim=1)
    places[task.operands[known, 0], task.operands[known, 1]] = torch.nonzero(known)[:, 0]
    if (places < 0).any():
        raise BadArgument(
            f"{task.name} lacks some pairs of elements, and the triples are of all; give the whole table."
        )
    return places[a, b]


@lru_cache(maxsize=64)
def _triples(n: int) -> list[tuple[int, ...]]:
    """The triples that the authors compare: the first of all n³ after their shuffle; remembered, as it is slow."""
    # Numbers of the triples in their order: they are shuffled sooner than tuples are, to the same places.
    places = array("q", range(n**3))
    random.Random(42).shuffle(places)
    return [(place // n**2, place // n % n, place % n) for place in places[:TRIPLES]]


@measure(
    long_name="distance irrelevance, correct logit",
    units="ratio of standard deviations",
    valid_range=(0, 2),
    source=f"{_PAPER}, section 4.2, as in the authors' notebooks: on the correct logit",
    split="all",
    needs=("group",),
)
def distance_irrelevance(snapshot: Snapshot) -> float:
    """How little the correct logit depends on the operands' difference: near 0 for a pizza, 0.4 to 1 for a clock.

    The mean, over differences x∘y⁻¹, of the logit's standard deviation among the inputs with that difference,
    over its standard deviation among all. Clocks have 0.4 to 1, and so have untrained models.
    """
    logits = snapshot.logits.double()
    return _distance_irrelevance(logits.gather(1, snapshot.task.labels[:, None])[:, 0], symmetry_of(snapshot))


@measure(
    long_name="distance irrelevance, largest incorrect logit",
    units="ratio of standard deviations",
    valid_range=(0, 2),
    source=f"{_PAPER}, as in the authors' training script and tables: on the largest incorrect logit",
    split="all",
    needs=("group",),
)
def distance_irrelevance_incorrect(snapshot: Snapshot) -> float:
    """`distance_irrelevance` of the largest incorrect logit, which the authors' tables list."""
    wrong = snapshot.logits.double().scatter(1, snapshot.task.labels[:, None], float("-inf"))
    return _distance_irrelevance(wrong.max(dim=1).values, symmetry_of(snapshot))


@measure(
    long_name="circularity",
    units="share of power",
    valid_range=(0, 1),
    source=f"{_PAPER}, appendix: first four principal components of the first operand's embeddings",
    split="weights",
    needs=("group",),
)
def circularity(snapshot: Snapshot) -> float:
    """How far each of the four leading principal components of the embeddings is one wave, mean in [0, 1].

    1 for embeddings on circles. Raises `BadArgument` for a group that is not cyclic or a model without W_E.
    """
    logs = cyclic_logs(snapshot)
    if not snapshot.anatomy.embeds:
        raise BadArgument(f"{snapshot!r} has no W_E, so no embedding could lie on a circle.")
    vectors = snapshot.weights["W_E"][: len(logs)].double()[logs.argsort()]
    centred = vectors - vectors.mean(dim=0)
    scores = torch.linalg.svd(centred, full_matrices=False).U[:, :4]
    power = 2 * torch.fft.fft(scores / len(logs) ** 0.5, dim=0)[1:].abs().square()
    return float(power.max(dim=0).values.clamp_max(1.0).mean())


def _distance_irrelevance(values: Float[Tensor, "input"], symmetry: Symmetry) -> float:
    group, elements = symmetry.group, symmetry.elements
    difference = group.table[elements[:, 0], group.inverses[elements[:, 1]]]
    grouped = values[difference.argsort(stable=True)].view(group.order, -1)
    spread = float(values.std(correction=0))
    if spread <= 1e-6 * float(values.abs().max()):
        return 1.0  # constant to float32, as an ideal clock's: it does not depend on the difference
    return float(grouped.std(dim=1, correction=0).mean()) / spread


def _embedding_gradient(
    snapshot: Snapshot, tokens: Int[Tensor, "batch pos"], classes: Int[Tensor, "batch"]
) -> Float[Tensor, "batch operand d_model"]:
    """Gradient of one logit per input with respect to the output of `hook_embed`."""
    model, site = snapshot.anatomy.model, snapshot.anatomy.embedding_hook
    if site is None:
        raise BadArgument(f"{snapshot!r} has no hook_embed, so no gradient can be taken at its embeddings.")
    caught: list[Tensor] = []

    def catch(value: Tensor, hook: Any) -> Tensor:
        caught.append(value.detach().requires_grad_(True))
        return caught[-1]

    tokens = tokens.to(device_of(model))
    with at_rest_with_gradients(model):
        output = model.run_with_hooks(tokens, fwd_hooks=[(site.hook, catch)])
        if not caught:
            raise BadArgument(
                f"{snapshot!r} does not run through hook_embed: its operands enter as one-hots."
            )
        logits = answer_logits(output, snapshot.task.d_vocab_out, len(tokens))
        picked = logits.gather(1, classes[:, None].to(logits.device)).sum()
        return torch.autograd.grad(picked, caught[0])[0].cpu()
