"""`gl.Task`: the contract of a task, its inputs, labels, split and symmetry, apart from any model."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described, is_number, whole_number
from groklens.groups import MOST_ELEMENTS, FiniteGroup, Symmetry
from groklens.parts import is_ours, spec_of
from groklens.tasks.examples import LAST, Examples, Inputs
from groklens.tasks.own_values import check_values, no_symmetry
from groklens.theory import Predictor
from groklens.value_checks import in_bytes


class Task(ABC):
    """A problem: all its inputs, the answers, how it splits, and its symmetry, apart from any model.

    Inputs are token sequences (input × pos) whose answer is read at the last position, or at several (`reads`), or
    features (input × feature, floating-point): then `d_in` says how many and `d_vocab` is None. Labels are classes
    0 … d_vocab_out−1. Two tasks are equal when their specifications are.
    """

    #: What the operands are called, in the order of `operand_positions`.
    operand_names: tuple[str, ...] = ("a", "b")

    @property
    def is_stream(self) -> bool:
        """Whether every update has fresh examples (`Stream`); of a table every input exists, and it splits."""
        return False

    @property
    @abstractmethod
    def name(self) -> str:
        """A short name for titles and file listings, such as `"a+b mod 113"`."""

    @property
    @abstractmethod
    def inputs(self) -> Inputs:
        """Every input: tokens, in lexicographic order of the operands, or features."""

    @property
    @abstractmethod
    def labels(self) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
        """The correct class of every input, or of every input at every position read."""

    @property
    def targets(self) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
        """The class that each input is trained towards: its label, unless labels are corrupted.

        Train loss and accuracy are taken against it; test inputs are judged by `labels`.
        """
        return self.labels

    @property
    def examples(self) -> Mapping[str, Examples]:
        """The examples to study a model on: every one of a table, or the probe of a stream."""
        return {"every": Examples(self.inputs, self.labels, self.targets, self.reads)}

    @property
    def reads(self) -> tuple[int, ...]:
        """Positions that are answered: the last, or several; then labels and targets are input × read."""
        return LAST

    @property
    def is_corrupted(self) -> bool:
        """Whether `targets` may differ from `labels`."""
        return False

    @property
    def has_random_labels(self) -> bool:
        """Whether every label is drawn for itself, so that none follows from others and none can be generalised to."""
        return False

    @property
    def kinds(self) -> Mapping[str, Int[Tensor, "input"]]:
        """Which inputs ask which kind of question, by its name; none where all ask the same."""
        return {}

    @property
    def references(self) -> Sequence[Predictor]:
        """Predictors of the next token to compare a model with (`gl.measures.stages`); none for other tasks."""
        return ()

    @property
    def reference(self) -> Predictor | None:
        """Where no answer is certain, the predictor whose loss counts as generalising; None where answers are."""
        return None

    @property
    @abstractmethod
    def d_vocab(self) -> int | None:
        """Number of input tokens, a separator included; None where inputs are features."""

    @property
    def d_in(self) -> int | None:
        """Number of features of an input; None where inputs are tokens."""
        return None

    @property
    @abstractmethod
    def d_vocab_out(self) -> int:
        """Number of answer classes."""

    @property
    def symmetry(self) -> Symmetry | None:
        """The group that the operation belongs to, or None."""
        return None

    def spec(self) -> dict[str, Any]:
        """JSON values from which `task_from_spec` makes this task again: its kind and its fields.

        Enough for a task that is a frozen dataclass, with fields of numbers, texts, lists of them, and other tasks.
        """
        return spec_of(self)

    @property
    def group(self) -> FiniteGroup | None:
        """The group of the task's symmetry, or None."""
        symmetry = self.symmetry
        if symmetry is not None and not isinstance(symmetry, Symmetry):
            raise no_symmetry(self, symmetry)
        return None if symmetry is None else symmetry.group

    @property
    def n_ctx(self) -> int:
        """Length of every input, in tokens; 1 of features, which stand at one position."""
        return self.inputs.shape[1] if self.d_in is None else 1

    @property
    def n_operands(self) -> int:
        """Number of positions that hold operands; 1 of features, which are all of one."""
        return len(self.operand_names) if self.d_in is None else 1

    @property
    def operand_positions(self) -> tuple[int, ...]:
        """Positions of the operands, in the order of their names; by default the first ones."""
        return tuple(range(self.n_operands))

    @property
    def operands(self) -> Int[Tensor, "input operand"]:
        """The operands' tokens (input × operand); `BadArgument` where inputs are features."""
        check_tokens(self, "operands")
        return self.inputs[:, list(self.operand_positions)]

    @property
    def numbers(self) -> Mapping[str, Int[Tensor, "input"]]:
        """The number that every input has at each operand, by the operand's name; none where inputs are features."""
        return dict(zip(self.operand_names, self.operands.T, strict=True)) if self.d_in is None else {}

    @property
    def token_positions(self) -> Mapping[str, Int[Tensor, "input"]]:
        """Positions that go by a name, such as an operand's, in every input: what `Site(hook, "a")` means."""
        if self.d_in is not None:
            return {}
        named = zip(self.operand_names, self.operand_positions, strict=True)
        return {name: torch.full((len(self.inputs),), pos) for name, pos in named}

    @property
    def grid(self) -> tuple[int, ...] | None:
        """Sizes of the operands' axes where the inputs are their whole lexicographic product, else None."""
        if self.d_in is not None:
            return None
        sizes = [int(column.max()) + 1 for column in self.operands.unbind(dim=1)]
        if math.prod(sizes) != len(self.inputs):
            return None
        full = torch.cartesian_prod(*[torch.arange(size) for size in sizes]).reshape(-1, self.n_operands)
        return tuple(sizes) if torch.equal(full, self.operands) else None

    @property
    def token_names(self) -> list[str]:
        """Names of the tokens in pictures; none where inputs are features."""
        return [str(token) for token in range(self.d_vocab or 0)]

    @property
    def position_names(self) -> list[str]:
        """Names of the input positions: an operand's name, or the token that always stands there."""
        if self.d_in is not None:
            return ["features"]
        operands = dict(zip(self.operand_positions, self.operand_names, strict=True))
        names: list[str] = []
        for position, column in enumerate(self.inputs.unbind(dim=1)):
            same = bool((column == column[0]).all())
            other = self.token_names[int(column[0])] if same else f"position {position}"
            names.append(operands.get(position, other))
        return names

    def split(self, train_fraction: float, seed: int) -> tuple[Int[Tensor, "train"], Int[Tensor, "test"]]:
        """Indices of train and test inputs: the first `train_fraction` of a seeded permutation trains.

        Both are sorted. The global random state is not used. `train_fraction` lies in (0, 1]; at 1 nothing
        is a test input.
        """
        seed = whole_number("seed", seed, such_as=0)
        if not is_number(train_fraction) or not 0 < train_fraction <= 1:
            raise BadArgument(
                f"train_fraction is {described(train_fraction)}; give a share of the {len(self.labels)} inputs, "
                "above 0 and at most 1, such as 0.3."
            )
        count = int(train_fraction * len(self.labels))
        if count == 0:
            raise BadArgument(
                f"train_fraction={train_fraction} of {len(self.labels)} inputs is less than one input; "
                f"use at least {1 / len(self.labels):.3g}."
            )
        order = torch.randperm(len(self.labels), generator=torch.Generator().manual_seed(seed))
        train, test = order[:count].sort().values, order[count:].sort().values
        self.check_split(train)
        return train, test

    def check_split(self, train: Int[Tensor, " train"]) -> None:  # noqa: B027 (nothing is the rule)
        """Raise `BadArgument` for train inputs that leave no honest test inputs; of most tasks every split is one."""

    @property
    def has_labels(self) -> bool:
        """Whether there are correct answers; a probe may have none."""
        return True

    @cached_property
    def digest(self) -> str:
        """A digest of inputs, labels and targets, equal for tasks with the same table."""
        parts = [self.inputs, self.labels, *([self.targets] if self.is_corrupted else [])]
        data = b"".join(part.contiguous().numpy().tobytes() for part in parts)
        return hashlib.sha256(data).hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and self.spec() == other.spec()

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.spec().items() if k != "kind")
        shown = arguments if len(arguments) < 120 else f"<{self.name}, {len(self.labels)} inputs>"
        return f"{type(self).__name__}({shown})"


