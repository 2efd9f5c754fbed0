"""`gl.ModularArithmetic`: two residues in, their sum, product or the like modulo a prime out.

The operations are those of Power et al. (2022), arXiv:2201.02177, appendix A.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described, did_you_mean, is_number, whole_number
from groklens.groups import FiniteGroup, Symmetry, cyclic, nonzero_residues
from groklens.parts import LATER
from groklens.tasks.task import Task, check_pairs, operand_grid
from groklens.value_checks import flag_fields

_POLYNOMIALS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "a^2+b": lambda a, b: a**2 + b,
    "a^3+b": lambda a, b: a**3 + b,
    "a^2+b^2": lambda a, b: a**2 + b**2,
    "a^2+ab+b^2": lambda a, b: a**2 + a * b + b**2,
    "a^2+ab+b^2+a": lambda a, b: a**2 + a * b + b**2 + a,
    "a^3+ab": lambda a, b: a**3 + a * b,
    "a^3+ab^2+b": lambda a, b: a**3 + a * b**2 + b,
}
_GROUP_OPERATIONS = {"add": "+", "sub": "−", "mul": "×", "div": "÷"}
_MIXED = ("div_or_sub", "add_or_mul")
OPERATIONS = (*_GROUP_OPERATIONS, *_POLYNOMIALS, *_MIXED)


@dataclass(frozen=True, eq=False, repr=False)
class ModularArithmetic(Task):
    """The task `a op b mod p`: two residues in, one residue out, over all pairs, with an "=" token at the end.

    `op` is `add`, `sub`, `mul`, `div`; a polynomial of Power et al. (`a^2+b`, `a^3+b`, `a^2+b^2`,
    `a^2+ab+b^2`, `a^2+ab+b^2+a`, `a^3+ab`, `a^3+ab^2+b`); or one of their mixtures, `div_or_sub` (a÷b where
    b is odd, a−b elsewhere) and `add_or_mul` (a+b where a is even, a×b elsewhere).

    `mul` and `div` run over the non-zero residues, token t being the residue t+1, so that they are the
    cyclic group C{p−1}; `add` and `sub` are C{p}. The others belong to no group of the operands.
    `separator=False` leaves the "=" out, `shared_vocab=False` gives the second operand tokens of its own (after
    the first's): both are for models of others that read their inputs so. `zero=True` takes zero in: `a×b` over all
    residues, token and class t being the residue t, and `a÷b` over every a and the non-zero b; the group acts where
    neither operand is 0, and analyses of the group look there.
    Raises `BadArgument` for an unknown operation, or when `p` is not prime where division needs it.

    >>> ModularArithmetic(7, "sub").labels[:4].tolist()
    [0, 6, 5, 4]
    """

    p: int
    op: str = "add"
    separator: bool = True
    shared_vocab: bool = True
    zero: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        flag_fields(self, "separator", "shared_vocab", "zero")
        if not isinstance(self.op, str) or self.op not in OPERATIONS:
            raise BadArgument(
                f"op is {described(self.op)}; {self._spelling()}ModularArithmetic knows "
                f"{', '.join(map(repr, OPERATIONS))}. "
                "For another table use TableTask(inputs, labels)."
            )
        object.__setattr__(self, "p", whole_number("p", self.p, 2, such_as=113))
        check_pairs(self.name, self.d_vocab_out)
        if self.zero and (self.op not in ("mul", "div") or not self.shared_vocab):
            raise BadArgument(
                f"zero=True is for op 'mul' or 'div' with one vocabulary; found op={self.op!r}, shared_vocab="
                f"{self.shared_vocab}. Leave it out: only a product and a quotient go without zero."
            )
        if self.zero and self.p < 3:
            raise BadArgument(
                f"p is {self.p}, whose one non-zero residue makes no group; use a prime from 3 on."
            )
        if self._divides and not _is_prime(self.p):
            raise BadArgument(
                f"p is {self.p}, which is not prime: {self.op!r} needs every non-zero residue to have an "
                f"inverse. Use a prime such as {_next_prime(self.p)}, or op='add'."
            )

    def _spelling(self) -> str:
        if is_number(self.op):
            return "the modulus comes first, as in ModularArithmetic(113, 'add'); "
        if not isinstance(self.op, str) or len(self.op) > 100:
            return ""
        named = {
            "+": "add",
            "-": "sub",
            "*": "mul",
            "/": "div",
            **{s: o for o, s in _GROUP_OPERATIONS.items()},
        }
        if self.op in named:
            return f"did you mean {named[self.op]!r}? "
        asked = did_you_mean(self.op, OPERATIONS)
        return f"{asked} " if asked else ""

    @property
    def name(self) -> str:
        """The task's name, such as `a+b mod 113`."""
        symbol = _GROUP_OPERATIONS.get(self.op)
        return f"{f'a{symbol}b' if symbol else self.op} mod {self.p}{' with zero' * self.zero}"

    @property
    def _divides(self) -> bool:
        return self.op in ("mul", "div", "div_or_sub")

    @property
    def _nonzero(self) -> bool:
        return self.op in ("mul", "div") and not self.zero

    @property
    def d_vocab(self) -> int:
        """One token per residue in use (two without a shared vocabulary), and "=" where there is one."""
        return self.d_vocab_out * (1 if self.shared_vocab else 2) + self.separator

    @property
    def grid(self) -> tuple[int, ...] | None:
        """Both operands take every value, but for a divisor, which is never 0."""
        return super().grid if self.zero else (self.d_vocab_out, self.d_vocab_out)

    @cached_property
    def _operands(self) -> Int[Tensor, "input 2"]:
        every = operand_grid([self.d_vocab_out] * 2)
        return every[every[:, 1] > 0] if self.zero and self.op == "div" else every

    @property
    def d_vocab_out(self) -> int:
        """Number of answers: p, or p−1 for `mul` and `div`."""
        return self.p - 1 if self._nonzero else self.p

    @cached_property
    def inputs(self) -> Int[Tensor, "input pos"]:
        """All pairs (a, b, "="), lexicographic. `div_or_sub` leaves out nothing: it divides by odd b only."""
        operands = self._operands.clone()
        if not self.shared_vocab:
            operands[:, 1] += self.d_vocab_out
        end = torch.full((len(operands), int(self.separator)), self.d_vocab - 1)
        return torch.cat([operands, end], dim=1)

    @cached_property
    def labels(self) -> Int[Tensor, "input"]:
        """The answers, as classes (for `mul` and `div` class c is the residue c+1)."""
        if self.symmetry is not None:
            return self._products(self.symmetry)
        a, b = self._operands.unbind(dim=1)
        if self.op == "div_or_sub":
            inverse = torch.tensor([pow(int(x), self.p - 2, self.p) for x in range(self.p)])
            return torch.where(b % 2 == 1, a * inverse[b], a - b) % self.p
        if self.op == "add_or_mul":
            return torch.where(a % 2 == 0, a + b, a * b) % self.p
        return _POLYNOMIALS[self.op](a, b) % self.p

    @cached_property
    def symmetry(self) -> Symmetry | None:
        """C{p} for `add` and `sub`, C{p−1} for `mul` and `div` (without a zero), None otherwise."""
        if self.op not in _GROUP_OPERATIONS:
            return None
        group: FiniteGroup = nonzero_residues(self.p) if self.op in ("mul", "div") else cyclic(self.p)
        acts = (self._operands > 0).all(dim=1) if self.zero else None
        elements = self._operands.clone() if acts is None else self._operands[acts] - 1
        if self.op in ("sub", "div"):
            elements[:, 1] = group.inverses[elements[:, 1]]
        if acts is None:
            return Symmetry(group, elements)
        residues = torch.arange(1, self.p)
        return Symmetry(group, elements, acts, tokens=residues, classes=residues)

    def _products(self, symmetry: Symmetry) -> Int[Tensor, "input"]:
        """The class of x∘y for every input; 0 where an operand is 0."""
        if symmetry.acts is None or symmetry.classes is None:
            return symmetry.products
        labels = torch.zeros(len(symmetry.acts), dtype=torch.long)
        labels[symmetry.acts] = symmetry.classes[symmetry.products]
        return labels

    @property
    def token_names(self) -> list[str]:
        """The residues, once per operand where each has its own tokens, then "="."""
        first = 1 if self._nonzero else 0
        residues = [str(first + token) for token in range(self.d_vocab_out)]
        return residues * (1 if self.shared_vocab else 2) + ["="] * self.separator

    def spec(self) -> dict[str, Any]:
        """Kind, modulus and operation, and what is unusual of the tokens."""
        unusual = {name: False for name in ("separator", "shared_vocab") if not getattr(self, name)}
        unusual |= {"zero": True} if self.zero else {}
        return {"kind": "ModularArithmetic", "p": self.p, "op": self.op, **unusual}


def _is_prime(p: int) -> bool:
    return p > 1 and all(p % q for q in range(2, int(p**0.5) + 1))


def _next_prime(p: int) -> int:
    while not _is_prime(p):
        p += 1
    return p
