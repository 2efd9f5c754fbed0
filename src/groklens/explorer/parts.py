"""The parts of a model that can be looked at and ablated one by one: components, heads, neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from groklens.claims import named
from groklens.explorer.looked_at import LookedAt
from groklens.harmonics import nontrivial

#: The kinds of parts; components are called frequencies, whatever the group.
FREQUENCY, HEAD, NEURON = KINDS = ("frequency", "head", "neuron")


@dataclass(frozen=True)
class Part:
    """One part: its kind, the id by which the page asks for it, its name, and what the library calls it."""

    kind: str
    id: str
    name: str
    value: Any


def parts_of(looked: LookedAt) -> dict[str, dict[str, Part]]:
    """Every part of the run's model by kind and id, in order; ids are digits and dots alone."""
    return looked.once(_parts)


def component_id(looked: LookedAt, component: Any) -> str:
    """The id of a component: a frequency's number, an irrep's place among the group's."""
    return next(
        (part.id for part in parts_of(looked)[FREQUENCY].values() if part.value == component), str(component)
    )


def _parts(looked: LookedAt) -> dict[str, dict[str, Part]]:
    final, symmetry = looked.final, looked.task.symmetry
    components = [] if symmetry is None else list(nontrivial(symmetry.group))
    neurons = 0 if final.neurons is None else final.neurons.shape[1]
    found = [
        *(
            Part(FREQUENCY, str(name if isinstance(name, int) else place), named([name]), name)
            for place, name in enumerate(components)
        ),
        *(
            Part(HEAD, name, f"head {name}", name)
            for layer in final.anatomy.heads
            if final.anatomy.has(layer.z)
            for name in layer.names
        ),
        *(Part(NEURON, str(number), f"neuron {number}", number) for number in range(neurons)),
    ]
    return {kind: {part.id: part for part in found if part.kind == kind} for kind in KINDS}
