"""Models with a known truth, beyond those that `gl.planted` writes, and changes that no truth may notice."""

import copy

import torch

import groklens as gl


def memorised(task, train_index):
    """Right on `train_index` and ignorant elsewhere: a lookup without the cells of the test inputs."""
    model = gl.planted(task, algorithm="lookup")
    held_out = torch.ones(len(task.labels), dtype=torch.bool)
    held_out[train_index] = False
    with torch.no_grad():
        model.W_U[held_out] = 0.0
    return model


def lookup_of(clock, task):
    """The clock's own logits and embedding, but one neuron a cell of the table in between."""
    n_cells, width = len(task.labels), clock.W_E.shape[1]
    spec = gl.MLP(d_mlp=n_cells, d_embed=width + task.d_vocab, combine="concat", act_fn="relu")
    model = spec.build(task, seed=0)
    cells = torch.arange(n_cells)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.W_E[:, :width] = clock.W_E
        model.W_E[:, width:] = torch.eye(task.d_vocab)
        for operand in range(2):
            model.W_in[operand, width + task.inputs[:, operand], cells] = 1.0
        model.b_in.fill_(-1.0)
        model.W_U.copy_(gl.Snapshot(clock, task).logits)
    return model


def with_decoy_neurons(clock, task):
    """`lookup_of(clock)` with more neurons, each a cosine of one operand, that nothing reads."""
    model = lookup_of(clock, task)
    width, n = clock.W_E.shape[1], 4 * clock.W_E.shape[1]
    larger = gl.MLP(
        d_mlp=model.cfg.d_mlp + n, d_embed=model.cfg.d_model, combine="concat", act_fn="relu"
    ).build(task, seed=0)
    with torch.no_grad():
        for parameter in larger.parameters():
            parameter.zero_()
        larger.W_E.copy_(model.W_E)
        larger.W_in[:, :, :-n], larger.b_in[:-n], larger.W_U[:-n] = model.W_in, model.b_in, model.W_U
        larger.b_in[-n:] = 100.0  # far from the kink, so that they are waves of one frequency
        for wave in range(width):
            for copy_ in range(4):
                larger.W_in[copy_ % 2, wave, -n + 4 * wave + copy_] = 50.0
    return larger


def fitted(task, d_mlp=192, updates=300):
    """A dense MLP trained on every cell of the table until it has them all."""
    model = gl.MLP(d_mlp=d_mlp, d_embed=32).build(task, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(updates):
        loss = torch.nn.functional.cross_entropy(model(task.inputs)[:, -1], task.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def residues_multiplied(model, unit):
    """The planted clock of an addition with every residue x, of operands and answers, renamed to unit·x."""
    other = copy.deepcopy(model)
    n = model.W_U.shape[1]
    renamed = torch.arange(n) * unit % n
    with torch.no_grad():
        other.W_E[renamed] = model.W_E[:n]
        other.W_U[:, renamed] = model.W_U.detach().clone()
    return other


def neurons_permuted(model, seed=0):
    """The same function, its neurons in another order."""
    other = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        if hasattr(model, "original_model"):
            parameters = dict(other.named_parameters())
            order = torch.randperm(other.cfg.d_mlp, generator=generator)
            _reorder(parameters, "fc_in", "weight", 0, order)
            _reorder(parameters, "fc_in", "bias", 0, order)
            _reorder(parameters, "fc_out", "weight", 1, order)
        else:
            order = torch.randperm(len(model.b_in), generator=generator)
            other.W_in.copy_(model.W_in[..., order])
            other.b_in.copy_(model.b_in[order])
            other.W_U.copy_(model.W_U[order])
    return other


def residual_rotated(transformer, seed=0):
    """The same function of a transformer without norms, its residual stream in another orthonormal basis."""
    other = copy.deepcopy(transformer)
    d_model = other.cfg.d_model
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(d_model, d_model, generator=generator, dtype=torch.float64)).Q
    with torch.no_grad():
        for name, parameter in other.named_parameters():
            rotation = turn.to(parameter.dtype)
            writes = any(part in name for part in (".o.", "fc_out"))
            if writes:  # torch's linears keep (out, in)
                parameter.copy_(rotation.T @ parameter)
            elif name.endswith("weight"):  # embeddings are rows of the stream, the others read it
                parameter.copy_(parameter @ rotation)
    return other


def _reorder(parameters, layer, kind, axis, order):
    (name,) = [name for name in parameters if f".{layer}." in name and name.endswith(kind)]
    parameters[name].copy_(parameters[name].index_select(axis, order))
