"""`gl.planted`: models with weights written by hand, whose algorithm is known, to test analyses on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument
from groklens.groups import FiniteGroup
from groklens.harmonics import ComponentName, components
from groklens.hypotheses.circuit import Circuit
from groklens.hypotheses.parity import Parity
from groklens.hypotheses.planted_parity import parity_spec, write_parity
from groklens.hypotheses.planted_pizza import pizza_spec, write_pizza
from groklens.models import MLP
from groklens.tasks import Task, check_task

ALGORITHMS = ("clock", "pizza", "lookup", "parity")
#: Largest logit of a planted model: confident, and still exact in float32.
LOGIT_SCALE = 60.0


def planted(task: Task, components: Sequence[ComponentName] = (), algorithm: str = "clock") -> Any:
    """A `HookedRootModule` with weights written by hand, which solves `task` by a known algorithm.

    `"clock"` multiplies the operands' matrix entries in each of `components` and reads off the character of
    x∘y∘z⁻¹: neurons of one component each, logits that are exactly the circuit's (for a cyclic group the
    clock of Zhong et al. 2023: products of cosines and sines). It is correct everywhere when the components
    tell every element from the identity. `"pizza"` is their other algorithm, for cyclic groups of odd order:
    operands are added, and logits fade with their difference. `"lookup"` has one neuron a cell of the table
    and uses no components, whatever is given: it is correct everywhere by memorising and has no circuit.
    `"parity"` answers by the parity of the bits at the positions that `components` are: `planted(task, [1, 4],
    "parity")`.

    Raises `BadArgument` for another algorithm, a clock or pizza without components or on a task without a
    group, a pizza of a group that has none.

    >>> from groklens.tasks import ModularArithmetic
    >>> planted(ModularArithmetic(13, "add"), [2, 5], "clock").cfg.d_mlp
    8
    """
    if algorithm not in ALGORITHMS:
        raise BadArgument(f"algorithm is {algorithm!r}; choose one of {', '.join(map(repr, ALGORITHMS))}.")
    check_task(task)
    if algorithm == "lookup":
        return _lookup(task)
    if algorithm == "parity":
        return _parity(task, Parity([int(bit) for bit in components]))
    if task.symmetry is None:
        raise BadArgument(f"{task.name} has no group, so no {algorithm} solves it; plant a 'lookup' instead.")
    circuit = Circuit(task.symmetry.group, components)
    return _clock(task, circuit) if algorithm == "clock" else _pizza(task, circuit)


def _pizza(task: Task, circuit: Circuit) -> Any:
    model = _empty(task, pizza_spec(circuit))
    with torch.no_grad():
        write_pizza(model, task, circuit)
        model.W_U.mul_(LOGIT_SCALE / _largest_logit(model, task))
    return model


def _parity(task: Task, parity: Parity) -> Any:
    model = _empty(task, parity_spec(parity))
    with torch.no_grad():
        write_parity(model, task, parity)
        for weights in (model.W_U, model.b_U):
            weights.mul_(LOGIT_SCALE)
    return model


def _clock(task: Task, circuit: Circuit) -> Any:
    group = circuit.group
    parts = [components(group)[name].basis for name in circuit.components]
    d_mlp = sum(basis.shape[1] ** 2 for basis in parts)
    d_embed = sum(basis.shape[1] for basis in parts)
    model = _empty(task, MLP(d_mlp=d_mlp, d_embed=d_embed, combine="product", act_fn="identity"))
    neuron = wave = 0
    with torch.no_grad():
        for basis in parts:
            size = basis.shape[1]
            rows = slice(neuron, neuron + size**2)
            model.W_E[: group.order, wave : wave + size] = basis
            for i in range(size**2):
                model.W_in[0, wave + i // size, neuron + i] = 1.0
            model.W_in[1, wave : wave + size, rows] = _second_operand(task, basis)
            model.W_U[rows, : group.order] = _products(group, basis).float()
            neuron, wave = rows.stop, wave + size
        model.W_U.mul_(LOGIT_SCALE / _largest_logit(model, task))
    return model


def _second_operand(task: Task, basis: Tensor) -> Float[Tensor, "function product"]:
    """Reads function j of the second operand for the product (i, j), undoing an inversion as in a−b."""
    symmetry, size = task.symmetry, basis.shape[1]
    assert symmetry is not None
    stands_for = torch.arange(symmetry.group.order)  # the element of each second token
    stands_for[task.operands[:, 1]] = symmetry.elements[:, 1]
    change = basis.T @ basis[stands_for]
    return change.repeat(1, size).float()


def _products(
    group: FiniteGroup, basis: Float[Tensor, "element function"]
) -> Float[Tensor, "product answer"]:
    """The coefficients by which products f_i(x) f_j(y) combine into the kernel Σ_f f(x∘y) f(z), as a readout over z."""
    of_product = basis[group.table]  # x, y, function
    structure = torch.einsum("xi,yj,xyf->ijf", basis, basis, of_product)
    return (structure @ basis.T).flatten(0, 1)


def _lookup(task: Task) -> Any:
    if len(task.operands.unique(dim=0)) < len(task.inputs):
        usual = task.operand_positions == tuple(range(task.n_operands))
        where = f"their first {task.n_operands} tokens" if usual else "their operands"
        raise BadArgument(
            f"{task.name} has inputs that agree in {where}; a planted lookup reads those alone."
        )
    n_inputs = len(task.labels)
    model = _empty(task, MLP(d_mlp=n_inputs, d_embed=None, combine="concat", act_fn="relu"))
    cells = torch.arange(n_inputs)
    with torch.no_grad():
        for operand in range(task.n_operands):
            model.W_in[operand, task.operands[:, operand], cells] = 1.0
        model.b_in.fill_(1.0 - task.n_operands)  # only the cell whose operands all match stays above zero
        model.W_U[cells, task.labels] = LOGIT_SCALE
    return model


def _empty(task: Task, spec: MLP) -> Any:
    model = spec.build(task, seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    return model


def _largest_logit(model: Any, task: Task) -> float:
    sample = task.inputs[:: max(1, len(task.inputs) // 4096)]
    return float(model(sample).abs().max())
