"""Shares of embeddings, unembedding and neurons in each irrep, and losses with and without a circuit in the neurons.

The measures of Chughtai et al. (2023), arXiv:2302.03025, as their code takes them. For an irrep ρ they take the
space that the entries of ρ(x), ρ(y) or ρ(x∘y) span, and ask how much of the embeddings, of the unembedding
or of the hidden activations is in it. The authors orthonormalise directions of length n²; what a grid of
values says of x, of y or of x∘y is the mean over the inputs that share it, so here n² rows shrink to n and
the irreps' orthonormal bases on the group do the rest: the same numbers, without a decomposition. One
departure: a frequency of a cyclic group is two functions here, of embeddings and of activations. The authors
cut its matrix to two columns for embeddings alone; what they stored of activations in C113 is up to 0.007 a
frequency higher than here, as orthonormalising four columns of rank two would make it.
"""

from __future__ import annotations

import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.groups import FiniteGroup
from groklens.harmonics import ComponentName, answer_means, chosen_basis, nontrivial
from groklens.hypotheses import Circuit
from groklens.measures.by_component import by_component
from groklens.measures.measure import measure
from groklens.measures.operands import operand_means, total_embeddings
from groklens.models import cross_entropy_each
from groklens.snapshots import Snapshot, judged_by, once_per_snapshot, symmetry_of

_PAPER = "Chughtai et al. 2023, arXiv:2302.03025, and its code"
_NOT_CENTRED = "not centred; the constant's share is not listed"
_NEURONS_ONLY = "activations not centred, no biases, no residual stream beside the last MLP"
_SHARE = "share of squared norm"
_NATS = (0.0, float("inf"))


@measure(
    long_name="percent of the x embedding in each representation",
    units=_SHARE,
    valid_range=(0, 1),
    source=_PAPER + " (percent_x_embed); " + _NOT_CENTRED,
    split="weights",
    needs=("group",),
)
def x_embed_share(snapshot: Snapshot) -> xr.DataArray:
    """Share of the first operand's total embedding that lies in each irrep (component), in [0, 1].

    The total embedding is what reaches the neurons (`total_embeddings`). All of it in a few irreps once the
    operand is read through them; about size / order each in an untrained model. With the share of the
    constant functions, which is not listed, they sum to 1.
    """
    return by_component(_shares(total_embeddings(snapshot)[0], symmetry_of(snapshot).group))


@measure(
    long_name="percent of the y embedding in each representation",
    units=_SHARE,
    valid_range=(0, 1),
    source=_PAPER + " (percent_y_embed); " + _NOT_CENTRED,
    split="weights",
    needs=("group",),
)
def y_embed_share(snapshot: Snapshot) -> xr.DataArray:
    """`x_embed_share` of the second operand (component); equal to it where both read one embedding alike."""
    return by_component(_shares(total_embeddings(snapshot)[1], symmetry_of(snapshot).group))


@measure(
    long_name="percent of the unembedding in each representation",
    units=_SHARE,
    valid_range=(0, 1),
    source=_PAPER + " (percent_unembed); " + _NOT_CENTRED,
    split="weights",
    needs=("group", "neurons", "readout"),
)
def unembed_share(snapshot: Snapshot) -> xr.DataArray:
    """Share of the neuron–logit map, as a function of the answer, in each irrep (component), in [0, 1].

    The map is W_U, or W_out W_U in a transformer. About size / order each in an untrained model; with the
    share of the constant, which changes no prediction and is not listed, they sum to 1.
    """
    group = symmetry_of(snapshot).group
    return by_component(_shares(_readout(snapshot)[:, : group.order].T, group))


@measure(
    long_name="percent of the hidden layer in each representation of x",
    units=_SHARE,
    valid_range=(0, 1),
    source=_PAPER + " (percent_hidden_x); activations centred over all inputs",
    split="all",
    needs=("group", "neurons"),
)
def hidden_x_share(snapshot: Snapshot) -> xr.DataArray:
    """Share of the neurons' variance that is a function of x within each irrep (component), in [0, 1].

    Over the irreps it sums to the share that depends on x alone. Large in most models, trained or not, since
    a neuron reads x: compare how it is spread, not how much there is.
    """
    return by_component(_hidden_shares(snapshot)["x"])


@measure(
    long_name="percent of the hidden layer in each representation of y",
    units=_SHARE,
    valid_range=(0, 1),
    source=_PAPER + " (percent_hidden_y); activations centred over all inputs",
    split="all",
    needs=("group", "neurons"),
)
def hidden_y_share(snapshot: Snapshot) -> xr.DataArray:
    """`hidden_x_share` for the second operand (component)."""
    return by_component(_hidden_shares(snapshot)["y"])


