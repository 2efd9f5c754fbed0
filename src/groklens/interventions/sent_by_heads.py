"""What a model gives while one head is silent: what it reads, from all positions or one, held at its mean."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.interventions import neurons as neurons_
from groklens.interventions.patch import patched
from groklens.interventions.readout import is_linear, read_by
from groklens.interventions.shifts import Shifts
from groklens.models import Heads, at_rest, device_of
from groklens.models.fast_pass import quick_forward, quick_holds, quick_read_from
from groklens.snapshots import Snapshot, inputs_in_blocks


class Silent(NamedTuple):
    """The logits and the last MLP's neurons, both at the answer, while a head is silent.

    `past_neurons` gives the logits while the neurons are those of the whole model: what goes past them.
    """

    logits: Float[Tensor, "input answer"]
    neurons: Float[Tensor, "input neuron"]
    past_neurons: Callable[[], Float[Tensor, "input answer"]]


class SentByHeads:
    """What the heads of one layer send: their z, and the part of it that comes from each position.

    The answer depends on the last layer's heads at its own position alone; elsewhere nothing of theirs is looked at
    then, and the quick pass goes on from what they read.
    """

    def __init__(self, snapshot: Snapshot, layer: Heads) -> None:
        self._snapshot, self._site = snapshot, layer.z
        task, last = snapshot.task, layer.layer == len(snapshot.anatomy.heads) - 1
        self._quick = (
            last
            and quick_holds(snapshot.anatomy.model, task.inputs, task.d_vocab_out)
            and is_linear(snapshot)
        )
        if self._quick:
            self._parts = _read_from(snapshot)[:, None]
            self._z = self._parts.sum(dim=2)
            self._shifts = Shifts.found(snapshot, self._z[:, 0])
            return
        self._z = snapshot.activations(layer.z)
        values = snapshot.activations(layer.values)
        values = values.repeat_interleave(self._z.shape[2] // values.shape[2], dim=2)  # heads may share
        pattern = snapshot.activations(layer.pattern).permute(0, 2, 3, 1)
        self._parts = pattern[..., None] * values[:, None]

    def without(self, head: int, position: int | None = None) -> Silent:
        """What the model gives with what one head reads, from all positions or one, held at its mean."""
        part = self._z[:, :, head] if position is None else self._parts[:, :, position, head]
        change = part.mean(dim=0) - part
        if self._quick and self._shifts is not None:
            shifted = self._shifts.of(head, change[:, 0])
            return Silent(shifted.logits, shifted.neurons, lambda: shifted.past)
        changed = self._z.clone()
        changed[:, :, head] += change
        whole, neurons = self._snapshot, neurons_.of(self._snapshot)
        if self._quick:
            logits, own = self._quickly(changed[:, 0])
            return Silent(logits, own, lambda: logits + (neurons - own) @ read_by(whole))
        silent = patched(whole, self._site, changed)
        past = partial(patched, silent, neurons_.site(whole), neurons)
        return Silent(silent.logits, neurons_.of(silent), lambda: past().logits)

    def _quickly(self, read: Float[Tensor, "input head d_head"]) -> tuple[Tensor, Tensor]:
        """Logits and neurons by the quick pass, where the last layer's heads read this at the answer."""
        model, d_vocab_out, given, start = (
            self._snapshot.anatomy.model,
            self._snapshot.task.d_vocab_out,
            [],
            0,
        )
        for tokens in inputs_in_blocks(self._snapshot.anatomy):
            heads = read[start : start + len(tokens)].to(device_of(model))
            with at_rest(model):
                given.append(quick_forward(model, tokens, d_vocab_out, heads=heads))
            start += len(tokens)
        logits, neurons = zip(*given, strict=True)
        return torch.cat(logits).cpu(), torch.cat(neurons).cpu()


def _read_from(snapshot: Snapshot) -> Float[Tensor, "input key head d_head"]:
    """What the last layer's heads read at the answer from each position, by the quick pass."""
    parts = []
    for tokens in inputs_in_blocks(snapshot.anatomy):
        with at_rest(snapshot.anatomy.model):
            parts.append(quick_read_from(snapshot.anatomy.model, tokens).cpu())
    return torch.cat(parts)
