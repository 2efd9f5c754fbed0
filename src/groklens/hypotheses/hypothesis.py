"""`Hypothesis`: a claim about what a model computes with, that can be kept, removed, and drawn without its meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from groklens.snapshots import Snapshot

#: What is done with a hypothesis' part of the values at a site: it alone is kept, or it is taken out.
Act = Literal["keep", "remove"]
#: Where hypotheses are tried, by name, and what stands there: `readout` is the logits as functions of the class, `fits`
#: the neurons with each replaced by its own fit, `residual` the last layer's at the answer. A hook and a position,
#: such as `blocks.0.hook_resid_pre@a`, are a site too.
SITES = {
    "logits": "the logits",
    "readout": "what is read out",
    "fits": "the neurons' fits",
    "neurons": "the neurons",
    "embeddings": "the embeddings",
    "residual": "the residual stream",
    "heads": "what heads give",
}


def said_at(site: str) -> str:
    """A site in words, such as `the neurons`.

    >>> said_at("hook_embed@a")
    'hook_embed at a'
    """
    return SITES.get(site, site.replace("@", " at "))


@runtime_checkable
class Part(Protocol):
    """What has a part of the values at a site: a hypothesis, or a draw of the same size without its meaning."""

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """What of the values (input × …) is its own, of their shape; the mean over inputs is in no part."""


class Null(NamedTuple):
    """A control of a hypothesis by its key and name: draws of equal size, or equal energy, that mean nothing.

    Where there are fewer such parts than would be drawn, `every` has each of them once. Controls whose `noise` has one
    shape make their parts of the same numbers, which are drawn once for all of them that are asked for together; and
    those that make the same part of them make it once.
    """

    key: str
    name: str
    draw: Callable[[torch.Generator], Part]
    every: tuple[Part, ...] = ()
    noise: Noise | None = None


class Noise(NamedTuple):
    """Gaussian numbers of a shape, float64, and the part that a control makes of them."""

    shape: torch.Size
    made: Callable[[Tensor], Part]

    def draw(self, generator: torch.Generator) -> Part:
        """A draw."""
        return self.made(self.drawn(generator))

    def drawn(self, generator: torch.Generator) -> Tensor:
        """The numbers of a draw."""
        return torch.randn(self.shape, generator=generator, dtype=torch.float64)


@runtime_checkable
class Hypothesis(Part, Protocol):
    """A claim about what a snapshot computes with: a subspace (`Circuit`, `Parity`, `Helix`) or units (`Heads`, …).

    `sites` says where it can be tried, `part` what of the values there is its own, and `nulls` gives the draws that
    its part is compared with. `gl.examine(snapshot, hypothesis)` keeps and removes it at every site.
    """

    @property
    def in_words(self) -> str:
        """The hypothesis in a sentence, such as `the parity of bits 0, 3`."""

    def sites(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The sites, of `SITES` or a hook and position, at which it can be tried in this snapshot."""

    def nulls(self, act: Act, site: str, snapshot: Snapshot) -> list[Null]:
        """Its controls at a site."""


@dataclass(frozen=True, eq=False)
class Spanned:
    """The part of values in a subspace of functions of the inputs, given by an orthonormal basis (input × size)."""

    basis: Tensor

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """The projection on the subspace."""
        basis, flat = self.basis, values.flatten(1).double()
        return (basis @ (basis.T @ flat)).view(values.shape).to(values.dtype)


@dataclass(frozen=True, eq=False)
class Given:
    """A part that is given as it is, whatever the values."""

    values: Tensor

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """The part given."""
        return self.values


def random_subspace(name: str, n_inputs: int, size: int) -> Null:
    """The control that takes a random subspace, of dimension `size`, of all functions of the inputs."""
    noise = Noise(torch.Size((n_inputs, size)), _spanned)
    return Null("random_subspace", name, noise.draw, noise=noise)


def _spanned(draw: Tensor) -> Spanned:
    return Spanned(torch.linalg.qr(draw).Q)


def change_like(part: Tensor, dtype: torch.dtype) -> Noise:
    """Draws of a random change of the energy (sum of squares) of `part`, to be removed from values of this dtype."""
    norm = part.norm()
    return Noise(part.shape, lambda noise: Given((noise * (norm / noise.norm())).neg_().to(dtype)))


def equal_energy(name: str, part: Tensor, dtype: torch.dtype) -> Null:
    """The control that removes a random change of the energy of `part` from values of this dtype."""
    noise = change_like(part, dtype)
    return Null("equal_energy", name, noise.draw, noise=noise)
