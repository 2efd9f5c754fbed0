"""How activations anywhere vary with an element of a group that inputs carry: their spectrum along a coordinate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.claims import DRAWS
from groklens.errors import BadArgument, described
from groklens.groups import FiniteGroup, as_group
from groklens.harmonics import nontrivial, operand_shares
from groklens.hypotheses import Circuit
from groklens.integers import integers
from groklens.measures.family import Family
from groklens.measures.measure import About
from groklens.measures.word_states import group_of_words, word_values, words_of
from groklens.snapshots import Snapshot, symmetry_of

#: The coordinates that a task with a group has: its operands, and its answer.
COORDINATES = ("x", "y", "xy")
#: The coordinate of a `Words` task: the element that each input's word is, read at the word.
WORD = "word"
#: What the shares of a component are taken under, in the order of the axis `labelling`.
LABELLINGS = ("own", "relabelled: mean", "relabelled: lowest", "relabelled: highest")


@dataclass(frozen=True)
class ActivationSpectrum(Family):
    """Share of each component in how activations at a site vary along a coordinate, beside relabelled elements.

    The coordinate is an element of a group that every input carries: the operand `"x"` or `"y"`, the answer `"xy"`, the
    `"word"` of a `gl.tasks.Words`, read at the word's own token whatever `pos` is, or your own, a number for every
    input (the weekday that a text is about), with the `group` that it is of; inputs with a negative number are left
    out. The site is a hook, the last MLP's neurons where it is None, at the position `pos`, a number or a name of the
    task's. Activations are averaged over the inputs that share an element, and the variance of these means is split
    over the components of the group: component × labelling, in [0, 1], summing to 1 over components. `own` is by the
    group as it is; the other labellings are the mean, least and largest of 20 draws that rename its elements at random,
    about size / (order − 1) each. Above the largest: the means follow that component; within the draws: nothing is
    seen. Spectra are no mechanism: what carries the power may be unused (`gl.examine`).

    After Engels et al. (2024), arXiv:2405.14860, who find circles of weekdays; the relabelled draws are ours. Raises
    `BadArgument` for a coordinate that is none, or elements that no input has.

    >>> gl.measures.ActivationSpectrum("blocks.0.hook_resid_mid", coordinate="x")(run.final)  # doctest: +SKIP
    """

    site: str | None = None
    coordinate: str | tuple[int, ...] = "xy"
    pos: int | str = -1
    group: str | None = None

    about = About(
        "activation variance along a coordinate",
        "share of variance",
        (0, 1),
        "Engels et al. 2024, arXiv:2405.14860; beside 20 draws of relabelled elements",
        "all",
    )

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> xr.DataArray:
        """The shares, component × labelling."""
        snapshot = snapshot if isinstance(self.coordinate, tuple) else snapshot.where_group_acts
        group, elements = self._elements(snapshot)
        hook = snapshot.last_mlp if self.site is None else self.site
        of_words = self.coordinate == WORD
        values = word_values(snapshot, hook) if of_words else snapshot.activations(hook, self.pos)
        means = means_of_elements(values, elements, group)
        generator = torch.Generator().manual_seed(0)
        orders = [_meaningless(group, generator) for _ in range(DRAWS)]
        own, *drawn = (operand_shares(each, group) for each in (means, *(means[order] for order in orders)))
        of_draws = torch.tensor([list(each.values()) for each in drawn])
        table = torch.stack(
            [torch.tensor(list(own.values())), of_draws.mean(0), of_draws.amin(0), of_draws.amax(0)], dim=1
        )
        coordinates = {"component": list(nontrivial(group)), "labelling": list(LABELLINGS)}
        return xr.DataArray(table.double().numpy(), dims=("component", "labelling"), coords=coordinates)

    def _elements(self, snapshot: Snapshot) -> tuple[FiniteGroup, Int[Tensor, "input"]]:
        """The group, and the element of every input along the coordinate."""
        if isinstance(self.coordinate, str):
            if self.group is not None:
                raise BadArgument(
                    f"group={self.group!r} goes with a coordinate of your own; {self.coordinate!r} is of the task's."
                )
            if self.coordinate == WORD:
                return group_of_words(snapshot), words_of(snapshot).elements
            if self.coordinate not in COORDINATES:
                raise BadArgument(
                    f"coordinate is {self.coordinate!r}; choose {', '.join(map(repr, COORDINATES))}, or give an "
                    "element for every input, as a tuple of whole numbers."
                )
            symmetry = symmetry_of(snapshot)
            if self.coordinate == "xy":
                return symmetry.group, symmetry.products
            return symmetry.group, symmetry.elements[:, "xy".index(self.coordinate)]
        own = snapshot.task.group if self.group is None else as_group(self.group)
        if own is None:
            raise BadArgument("A coordinate of your own is of a group; say which: group='C7'.")
        elements = integers("coordinate", self.coordinate, 1, "(0, 1, −1)")
        n_inputs = len(snapshot.task.inputs)
        if len(elements) != n_inputs or int(elements.max()) >= own.order:
            raise BadArgument(
                f"coordinate has {len(elements)} numbers up to {int(elements.max())}; {own.name} has {own.order} "
                f"elements and the task {n_inputs} inputs: give each its element, or −1 for none."
            )
        return own, elements


def _meaningless(group: FiniteGroup, generator: torch.Generator) -> Int[Tensor, "element"]:
    """A random renaming of the elements under which some component is no component; `BadArgument` where none is found.

    Shifts, reflections and multiplications of a cyclic group carry waves into waves, and would be no control.
    """
    bases = [part.basis for part in nontrivial(group).values()]
    sizes = torch.tensor([basis.shape[1] for basis in bases], dtype=torch.float64)
    whole = torch.cat(bases, dim=1)
    owner = torch.repeat_interleave(torch.arange(len(bases)), sizes.long())
    for _ in range(200):
        order = torch.randperm(group.order, generator=generator)
        overlap = (whole.T @ whole[order]).square()
        by_part = torch.zeros(len(bases), overlap.shape[1], dtype=torch.float64).index_add_(0, owner, overlap)
        if bool((by_part.amax(dim=0) < 1 - 1e-6).any()):
            return order
    raise BadArgument(
        f"Every renaming of the {group.order} elements of {group.name} carries components into components, so there is "
        "no control for a spectrum of so small a group."
    )


def means_of_elements(
    values: Tensor, elements: Int[Tensor, "input"], group: FiniteGroup
) -> Float[Tensor, "element feature"]:
    """Mean activation of the inputs with each element, float64; `BadArgument` where an element has none."""
    carries = elements >= 0
    flat, elements = values[carries].flatten(1).double(), elements[carries]
    counts = torch.bincount(elements, minlength=group.order)
    if not counts.all():
        missing = torch.nonzero(counts == 0)[:, 0].tolist()
        raise BadArgument(
            f"No input has the element {described(missing[0])} of {group.name}; a spectrum needs every element."
        )
    sums = torch.zeros(group.order, flat.shape[1], dtype=torch.float64).index_add_(0, elements, flat)
    return sums / counts[:, None]
