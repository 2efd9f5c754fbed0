"""The edges of a model's circuit, from tokens by heads and neurons to the logits, measured by path patching.

An edge's effect is how much the loss rises, in nats over all inputs, when what is sent along it is replaced by
its mean over the inputs and everything else on the way stays what it is: the direct paths of Wang et al. (2022),
arXiv:2211.00593, with mean ablation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.claims import Control, how_many
from groklens.errors import BadArgument
from groklens.hypotheses import AnyCircuit, Circuit, as_circuit
from groklens.interventions import neurons as neurons_
from groklens.interventions.edge_table import RANDOM_NEURONS, Edge, Node, edge_table
from groklens.interventions.readout import is_linear, logits_with, logits_without
from groklens.interventions.sent_by_heads import SentByHeads, Silent
from groklens.models import cross_entropy_each
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot, judged_by
from groklens.threads import each_beside, one_thread

#: Random sets of neurons that a cluster is compared with.
DRAWS = 10


@one_thread()
def edges(snapshot: AnyRun, circuit: AnyCircuit) -> xr.Dataset:
    """The edges token → head → cluster of neurons → logits of a model, each with the rise of the loss without it.

    A table with a row per `edge`: `effect`, in nats; `control_mean`, `control_low` and `control_high`, the same for as
    many random neurons outside a cluster, missing where there is no such control; and the names, kinds, components and
    sizes of what the edge goes from (`source`, …) and to (`target`, …). `edges_in` reads it back as `Edge`s.

    Clusters are the neurons of each of the circuit's components (`clusters`), the rest are one node. A head's
    edge to the logits is what goes past the last MLP. What one head tells a later one is counted with the
    earlier head. Without attention, edges go from operands to clusters: what is sent is replaced by its mean
    over that operand's values. Effects do not add up: heads and clusters share work. Raises `BadArgument` for
    a model without neurons, or a circuit of another group.

    >>> edges(run.final, gl.find_circuit(run.final)).to_dataframe()  # doctest: +SKIP
    """
    snapshot = as_snapshot(snapshot).where_group_acts
    circuit = as_circuit(circuit, snapshot.task)
    circuit.symmetry(snapshot.task)
    look = _Look(snapshot, circuit)
    if not snapshot.anatomy.can_be_edited:
        raise BadArgument(f"A {snapshot.anatomy.kind} has no hooks, so nothing in it can be patched.")
    heads = look.from_heads() if snapshot.anatomy.has_attention else look.from_operands()
    return edge_table([*look.beside(look.edge, heads), *look.to_logits()], circuit, snapshot.task.name)


class Cut(NamedTuple):
    """An edge whose ends are given, and what gives the logits without it."""

    source: Node
    target: Node
    logits: Callable[[], Float[Tensor, "input answer"]]


class _Look:
    """One snapshot with its clusters, and the loss with which every edge is compared.

    What is sent is found by running the model; where its readout is linear, products say what comes of it, and are
    taken beside, in other threads.
    """

    def __init__(self, snapshot: Snapshot, circuit: Circuit) -> None:
        self.snapshot = snapshot
        self.neurons = neurons_.of(snapshot)
        self.clusters = _clusters(snapshot, circuit)
        self.whole = self._loss(snapshot.logits)
        self.logits = Node("logits", "logits")
        self.beside = each_beside if is_linear(snapshot) else map

    def edge(self, cut: Cut) -> Edge:
        return Edge(cut.source, cut.target, self._rise(cut.logits()))

    def from_heads(self) -> Iterator[Cut]:
        for layer in self.snapshot.anatomy.heads:
            sent = SentByHeads(self.snapshot, layer)
            for head, called in enumerate(layer.names):
                node = Node("head", f"head {called}")
                for position, name in enumerate(self.snapshot.task.position_names):
                    yield Cut(Node("token", name), node, _given(sent.without(head, position).logits))
                yield from self._onward(node, sent.without(head))

    def _onward(self, node: Node, silent: Silent) -> Iterator[Cut]:
        for cluster, index in self.clusters:
            yield Cut(node, cluster, partial(self._with, silent.neurons, index))
        yield Cut(node, self.logits, silent.past_neurons)

    def from_operands(self) -> Iterator[Cut]:
        task = self.snapshot.task
        for position in range(task.n_operands):
            changed = _mean_over(self.neurons, task.operands, position)
            for cluster, index in self.clusters:
                token = Node("token", task.operand_names[position])
                yield Cut(token, cluster, partial(self._with, changed, index))

    def to_logits(self) -> Iterator[Edge]:
        generator = torch.Generator().manual_seed(0)
        for cluster, index in self.clusters:
            control = None if cluster.kind == "neurons" else self._at_random(index, generator)
            yield Edge(cluster, self.logits, self._ablated(index), control)

    def _at_random(self, index: Int[Tensor, "member"], generator: torch.Generator) -> Control | None:
        outside = torch.ones(self.neurons.shape[1], dtype=torch.bool)
        outside[index] = False
        pool = torch.nonzero(outside)[:, 0]
        if len(pool) < len(index):
            return None
        draws = [pool[torch.randperm(len(pool), generator=generator)[: len(index)]] for _ in range(DRAWS)]
        return Control.of(
            RANDOM_NEURONS,
            list(self.beside(self._ablated, draws)),
            key="random_neurons",
        )

    def _ablated(self, index: Int[Tensor, "member"]) -> float:
        return self._rise(logits_without(self.snapshot, index))

    def _with(self, changed: Float[Tensor, "input neuron"], index: Tensor) -> Float[Tensor, "input answer"]:
        return logits_with(self.snapshot, index, changed.index_select(1, index))

    def _rise(self, logits: Float[Tensor, "input answer"]) -> float:
        return self._loss(logits) - self.whole

    def _loss(self, logits: Float[Tensor, "input answer"]) -> float:
        return float(cross_entropy_each(logits, judged_by(self.snapshot.task, "all")).mean())


def _given(logits: Tensor) -> Callable[[], Tensor]:
    return lambda: logits


def _clusters(snapshot: Snapshot, circuit: Circuit) -> list[tuple[Node, Int[Tensor, "member"]]]:
    found = neurons_.clusters(snapshot, circuit)
    nodes = [(Node("cluster", how_many(len(i), "neuron"), name, len(i)), i) for name, i in found.items()]
    rest = torch.ones(neurons_.of(snapshot).shape[1], dtype=torch.bool)
    for index in found.values():
        rest[index] = False
    others = torch.nonzero(rest)[:, 0]
    if len(others):
        nodes.append(
            (
                Node(
                    "neurons", "1 other" if len(others) == 1 else f"{len(others)} others", None, len(others)
                ),
                others,
            )
        )
    return nodes


def _mean_over(
    neurons: Float[Tensor, "input neuron"], operands: Int[Tensor, "input operand"], position: int
) -> Float[Tensor, "input neuron"]:
    """The neurons of each input, averaged over all inputs that differ from it in one operand alone."""
    others = torch.cat([operands[:, :position], operands[:, position + 1 :]], dim=1)
    _, place = others.unique(dim=0, return_inverse=True)
    count = torch.bincount(place).to(neurons.dtype)
    sums = torch.zeros(len(count), neurons.shape[1], dtype=neurons.dtype).index_add_(0, place, neurons)
    return (sums / count[:, None])[place]
