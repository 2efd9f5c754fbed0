"""How simple a pattern is: the Lempel–Ziv complexity of a string, and the sensitivity of a function of bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from groklens.errors import BadArgument, described

#: Text, or values that are told apart, in a row.
Symbols = str | Sequence[Any] | Tensor | NDArray[Any]


def lempel_ziv(string: Symbols) -> float:
    """The Lempel–Ziv complexity of a string of symbols, in bits: small for a pattern, large for noise.

    log₂n · [N_w(x) + N_w(x reversed)] / 2 for n symbols, and log₂n where all are equal; N_w counts the words of the
    parsing of Lempel and Ziv (1976), in which each word is the shortest that has not occurred before it (it may overlap
    itself). About 150 for 128 fair coin tosses, 7 for 128 equal ones. A string is text, a list, an array or a tensor of
    one axis; which symbols stand for what does not matter. Comparable between strings of equal length alone.

    Source: Dingle, Camargo and Louis 2018, and Valle-Pérez et al. 2019 (arXiv:1805.08522), section 3. Raises
    `BadArgument` for fewer than two symbols, or a tensor of several axes.

    >>> lempel_ziv("00000000"), lempel_ziv("01010101")
    (3.0, 9.0)
    """
    symbols = _symbols(string)
    n = len(symbols)
    if n < 2:
        raise BadArgument(f"The string has {n} symbols; give at least two, such as '0101'.")
    if len(set(symbols)) == 1:
        return math.log2(n)
    return math.log2(n) * (_words(symbols) + _words(symbols[::-1])) / 2


def sensitivity(outputs: Symbols) -> float:
    """The sensitivity of a function of bits: how many of its n inputs change its value when flipped, on average.

    E_x Σ_i 1[f(x) ≠ f(x^{⊕i})], from 0 (constant) to n (parity); n/2 for a function drawn at random. `outputs` are its
    values at all 2ⁿ inputs in lexicographic order, as bits or any symbols. Source: Valle-Pérez et al. 2019
    (arXiv:1805.08522); Kahn, Kalai and Linial 1988 call it the total influence. Raises `BadArgument` for a number of
    values that is no power of two.

    >>> sensitivity("0110"), sensitivity("0001")  # xor and and
    (2.0, 1.0)
    """
    symbols = _symbols(outputs)
    n = len(symbols).bit_length() - 1
    if len(symbols) != 2**n or n < 1:
        raise BadArgument(f"There are {len(symbols)} outputs; give those at all 2ⁿ inputs, 2, 4, 8, …")
    values = torch.tensor([ord(each) for each in symbols]).reshape([2] * n)
    return float(sum((values != values.flip(axis)).double().mean() for axis in range(n)))


def _words(symbols: str) -> int:
    """How many words the string is parsed into, each the shortest that is nowhere in what precedes its last symbol."""
    words, start, length = 0, 0, 1
    while start < len(symbols):
        if (
            start + length <= len(symbols)
            and symbols[start : start + length] in symbols[: start + length - 1]
        ):
            length += 1
        else:
            words, start, length = words + 1, start + length, 1
    return words


def _symbols(given: Any) -> str:
    """A string with a character for each symbol."""
    if isinstance(given, str):
        return given
    values = given.tolist() if hasattr(given, "tolist") else given
    if not isinstance(values, (list, tuple)) or any(isinstance(each, (list, tuple)) for each in values):
        raise BadArgument(
            f"{described(given)} is no string of symbols; give text such as '0110', a list or a tensor of one axis."
        )
    codes: dict[Any, str] = {}
    return "".join(codes.setdefault(each, chr(len(codes))) for each in values)
