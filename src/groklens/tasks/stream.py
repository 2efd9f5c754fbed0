"""`Stream`: a task with fresh examples for every update, and a fixed probe on which a model is studied."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any

from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.tasks.examples import Examples, Inputs
from groklens.tasks.task import Task


class Stream(Task):
    """A task of more inputs than can be listed: each update trains on fresh examples, and a fixed probe stands for all.

    `batch` gives them, a pure function of the update and the seed, so that a run that was killed goes on without any
    state of the data. `probe` is a fixed set of examples that stands for all: measures, explanations and pictures look
    at it, and `inputs` and `labels` are its. Nothing of the probe is trained on but by chance, so that all of it is
    test. Derive from it a frozen dataclass with `name`, `d_vocab`, `d_vocab_out`, `batch` and `probe`.
    """

    is_stream = True

    @abstractmethod
    def batch(self, update: int, seed: int, size: int) -> Examples:
        """The `size` examples of update number `update` (from 1) of a run with this seed."""

    @property
    @abstractmethod
    def probe(self) -> Examples:
        """The fixed examples that stand for all."""

    @cached_property
    def examples(self) -> dict[str, Examples]:
        """The probe, under the name `probe`."""
        return {"probe": self.probe}

    @property
    def inputs(self) -> Inputs:
        """The inputs of the probe."""
        return self.examples["probe"].inputs

    @property
    def labels(self) -> Int[Tensor, "input"] | Int[Tensor, "input read"]:
        """The correct class of every input of the probe."""
        return self.examples["probe"].labels

    @property
    def reads(self) -> tuple[int, ...]:
        """Positions that are answered, in the probe and in every batch."""
        return self.examples["probe"].reads

    def split(self, train_fraction: float, seed: int) -> Any:
        """Raise, as a stream has no table to split."""
        raise BadArgument(
            f"{self.name} is a stream: every update has fresh examples, and the probe is all test. There is no split."
        )
