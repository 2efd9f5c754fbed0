"""The logits of a rebuilt network on a whole table at once, for scores of many: `rebuilt` builds the network itself.

What a neuron receives is a sum of four tables, one a wave, read at x, y, x+y and x−y: for one x and every y, rows that
follow one another. And neurons of one frequency write two functions of the answer, so that they are read out by as many
columns as the circuit has waves, not by one a class.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from groklens.hypotheses.circuit import Circuit
from groklens.hypotheses.latent import Latent, extract
from groklens.hypotheses.latent_network import Activation, activation_of, tabulated
from groklens.snapshots import Snapshot
from groklens.tasks import check_tokens


def rebuilt_logits(
    snapshot: Snapshot, circuit: Circuit, relabelled: Int[Tensor, "element"] | None = None
) -> Float[Tensor, "input answer"]:
    """`rebuilt(…).logits`, to the rounding of float32, for a small part of the work."""
    check_tokens(snapshot.task, "the elements of a group")
    latent = extract(snapshot, circuit, relabelled)
    into, functions = _written(latent)
    sums = _read_out(latent, activation_of(snapshot), into)  # x × y × function, in exponents
    logits = (sums.flatten(0, 1) - sums.mean(dim=(0, 1))) @ functions
    x, y = latent.exponents[circuit.symmetry(snapshot.task).elements[:, :2]].unbind(dim=1)
    n = len(latent.exponents)
    return F.pad(logits, (0, snapshot.task.d_vocab_out - n))[x * n + y]


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
) -> Float[Tensor, "x y function"]:
    """What the neurons add up to in each function of the answer, at every pair; one x at a time stays in the cache."""
    of_x, of_y, of_sum, of_difference = tabulated(latent.read, latent)
    n, of_x = len(of_x), of_x + latent.constant.float()
    rising = torch.cat([of_sum, of_sum])  # at x + y
    falling = of_difference[-torch.arange(n) % n]
    falling = torch.cat([falling, falling])  # at y − x, of what is read at x − y
    found, received = torch.empty(n, n, into.shape[1]), torch.empty_like(of_y)
    for x in range(n):
        torch.add(rising[x : x + n], falling[n - x : 2 * n - x], out=received)
        received.add_(of_y).add_(of_x[x])
        torch.mm(activation(received), into, out=found[x])
    return found
