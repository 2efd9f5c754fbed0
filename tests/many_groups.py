"""Groups of every kind, and new ones made from them."""

import torch

from groklens.groups import FiniteGroup, group_named

NAMED = ("C1", "C7", "C12", "D2", "D5", "D8", "D59", "S3", "S4", "S5", "A4", "A5", "A6")


def relabelled(group, order, name=None):
    """The same group with element x called `order[x]`."""
    order = torch.as_tensor(order)
    old = order.argsort()
    return FiniteGroup(name or group.name, order[group.table[old][:, old]])


def shuffled(group, seed=0, name=None):
    order = torch.randperm(group.order, generator=torch.Generator().manual_seed(seed))
    return relabelled(group, order, name)


def product(first, second, name):
    """The direct product, element (x, y) being x·|second| + y."""
    x, y = torch.arange(first.order * second.order).view(first.order, -1), second.order
    pairs = x.flatten()
    left, right = pairs // y, pairs % y
    table = first.table[left[:, None], left] * y + second.table[right[:, None], right]
    return FiniteGroup(name, table)


def quaternions():
    """Q₈ = ⟨i, j⟩: element 4b + a is iᵃ jᵇ, with j i = i⁻¹ j and j² = i²."""
    a, b = torch.arange(8) % 4, torch.arange(8) // 4
    sign = 1 - 2 * b[:, None]
    exponent = (a[:, None] + sign * a + 2 * b[:, None] * b) % 4
    return FiniteGroup("Q8", exponent + 4 * ((b[:, None] + b) % 2))


def unnamed():
    """Groups that no name here stands for."""
    klein = product(group_named("C2"), group_named("C2"), "klein")
    return {
        "quaternion": quaternions(),
        "elementary": product(klein, klein, "C2^4"),
        "abelian": product(group_named("C3"), group_named("C3"), "C3xC3"),
        "mixed": product(quaternions(), group_named("C3"), "Q8xC3"),
        "frobenius": _affine(7, 2),
        "hidden": shuffled(group_named("S4"), name="mine"),
    }


def _affine(p, ratio):
    """x ↦ cx + b mod p, c a power of `ratio`: (b, c)(b′, c′) = (b + c b′, c c′)."""
    powers = [1]
    while powers[-1] * ratio % p != 1:
        powers.append(powers[-1] * ratio % p)
    elements = [(b, c) for c in powers for b in range(p)]
    where = {element: index for index, element in enumerate(elements)}
    rows = [[where[(b + c * d) % p, c * e % p] for d, e in elements] for b, c in elements]
    return FiniteGroup(f"{p}:{len(powers)}", torch.tensor(rows))
