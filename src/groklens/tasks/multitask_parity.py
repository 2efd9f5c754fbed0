"""`gl.tasks.MultitaskParity`: many sparse parities, of which control bits choose one, a stream."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described, is_number, whole_fields
from groklens.tasks.examples import Examples
from groklens.tasks.stream import Stream

#: Examples of the probe, and of every skill where skills are looked at one by one.
PROBE, OF_A_SKILL = 4096, 4096


@dataclass(frozen=True, eq=False, repr=False)
class MultitaskParity(Stream):
    """Many sparse parities at once, as a stream: a control bit says which skill is asked for, some far more often.

    Inputs are tokens, 0 or 1: `skills` control bits, exactly one of them set, and n random ones. Where control bit i is
    set, the label is 1 if an odd number of the k bits in `subsets[i]` (chosen by `seed`, different for every skill) are
    set. Skill i is asked for with probability proportional to (i + 1)^−(1 + alpha), in `frequencies`. Michaud et al.
    (2023), arXiv:2303.13506, §3: each skill is learned suddenly, the frequent ones first, and the sum is smooth. The
    probe is drawn as batches are; `each_skill` has as many examples of a rare skill as of a frequent one.
    Raises `BadArgument` for k above n, or for more skills than there are subsets.

    >>> task = MultitaskParity(skills=4, n=8, k=2)
    >>> examples = task.batch(update=1, seed=0, size=6)
    >>> bits = examples.inputs.gather(1, task.subsets[task.skill_of(examples.inputs)])
    >>> bool((examples.labels == bits.sum(dim=1) % 2).all())
    True
    """

    skills: int = 16
    n: int = 24
    k: int = 3
    alpha: float = 0.4
    seed: int = 0

    def __post_init__(self) -> None:
        whole_fields(self, "skills", "n", "k", least=1)
        whole_fields(self, "seed", least=0)
        if self.k > self.n:
            raise BadArgument(f"k is {self.k}, of n = {self.n} bits; ask for at most as many as there are.")
        if self.skills > comb(self.n, self.k):
            raise BadArgument(
                f"skills is {self.skills}, and {self.n} bits have {comb(self.n, self.k)} subsets of {self.k}; ask for "
                "at most as many."
            )
        if not is_number(self.alpha) or not self.alpha > -1:
            raise BadArgument(
                f"alpha is {described(self.alpha)}; give a number above −1, such as 0.4: frequencies fall as "
                "(i + 1)^−(1 + alpha)."
            )
        object.__setattr__(self, "alpha", float(self.alpha))  # 1 and 1.0: one specification

    @property
    def name(self) -> str:
        """The task's name, such as `16 parities of 3 of 24 bits`."""
        return f"{self.skills} parities of {self.k} of {self.n} bits"

    @cached_property
    def operand_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the control bits, from c1, and of the others, from x1."""
        control = (f"c{skill + 1}" for skill in range(self.skills))
        return (*control, *(f"x{bit + 1}" for bit in range(self.n)))

    @cached_property
    def subsets(self) -> Int[Tensor, "skill bit"]:
        """Positions of the bits whose parity each skill asks for, ascending; no two skills have the same."""
        generator = torch.Generator().manual_seed(self.seed)
        found: dict[tuple[int, ...], None] = {}  # keeps the order in which they are drawn
        while len(found) < self.skills:
            order = torch.randperm(self.n, generator=generator)[: self.k]
            found[tuple(sorted((order + self.skills).tolist()))] = None
        return torch.tensor(list(found))

    @cached_property
    def frequencies(self) -> Float[Tensor, "skill"]:
        """The probability that each skill is asked for, float64, falling."""
        powers = torch.arange(1, self.skills + 1, dtype=torch.float64) ** -(1 + self.alpha)
        return powers / powers.sum()

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
        return self._drawn(2 + seed * 1_000_003 + update, size)

    @cached_property
    def probe(self) -> Examples:
        """4,096 fixed inputs, drawn with a generator that no update uses."""
        return self._drawn(0, PROBE)

    @cached_property
    def each_skill(self) -> Examples:
        """4,096 fixed inputs of every skill, in the skills' order, drawn with another generator that no update uses."""
        asked = torch.arange(self.skills).repeat_interleave(OF_A_SKILL)
        return self._asking(asked, torch.Generator().manual_seed(1))

    @cached_property
    def kinds(self) -> dict[str, Int[Tensor, "input"]]:
        """The inputs of the probe that ask for each skill, the most frequent first."""
        asked = self.skill_of(self.inputs)
        return {f"skill {i + 1}": torch.nonzero(asked == i)[:, 0] for i in range(self.skills)}

    def skill_of(self, inputs: Int[Tensor, "input pos"]) -> Int[Tensor, "input"]:
        """Which skill each input asks for, from 0: the place of the control bit that is set."""
        return inputs[:, : self.skills].argmax(dim=1)

    def _drawn(self, seed: int, size: int) -> Examples:
        generator = torch.Generator().manual_seed(seed)
        asked = torch.multinomial(self.frequencies, size, replacement=True, generator=generator)
        return self._asking(asked, generator)

    def _asking(self, asked: Int[Tensor, "input"], generator: torch.Generator) -> Examples:
        control = torch.nn.functional.one_hot(asked, self.skills)
        bits = torch.randint(2, (len(asked), self.n), generator=generator)
        inputs: Int[Tensor, "input pos"] = torch.cat([control, bits], dim=1)
        return Examples(inputs, inputs.gather(1, self.subsets[asked]).sum(dim=1) % 2)
