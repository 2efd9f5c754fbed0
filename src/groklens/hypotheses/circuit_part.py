"""What of a model's values at a site belongs to components of a group, and as many functions without a meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.groups import FiniteGroup, Symmetry
from groklens.harmonics import (
    ComponentName,
    answer_means,
    chosen_basis,
    nontrivial,
    project_on_answer,
    without_components,
)
from groklens.hypotheses.hypothesis import Act, Null, Part, equal_energy, random_subspace
from groklens.hypotheses.values import constant_at, values_at
from groklens.models import operand_rows
from groklens.snapshots import Snapshot, logit_means, neuron_shares
from groklens.tasks import Task

Order = Int[Tensor, "element"]


@runtime_checkable
class Components(Protocol):
    """Components of a group that stand in the inputs of tasks: a `Circuit`."""

    @property
    def group(self) -> FiniteGroup:
        """The group whose components they are."""

    @property
    def components(self) -> tuple[ComponentName, ...]:
        """The components, in the group's order."""

    @property
    def size(self) -> int:
        """Dimension of the space of functions of the answer that they span."""

    @property
    def is_everything(self) -> bool:
        """Whether they are all that there are."""

    def symmetry(self, task: Task) -> Symmetry:
        """Where the group's elements stand in the task's inputs."""


@dataclass(frozen=True, eq=False)
class Relabelled:
    """A circuit's components with the group's elements renamed: as many functions, whose components mean nothing."""

    circuit: Components
    order: Order | None = None

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """The part of the values at `site` in the components; of functions of the answer, the class or the operands."""
        symmetry, names = self.circuit.symmetry(snapshot.task), self.circuit.components
        if site == "logits":
            return _of_answer(values, symmetry, names, self.order)
        if site == "readout":
            return _of_class(values, chosen_basis(symmetry.group, names))
        if site == "embeddings":
            return _of_operands(values, snapshot, symmetry, names, self.order)
        if site == "fits":
            return _fits(values, snapshot, symmetry, names, self.order)
        if site == "heads":  # what reaches the answer
            part = torch.zeros_like(values)
            part[:, :, -1] = _of_both(values[:, :, -1], symmetry, names, self.order)
            return part
        return _of_both(values, symmetry, names, self.order)


@runtime_checkable
class OfAnswer(Part, Protocol):
    """A part of the logits that is a function of the answer alone, of a row for each element."""

    @property
    def symmetry(self) -> Symmetry:
        """Where the answer stands."""

    def by_answer(self, snapshot: Snapshot) -> Float[Tensor, "element answer"]:
        """The part of every input with each answer."""


@dataclass(frozen=True, eq=False)
class AnswerFunctions:
    """Functions of the answer, spanned by an orthonormal basis (element × size)."""

    basis: Float[Tensor, "element size"]
    symmetry: Symmetry

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """The projection of the logits on these functions."""
        return self.by_answer(snapshot)[self.symmetry.products]

    def by_answer(self, snapshot: Snapshot) -> Float[Tensor, "element answer"]:
        """The same by answer."""
        return self.basis @ (self.basis.T @ logit_means(snapshot, self.symmetry))


@dataclass(frozen=True, eq=False)
class GivenByAnswer:
    """A function of the answer (element × answer) that is given as it is, whatever the logits."""

    table: Float[Tensor, "element answer"]
    symmetry: Symmetry

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """The function given, for every input."""
        return self.table[self.symmetry.products]

    def by_answer(self, snapshot: Snapshot) -> Float[Tensor, "element answer"]:
        """The same by answer."""
        return self.table


@dataclass(frozen=True, eq=False)
class ClassFunctions:
    """Functions of the class, spanned by an orthonormal basis (element × size)."""

    basis: Float[Tensor, "element size"]

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """The projection of every input's logits on these functions."""
        return _of_class(values, self.basis)


def circuit_nulls(circuit: Components, act: Act, site: str, snapshot: Snapshot) -> list[Null]:
    """The controls of a circuit at a site, by what the site's values are functions of."""
    if site == "logits":
        return _of_the_logits(circuit, act, snapshot)
    if site == "readout":
        return _of_the_readout(circuit, snapshot)
    what = {"fits": "per-neuron fits under", "embeddings": "components of"}.get(site, "functions of")
    done = "" if site == "fits" else " kept" if act == "keep" else " removed"
    return [Null("relabelled", f"{what} relabelled elements{done}", lambda g: _relabelled(circuit, g))]


