"""Elements of a group that are tokens and classes of a table's own: which those are, and where the group acts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import FiniteGroup, Symmetry
from groklens.integers import integers

#: A token beyond this is a mistake, and a table of all tokens would not fit.
MOST_TOKENS = 10_000_000


def symmetry_by_tokens(
    group: FiniteGroup,
    operands: Int[Tensor, "input operand"],
    labels: Int[Tensor, "input"],
    elements: Int[Tensor, "element"] | Sequence[int],
    classes: Int[Tensor, "element"] | Sequence[int] | None,
) -> Symmetry:
    """The symmetry where element e is the token `elements[e]`, on the inputs whose operands are both elements.

    Without `classes` an answer is found to be the element's token, or its index, where one of the two makes every label
    the product of its operands. Raises `BadArgument` for no such tokens, or where neither does.
    """
    tokens = _one_each("elements", elements, group)
    if int(tokens.max()) >= MOST_TOKENS:
        raise BadArgument(
            f"elements goes up to {int(tokens.max())}; a token is a row of an embedding, below {MOST_TOKENS:,}."
        )
    most = int(max(operands.max(), tokens.max())) + 1
    element_of = torch.full((most,), -1).index_copy(0, tokens, torch.arange(group.order))
    found = element_of[operands]
    acts = (found >= 0).all(dim=1)
    if not acts.any():
        raise BadArgument(
            f"No input has two elements of {group.name} as its operands; elements= gives the token of each, in the "
            "order of the group's elements, and operands= the positions where they stand."
        )
    products = group.table[found[acts, 0], found[acts, 1]]
    named = _classes(group, tokens, products, labels[acts], classes)
    return Symmetry(group, found[acts], acts, tokens, named)


def _classes(
    group: FiniteGroup,
    tokens: Int[Tensor, "element"],
    products: Int[Tensor, "acting"],
    labels: Int[Tensor, "acting"],
    given: Int[Tensor, "element"] | Sequence[int] | None,
) -> Int[Tensor, "element"]:
    if given is not None:
        return _one_each("classes", given, group)
    for candidate in (tokens, torch.arange(group.order)):
        if torch.equal(candidate[products], labels):
            return candidate
    raise BadArgument(
        f"The labels are neither the tokens of the products in {group.name}, as elements= gives them, nor their "
        "indices; say which class each element is: classes=range(1, 113), or classes=elements."
    )


def _one_each(name: str, given: Int[Tensor, "element"] | Sequence[int], group: FiniteGroup) -> Tensor:
    """Whole numbers from 0 on, one an element and all different."""
    found = integers(name, given, 1, f"range(2, {group.order + 2})")
    if len(found) != group.order or len(found.unique()) < len(found) or int(found.min()) < 0:
        raise BadArgument(
            f"{name} has {len(found)} numbers, {len(found.unique())} of them different, from {int(found.min())} on; "
            f"{group.name} has {group.order} elements: give each its own number, such as range(2, {group.order + 2})."
        )
    return found
