"""`Parity`: the hypothesis that a model computes with the parity of some of its input bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.hypotheses.hypothesis import Act, Null, Spanned, equal_energy, random_subspace
from groklens.hypotheses.values import values_at
from groklens.snapshots import Snapshot
from groklens.tasks import Task, check_tokens


@dataclass(frozen=True, init=False)
class Parity:
    """The hypothesis that a model computes with the parity of a set of bits, the tokens at some positions.

    The function (−1)^(sum of the bits) is a character of C₂ⁿ, as a wave is one of a cyclic group. Each bit has two
    tokens; the smaller one counts as 0. `gl.examine(run.final, Parity([1, 4]))` keeps and removes what of logits,
    neurons and residual stream varies with it. Raises `BadArgument` for no bit, or one named twice.

    >>> Parity([4, 1]).in_words
    'the parity of bits 1, 4'
    """

    bits: tuple[int, ...]

    def __init__(self, bits: Iterable[int] | int | Any) -> None:
        listed: Any = [bits] if isinstance(bits, int) else bits
        if not isinstance(listed, Iterable) or isinstance(listed, str):
            raise BadArgument(f"bits is {described(bits)}; give positions of the input, such as [1, 4].")
        found = sorted(whole_number("a bit", each, 0, such_as=1) for each in listed)
        if not found or len(set(found)) < len(found):
            raise BadArgument(
                f"bits is {described(bits)}; give at least one position, each once, such as [1, 4]."
            )
        object.__setattr__(self, "bits", tuple(found))

    @property
    def in_words(self) -> str:
        """Such as `the parity of bits 1, 4`."""
        return f"the parity of bit{'s' * (len(self.bits) > 1)} {', '.join(map(str, self.bits))}"

    def sites(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The logits, and the last MLP's neurons and residual stream where the model has them."""
        self.signs(snapshot.task)  # raises where the bits are none of the task's
        anatomy = snapshot.anatomy
        found = {"neurons": anatomy.neurons, "residual": anatomy.residual}
        return ("logits", *(name for name, site in found.items() if site and anatomy.can_be_edited))

    def signs(self, task: Task) -> Float[Tensor, "input"]:
        """The parity as −1 or 1 of every input, float64; `BadArgument` where these positions hold no bits."""
        check_tokens(task, "bits")
        if self.bits[-1] >= task.n_ctx:
            raise BadArgument(
                f"{self.in_words} does not fit {task.name}, whose inputs have positions 0 to {task.n_ctx - 1}."
            )
        columns = task.inputs[:, list(self.bits)]
        for position, column in zip(self.bits, columns.unbind(dim=1), strict=True):
            if len(column.unique()) != 2:
                raise BadArgument(
                    f"Position {position} of {task.name} holds {len(column.unique())} different tokens; a bit has two."
                )
        return 1 - 2.0 * ((columns > columns.amin(dim=0)).sum(dim=1) % 2).double()

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """What of the values varies with the parity: their projection on it, the mean taken out of both."""
        signs = self.signs(snapshot.task)
        centred = signs - signs.mean()
        return Spanned((centred / centred.norm().clamp_min(1e-300))[:, None]).part(values, site, snapshot)

    def nulls(self, act: Act, site: str, snapshot: Snapshot) -> list[Null]:
        """Parities of as many other bits, a random function of the inputs, and a change of equal energy."""
        done, n_inputs = ("kept" if act == "keep" else "removed"), len(snapshot.task.labels)
        bits = [at for at, column in enumerate(snapshot.task.inputs.T) if len(column.unique()) == 2]
        found = [random_subspace(f"random function {done}", n_inputs, 1)]
        if len(bits) > len(self.bits):
            name = f"parity of as many random bits {done}"
            found.insert(0, Null("random_bits", name, lambda g: self._other(bits, g)))
        if act == "remove":
            values = values_at(snapshot, site)
            part = self.part(values, site, snapshot).double()
            found.append(equal_energy("random change of equal energy", part, values.dtype))
        return found

    def _other(self, bits: list[int], generator: torch.Generator) -> Parity:
        while True:
            order = torch.randperm(len(bits), generator=generator)[: len(self.bits)]
            other = Parity([bits[at] for at in order.tolist()])
            if other != self:
                return other
