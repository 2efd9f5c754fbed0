"""`Circuit`: the hypothesis that a model computes with certain components of a group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from groklens.claims import named
from groklens.errors import BadArgument, described
from groklens.groups import FiniteGroup, Symmetry, as_group, plain
from groklens.harmonics import ComponentName, chosen_basis, component_name, nontrivial, project_on_answer
from groklens.hypotheses.circuit_part import Relabelled, circuit_nulls
from groklens.hypotheses.hypothesis import Act, Null
from groklens.snapshots import Snapshot
from groklens.tasks import LAST, Task, check_tokens, in_words


@dataclass(frozen=True, init=False)
class Circuit:
    """The hypothesis that a model computes with a set of non-trivial components of a group.

    Write one down to test it (`gl.examine(run.final, gl.Circuit("C113", [14, 35]))`), or let `find_circuit`
    propose one. Components are frequencies of a cyclic group, irrep names or partitions of any other. Raises
    `UnknownName` for a component that the group does not have, `BadArgument` for none at all.

    >>> Circuit("C113", [35, 14]).components
    (14, 35)
    """

    group: FiniteGroup
    components: tuple[ComponentName, ...]

    def __init__(self, group: FiniteGroup | str, components: Sequence[ComponentName] | ComponentName) -> None:
        whole = as_group(group)
        components = [component_name(whole, name) for name in _listed(components)]  # raises for unknown ones
        order = list(nontrivial(whole))
        if not components or not set(components) <= set(order):
            raise BadArgument(
                f"A circuit of {whole.name} needs at least one component, and not the constant one; "
                f"found {list(components)}."
            )
        object.__setattr__(self, "group", whole)
        object.__setattr__(self, "components", tuple(name for name in order if name in components))

    def __repr__(self) -> str:
        return f"Circuit({self.group.name!r}, {list(self.components)})"

    @property
    def in_words(self) -> str:
        """The components and their group, such as `frequencies 14, 35 of C113`."""
        return f"{named(self.components)} of {self.group.name}"

    def sites(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The logits and what is read out, and per-neuron fits and embeddings where the model has them."""
        anatomy = snapshot.anatomy
        found = {"fits": anatomy.neurons, "embeddings": anatomy.embedding}
        seen = [name for name, site in found.items() if site is not None and anatomy.can_be_edited]
        return ("logits", "readout", *seen)

    def part(self, values: Tensor, site: str, snapshot: Snapshot) -> Tensor:
        """What of the values at a site is a function of the answer, class or operands within the components."""
        return Relabelled(self).part(values, site, snapshot)

    def nulls(self, act: Act, site: str, snapshot: Snapshot) -> list[Null]:
        """Random functions of as many dimensions, of equal energy, and the components of relabelled elements."""
        return circuit_nulls(self, act, site, snapshot)

    @property
    def size(self) -> int:
        """Dimension of the space of functions of the answer that the circuit spans."""
        return chosen_basis(self.group, self.components).shape[1]

    @property
    def is_everything(self) -> bool:
        """Whether the circuit holds every non-trivial component, so that keeping it keeps everything."""
        return len(self.components) == len(nontrivial(self.group))

    def symmetry(self, task: Task) -> Symmetry:
        """Where the circuit's group stands in the task's inputs; `BadArgument` where it does not fit the task."""
        own = task.symmetry
        if task.reads != LAST:
            raise BadArgument(
                f"{task.name} is answered at {in_words(task.reads)}, and a circuit is of one answer at the last "
                "position; look at inputs that end where it is answered."
            )
        if own is not None and (own.group.name == self.group.name or not own.is_plain):
            return plain(own, task.name)
        check_tokens(task, "the elements of a group")
        # A text has no operands; its first two tokens are looked at, as a control.
        operands = task.operands[:, :2] if task.n_operands > 1 else task.inputs[:, :2]
        # Of a larger group too: a whole table of other elements is not a part of the group's.
        if task.inputs.shape[1] < 2 or int(operands.max()) != self.group.order - 1:
            raise BadArgument(
                f"{self!r} does not fit {task.name}: its operands' tokens reach {int(operands.max())}, the "
                f"group has {self.group.order} elements. Use a circuit of "
                f"{own.group.name if own else 'a group of that order'}."
            )
        return Symmetry(self.group, operands)

    def project(self, values: Float[Tensor, "input feature"], task: Task) -> Float[Tensor, "input feature"]:
        """The part of `values` that is a function of the answer within the circuit's components, float64."""
        return project_on_answer(values, self.symmetry(task), self.components)

    def remove(self, values: Float[Tensor, "input feature"], task: Task) -> Float[Tensor, "input feature"]:
        """`values` without their part that is a function of the answer within the circuit's components, float64."""
        return values.double() - self.project(values, task)

    def to_dict(self) -> dict[str, Any]:
        """The circuit as JSON values: the group's name and the components."""
        return {"group": self.group.name, "components": list(self.components)}


#: A circuit, or the components of one of the task's own group, where a circuit is meant.
AnyCircuit = Circuit | Sequence[ComponentName] | ComponentName


def circuit_such_as(task: Task) -> str:
    """How a circuit of a task's own group is written, for messages; of C113 where the task has no group.

    >>> from groklens.tasks import ModularArithmetic
    >>> circuit_such_as(ModularArithmetic(10, "add"))
    "gl.Circuit('C10', [1, 2])"
    """
    if task.symmetry is None:
        return "gl.Circuit('C113', [7, 20])"
    group = task.symmetry.group
    some = list(nontrivial(group))[:2]
    try:
        as_group(group.name)
    except BadArgument:  # a group of one's own has components, and no name to be found by
        return str(some)
    return f"gl.{Circuit(group, some)!r}"


def as_circuit(given: AnyCircuit | Any, task: Task) -> Circuit:
    """A circuit from a circuit, or from a list of components of the task's own group.

    Raises `BadArgument` for None (what `find_circuit` gives where there is no circuit) or for components where
    the task has no group, `UnknownName` for a component that the group does not have.

    >>> from groklens.tasks import ModularArithmetic
    >>> as_circuit([7, 20], ModularArithmetic(113, "add"))
    Circuit('C113', [7, 20])
    """
    own = task.symmetry
    if isinstance(given, Circuit):
        # One by the name of the task's group is of that group, whose elements may stand in another order.
        return Circuit(own.group, given.components) if own and own.group.name == given.group.name else given
    if given is None:
        raise BadArgument(
            "The circuit is None, which find_circuit gives where no circuit stands its controls; write one down, "
            f"such as {circuit_such_as(task)}."
        )
    if own is None:
        raise BadArgument(
            f"{task.name} has no group whose components {described(given)} could name; say in which group: "
            "gl.Circuit('C113', [7, 20])."
        )
    return Circuit(own.group, given)


def _listed(components: Any) -> list[Any]:
    """Components from a list, an array or a tensor; a single name gives a list of one."""
    plain = components.tolist() if hasattr(components, "tolist") else components
    if isinstance(plain, (str, int)):
        return [plain]
    if isinstance(plain, Iterable):
        return list(plain)
    raise BadArgument(f"components is {described(components)}; give a list of them, such as [7, 20].")
