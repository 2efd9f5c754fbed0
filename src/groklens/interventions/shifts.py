"""What a change of what the last layer's heads read adds to neurons and logits, by products of the change."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.interventions import neurons as neurons_
from groklens.interventions.readout import PROBED, ROUNDING, is_linear, read_by
from groklens.memory import BUDGETS, rows_within
from groklens.models import at_rest, device_of
from groklens.models.fast_pass import quick_activation, quick_forward, quick_holds
from groklens.snapshots import Snapshot


class Shifted(NamedTuple):
    """Logits and neurons after a change, and the logits while the neurons stay as they were: what goes past them."""

    logits: Float[Tensor, "input answer"]
    neurons: Float[Tensor, "input neuron"]
    past: Float[Tensor, "input answer"]


class Shifts:
    """A snapshot whose last heads reach neurons and logits by linear maps, as they do where no norm stands between.

    What one head reads is then a small factor of what neurons receive: its change adds one product of its own width,
    where running the model from the heads on takes one as wide as all of them.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        weights, self._read = snapshot.weights, read_by(snapshot)
        into = torch.cat([weights["W_in"][-1], weights["W_U"][:, : snapshot.logits.shape[1]]], dim=1)
        self._into = (
            (weights["W_O"][-1] @ into).cpu().to(self._read.dtype)
        )  # head × d_head × what is received
        self._neurons, self._logits = neurons_.of(snapshot), snapshot.logits
        received = snapshot.neuron_inputs
        assert received is not None  # `found` asks for the neurons' inputs first
        self._received, self._act = received, quick_activation(snapshot.anatomy.model)

    @classmethod
    def found(cls, snapshot: Snapshot, z: Float[Tensor, "input head d_head"]) -> Shifts | None:
        """The shifts of a snapshot on the processor whose heads read `z` there; None where they do not hold.

        Whether they do is found out by running a few inputs on from half of what the first head reads.
        """
        model, task = snapshot.anatomy.model, snapshot.task
        wanted = snapshot.anatomy.neuron_inputs is not None and device_of(model).type == "cpu"
        if not (wanted and is_linear(snapshot) and quick_holds(model, task.inputs, task.d_vocab_out)):
            return None
        shifts, rows = cls(snapshot), slice(0, None, -(-len(z) // PROBED))
        halved = z[rows].clone()
        halved[:, 0] *= 0.5
        with at_rest(model):
            run = quick_forward(model, task.inputs[rows], task.d_vocab_out, heads=halved)[0]
        apart = (shifts._at(rows, 0, -halved[:, 0]).logits - run).abs().max()
        return shifts if bool(apart <= ROUNDING * float(snapshot.logits.abs().max())) else None

    def of(self, head: int, change: Float[Tensor, "input d_head"]) -> Shifted:
        """What the model gives where one head reads that much more at the answer; a few inputs at a time."""
        found = Shifted(*map(torch.empty_like, (self._logits, self._neurons, self._logits)))
        size = rows_within(len(change), 8 * self._neurons.shape[1], BUDGETS.grid)
        for start in range(0, len(change), size):
            rows = slice(start, start + size)
            for whole, part in zip(found, self._at(rows, head, change[rows]), strict=True):
                whole[rows] = part
        return found

    def _at(self, rows: slice, head: int, change: Float[Tensor, "some d_head"]) -> Shifted:
        into_neurons, into_logits = self._into[head].tensor_split([self._neurons.shape[1]], dim=1)
        neurons = self._act(torch.addmm(self._received[rows], change, into_neurons))
        past = torch.addmm(self._logits[rows], change, into_logits)
        return Shifted(torch.addmm(past, neurons - self._neurons[rows], self._read), neurons, past)
