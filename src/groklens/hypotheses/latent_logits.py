"""The logits of a rebuilt network on a whole table at once, for scores of many: `rebuilt` builds the network itself.

What a neuron receives is, for one x, a constant and one wave of y, whose table all x share. And neurons of one
frequency write two functions of the answer, so that they are read out by as many columns as the circuit has waves, not
by one a class.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from groklens.hypotheses.circuit import Circuit
from groklens.hypotheses.latent import Latent, extract
from groklens.hypotheses.latent_network import Activation, activation_of, turns
from groklens.memory import BUDGETS, rows_within
from groklens.snapshots import Snapshot
from groklens.tasks import check_tokens


def rebuilt_logits(
    snapshot: Snapshot, circuit: Circuit, relabelled: Int[Tensor, "element"] | None = None
) -> Float[Tensor, "input answer"]:
    """`rebuilt(…).logits`, to the rounding of float32, for a small part of the work."""
    check_tokens(snapshot.task, "the elements of a group")
    latent = extract(snapshot, circuit, relabelled)
    into, functions = _written(latent)
    sums = _read_out(latent, activation_of(snapshot), into)  # function × x × y, in exponents
    sums -= sums.mean(dim=(1, 2), keepdim=True)
    x, y = latent.exponents[circuit.symmetry(snapshot.task).elements[:, :2]].unbind(dim=1)
    n = len(latent.exponents)
    logits = sums.flatten(1)[:, x * n + y].T @ functions
    return F.pad(logits, (0, snapshot.task.d_vocab_out - n)) if snapshot.task.d_vocab_out > n else logits


def _written(latent: Latent) -> tuple[Float[Tensor, "neuron function"], Float[Tensor, "function element"]]:
    """What each neuron adds to the cosine and the sine of each frequency, and these as functions of the answer."""
    n = len(latent.exponents)
    k, place = latent.frequency.unique(return_inverse=True)
    into = torch.zeros(len(latent.frequency), len(k), 2)
    own = torch.arange(len(place))
    into[own, place] = torch.stack([latent.written.real, -latent.written.imag], dim=1).float()
    angle = 2 * torch.pi * (k[:, None] * latent.exponents % n).double() / n
    functions = torch.stack([angle.cos(), angle.sin()], dim=1).float()
    return into.flatten(1), functions.flatten(0, 1)


def _read_out(
    latent: Latent, activation: Activation, into: Float[Tensor, "neuron function"]
) -> Float[Tensor, "function x y"]:
    """What the neurons add up to in each function of the answer, at every pair; a few x at a time stay in the cache."""
    activation = torch.relu_ if activation is torch.relu else activation  # in place, not in fresh memory
    turned = turns(latent)  # e^{iwt} at every place t
    of_x, of_y, of_sum, of_difference = latent.read
    constant = (latent.constant + (of_x * turned).real).float()
    wave = of_y + of_sum * turned + (of_difference * turned).conj()  # of which cos(wy + …) is what y adds
    cosine, sine = wave.real.float(), -wave.imag.float()
    cosines, sines = (part.float()[:, None] for part in (turned.real, turned.imag))
    n, n_neurons = turned.shape
    found, size = torch.empty(into.shape[1], n, n), rows_within(n, 4 * n * n_neurons, BUDGETS.grid // 2)
    for x in torch.arange(n).split(size):
        received = torch.addcmul(constant[x], cosine[x], cosines).addcmul_(sine[x], sines)  # y × x × neuron
        given = into.T @ activation(received.flatten(0, 1)).T  # the other way round is four times as slow
        found[:, x] = given.unflatten(1, (n, len(x))).mT
    return found