def check_task(task: object) -> None:
    """Raise `BadArgument` unless `task` is a task; one of a user's own class has to fit itself too."""
    if not isinstance(task, Task):
        raise BadArgument(
            f"A task is meant here, and {described(task)} was given. Give what is learned, such as "
            "gl.ModularArithmetic(113, 'add'), gl.TableTask(inputs, labels) for a table of your own, or an object of a "
            "class of yours that derives from gl.Task."
        )
    if not is_ours(task):
        check_values(task)


def check_tokens(task: Task, what: str) -> int:
    """The number of the task's tokens; `BadArgument`, which says what needs them, where its inputs are features."""
    if task.d_vocab is None:
        raise BadArgument(
            f"The inputs of {task.name} are {task.d_in} features, and {what} need inputs of tokens; "
            "gl.MLP(d_embed=None) takes features as they are."
        )
    return task.d_vocab


def check_pairs(name: str, n: int) -> None:
    """Raise `BadArgument` where a table of all pairs of `n` values has one entry, or too many for memory."""
    if n < 2:
        raise BadArgument(
            f"{name} has one operand value, so one input and nothing to learn; use a larger modulus, such as 113."
        )
    if n > MOST_ELEMENTS:
        raise BadArgument(
            f"{name} has {n}² inputs, which take {in_bytes(24 * n**2)} of memory; use at most {MOST_ELEMENTS} values "
            "an operand."
        )


def operand_grid(sizes: list[int], separator: int | None = None) -> Int[Tensor, "input pos"]:
    """All operand tuples in lexicographic order, followed by the separator token when there is one."""
    grid = torch.cartesian_prod(*[torch.arange(size) for size in sizes])
    if separator is None:
        return grid
    return torch.cat([grid, torch.full((len(grid), 1), separator)], dim=1)
