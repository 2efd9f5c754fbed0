"""`keep` and `remove`: a model with only a hypothesis' part of the values at a site, or without it."""

from __future__ import annotations

from typing import Any

from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described, is_number
from groklens.hypotheses import (
    SITES,
    Act,
    AnyCircuit,
    Circuit,
    Heads,
    Hypothesis,
    Part,
    Relabelled,
    as_circuit,
    constant_at,
    hooks_at,
    values_at,
)
from groklens.interventions.edited_model import Edit, edited
from groklens.interventions.patch import LOGITS, at_site, patched
from groklens.models import Site
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot

Order = Int[Tensor, "element"]
#: A hypothesis, or the components of a circuit of the task's own group.
AnyHypothesis = Hypothesis | AnyCircuit


def keep(
    snapshot: AnyRun, circuit: AnyHypothesis, at: str = LOGITS, relabelled: Order | None = None
) -> Snapshot:
    """The snapshot with only a hypothesis' part, and the mean, of the values at a site.

    Of a circuit, `at` is `"logits"` (functions of the answer in the circuit's components, Nanda's restricted logits),
    `"readout"` (the logits as functions of the class), `"neurons"` of the last MLP (functions of both operands:
    products of one component's waves), `"fits"` (each neuron by its own component alone), `"embeddings"` (functions of
    each operand), `"residual"` or `"heads"` (of both operands, at the answer). `Parity`, `Neurons`, `Heads` and `Helix`
    say where they can be tried by `sites(snapshot)`; `"HOOK@POSITION"` is a hook of your own. `relabelled` renames a
    group's elements first: a permutation drawn at random gives a control of the same dimensions, whose components mean
    nothing.

    Raises `BadArgument` for another place, or one that the model does not have.
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    return _acted(snapshot, "keep", _part(circuit, relabelled, snapshot), at, 1.0)


def remove(
    snapshot: AnyRun,
    circuit: AnyHypothesis,
    at: str = LOGITS,
    amount: float = 1.0,
    relabelled: Order | None = None,
) -> Snapshot:
    """The snapshot without a hypothesis' part of the values at a site; arguments and errors as for `keep`.

    `amount` is the share of it that is removed: 0 leaves all, 1 nothing, 2 turns its sign.
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    return _acted(snapshot, "remove", _part(circuit, relabelled, snapshot), at, amount)


def as_hypothesis(given: AnyHypothesis | Any, snapshot: Snapshot) -> Hypothesis:
    """A hypothesis from itself, or from components of the task's own group; `BadArgument` for anything else."""
    if isinstance(given, Hypothesis) and not isinstance(given, Circuit):
        return given
    return as_circuit(given, snapshot.task)


def changed_at(
    snapshot: Snapshot, act: Act, hypothesis: Part, site: str, amount: float = 1.0
) -> Float[Tensor, "input ..."]:
    """The values at a site with only a part of them and the mean, or without the part; logits float64."""
    values = values_at(snapshot, site)
    part = hypothesis.part(values, site, snapshot)
    if act == "keep":
        return constant_at(site, snapshot) + part
    return values - (part if amount == 1 else amount * part)


def _part(given: AnyHypothesis, relabelled: Order | None, snapshot: Snapshot) -> Part:
    hypothesis = as_hypothesis(given, snapshot)
    if relabelled is None:
        return hypothesis
    if not isinstance(hypothesis, Circuit):
        raise BadArgument(
            f"relabelled renames the elements of a group, and {hypothesis.in_words} is of none."
        )
    return Relabelled(hypothesis, relabelled)


def _acted(snapshot: Snapshot, act: Act, hypothesis: Part, at: str, amount: float) -> Snapshot:
    if not is_number(amount):
        raise BadArgument(
            f"amount is {described(amount)}; give the share to remove, such as 1.0 for all of it."
        )
    if at not in SITES and "@" not in str(at):
        raise BadArgument(f"at is {at!r}; choose {', '.join(map(repr, SITES))}, or 'HOOK@POSITION'.")
    hooks = hooks_at(snapshot, at)  # raises where the model has none
    if at == "heads" and (act == "remove" or isinstance(hypothesis, Heads)):
        return with_heads(snapshot, act, hypothesis, amount)
    return with_values(snapshot, hooks, changed_at(snapshot, act, hypothesis, at, amount))


def with_heads(snapshot: Snapshot, act: Act, hypothesis: Part, amount: float = 1.0) -> Snapshot:
    """The snapshot with heads held at their means, or without a part of what heads give, while the model runs.

    Later layers see what the change makes of earlier ones: nothing is held at what it was in the whole model.
    """
    hooks, values = hooks_at(snapshot, "heads"), values_at(snapshot, "heads")
    part, means = hypothesis.part(values, "heads", snapshot), values.mean(dim=0)
    edits: dict[str, Edit] = {}
    for layer, hook in enumerate(hooks):
        if isinstance(hypothesis, Heads):
            own = [head for at, head in hypothesis.heads if at == layer]
            held = own if act == "remove" else [h for h in range(values.shape[3]) if h not in own]
            edits[hook.hook] = _held(held, means[layer], amount if act == "remove" else 1.0)
        else:
            edits[hook.hook] = _less(amount * part[:, layer])
    return edited(snapshot, edits)


def _held(heads: list[int], means: Tensor, amount: float) -> Edit:
    def edit(value: Tensor, rows: Tensor) -> Tensor:
        changed = value.clone()
        changed[:, :, heads] += amount * (means[:, heads].to(value) - value[:, :, heads])
        return changed

    return edit


def _less(part: Tensor) -> Edit:
    return lambda value, rows: value - part[rows].to(value)


def with_values(snapshot: Snapshot, hooks: list[Site], changed: Tensor) -> Snapshot:
    """The snapshot with other values at its hooks, or in place of its logits; of several layers all at once."""
    if not hooks:
        return patched(snapshot, LOGITS, changed.to(snapshot.logits.dtype))
    if changed.ndim == 5:  # heads: input × layer × …
        edits: dict[str, Edit] = {
            hook.hook: at_site(hook, changed[:, layer]) for layer, hook in enumerate(hooks)
        }
        return edited(snapshot, edits)
    return patched(snapshot, hooks[0], changed)
