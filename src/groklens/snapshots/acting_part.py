"""`ActingPart`: the inputs of a task on which its group acts, with operands and answers named by their elements."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from groklens.groups import Symmetry
from groklens.tasks import Task, check_tokens


class ActingPart(Task):
    """The inputs of a task on which its group acts: element e is the token e and the class e; others come after.

    What a group's analyses are made for. `inputs_of` says which inputs of the whole task these are, `tokens` and
    `classes` what every token and class here is called there (`models.Renamed` asks a model of the whole task by them).
    """

    def __init__(self, whole: Task) -> None:
        symmetry = whole.symmetry
        assert symmetry is not None
        self.whole, self._symmetry = whole, symmetry
        n = symmetry.group.order
        every = torch.ones(len(whole.labels), dtype=torch.bool) if symmetry.acts is None else symmetry.acts
        self.inputs_of: Int[Tensor, "input"] = torch.nonzero(every)[:, 0]
        d_vocab = check_tokens(whole, "the elements of a group")
        self.tokens = _first(torch.arange(n) if symmetry.tokens is None else symmetry.tokens, d_vocab)
        self.classes = _first(
            torch.arange(n) if symmetry.classes is None else symmetry.classes, whole.d_vocab_out
        )
        self.operand_names = whole.operand_names

    def trained_on(self, train_index: Int[Tensor, " train"] | None) -> Bool[Tensor, "input"] | None:
        """Which of these inputs are among some of the whole task's; None where none is, or none was given."""
        found = None if train_index is None else torch.isin(self.inputs_of, train_index)
        return found if found is not None and found.any() else None

    @property
    def name(self) -> str:
        """The whole task's name."""
        return self.whole.name

    @cached_property
    def inputs(self) -> Int[Tensor, "input pos"]:
        """The inputs where the group acts, elements as the tokens 0 … order−1."""
        return self.tokens.argsort()[self.whole.inputs[self.inputs_of]]

    @cached_property
    def labels(self) -> Int[Tensor, "input"]:
        """The correct class of each, elements as the classes 0 … order−1."""
        return self.classes.argsort()[self.whole.labels[self.inputs_of]]

    @cached_property
    def targets(self) -> Int[Tensor, "input"]:
        """The class that each is trained towards."""
        return self.classes.argsort()[self.whole.targets[self.inputs_of]]

    @property
    def is_corrupted(self) -> bool:
        return self.whole.is_corrupted

    @property
    def d_vocab(self) -> int | None:
        return self.whole.d_vocab

    @property
    def d_vocab_out(self) -> int:
        return self.whole.d_vocab_out

    @cached_property
    def symmetry(self) -> Symmetry:
        """The group, acting on every input here."""
        return Symmetry(self._symmetry.group, self._symmetry.elements)

    @property
    def operand_positions(self) -> tuple[int, ...]:
        return self.whole.operand_positions

    @property
    def token_names(self) -> list[str]:
        """The whole task's names of these tokens."""
        names = self.whole.token_names
        return [names[token] for token in self.tokens.tolist()]

    def spec(self) -> dict[str, Any]:
        """That of the whole task, of which this is a part."""
        return {"kind": "ActingPart", "task": self.whole.spec()}


def _first(chosen: Int[Tensor, "element"], count: int) -> Int[Tensor, "number"]:
    """All numbers below `count`: the chosen ones in their order, then the others ascending."""
    others = torch.ones(count, dtype=torch.bool)
    others[chosen] = False
    return torch.cat([chosen, torch.nonzero(others)[:, 0]])