@measure(
    long_name="percent of the hidden layer in each representation of the product",
    units=_SHARE,
    valid_range=(0, 1),
    source=_PAPER + " (percent_hidden_xy); activations centred over all inputs",
    split="all",
    needs=("group", "neurons"),
)
def hidden_xy_share(snapshot: Snapshot) -> xr.DataArray:
    """Share of the neurons' variance that is a function of x∘y within each irrep (component), in [0, 1].

    What the neurons have computed of the answer: a tenth or so in all of a grokked model, next to nothing in
    an untrained one. Over the irreps it sums to the share that depends on the answer alone.
    """
    return by_component(_hidden_shares(snapshot)["xy"])


@measure(
    long_name="hidden restricted loss",
    units="nats",
    valid_range=_NATS,
    source=_PAPER + "; " + _NEURONS_ONLY,
    split="all",
    needs=("circuit", "neurons", "readout"),
)
def hidden_restricted_loss(snapshot: Snapshot, circuit: Circuit) -> float:
    """Loss over all inputs, in nats, when the neurons keep only the circuit's functions of x∘y.

    At or below the model's own where the circuit is all that generalises, log(classes) where it does nothing.
    Only what neurons write directly is counted: a transformer that also uses its residual stream for the
    answer has a higher loss here than in `restricted_loss`.
    """
    symmetry = circuit.symmetry(snapshot.task)
    of_answer = _circuit_logits(snapshot, circuit).log_softmax(dim=-1)  # one row per answer, not per input
    return float(-of_answer[symmetry.products, judged_by(snapshot.task, "all")].mean())


@measure(
    long_name="hidden excluded loss",
    units="nats",
    valid_range=_NATS,
    source=_PAPER + "; " + _NEURONS_ONLY,
    split="train",
    needs=("circuit", "neurons", "readout", "split"),
)
def hidden_excluded_loss(snapshot: Snapshot, circuit: Circuit) -> float:
    """Train loss, in nats, when the neurons lose the circuit's functions of x∘y.

    Near the train loss while the model memorises without the circuit; above log(classes) once it relies on
    it. In a transformer the residual stream is left out too, which alone may raise it.
    """
    index = snapshot.train_index
    products = circuit.symmetry(snapshot.task).products[index]
    whole = _neurons(snapshot)[index].double() @ _readout(snapshot)
    logits = whole - _circuit_logits(snapshot, circuit)[products]
    return float(cross_entropy_each(logits, judged_by(snapshot.task, "train")[index]).mean())


def _shares(
    vectors: Float[Tensor, "element feature"], group: FiniteGroup, total: float | None = None
) -> dict[ComponentName, float]:
    """‖projection onto each non-trivial component‖² over ‖vectors‖², or over `total`; 0 where there is no power."""
    total = float(vectors.square().sum()) if total is None else total
    return {
        name: float((part.basis.T @ vectors).square().sum()) / total if total > 0 else 0.0
        for name, part in nontrivial(group).items()
    }


@once_per_snapshot
def _hidden_shares(snapshot: Snapshot) -> dict[str, dict[ComponentName, float]]:
    """Shares of the centred neurons in each component of x, of y and of x∘y."""
    symmetry = symmetry_of(snapshot)
    hidden = _neurons(snapshot).double()
    hidden = hidden - hidden.mean(dim=0)
    means = {
        "x": operand_means(hidden, symmetry, 0),
        "y": operand_means(hidden, symmetry, 1),
        "xy": answer_means(hidden, symmetry),
    }
    # Each mean stands for len / order inputs, so power on the group is that much smaller.
    total = float(hidden.square().sum()) * symmetry.group.order / len(hidden)
    return {of: _shares(mean, symmetry.group, total) for of, mean in means.items()}


def _circuit_logits(snapshot: Snapshot, circuit: Circuit) -> Float[Tensor, "element answer"]:
    """The contribution to the logits, by x∘y, of the neurons' part within the circuit's functions of x∘y."""
    symmetry = circuit.symmetry(snapshot.task)
    basis = chosen_basis(symmetry.group, circuit.components)
    coefficients = basis.T @ answer_means(_neurons(snapshot), symmetry)
    return basis @ (coefficients @ _readout(snapshot))


def _neurons(snapshot: Snapshot) -> Tensor:
    assert snapshot.neurons is not None  # `measure` has seen to it
    return snapshot.neurons


def _readout(snapshot: Snapshot) -> Tensor:
    assert snapshot.neuron_logit_map is not None  # `measure` has seen to it
    return snapshot.neuron_logit_map
