"""Copies of other people's models that compute the same, said in other words: each returns a new model.

Every class keeps its weights in its own place and orientation; the views below give them in one, and writing
into a view writes into the model.
"""

import copy

import torch

from groklens.harmonics import components, nontrivial


def relabelled(model, order):
    """The model with element x of the group, as operand and as answer, renamed to `order[x]`.

    Tokens and classes beyond the group, such as "=", keep their place.
    """
    other, n = copy.deepcopy(model), len(order)
    with torch.no_grad():
        for rows in (_embedding(other), _readout(other)):
            rows[order] = rows[:n].clone()
    return other


def neurons_permuted(model, seed=0):
    """The same function, the neurons of every layer in another order."""
    other = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for reads, bias, writes in _mlps(other):
            order = torch.randperm(len(bias), generator=generator)
            reads.copy_(reads[..., order].clone())
            bias.copy_(bias[order].clone())
            writes.copy_(writes[order].clone())
    return other


def residual_rotated(model, seed=0):
    """The same function of a transformer without norms, its residual stream in another orthonormal basis."""
    other = copy.deepcopy(model)
    views = _stream(other)
    width = views[0].shape[-1]
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(width, width, generator=generator, dtype=torch.float64)).Q
    with torch.no_grad():
        for view in views:
            view.copy_(view.double() @ turn)
    return other


def moved(index, order):
    """Rows of the table of all pairs (a, b) of elements, once the elements are renamed by `order`."""
    n = len(order)
    return None if index is None else (order[index // n] * n + order[index % n]).sort().values


def renaming(group, automorphism):
    """{component: what it is called after the elements x are renamed to automorphism[x]}, by the characters.

    A function f of x becomes f∘automorphism⁻¹, so the new name's character, read at automorphism[x], is the
    old one's at x.
    """
    mapped = torch.equal(automorphism[group.table], group.table[automorphism][:, automorphism])
    assert mapped, "not an automorphism"
    new = {}
    for name in nontrivial(group):
        character = components(group)[name].character
        (new[name],) = [
            other
            for other, part in components(group).items()
            if torch.allclose(part.character[automorphism], character, atol=1e-6)
        ]
    return new


def _parameters(model, *endings):
    """The parameters whose names, without what a bridge wraps around them, end so, one for each ending."""
    named = {name.replace("._original_component", ""): value for name, value in model.named_parameters()}
    found = []
    for ending in endings:
        (name,) = [name for name in named if f".{name}".endswith(f".{ending}")]
        found.append(named[name].detach())
    return found


def _is_bridge(model):
    return hasattr(model, "original_model")


def _embedding(model):
    """Token × feature."""
    return _parameters(model, "tok_embed.weight" if _is_bridge(model) else "W_E")[0]


def _readout(model):
    """Class × feature."""
    if _is_bridge(model):
        return _parameters(model, "head.weight")[0]
    return _parameters(model, "W_U")[0].T


def _mlps(model):
    """Of each MLP: what its neurons read (… × neuron), their biases, what they write (neuron × …)."""
    if _is_bridge(model):
        found = []
        for layer in range(model.cfg.n_layers):
            names = ("fc_in.weight", "fc_in.bias", "fc_out.weight")
            reads, bias, writes = _parameters(model, *(f"layers.{layer}.mlp.{name}" for name in names))
            found.append((reads.T, bias, writes.T))
        return found
    if hasattr(model, "pos_embed"):
        names = ("W_in", "b_in", "W_out")
        return [
            _parameters(model, *(f"blocks.{layer}.mlp.weights.{name}" for name in names))
            for layer in range(model.cfg.n_layers)
        ]
    if not hasattr(model.cfg, "kind"):
        return [_parameters(model, "W_in", "b_in", "W_U")]
    layers = [_parameters(model, f"{i}.mlp.W_in", f"{i}.mlp.b_in") for i in range(model.cfg.n_layers)]
    written = [reads for reads, _ in layers[1:]] + _parameters(model, "W_U")
    return [(*layer, writes) for layer, writes in zip(layers, written, strict=True)]


def _stream(model):
    """Every weight that reads or writes a transformer's residual stream, with the stream as its last axis."""
    if _is_bridge(model):
        assert not any(".ln" in name for name, _ in model.named_parameters()), "a norm fixes the basis"
        views = _parameters(model, "tok_embed.weight", "pos.weight", "head.weight")
        for layer in range(model.cfg.n_layers):
            inside = f"layers.{layer}"
            views += _parameters(
                model, *(f"{inside}.{part}.weight" for part in ("attn.q", "attn.k", "attn.v", "mlp.fc_in"))
            )
            writes = ("attn.o", "mlp.fc_out")
            views += [view.T for view in _parameters(model, *(f"{inside}.{part}.weight" for part in writes))]
            views += _parameters(model, *(f"{inside}.{part}.bias" for part in writes))
        return views
    views = [_embedding(model), *_parameters(model, "W_pos"), _readout(model)]
    for layer in range(model.cfg.n_layers):
        inside = f"blocks.{layer}"
        reads = ("attn.weights.W_Q", "attn.weights.W_K", "attn.weights.W_V", "mlp.weights.W_in")
        views += [view.mT for view in _parameters(model, *(f"{inside}.{name}" for name in reads))]
        writes = ("attn.weights.W_O", "mlp.weights.W_out", "mlp.weights.b_out")
        views += _parameters(model, *(f"{inside}.{name}" for name in writes))
    return views
