"""`gl.TableTask`: a task given by a user's own table of inputs and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.groups import FiniteGroup, Symmetry, as_group, check_order
from groklens.integers import check_from_zero, integers, size_of
from groklens.tasks.apart import check_apart
from groklens.tasks.examples import LAST, Examples, checked_reads
from groklens.tasks.own_elements import symmetry_by_tokens
from groklens.tasks.task import Task
from groklens.value_checks import title

_EXAMPLE = "[[0, 1], [1, 0]]"


class TableTask(Task):
    """A task from a table of token sequences and the class of each, in the order given.

    Args:
        inputs: input × pos integers ≥ 0; the answer is read at the last position, or at `reads`.
        labels: one class ≥ 0 an input, or one for each input and position of `reads` where those are several.
        group: the group whose components the analyses should use: a name (`"C113"`), a `FiniteGroup`, or
            None. Two positions then hold its elements. The labels need not follow the group
            (`follows_group` says whether they do): looking for structure that is not there is a control.
        operands: the positions of the two operands, by default the first two; (0, 2) for `a op b =`.
        elements: the token of each element of the group, in the order of its elements, where token e is not element e:
            `range(2, 115)` where two other tokens come first. The group acts where both operands are among them, and
            its analyses look there.
        classes: the class of each element, where it is neither its token nor its index.
        reads: the positions that are answered, by default the last. Several go with no group: its analyses are of one.
        d_vocab, d_vocab_out: numbers of tokens and classes, when larger than what the table shows.
        name: for titles.

    Raises `BadArgument` for shapes that do not fit, negative entries, or operands outside the group.

    >>> TableTask([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], name="xor").d_vocab_out
    2
    """

    def __init__(
        self,
        inputs: Int[Tensor, "input pos"] | Sequence[Sequence[int]],
        labels: Int[Tensor, "input"] | Int[Tensor, "input read"] | Sequence[int] | Sequence[Sequence[int]],
        group: FiniteGroup | str | None = None,
        operands: Sequence[int] | None = None,
        *,
        elements: Int[Tensor, "element"] | Sequence[int] | None = None,
        classes: Int[Tensor, "element"] | Sequence[int] | None = None,
        reads: Sequence[int] = LAST,
        d_vocab: int | None = None,
        d_vocab_out: int | None = None,
        name: str = "table",
    ) -> None:
        self._inputs = integers("inputs", inputs, 2, f"{_EXAMPLE} and [1, 1] for labels")
        self._reads = checked_reads(reads, self._inputs.shape[1])
        several = len(self._reads) > 1
        if self._reads != LAST and group is not None:
            raise BadArgument(
                f"reads is {self._reads}, and analyses of a group are of one answer at the last position; leave group "
                "out, or end the inputs where they are answered."
            )
        self._labels = integers("labels", labels, 1 + several, f"[1, 1] for inputs {_EXAMPLE}")
        _check_lengths(self._inputs, self._labels)
        if several:
            Examples(
                self._inputs, self._labels, reads=self._reads
            )  # raises for labels that are not input × read
        check_from_zero(self._inputs, self._labels)
        self._positions = _positions(operands, self._inputs.shape[1], group is not None)
        self._group = None if group is None else as_group(group)
        self._symmetry = self._found_symmetry(elements, classes)
        self._d_vocab = size_of("d_vocab", d_vocab, self._largest_token + 1)
        least_out = 1 if self._symmetry is None else _largest_class(self._symmetry) + 1
        self._d_vocab_out = max(size_of("d_vocab_out", d_vocab_out, int(self._labels.max()) + 1), least_out)
        self._name = title("name", name, such_as="table")
        self.operand_names = tuple("ab"[: len(self._positions)])

    @property
    def _largest_token(self) -> int:
        """The largest token of any input or element."""
        tokens = None if self._symmetry is None else self._symmetry.tokens
        return max(int(self._inputs.max()), 0 if tokens is None else int(tokens.max()))

    @property
    def name(self) -> str:
        """The name given."""
        return self._name

    @property
    def inputs(self) -> Int[Tensor, "input pos"]:
        """The inputs given."""
        return self._inputs

    @property
    def labels(self) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
        """The labels given."""
        return self._labels

    @property
    def reads(self) -> tuple[int, ...]:
        """The positions given, or the last."""
        return self._reads

    @property
    def d_vocab(self) -> int:
        """The number given, or one more than the largest token."""
        return self._d_vocab

    @property
    def d_vocab_out(self) -> int:
        """The number given, or one more than the largest label; never less than the group's order."""
        return self._d_vocab_out

    @property
    def symmetry(self) -> Symmetry | None:
        """The group given, on the operands' positions."""
        return self._symmetry

    def check_split(self, train: Int[Tensor, " train"]) -> None:
        """Raise `BadArgument` where an input is trained on and the same input, listed again, is a test input."""
        check_apart(self._name, self._inputs, train)

    def _found_symmetry(self, elements: Any, classes: Any) -> Symmetry | None:
        operands = self._inputs[:, list(self._positions)]
        if self._group is None:
            if elements is not None or classes is not None:
                raise BadArgument("elements and classes name those of a group; say which: group='C113'.")
            return None
        check_order(self._group.name, self._group.order)
        if elements is None and classes is None:
            _check_operands(operands, self._positions, self._group)
            return Symmetry(self._group, operands)
        tokens = range(self._group.order) if elements is None else elements
        return symmetry_by_tokens(self._group, operands, self._labels, tokens, classes)

    @property
    def operand_positions(self) -> tuple[int, ...]:
        """The positions given, or the first two."""
        return self._positions

    @property
    def follows_group(self) -> bool:
        """Whether every label is the product of its operands in the given group, wherever it acts."""
        found = self._symmetry
        if found is None:
            return False
        labels = self._labels if found.acts is None else self._labels[found.acts]
        products = found.products if found.classes is None else found.classes[found.products]
        return torch.equal(products, labels)

    def spec(self) -> dict[str, Any]:
        """The whole table: there is nothing shorter that would make it again."""
        group = self._group
        return {
            "kind": "TableTask",
            "inputs": self._inputs.tolist(),
            "labels": self._labels.tolist(),
            "group": None if group is None else {"name": group.name, "table": group.table.tolist()},
            "d_vocab": self._d_vocab,
            "d_vocab_out": self._d_vocab_out,
            "name": self._name,
            **({} if self._positions in ((0,), (0, 1)) else {"operands": list(self._positions)}),
            **self._named_elements,
            **({} if self._reads == LAST else {"reads": list(self._reads)}),
        }

    @property
    def _named_elements(self) -> dict[str, list[int]]:
        """The elements' tokens and classes, for the specification, where they were given."""
        found = self._symmetry
        if found is None or found.tokens is None or found.classes is None:
            return {}
        return {"elements": found.tokens.tolist(), "classes": found.classes.tolist()}


