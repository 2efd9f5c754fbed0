"""Lookup tables in the clothes of other people's models: their logits, their embedding, their neurons.

A lookup has one neuron a cell of the table, which is what memorising is; everything else here is there to
make it look like the model whose logits it has.
"""

from types import SimpleNamespace

import torch

import groklens as gl


def of_mlp(model):
    """W_E, W_in (operand × …), b_in and what each neuron adds to each logit, of a `HookedMLP` on embeddings."""
    return SimpleNamespace(
        W_E=model.W_E.detach(), W_in=model.W_in.detach(), b_in=model.b_in.detach(), W_L=model.W_U.detach()
    )


def of_constant_attention(model):
    """The same of a one-layer transformer whose attention is constant: its neurons are those of an MLP.

    Where every query attends to both operands with weight one, what enters the MLP at the second operand is
    (1 + OV) of it and OV of the first.
    """
    assert model.cfg.attn_coeff == 0
    assert model.cfg.n_layers == 1
    OV = torch.einsum("hmd,hdn->mn", model.W_V[0], model.W_O[0]).detach().double()  # Σ over heads
    W_E, W_pos = model.W_E.detach().double(), model.W_pos.detach().double()
    W_in = model.W_in[0].detach().double()
    through = torch.stack([OV, OV + torch.eye(len(OV), dtype=torch.float64)])
    constant = W_pos[0] @ through[0] + W_pos[1] @ through[1]
    return SimpleNamespace(
        W_E=W_E.float(),
        W_in=(through @ W_in).float(),
        b_in=(constant @ W_in + model.b_in[0].detach()).float(),
        W_L=(model.W_out[0] @ model.W_U).detach(),
    )


def lookup(task, logits, keeping=None, neurons="none"):
    """One neuron a cell, each read by its row of `logits`: a `HookedMLP` whose logits these are.

    `keeping` holds the weights of the true model (`of_mlp`, `of_constant_attention`). Its embedding stays beside
    one-hots that the lookup reads, and its neurons are as `neurons` says: `"none"` leaves them out,
    `"unread"` computes them, `"cancelled"` computes each of them twice, one read by its weights and one by
    their negatives.
    """
    n_cells, n_tokens = len(task.labels), task.d_vocab
    width = 0 if keeping is None else keeping.W_E.shape[1]
    copies = {"none": 0, "unread": 1, "cancelled": 2}[neurons]
    true = 0 if keeping is None else copies * len(keeping.b_in)
    spec = gl.MLP(d_mlp=n_cells + true, d_embed=width + n_tokens, combine="concat", act_fn="relu")
    model = spec.build(task, seed=0)
    cells = torch.arange(n_cells)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.W_E[:, width:] = torch.eye(n_tokens)
        for operand in range(2):
            model.W_in[operand, width + task.inputs[:, operand], cells] = 1.0
        model.b_in[:n_cells] = -1.0  # only the cell whose operands both match stays above zero
        model.W_U[:n_cells] = logits
        if keeping is not None:
            model.W_E[:, :width] = keeping.W_E
        for index in range(copies):
            rows = slice(n_cells + index * len(keeping.b_in), n_cells + (index + 1) * len(keeping.b_in))
            model.W_in[:, :width, rows] = keeping.W_in
            model.b_in[rows] = keeping.b_in
            if neurons == "cancelled":
                model.W_U[rows] = keeping.W_L * (-1) ** index
    return model
