"""A task of the user's own: any table of inputs and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.tasks.group import FiniteGroup, check_order
from groklens.tasks.integers import check_from_zero, integers, size_of
from groklens.tasks.named_groups import as_group
from groklens.tasks.task import Symmetry, Task
from groklens.values import title

_EXAMPLE = "[[0, 1], [1, 0]]"


class TableTask(Task):
    """Your own table: token sequences and the class that each should get, in the order given.

    Args:
        inputs: input × pos integers ≥ 0; the answer is read at the last position.
        labels: one class ≥ 0 an input.
        group: the group whose components the analyses should use: a name (`"C113"`), a `FiniteGroup`, or
            None. The first two positions then hold its elements. The labels need not follow the group
            (`follows_group` says whether they do): looking for structure that is not there is a control.
        d_vocab, d_vocab_out: numbers of tokens and classes, when larger than what the table shows.
        name: for titles.

    Raises `BadArgument` for shapes that do not fit, negative entries, or operands outside the group.

    >>> TableTask([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], name="xor").d_vocab_out
    2
    """

    def __init__(
        self,
        inputs: Int[Tensor, "input pos"] | Sequence[Sequence[int]],
        labels: Int[Tensor, "input"] | Sequence[int],
        group: FiniteGroup | str | None = None,
        *,
        d_vocab: int | None = None,
        d_vocab_out: int | None = None,
        name: str = "table",
    ) -> None:
        self._inputs = integers("inputs", inputs, 2, f"{_EXAMPLE} and [1, 1] for labels")
        self._labels = integers("labels", labels, 1, f"[1, 1] for inputs {_EXAMPLE}")
        _check_lengths(self._inputs, self._labels)
        check_from_zero(self._inputs, self._labels)
        self._group = None if group is None else as_group(group)
        if self._group is not None:
            check_order(self._group.name, self._group.order)
            _check_operands(self._inputs, self._group)
        self._d_vocab = size_of("d_vocab", d_vocab, int(self._inputs.max()) + 1)
        least_out = self._group.order if self._group is not None else 1
        self._d_vocab_out = max(size_of("d_vocab_out", d_vocab_out, int(self._labels.max()) + 1), least_out)
        self._name = title("name", name, such_as="table")
        self.operand_names = tuple("abcdefgh"[: min(2, self._inputs.shape[1])])

    @property
    def name(self) -> str:
        """The name given."""
        return self._name

    @property
    def inputs(self) -> Int[Tensor, "input pos"]:
        """The inputs given."""
        return self._inputs

    @property
    def labels(self) -> Int[Tensor, "input"]:
        """The labels given."""
        return self._labels

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
        """The group given, on the first two positions."""
        return None if self._group is None else Symmetry(self._group, self._inputs[:, :2])

    @property
    def follows_group(self) -> bool:
        """Whether every label is the product of its operands in the group given."""
        return self.symmetry is not None and torch.equal(self.symmetry.products, self._labels)

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
        }


def _check_lengths(inputs: Tensor, labels: Tensor) -> None:
    if len(inputs) != len(labels):
        raise BadArgument(
            f"inputs have shape {tuple(inputs.shape)} and labels {tuple(labels.shape)}; "
            "give inputs (input, pos) and one label an input, such as [[0, 1], [1, 0]] and [1, 1]."
        )


def _check_operands(inputs: Tensor, group: FiniteGroup) -> None:
    if inputs.shape[1] < 2 or inputs[:, :2].max() >= group.order:
        raise BadArgument(
            f"inputs of shape {tuple(inputs.shape)} hold operands up to {int(inputs[:, :2].max())}; with "
            f"group {group.name} the first two positions must be its elements, 0 to {group.order - 1}."
        )
