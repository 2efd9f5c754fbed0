"""The network of a latent algorithm: every neuron a pure wave of its operands, read out at one wave of the answer."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Complex, Float, Int
from torch import Tensor, nn

from groklens.errors import BadArgument
from groklens.hypotheses.circuit import Circuit
from groklens.hypotheses.latent import WAVES, Latent, extract
from groklens.models import MLP_ACTIVATIONS, as_float, device_of, hooked, mlp_site
from groklens.snapshots import Snapshot, activation, once_per_snapshot
from groklens.tasks import check_tokens

Activation = Callable[[Tensor], Tensor]
#: The activation functions of neurons that are known; of those that fit, the first is taken.
_KNOWN: dict[str, Activation] = {
    **MLP_ACTIVATIONS,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}
#: How many inputs show which it is, and how far from it float32 may be, as a share of the largest activation.
_PROBED, _ROUNDING = 64, 1e-4


def rebuilt(
    snapshot: Snapshot, circuit: Circuit, relabelled: Int[Tensor, "element"] | None = None
) -> Snapshot:
    """The snapshot of the network of pure waves that a model's neurons show; `interventions.rebuild` describes it."""
    check_tokens(snapshot.task, "the elements of a group")
    network = LatentNetwork(extract(snapshot, circuit, relabelled), snapshot, circuit)
    names = {part: mlp_site(0, part).hook for part in ("pre", "post")} | {"W_U": "W_U"}
    return snapshot.with_model(hooked(network, names))


class LatentNetwork(nn.Module):
    """The network of pure waves: a wave of the answer for each neuron, as high as its activation is above the mean.

    logits(z) = Σ B cos(wz + ψ) (act(c + Σ A cos(wt + φ)) − its mean over all x and y), a term for each neuron;
    t runs over `WAVES`, w is the neuron's own. A mean says the same of every input and would favour some answers at
    all of them: it is left out. Classes that are no element have logit 0.
    """

    exponents: Tensor

    def __init__(self, latent: Latent, snapshot: Snapshot, circuit: Circuit) -> None:
        super().__init__()
        task, n = snapshot.task, len(latent.exponents)
        self.activation = activation_of(snapshot)
        self.positions = list(task.operand_positions[:2]) if task.n_operands > 1 else [0, 1]
        elements = circuit.symmetry(task).elements
        exponents = torch.zeros(2, task.d_vocab or 0, dtype=torch.long)  # of every token, as either operand
        for operand, position in enumerate(self.positions):
            exponents[operand, task.inputs[:, position]] = latent.exponents[elements[:, operand]]
        self.register_buffer("exponents", exponents)
        self.waves = nn.Parameter(tabulated(latent.read, latent))  # wave × place × neuron
        self.b_in = nn.Parameter(latent.constant.float())
        written = tabulated(latent.written[None], latent)[0].T[:, latent.exponents]
        self.W_U = nn.Parameter(F.pad(written, (0, task.d_vocab_out - n)))
        self.b_U = nn.Parameter(torch.zeros(task.d_vocab_out))
        self.pre, self.post = nn.Identity(), nn.Identity()
        with torch.no_grad():
            y = torch.arange(n)  # one x at a time, which stays in the processor's cache
            sums = torch.stack([self._neurons(torch.full_like(y, x), y).sum(dim=0) for x in range(n)])
            self.b_U.copy_(-(sums.sum(dim=0) / n**2) @ self.W_U)

    def forward(self, tokens: Int[Tensor, "input pos"]) -> Float[Tensor, "input answer"]:
        """The logits of every input."""
        x, y = (table[tokens[:, at]] for table, at in zip(self.exponents, self.positions, strict=True))
        return self._neurons(x, y) @ self.W_U + self.b_U

    def _neurons(self, x: Int[Tensor, "input"], y: Int[Tensor, "input"]) -> Float[Tensor, "input neuron"]:
        places = [(i * x + j * y) % self.waves.shape[1] for i, j in WAVES.values()]
        received = sum(F.embedding(at, table) for table, at in zip(self.waves, places, strict=True))
        return self.post(self.activation(self.pre(received + self.b_in)))


def tabulated(waves: Complex[Tensor, "wave neuron"], latent: Latent) -> Float[Tensor, "wave place neuron"]:
    """A cos(wt + φ) at every place t."""
    return (waves[:, None] * turns(latent)).real.float()


def turns(latent: Latent) -> Complex[Tensor, "place neuron"]:
    """e^{iwt} at every place t."""
    n = len(latent.exponents)
    angle = 2 * torch.pi * (torch.arange(n)[:, None] * latent.frequency % n).double() / n
    return torch.polar(torch.ones_like(angle), angle)


@once_per_snapshot
def activation_of(snapshot: Snapshot) -> Activation:
    """The function that takes what the neurons receive to what they give, found by trying those that are known."""
    anatomy, inputs = snapshot.anatomy, snapshot.task.inputs
    assert anatomy.neurons is not None  # `extract` has seen to it
    assert anatomy.neuron_inputs is not None
    tokens = inputs[torch.linspace(0, len(inputs) - 1, _PROBED).long()].to(device_of(anatomy.model))
    received, given = (
        as_float(activation(anatomy, site, tokens).cpu()) for site in (anatomy.neuron_inputs, anatomy.neurons)
    )
    for function in _KNOWN.values():
        if (function(received) - given).abs().max() <= _ROUNDING * given.abs().max():
            return function
    raise BadArgument(
        f"The neurons of {snapshot!r} are none of {', '.join(_KNOWN)} of what they receive, so that no network of pure "
        "waves can be built with them."
    )
