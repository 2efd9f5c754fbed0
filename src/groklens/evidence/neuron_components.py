"""The finding that a model's neurons compute with the circuit's components, more than under relabelled elements."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.claims import Control, Finding, Verdict
from groklens.harmonics import ComponentName, shares_in, without_components
from groklens.hypotheses import Circuit
from groklens.snapshots import Snapshot

DRAWS = 20
#: A component is seen when its share is this many standard deviations above the relabelled draws' mean …
DEVIATIONS = 5.0
#: … and this much of the whole: a lookup's draws do not vary, and rounding must not decide.
LEAST = 1e-3


def components_in_neurons(snapshot: Snapshot, circuit: Circuit) -> tuple[list[ComponentName], Finding]:
    """The circuit's components that neurons compute with, and the finding that there are any.

    Neurons count by what they add to the logits (their row of W_L), so that those which nothing reads prove
    nothing. A component's share of their power over the grid of operands is compared with the shares it gets
    when the elements are relabelled at random (20 draws, seed 0): one neuron a cell looks the same under
    every labelling, whatever its logits. Relabelling scatters the power of strong components over all, which
    would hide weak ones: what stands out is therefore taken out, and the rest are compared again, until none
    is added. A model in which no neurons are found is judged by its embedding instead; with no W_E either there is
    nothing to see it in: every component stays, and the finding is undecided.
    """
    if snapshot.anatomy.shows_logits_alone:
        return list(circuit.components), _not_looked_at(snapshot, circuit)
    values, what = _values(snapshot, circuit)
    generator = torch.Generator().manual_seed(0)
    symmetry, names = circuit.symmetry(snapshot.task), circuit.components
    orders = [torch.randperm(circuit.group.order, generator=generator) for _ in range(DRAWS)]
    own, draws = shares_in(values, symmetry, names, orders)
    seen = new = [name for name in names if _stands_out(own[name], [draw[name] for draw in draws])]
    while new and len(seen) < len(names):
        unseen = [name for name in names if name not in seen]
        rest, blank = shares_in(without_components(values, symmetry, seen), symmetry, unseen, orders)
        new = [name for name in unseen if _stands_out(rest[name], [draw[name] for draw in blank])]
        seen = [name for name in names if name in seen or name in new]
    return seen, _shown(what, names, seen, own, draws)


def _shown(
    what: str,
    names: Sequence[ComponentName],
    seen: Sequence[ComponentName],
    own: Mapping[ComponentName, float],
    draws: Sequence[Mapping[ComponentName, float]],
) -> Finding:
    """The claim that `what` computes with these components, by the share of those seen, or of all where none is.

    Number and control are of the same components, so that one can be held against the other.
    """
    compared, unseen = seen or names, [name for name in names if name not in seen]
    verdict: Verdict = "supported" if not unseen else "undecided" if seen else "refuted"
    note = (
        f"not seen: {_listed(unseen)}"
        if seen
        else f"none is seen, and the share is that of all: {_listed(unseen)}"
    )
    return Finding(
        f"{what} compute with {_key_ones(len(names), len(seen))}",
        sum(own[name] for name in compared),
        "share of power",
        verdict,
        (
            Control.of(
                "elements relabelled at random",
                [sum(draw[name] for name in compared) for draw in draws],
                key="relabelled",
            ),
        ),
        source=f"a component is seen above {DEVIATIONS:g} standard deviations of its relabelled shares",
        key="neurons.show",
        note=note if unseen else "",
    )


def _key_ones(count: int, seen: int = 0) -> str:
    """The key components as a phrase, with how many of them the neurons show where they show all."""
    if count == 1:
        return "the one component that is key in the logits"
    return f"{f'{seen} of ' if seen == count else ''}the {count} components that are key in the logits"


def _not_looked_at(snapshot: Snapshot, circuit: Circuit) -> Finding:
    """The claim that neurons compute with the circuit's components, undecided as none were found."""
    return Finding(
        f"the neurons compute with {_key_ones(len(circuit.components))}",
        None,
        "share of power",
        "undecided",
        source="a component is seen in neurons or embeddings",
        key="neurons.show",
        note=f"{snapshot.anatomy.nothing_to_see}; {snapshot.anatomy.how_to_name}",
    )


def _values(snapshot: Snapshot, circuit: Circuit) -> tuple[Float[Tensor, "input feature"], str]:
    if snapshot.neurons is not None:
        read = snapshot.neuron_logit_map
        weight = 1.0 if read is None else read.norm(dim=1).to(snapshot.neurons)
        return snapshot.neurons * weight, "the neurons"
    embedding = snapshot.weights["W_E"][: circuit.group.order].cpu()
    elements = circuit.symmetry(snapshot.task).elements
    return torch.cat([embedding[elements[:, 0]], embedding[elements[:, 1]]], dim=1), "the embeddings"


def _stands_out(own: float, draws: list[float]) -> bool:
    mean = statistics.fmean(draws)
    margin = max(DEVIATIONS * statistics.stdev(draws), LEAST)
    return own > mean + margin and own > max(draws)


def _listed(names: list[ComponentName]) -> str:
    shown = ", ".join(map(str, names[:12]))
    return shown + (", …" if len(names) > 12 else "")
