"""`keep` and `remove`: a model with only a circuit's components, or without them, in logits, neurons or embeddings."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described, is_number
from groklens.harmonics import answer_means, chosen_basis, without_components
from groklens.hypotheses import AnyCircuit, Circuit, as_circuit
from groklens.interventions import neurons
from groklens.interventions.patch import LOGITS, patch
from groklens.models import Site, operand_rows
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot

#: Where projections are made.
PLACES = (LOGITS, "neurons", "embeddings")
Order = Int[Tensor, "element"]


def keep(
    snapshot: AnyRun, circuit: AnyCircuit, at: str = LOGITS, relabelled: Order | None = None
) -> Snapshot:
    """The snapshot with only the circuit's part, and the mean, of the logits, neurons or embeddings.

    `at` is `"logits"` (functions of the answer in the circuit's components, Nanda's restricted logits),
    `"neurons"` of the last MLP (functions of both operands: products of one component's waves), or
    `"embeddings"` (functions of each operand). `relabelled` renames the group's elements first: a permutation
    drawn at random gives a control of the same dimensions, whose components mean nothing.

    Raises `BadArgument` for another place, or one that the model does not have.
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    circuit = as_circuit(circuit, snapshot.task)
    return _projected(snapshot, circuit, at, kept=True, amount=1.0, relabelled=relabelled)


def remove(
    snapshot: AnyRun,
    circuit: AnyCircuit,
    at: str = LOGITS,
    amount: float = 1.0,
    relabelled: Order | None = None,
) -> Snapshot:
    """The snapshot without the circuit's part of the logits, neurons or embeddings; arguments and errors as for `keep`.

    `amount` is the share of it that is removed: 0 leaves all, 1 nothing, 2 turns its sign.
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    circuit = as_circuit(circuit, snapshot.task)
    return _projected(snapshot, circuit, at, kept=False, amount=amount, relabelled=relabelled)


def _projected(
    snapshot: Snapshot, circuit: Circuit, at: str, *, kept: bool, amount: float, relabelled: Order | None
) -> Snapshot:
    if not is_number(amount):
        raise BadArgument(
            f"amount is {described(amount)}; give the share to remove, such as 1.0 for all of it."
        )
    if at not in PLACES:
        raise BadArgument(f"at is {at!r}; choose {', '.join(map(repr, PLACES))}.")
    if at == LOGITS:
        site, values = Site(LOGITS), snapshot.logits
    elif at == "neurons":
        site, values = neurons.site(snapshot), neurons.of(snapshot)
    else:
        site, values = embedding_of(snapshot), embeddings_of(snapshot)
    part, mean = parts(values, snapshot, circuit, at, relabelled)
    return patch(snapshot, site, mean + part if kept else values - amount * part)


def parts(
    values: Tensor, snapshot: Snapshot, circuit: Circuit, at: str, relabelled: Order | None = None
) -> tuple[Tensor, Tensor]:
    """The circuit's part of the logits, neurons or embeddings, and their constant part (the mean)."""
    if at == "embeddings":
        return _operand_part(values, snapshot, circuit, relabelled)
    mean = values.mean(dim=0)
    symmetry = circuit.symmetry(snapshot.task)
    if at == "neurons":
        rest = without_components(values, symmetry, circuit.components, relabelled)
        return values - mean - rest, mean
    if relabelled is None:
        return circuit.project(values, snapshot.task).to(values.dtype), mean
    basis = chosen_basis(circuit.group, circuit.components)[relabelled]
    means = answer_means(values, symmetry)
    return (basis @ (basis.T @ means))[symmetry.products].to(values.dtype), mean


def embeddings_of(snapshot: Snapshot) -> Float[Tensor, "input pos d_model"]:
    """The embeddings of every input at `hook_embed`; `BadArgument` for a model without that hook."""
    return snapshot.activations(embedding_of(snapshot))


def embedding_of(snapshot: Snapshot) -> Site:
    """The site of token embeddings; `BadArgument` for a model without it."""
    if snapshot.anatomy.embedding is None:
        raise BadArgument(f"{snapshot!r} has no embeddings at hook_embed to intervene on.")
    return snapshot.anatomy.embedding


def _operand_part(
    values: Float[Tensor, "input pos d_model"], snapshot: Snapshot, circuit: Circuit, relabelled: Order | None
) -> tuple[Tensor, Tensor]:
    """The circuit's functions of each operand in its own position; other positions are constant."""
    elements = circuit.symmetry(snapshot.task).elements
    basis = chosen_basis(circuit.group, circuit.components).to(values.dtype)
    basis = basis if relabelled is None else basis[relabelled]
    part, mean = values * 0, values.clone()
    for operand, row in enumerate(operand_rows(snapshot.model, snapshot.task, values.shape[1])[:2]):
        table = values.new_zeros(circuit.group.order, values.shape[-1])
        table[elements[:, operand]] = values[:, row]  # an embedding depends on its own token alone
        part[:, row] = (basis @ (basis.T @ table))[elements[:, operand]]
        mean[:, row] = table.mean(dim=0)
    return part, mean