def _largest_class(symmetry: Symmetry) -> int:
    return symmetry.group.order - 1 if symmetry.classes is None else int(symmetry.classes.max())


def _check_lengths(inputs: Tensor, labels: Tensor) -> None:
    if len(inputs) != len(labels):
        raise BadArgument(
            f"inputs have shape {tuple(inputs.shape)} and labels {tuple(labels.shape)}; "
            "give inputs (input, pos) and one label an input, such as [[0, 1], [1, 0]] and [1, 1]."
        )


def _positions(given: Any, n_pos: int, has_group: bool) -> tuple[int, ...]:
    """Positions of the operands: the first two, or the only one of a table of one column without a group."""
    if given is None:
        if has_group and n_pos < 2:
            raise BadArgument(
                f"inputs have {n_pos} position; with a group the first two positions must be its elements, or those "
                "that operands= names."
            )
        return tuple(range(min(2, n_pos)))
    if not isinstance(given, (list, tuple)) or len(given) != 2:
        raise BadArgument(f"operands is {described(given)}; give the positions of the two, such as (0, 2).")
    found = [whole_number("a position of operands", position, such_as=0) for position in given]
    if not all(-n_pos <= position < n_pos for position in found) or found[0] % n_pos == found[1] % n_pos:
        raise BadArgument(
            f"operands is ({found[0]}, {found[1]}); give two different positions of 0 to {n_pos - 1}, such as (0, 2)."
        )
    return tuple(position % n_pos for position in found)


def _check_operands(operands: Tensor, positions: tuple[int, ...], group: FiniteGroup) -> None:
    if operands.max() < group.order:
        return
    where = (
        "the first two positions" if positions == (0, 1) else f"positions {positions[0]} and {positions[1]}"
    )
    elsewhere = " Where they stand elsewhere, say so: operands=(0, 2);" if positions == (0, 1) else ""
    elsewhere += f" where they are other tokens, which: elements=range(1, {group.order + 1})."
    raise BadArgument(
        f"The operands go up to {int(operands.max())}; with group {group.name} {where} must be its elements, 0 to "
        f"{group.order - 1}.{elsewhere}"
    )
