"""`gl.tasks.SparseParity`: whether an odd number of a few hidden bits are set, a stream."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, whole_fields
from groklens.tasks.corrupted import Corrupted
from groklens.tasks.examples import Examples
from groklens.tasks.stream import Stream
from groklens.tasks.task import Task

#: Examples of the probe.
PROBE = 4096


@dataclass(frozen=True, eq=False, repr=False)
class SparseParity(Stream):
    """The parity of k hidden bits among n random ones, as a stream: which k they are has to be learned.

    Inputs are n tokens, 0 or 1, uniform and independent; the label is 1 where an odd number of the bits in `hidden`
    (chosen by `seed`) are set. Barak et al. (2022), arXiv:2207.08799: no gradient shows the bits until late, and
    progress is hidden behind a loss at chance, log 2. Raises `BadArgument` for k above n.

    >>> task = SparseParity(n=10, k=3)
    >>> examples = task.batch(update=1, seed=0, size=4)
    >>> bool((examples.labels == examples.inputs[:, task.hidden].sum(dim=1) % 2).all())
    True
    """

    n: int = 40
    k: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        whole_fields(self, "n", "k", least=1)
        whole_fields(self, "seed", least=0)
        if self.k > self.n:
            raise BadArgument(f"k is {self.k}, of n = {self.n} bits; hide at most as many as there are.")

    @property
    def name(self) -> str:
        """The task's name, such as `parity of 3 of 40 bits`."""
        return f"parity of {self.k} of {self.n} bits"

    @cached_property
    def operand_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the bits, from x1."""
        return tuple(f"x{bit + 1}" for bit in range(self.n))

    @cached_property
    def hidden(self) -> list[int]:
        """Positions of the k bits whose parity is asked for, ascending."""
        order = torch.randperm(self.n, generator=torch.Generator().manual_seed(self.seed))
        return sorted(order[: self.k].tolist())

    @property
    def d_vocab(self) -> int:
        """Two tokens, as a bit is set or not."""
        return 2

    @property
    def d_vocab_out(self) -> int:
        """Two classes, even and odd."""
        return 2

    def batch(self, update: int, seed: int, size: int) -> Examples:
        """`size` fresh inputs, determined by update and seed alone."""
        return self._drawn(1 + seed * 1_000_003 + update, size)

    @cached_property
    def probe(self) -> Examples:
        """4,096 fixed inputs, drawn with a generator that no update uses."""
        return self._drawn(0, PROBE)

    def _drawn(self, seed: int, size: int) -> Examples:
        generator = torch.Generator().manual_seed(seed)
        inputs: Int[Tensor, "example pos"] = torch.randint(2, (size, self.n), generator=generator)
        return Examples(inputs, inputs[:, self.hidden].sum(dim=1) % 2)


def hidden_bits(task: Task) -> list[int]:
    """Positions of the bits that a task hides among others, as its `hidden` says; none of a task without that.

    >>> hidden_bits(Corrupted(SparseParity(n=5, k=1, seed=0), 0.1)) == SparseParity(n=5, k=1, seed=0).hidden
    True
    """
    within = task.task if isinstance(task, Corrupted) else task
    found = getattr(within, "hidden", None)
    return list(found) if isinstance(found, list | tuple) and len(found) < task.n_ctx else []
