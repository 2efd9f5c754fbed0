"""What a model reads of each operand (embedding, input to its neurons), as functions on the group."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import Symmetry
from groklens.snapshots import Snapshot, symmetry_of


def total_embeddings(
    snapshot: Snapshot,
) -> tuple[Float[Tensor, "element feature"], Float[Tensor, "element feature"]]:
    """What the model reads of each operand, by the group element that the operand is, float64.

    In an MLP, what reaches the neurons: W_E W_in, or W_in where operands enter as one-hots (element ×
    neuron). Where attention lies between, or there is no single W_in, W_E without positions (element ×
    d_model). An operand that enters inverted, as in subtraction, is listed by its inverse.
    Raises `BadArgument` for a task without a group or a model with neither weight.
    """
    weights, anatomy = snapshot.weights, snapshot.anatomy
    tables = []
    for operand, tokens in enumerate(_operand_tokens(snapshot)):
        if anatomy.reads_operands_directly:
            inward = weights["W_in"]  # operands that share their weights have one
            reader = inward[min(operand, len(inward) - 1)].double()
            tables.append(weights["W_E"][tokens].double() @ reader if anatomy.embeds else reader[tokens])
        elif anatomy.embeds:
            tables.append(weights["W_E"][tokens].double())
        else:
            raise BadArgument(f"{snapshot!r} has neither W_E nor W_in, so nothing is known to read operands.")
    return tables[0], tables[1]


def operand_means(
    values: Float[Tensor, "input feature"], symmetry: Symmetry, operand: int
) -> Float[Tensor, "element feature"]:
    """Mean of `values` over the inputs that have each element as operand 0 (x) or 1 (y).

    In float64. Raises `BadArgument` unless every element is there equally often, as in a whole table.
    """
    elements, n = symmetry.elements[:, operand], symmetry.group.order
    counts = torch.bincount(elements, minlength=n)
    if (counts != counts[0]).any():
        raise BadArgument(
            f"The {n} elements are operand {'xy'[operand]} between {int(counts.min())} and "
            f"{int(counts.max())} times; shares need the whole table, each element equally often."
        )
    sums = torch.zeros(n, values.shape[1], dtype=torch.float64)
    return sums.index_add_(0, elements, values.double()) / counts[0]


def received(
    snapshot: Snapshot,
) -> tuple[Float[Tensor, "element neuron"], Float[Tensor, "element neuron"]]:
    """What each neuron of the last layer receives from x and from y, by group element, float64.

    In an MLP whose operands are added before the neurons, its columns of the total embeddings; in any other
    model the mean of its pre-activation over the other operand, which is the same but for a constant where
    both apply. The non-linearity comes after, so no mean over activations hides a coset.
    """
    if snapshot.anatomy.reads_operands_directly and snapshot.anatomy.n_layers == 1:
        return total_embeddings(snapshot)
    before = snapshot.neuron_inputs
    if before is None:  # says that there is no such hook
        before = snapshot.activations(snapshot.anatomy.neuron_inputs_sought)
    symmetry = symmetry_of(snapshot)
    return operand_means(before, symmetry, 0), operand_means(before, symmetry, 1)


def _operand_tokens(snapshot: Snapshot) -> list[Int[Tensor, "element"]]:
    """The token of each group element, for each operand."""
    symmetry = symmetry_of(snapshot)
    tokens = torch.zeros(2, symmetry.group.order, dtype=torch.long)
    for operand in (0, 1):
        tokens[operand, symmetry.elements[:, operand]] = snapshot.task.operands[:, operand]
    return list(tokens)
