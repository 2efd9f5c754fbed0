"""The three-dimensional irreps of A5 as the published models were analysed with, a slip included, and without it.

The generator (0 1 2 3 4) is sent to a rotation given by a rotation vector: 2π/5 times an axis of the
icosahedron. The authors' axis divides by 5 where a unit vector needs 4, so it is too short (0.86 of the right
angle), the fifth power is not 1, and the matrices, multiplied along a word in the generators, are no representation.
"""

import math

import pytest
import torch


def rotation(vector):
    """exp of the cross-product matrix of a rotation vector."""
    x, y, z = vector
    return torch.linalg.matrix_exp(torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64))


def irreps_3d(divisor):
    """{a5_3d_a, a5_3d_b}: (element, 3, 3); `divisor` is 5 for the slip and 4 for the unit axis."""
    combinatorics = pytest.importorskip("sympy.combinatorics")
    Permutation, PermutationGroup = combinatorics.Permutation, combinatorics.PermutationGroup
    turn, swap = Permutation(0, 1, 2, 3, 4), Permutation(1, 2)(3, 4)
    group = PermutationGroup(turn, swap)
    elements = list(group.generate("coset"))
    scale = math.sqrt(8 / (5 + math.sqrt(5)))
    axis = [0.5 * scale, (1 + math.sqrt(5)) / divisor * scale, 0.0]
    image = {turn: rotation([2 * math.pi / 5 * each for each in axis])}
    image[~turn] = image[turn].T
    image[swap] = torch.diag(torch.tensor([-1.0, 1.0, -1.0], dtype=torch.float64))

    def matrix(element):
        """Of s₁, s₂, … with element = … s₂ s₁, as sympy lists them."""
        product = torch.eye(3, dtype=torch.float64)
        for factor in group.generator_product(element, original=True):
            product = image[factor] @ product
        return product

    exchange = Permutation(4)(0, 1)
    first = {element: matrix(element) for element in elements}
    return {
        "a5_3d_a": torch.stack([first[element] for element in elements]),
        "a5_3d_b": torch.stack([first[exchange * element * exchange] for element in elements]),
    }


def similarity(logits, matrices, group):
    """Cosine of the logits, centred over classes, with tr ρ(x∘y∘z⁻¹), ρ looked up at the product.

    Where ρ is no representation, multiplying ρ(x)ρ(y)ρ(z⁻¹) is something else, and not what the authors stored.
    """
    quotient = group.table[group.table.flatten()][:, group.inverses]
    traces = matrices.diagonal(dim1=1, dim2=2).sum(dim=1)[quotient]
    centred = logits.double() - logits.double().mean(dim=1, keepdim=True)
    return float((centred * traces).sum() / centred.norm() / traces.norm())
