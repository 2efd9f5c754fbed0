"""Progress behind a loss at chance: `LargestMove`, which needs no answer, and what needs the hidden bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.measures.measure import About, measure
from groklens.measures.moved import moved_weights
from groklens.measures.since import Since
from groklens.snapshots import Snapshot
from groklens.tasks import hidden_bits

_BARAK = "Barak et al. 2022, arXiv:2207.08799"


@dataclass(frozen=True)
class LargestMove(Since):
    """Largest distance that any one weight has gone since the reference step, ‖θ − θ₀‖_∞. Answer-free.

    It sees weights and neither inputs nor labels, so it can be watched where the answer is not known. In sparse parity
    a few weights grow long before the loss leaves log 2, and the largest shows them where a norm over all is drowned by
    the noise of the many. Every training moves weights, on random labels too: only beside such a control is it a sign.

    Args:
        since: the reference, a kept step of the run or a snapshot.
        of: `"weights"`, `"embedding"` or a weight by its name, as in `Moved`; errors too.

    >>> LargestMove(of="W_in").__name__
    'largest_move_of_W_in'
    """

    of: str = "weights"
    about = About(
        "largest move of a weight",
        "weight",
        (0, float("inf")),
        f"answer-free; {_BARAK} (hidden progress: ‖w_t − w₀‖_∞)",
        "weights",
    )

    def value(self, snapshot: Snapshot, circuit: object) -> float:
        """The largest distance of the snapshot's weights from those of the reference."""
        del circuit
        now, before = moved_weights(snapshot, self.reference, self.of)
        return float((now - before).abs().max())


@dataclass(frozen=True)
class SupportMove(Since):
    """Share of the movement since the reference step that is on the weights of hidden bits, bit for bit. Oracle.

    It needs the hidden bits: no forecast may use it. A bit's weights are its column of what reaches the neurons, of the
    token 1 less that of the token 0 (W_in, or W_E W_in). With the mean squared movement of the hidden bits, s, and of
    the others, o, it is s/(s + o) in [0, 1]: 1/2 where no bit is preferred, at the reference too; 1 where the hidden
    ones alone have moved. `since` as in `Moved`.

    Raises `BadArgument` for a task without hidden bits among others, and a model whose bits share their weights.
    """

    about = About(
        "movement on the hidden bits",
        "share, bit for bit",
        (0, 1),
        f"oracle: needs the hidden bits; ours, after {_BARAK} (the weights of the relevant coordinates)",
        "weights",
        ("hidden", "own_weights"),
    )

    def value(self, snapshot: Snapshot, circuit: object) -> float:
        """The hidden bits' share of the movement."""
        del circuit
        return _share_on_support(snapshot, _bit_weights(snapshot) - _bit_weights(self.reference))


@measure(
    long_name="weight on the hidden bits",
    units="share, bit for bit",
    valid_range=(0, 1),
    source=f"oracle: needs the hidden bits; ours, after {_BARAK} (the weights of the relevant coordinates)",
    split="weights",
    needs=("hidden", "own_weights"),
)
def support_weight(snapshot: Snapshot) -> float:
    """Share of the squared weights that is on hidden bits, bit for bit, in [0, 1]. Oracle.

    It needs the hidden bits. As `SupportMove`, of the weights in place of their movement: about 1/2 at a random
    initialisation, 1 where the model reads hidden bits alone.
    """
    return _share_on_support(snapshot, _bit_weights(snapshot))


@measure(
    long_name="Fourier gap at the hidden bits",
    units="correlation",
    valid_range=(-1, 1),
    source=f"oracle: needs the hidden bits; after {_BARAK} (the Fourier gap), of what the model computes in place of "
    "the gradient, and over sets of equal size too",
    needs=("hidden",),
)
def fourier_gap(snapshot: Snapshot) -> float:
    """Correlation of the model's margin with the hidden parity, less the largest with a parity beside it. Oracle.

    It needs the hidden bits. The margin is logit 1 less logit 0, centred and divided by its standard deviation over the
    probe, so that it tells the shape of what is computed from its size. Beside it are the sets of bits with one bit
    less, one more, or one exchanged; correlations are taken without their signs. 1: the model computes the parity and
    nothing else. Slightly below 0 (the noise of the largest of some hundred correlations over the probe): it has no
    preference; −1: it computes one beside it. 0 for a constant margin.
    """
    hidden, inputs = hidden_bits(snapshot.task), snapshot.task.inputs
    margin = (snapshot.logits[:, 1] - snapshot.logits[:, 0]).double()
    margin = margin - margin.mean()
    scale = float(margin.square().mean().sqrt())
    if scale == 0:
        return 0.0
    signs = 1 - 2.0 * inputs.double()  # a parity is the product of its bits' signs
    others = [bit for bit in range(inputs.shape[1]) if bit not in hidden]
    of_hidden = margin / scale * signs[:, hidden].prod(dim=1)
    one_changed = of_hidden @ signs / len(signs)
    exchanged = (of_hidden[:, None] * signs[:, hidden]).T @ signs[:, others] / len(signs)
    return float(of_hidden.mean().abs() - torch.cat([one_changed, exchanged.flatten()]).abs().max())


def _bit_weights(snapshot: Snapshot) -> Float[Tensor, "bit neuron"]:
    """What each bit adds to what reaches the neurons when it is set."""
    weights, anatomy = snapshot.weights, snapshot.anatomy
    inward = weights["W_in"].detach().double()
    tokens: Any = weights["W_E"].detach().double() @ inward if anatomy.embeds else inward
    return tokens[:, 1] - tokens[:, 0]


def _share_on_support(snapshot: Snapshot, by_bit: Float[Tensor, "bit neuron"]) -> float:
    energy, hidden = by_bit.square().sum(dim=1), hidden_bits(snapshot.task)
    on = float(energy[hidden].mean())
    off = float((energy.sum() - energy[hidden].sum()) / (len(energy) - len(hidden)))
    return on / (on + off) if on + off > 0 else 0.5