def _of_the_logits(circuit: Components, act: Act, snapshot: Snapshot) -> list[Null]:
    done = "kept" if act == "keep" else "removed"
    symmetry, n_inputs = circuit.symmetry(snapshot.task), len(snapshot.task.labels)
    part = Relabelled(circuit).part(values_at(snapshot, "logits"), "logits", snapshot)
    found = [
        random_subspace(f"random subspace {done}", n_inputs, circuit.size),
        Null(
            "random_answer_functions",
            f"random functions of the answer {done}",
            lambda g: AnswerFunctions(_rotated(circuit, g), symmetry),
        ),
    ]
    if circuit.is_everything:  # no other functions of the answer are left to draw
        found.pop()
    if act == "keep":
        name = "random function of the answer, equal energy"
        return [*found, Null("equal_energy", name, _random_answers(snapshot, symmetry, part))]
    name = "random change of equal energy"
    return [*found, equal_energy(name, part, part.dtype)]


def _of_the_readout(circuit: Components, snapshot: Snapshot) -> list[Null]:
    part = Relabelled(circuit).part(values_at(snapshot, "readout"), "readout", snapshot)
    noise = equal_energy("random change of equal energy", part, part.dtype)
    if circuit.is_everything:
        return [noise]
    name = "random functions of the class removed"
    return [Null("random_class_functions", name, lambda g: ClassFunctions(_rotated(circuit, g))), noise]


def _relabelled(circuit: Components, generator: torch.Generator) -> Relabelled:
    return Relabelled(circuit, torch.randperm(circuit.group.order, generator=generator))


def _rotated(circuit: Components, generator: torch.Generator) -> Float[Tensor, "element size"]:
    """An orthonormal basis of a random subspace of the group's non-constant functions, of the circuit's dimension."""
    functions = torch.cat([part.basis for part in nontrivial(circuit.group).values()], dim=1)
    draw = torch.randn(functions.shape[1], circuit.size, generator=generator, dtype=torch.float64)
    return functions @ torch.linalg.qr(draw).Q


def _random_answers(
    snapshot: Snapshot, symmetry: Symmetry, part: Tensor
) -> Callable[[torch.Generator], GivenByAnswer]:
    """Draws of a random function of the answer of the energy of `part`, in place of the logits whole."""
    norm, constant = part.norm(), constant_at("logits", snapshot)
    inputs = torch.bincount(symmetry.products, minlength=symmetry.group.order)[:, None]

    def draw(generator: torch.Generator) -> GivenByAnswer:
        values = torch.randn(symmetry.group.order, part.shape[1], generator=generator, dtype=torch.float64)
        energy = (inputs * values.square()).sum()  # over the inputs
        return GivenByAnswer(values * (norm / energy.sqrt()) - constant, symmetry)

    return draw


def _of_answer(
    values: Tensor, symmetry: Symmetry, names: Sequence[ComponentName], order: Order | None
) -> Tensor:
    if order is None:
        return project_on_answer(values, symmetry, tuple(names)).to(values.dtype)
    basis = chosen_basis(symmetry.group, tuple(names))[order]
    return (basis @ (basis.T @ answer_means(values, symmetry)))[symmetry.products].to(values.dtype)


def _of_class(values: Tensor, basis: Tensor) -> Tensor:
    n, part = len(basis), torch.zeros_like(values)
    part[:, :n] = (values[:, :n] @ basis) @ basis.T
    return part


def _of_both(
    values: Tensor, symmetry: Symmetry, names: Sequence[ComponentName], order: Order | None
) -> Tensor:
    """Functions of both operands in products of one component's waves (`shares_in`)."""
    flat = values.flatten(1)
    rest = without_components(flat, symmetry, names, order)
    return (flat - flat.mean(dim=0) - rest).view(values.shape)


def _of_operands(
    values: Tensor,
    snapshot: Snapshot,
    symmetry: Symmetry,
    names: Sequence[ComponentName],
    order: Order | None,
) -> Tensor:
    """Functions of each operand in its own position; what stands elsewhere is constant."""
    basis = chosen_basis(symmetry.group, tuple(names)).to(values.dtype)
    basis, part = basis if order is None else basis[order], values * 0
    for operand, row in enumerate(operand_rows(snapshot.anatomy.model, snapshot.task, values.shape[1])[:2]):
        table = values.new_zeros(symmetry.group.order, values.shape[-1])
        table[symmetry.elements[:, operand]] = values[:, row]  # an embedding depends on its own token alone
        part[:, row] = (basis @ (basis.T @ table))[symmetry.elements[:, operand]]
    return part


def _fits(
    values: Tensor,
    snapshot: Snapshot,
    symmetry: Symmetry,
    names: Sequence[ComponentName],
    order: Order | None,
) -> Tensor:
    """The fit of every neuron with its own component, without its mean; 0 for one whose component is another."""
    owners, _, _ = neuron_shares(snapshot, symmetry)
    part = torch.zeros_like(values)
    for component in names:
        own = torch.tensor([owner == component for owner in owners])
        if own.any():
            part[:, own] = _of_both(values[:, own], symmetry, (component,), order)
    return part
