"""Functions of whole numbers: waves of given periods with a line (a helix), and polynomials; fits of data by them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.value_checks import number

#: Below this share of the largest, a column's variance or a singular value is rounding.
_NOTHING = 1e-9


def checked_periods(periods: Sequence[float] | Any) -> tuple[float, ...]:
    """The periods of a helix, as a tuple; `BadArgument` for none, or what is no number above 1."""
    listed = [periods] if not isinstance(periods, Sequence) or isinstance(periods, str) else list(periods)
    found = tuple(number("a period", each, above=1, such_as="10") for each in listed)
    if not found or len(set(found)) < len(found):
        raise BadArgument(f"periods is {described(periods)}; give at least one, each once: (2, 5, 10, 100).")
    return found


def helix_basis(
    numbers: Int[Tensor, "number"], periods: Sequence[float], line: bool = True
) -> Float[Tensor, "number function"]:
    """The functions of a helix at some numbers: n / max, and cos(2πn/T), sin(2πn/T) of every period T, float64.

    The constant, which belongs to every fit, is not among them, nor is what is constant on these numbers, such as
    sin(2πn/2) on whole ones. Kantamneni & Tegmark (2025), arXiv:2502.00873, section 4.1: T = 2, 5, 10, 100.

    >>> helix_basis(torch.arange(100), (2, 5, 10, 100)).shape
    torch.Size([100, 8])
    """
    at = numbers.double()
    columns = [at / at.abs().max().clamp_min(1)] if line else []
    for period in periods:
        angle = 2 * math.pi * at / period
        columns += [angle.cos(), angle.sin()]
    found = torch.stack(columns, dim=1)
    return found[:, found.std(dim=0, correction=0) > _NOTHING]


def polynomial_basis(numbers: Int[Tensor, "number"], size: int) -> Float[Tensor, "number function"]:
    """The polynomials of degree 1 … `size` at some numbers, as Legendre's on their range, float64.

    >>> polynomial_basis(torch.arange(3), 1)[:, 0].tolist()
    [-1.0, 0.0, 1.0]
    """
    at = numbers.double()
    at = 2 * (at - at.min()) / (at.max() - at.min()).clamp_min(1) - 1
    found = [torch.ones_like(at), at]
    for degree in range(1, size):
        found.append(((2 * degree + 1) * at * found[-1] - degree * found[-2]) / (degree + 1))
    return torch.stack(found[1 : size + 1], dim=1)


def renamed_digits(numbers: Int[Tensor, "number"], generator: torch.Generator) -> Int[Tensor, "number"]:
    """The numbers with the digits of each decimal place renamed at random, among those that occur there.

    What tells digits apart, such as tokens of their own, tells them apart as well under other names; what counts, does
    not. Different numbers stay different.

    >>> renamed_digits(torch.arange(20), torch.Generator().manual_seed(0)).sort().values.tolist() == list(range(20))
    True
    """
    found, place = torch.zeros_like(numbers), 1
    while place <= int(numbers.max()):
        digits, which = (numbers // place % 10).unique(return_inverse=True)
        found += place * digits[torch.randperm(len(digits), generator=generator)][which]
        place *= 10
    return found


def number_bases(
    numbers: Int[Tensor, "number"], periods: Sequence[float]
) -> dict[str, Float[Tensor, "number function"]]:
    """What numbers are fitted by, by name: the helix, its circles alone, the line alone, polynomials as many as it.

    Of fewer numbers than the helix has functions, there are only as many polynomials as numbers.
    """
    helix = helix_basis(numbers, periods)
    return {
        "helix": helix,
        "circles": helix_basis(numbers, periods, line=False),
        "line": helix_basis(numbers, ()),
        "polynomial": polynomial_basis(numbers, min(helix.shape[1], len(numbers.unique()) - 1)),
    }


def orthonormal(functions: Float[Tensor, "row function"]) -> Float[Tensor, "row size"]:
    """An orthonormal basis of what functions span once their means are taken out; of lower rank where they depend."""
    left, sizes, _ = torch.linalg.svd(functions - functions.mean(dim=0), full_matrices=False)
    return left[:, sizes > _NOTHING * sizes.max().clamp_min(1e-300)]


def folds_of(n: int, folds: int, seed: int) -> Int[Tensor, "row"]:
    """The fold, 0 … folds − 1, of each of `n` rows: as equal as can be, drawn with a seed; at most `n` folds."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    return torch.empty(n, dtype=torch.long).index_copy_(0, order, torch.arange(n) % min(folds, n))


def unseen_fit(
    values: Float[Tensor, "row feature"],
    functions: Float[Tensor, "row function"],
    fold: Int[Tensor, "row"],
    directions: int | None = None,
) -> Float[Tensor, "row feature"]:
    """Each row of values as least squares on some functions, and a constant, say without the rows of its fold.

    With `directions` the fit is made in that many principal directions of the other rows and mapped back. float64.
    """
    found = torch.empty_like(values, dtype=torch.float64)
    for own in fold.unique().tolist():
        out = fold == own
        seen, of_seen, of_out = values[~out].double(), functions[~out], functions[out]
        mean, middle = seen.mean(dim=0), of_seen.mean(dim=0)
        slopes = torch.linalg.pinv(of_seen - middle, rtol=_NOTHING) @ (seen - mean)
        guess = (of_out - middle) @ slopes
        if directions is not None and directions < len(seen) - 1:
            axes = principal(seen - mean, directions)
            guess = guess @ axes @ axes.T
        found[out] = mean + guess
    return found


def unseen_principal(
    values: Float[Tensor, "row feature"], fold: Int[Tensor, "row"], directions: int
) -> Float[Tensor, "row feature"]:
    """Each row as what of it lies in the largest principal directions of the rows outside its fold. float64."""
    found = torch.empty_like(values, dtype=torch.float64)
    for own in fold.unique().tolist():
        out = fold == own
        seen = values[~out].double()
        mean = seen.mean(dim=0)
        axes = principal(seen - mean, directions)
        found[out] = mean + (values[out].double() - mean) @ axes @ axes.T
    return found


def principal(centred: Float[Tensor, "row feature"], directions: int) -> Float[Tensor, "feature direction"]:
    """The directions in which centred rows vary most, orthonormal."""
    return torch.linalg.svd(centred, full_matrices=False).Vh[:directions].T


def explained_unseen(
    values: Float[Tensor, "row feature"],
    fitted: Float[Tensor, "row feature"],
    fold: Int[Tensor, "row"],
) -> float:
    """R² of fits of unseen rows, over all rows and features: 1 − Σ(value − fit)² / Σ(value − mean of the other folds)².

    At most 1; 0 says no more than the mean of the others does, below 0 less. nan where nothing varies.
    """
    flat = unseen_fit(values, values.new_zeros(len(values), 0, dtype=torch.float64), fold)
    of_mean = float((values - flat).square().sum())
    return 1 - float((values - fitted).square().sum()) / of_mean if of_mean > 0 else math.nan


def number_means(
    values: Float[Tensor, "input ..."], numbers: Int[Tensor, "input"]
) -> tuple[Int[Tensor, "number"], Float[Tensor, "number feature"], Int[Tensor, "input"]]:
    """The numbers that inputs have, ascending, the mean value of those with each (float64), and each input's row."""
    found, row = numbers.unique(return_inverse=True)
    flat = values.flatten(1).double()
    sums = flat.new_zeros(len(found), flat.shape[1]).index_add_(0, row, flat)
    return found, sums / row.bincount()[:, None], row
