"""The floor of a training step: what its matrix products take by themselves."""

from __future__ import annotations

from collections.abc import Callable

import torch

import groklens as gl

#: Rows × contracted × columns of a product.
Shape = tuple[int, int, int]


def products_of_step(n: int, recipe: gl.Recipe) -> list[Shape]:
    """The forward products of a folded step over n train inputs, which take as many numbers in by two operands.

    Tables have a row a token. The last layer reads at the answer alone; with one layer its W_O is folded into what
    neurons and logits read, with more the residual is theirs as well. Logits are filled up to whole vectors of 8.
    """
    model, p = recipe.model, recipe.task.d_vocab_out
    assert isinstance(model, gl.Transformer)
    assert model.d_mlp is not None
    d, z, mlp, out = model.d_model, model.n_heads * model.d_head, model.d_mlp, p + -p % 8
    folded, last = [(out, d, mlp)], [(n, d, mlp + out), (n, mlp, out)]
    tables = [(p, d, z)] * 4  # keys and values of both operands
    if model.n_layers == 1:
        return [*tables, (mlp + out, d, z), (n, z, mlp + out), *last[1:], *folded]
    # The first operand sees itself alone and stays a table through every layer; the others are one row an input.
    of_table = [(p, z, d), (p, d, mlp), (p, mlp, d)]
    of_inputs = [(n, z, d), (n, d, mlp), (n, mlp, d)]
    first = [*tables, (p, d, z), *of_table, *2 * of_inputs]
    between = [(p, d, z)] * 2 + [(n, d, z)] * 6 + [*of_table, *2 * of_inputs]
    end = [(p, d, z)] * 2 + [(n, d, z)] * 5 + [(n, z, d)]
    return [*first, *between * (model.n_layers - 2), *end, *last, *folded]


def matrix_products(forward: list[Shape], n_runs: int = 1) -> Callable[[], None]:
    """Each product and the two of its gradients, into memory that is there already; of several runs at once as one."""
    runs, product = ((), torch.mm) if n_runs == 1 else ((n_runs,), torch.bmm)
    made = []
    for rows, contracted, columns in forward:
        left, right = torch.randn(*runs, rows, contracted), torch.randn(*runs, columns, contracted)
        found, room = torch.randn(*runs, rows, columns), torch.empty(*runs, rows, columns)
        made.append((left, right, found, room, torch.empty_like(left), torch.empty_like(right)))

    def run() -> None:
        for left, right, found, room, of_left, of_right in made:
            product(left, right.mT, out=room)
            product(found, right, out=of_left)
            product(found.mT, left, out=of_right)

    return run
