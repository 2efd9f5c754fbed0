"""Progress measures: what remains of the model with only its circuit, and without it."""

from __future__ import annotations

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.capture import Snapshot
from groklens.circuits import Circuit
from groklens.harmonics import answer_means, logit_similarity
from groklens.measures.measure import measure
from groklens.measures.shared import by_component
from groklens.models.loss import cross_entropy_each

_SECTION = "Nanda et al. 2023, section 5"
_NATS = (0.0, float("inf"))


def restricted_logits(snapshot: Snapshot, circuit: Circuit) -> Float[Tensor, "input answer"]:
    """The logits' part within the circuit's functions of the answer, plus their mean over all inputs; float64."""
    constant = snapshot.logits.double().mean(dim=0)
    return circuit.project(snapshot.logits, snapshot.task) + constant


def excluded_logits(snapshot: Snapshot, circuit: Circuit) -> Float[Tensor, "input answer"]:
    """The logits without that part; nothing else is added or taken away; float64."""
    return circuit.remove(snapshot.logits, snapshot.task)


@measure(
    long_name="restricted loss",
    units="nats",
    valid_range=_NATS,
    source=_SECTION + "; over all inputs (the paper names no split)",
    split="all",
    needs=("circuit",),
)
def restricted_loss(snapshot: Snapshot, circuit: Circuit) -> float:
    """Loss with only the circuit's part of the logits, over all inputs, in nats.

    At or below the test loss where the circuit is all that generalises; log(classes) where it does nothing.
    """
    return float(_restricted(snapshot, circuit).mean())


@measure(
    long_name="restricted loss on train inputs",
    units="nats",
    valid_range=_NATS,
    source=_SECTION,
    split="train",
    needs=("circuit", "split"),
)
def restricted_loss_train(snapshot: Snapshot, circuit: Circuit) -> float:
    """Loss with only the circuit's part of the logits, over the train inputs, in nats."""
    return float(_restricted(snapshot, circuit)[snapshot.train_index].mean())


@measure(
    long_name="restricted loss on test inputs",
    units="nats",
    valid_range=_NATS,
    source=_SECTION,
    split="test",
    needs=("circuit", "split"),
)
def restricted_loss_test(snapshot: Snapshot, circuit: Circuit) -> float:
    """Loss with only the circuit's part of the logits, over the held-out inputs, in nats."""
    return float(_restricted(snapshot, circuit)[snapshot.test_index].mean())


@measure(
    long_name="excluded loss",
    units="nats",
    valid_range=_NATS,
    source=_SECTION + "; all components removed at once, two directions a frequency",
    split="train",
    needs=("circuit", "split"),
)
def excluded_loss(snapshot: Snapshot, circuit: Circuit) -> float:
    """Train loss without the circuit's part of the logits, in nats.

    Equal to the train loss while the model memorises without the circuit; rises as it comes to rely on it.
    """
    index = snapshot.train_index
    logits = excluded_logits(snapshot, circuit)[index]
    return float(cross_entropy_each(logits, snapshot.task.labels[index]).mean())


@measure(
    long_name="excluded loss of one component",
    units="nats",
    valid_range=_NATS,
    source=_SECTION + "; one component removed at a time",
    split="train",
    needs=("circuit", "split"),
)
def excluded_loss_each(snapshot: Snapshot, circuit: Circuit) -> xr.DataArray:
    """Train loss without one of the circuit's components at a time (component), in nats."""
    single = [Circuit(circuit.group, [name]) for name in circuit.components]
    return by_component({c.components[0]: float(excluded_loss(snapshot, c)) for c in single})


@measure(
    long_name="logit variance explained",
    units="share of variance",
    valid_range=(0, 1),
    source="Nanda et al. 2023, section 4.2: least squares on cos w_k(a+b−c), logits centred by one scalar",
    split="all",
    needs=("circuit",),
)
def logit_fve(snapshot: Snapshot, circuit: Circuit) -> float:
    """Share of the logits' variance explained by the circuit's characters of x∘y∘z⁻¹.

    1 when the logits are made of them alone. Accurate models can have low values, and clock and pizza both
    have high ones: it is no verdict by itself.
    """
    logits = snapshot.logits[:, : circuit.group.order].double()
    centred = logits - logits.mean()
    symmetry = circuit.symmetry(snapshot.task)
    means = answer_means(centred, symmetry)
    cosines = logit_similarity(means, float(centred.square().sum()), symmetry.group)
    return sum(cosines[name] ** 2 for name in circuit.components)


def _restricted(snapshot: Snapshot, circuit: Circuit) -> Float[Tensor, "input"]:
    with torch.no_grad():
        return cross_entropy_each(restricted_logits(snapshot, circuit), snapshot.task.labels)
