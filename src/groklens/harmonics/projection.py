"""Projecting what a model computes over all inputs onto components of the answer x∘y.

A "sum direction" of the modular-addition literature is a function of the answer x∘y. Projecting on to all of
a component's is therefore a mean over the inputs with the same answer, followed by a projection on the group:
n² rows shrink to n before any Fourier coefficient is taken. Exact, and for p = 113 a hundred times less work
than products with directions of length p².
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import FiniteGroup, Symmetry
from groklens.harmonics.component import ComponentName, chosen_basis, component_power, nontrivial


def answer_means(
    values: Float[Tensor, "input feature"], symmetry: Symmetry
) -> Float[Tensor, "element feature"]:
    """Mean of `values` over the inputs that share each answer, in float64: their part that depends on x∘y alone.

    Raises `BadArgument` unless the inputs hold every answer equally often, as a whole table does.
    """
    repeats = inputs_an_answer(symmetry)
    sums = torch.zeros(symmetry.group.order, values.shape[1], dtype=torch.float64)
    return sums.index_add_(0, symmetry.products, values.double()) / repeats


def inputs_an_answer(symmetry: Symmetry) -> int:
    """Number of inputs per answer; `BadArgument` unless it is the same for all answers, as in a whole table."""
    n = symmetry.group.order
    counts = torch.bincount(symmetry.products, minlength=n)
    if (counts != counts[0]).any():
        raise BadArgument(
            f"The inputs give the {n} answers between {int(counts.min())} and {int(counts.max())} times; "
            "Fourier analysis over the answer needs the whole table, each answer equally often. Give every pair of "
            "elements; of other inputs ask for no circuit, and name no group: gl.TableTask(inputs, labels)."
        )
    return int(counts[0])


def project_on_answer(
    values: Float[Tensor, "input feature"], symmetry: Symmetry, names: tuple[ComponentName, ...]
) -> Float[Tensor, "input feature"]:
    """The part of `values` that is a function of x∘y within the components `names` (Nanda's Σ P_k)."""
    basis = chosen_basis(symmetry.group, names)
    return (basis @ (basis.T @ answer_means(values, symmetry)))[symmetry.products]


def logit_similarity(
    means: Float[Tensor, "element answer"], energy: float, group: FiniteGroup
) -> dict[ComponentName, float]:
    """Cosine of the logits with each non-trivial component's character of x∘y∘z⁻¹, z the answer class.

    `means` are the answer means of the logits after centring them over classes, `energy` the sum of squares
    of the centred logits. Each lies in [−1, 1]: 0 where the logits do not use the component, and the squares
    sum to 1 for logits that are a function of x∘y∘z⁻¹ constant on conjugacy classes. From Chughtai et al.
    (2023), arXiv:2302.03025, section 4.
    """
    n = group.order
    quotient = group.table[:, group.inverses]  # element x∘z⁻¹ at [x, z]
    sums = torch.zeros(n, dtype=torch.float64).index_add_(0, quotient.flatten(), means.flatten())
    # Each answer stands for n inputs: ⟨L, χ⟩ over the cube is n times that over the means, ‖χ‖ n times on it.
    return {
        name: n * float(part.character @ sums) / (energy**0.5 * n * float(part.character.norm()) or 1.0)
        for name, part in nontrivial(group).items()
    }


def operand_shares(
    vectors: Float[Tensor, "element feature"], group: FiniteGroup
) -> dict[ComponentName, float]:
    """Share of the non-constant power of functions on the group in each non-trivial component.

    In [0, 1], summing to 1; a component's share under no structure is its size / (order − 1). All zero when
    the functions are constant.
    """
    power = component_power(vectors.double(), group).sum(dim=1)
    total = power.sum()
    shares = power if total == 0 else power / total
    return dict(zip(nontrivial(group), shares.tolist(), strict=True))
