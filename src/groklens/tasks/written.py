"""`Written`: a stream of windows from one text, whose next token is asked for at every position but the last."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from functools import cached_property, lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, whole_fields
from groklens.tasks.examples import Examples
from groklens.tasks.stream import Stream
from groklens.theory import NGrams

#: Windows of the probe, or as many as fit in the test text without overlapping.
WINDOWS = 256
#: The highest order of the references: n-grams that a text of some million tokens still has counts of.
ORDER = 5


class Sides(NamedTuple):
    """A text in two: the part that is trained on, and the part that the probe is made of."""

    train: bytes
    test: bytes


class Written(Stream):
    """A stream of windows from one text. Derive a frozen dataclass with `length`, `sha256`, `sides` and `encoded`.

    Every update trains on windows that begin anywhere in the trained part; the probe are windows of the test part,
    evenly spaced. The labels are the next tokens, at every position but the last. The text is read when it is first
    needed and must then have the digest that the task was made with; a run of it can be opened without the text.
    """

    length: int
    sha256: str
    #: What the text is cut into.
    unit: str = "character"
    #: Positions of a text are no operands.
    operand_names = ()

    @abstractmethod
    def sides(self) -> Sides:
        """The text as it is now on this machine, unchecked."""

    @abstractmethod
    def encoded(self, part: bytes) -> Int[Tensor, "pos"]:
        """The tokens of some of the text."""

    @property
    @abstractmethod
    def where(self) -> str:
        """Where the text is, and what else there could be, in words of an error."""

    def remember_digest(self) -> None:
        """Check `length`, and take the digest of the text as it is, unless one was given."""
        whole_fields(self, "length", least=3)
        if not self.sha256:
            object.__setattr__(self, "sha256", digest_of(self.sides()))

    def checked_sides(self) -> Sides:
        """The text as the task was made of it; `BadArgument` where it was changed."""
        sides = self.sides()
        found = digest_of(sides)
        if found != self.sha256:
            kind = type(self).__name__
            raise BadArgument(
                f"{self.where} is not the text that this task was made of: its SHA-256 is {found[:12]}…, and "
                f"{self.sha256[:12]}… is expected, so that it was changed, or is another's. Restore it; or look at "
                "the models of a run on the text as it is: gl.Run.of({step: run.at(step).model for step in run.steps}, "
                f"gl.tasks.{kind}(…))."
            )
        return sides

    @cached_property
    def _parts(self) -> tuple[Int[Tensor, "train"], Int[Tensor, "test"]]:
        """Tokens of both parts; `BadArgument` for a text that was changed or is too short."""
        train, test = (self.encoded(part) for part in self.checked_sides())
        for name, part in (("trained on", train), ("kept for the probe", test)):
            if len(part) < self.length:
                raise BadArgument(
                    f"Of {self.where}, {len(part)} tokens are {name}, fewer than one window of {self.length}; give a "
                    "longer text or a smaller length."
                )
        return train, test

    @property
    def train_tokens(self) -> Int[Tensor, "pos"]:
        """The tokens that windows are drawn from."""
        return self._parts[0]

    @property
    def test_tokens(self) -> Int[Tensor, "pos"]:
        """The tokens that nothing is trained on."""
        return self._parts[1]

    def batch(self, update: int, seed: int, size: int) -> Examples:
        """`size` windows of the trained part, begun anywhere; determined by update and seed alone."""
        generator = torch.Generator().manual_seed(1 + seed * 1_000_003 + update)
        starts = torch.randint(len(self.train_tokens) - self.length + 1, (size,), generator=generator)
        return self._windows(self.train_tokens, starts)

    @cached_property
    def probe(self) -> Examples:
        """At most 256 windows of the test part, evenly spaced and without overlap."""
        count = min(WINDOWS, len(self.test_tokens) // self.length)
        starts = torch.arange(count) * (len(self.test_tokens) // count)
        return self._windows(self.test_tokens, starts)

    def _windows(self, tokens: Int[Tensor, "pos"], starts: Int[Tensor, "example"]) -> Examples:
        inputs = tokens[starts[:, None] + torch.arange(self.length)]
        return Examples(inputs, inputs[:, 1:], reads=tuple(range(self.length - 1)))

    @property
    def references(self) -> tuple[NGrams, ...]:
        """Predictors to compare a model with: uniform, and n-grams of order 1 to 5 counted in the trained part."""
        return _references(self)

    @property
    def reference(self) -> NGrams:
        """The 5-gram predictor."""
        return self.references[-1]

    @property
    def reads(self) -> tuple[int, ...]:
        """Every position but the last."""
        return tuple(range(self.length - 1))

    @property
    def n_ctx(self) -> int:
        """Tokens of a window."""
        return self.length

    @property
    def d_vocab_out(self) -> int:
        """As many answers as tokens."""
        return self.d_vocab or 0

    @property
    def grid(self) -> None:
        """None, as windows are no table of operands."""
        return None

    @property
    def position_names(self) -> list[str]:
        """Positions by their number."""
        return [f"position {position}" for position in range(self.length)]

    @cached_property
    def digest(self) -> str:
        """A digest of the text's own, its unit and the length of windows, for which the text need not be read."""
        return hashlib.sha256(f"{self.sha256} {self.unit} {self.length}".encode()).hexdigest()[:16]


def digest_of(sides: Sides) -> str:
    """The SHA-256 of both parts of a text and of where they are divided."""
    whole = hashlib.sha256(f"{len(sides.train)}:".encode())
    for part in sides:
        whole.update(part)
    return whole.hexdigest()


@lru_cache(maxsize=4)
def _references(task: Written) -> tuple[NGrams, ...]:
    assert task.d_vocab is not None  # for the type checker
    return NGrams(task.train_tokens, ORDER, task.d_vocab).up_to()
