"""Muon is what its formula says on hidden matrices, and AdamW on the rest."""

import jaxtyping
import pytest
import restated
import torch
from torch import nn

import groklens as gl
from groklens.errors import BadArgument
from groklens.recipes import Muon
from groklens.recipes.muon_step import newton_schulz


def test_it_is_its_formula_step_by_step():
    spec = Muon(lr=0.05, adam_lr=0.01, weight_decay=0.3, adam_weight_decay=0.5, warmup_steps=4)
    weights, loss = restated.problem()
    weights = {name: each.detach().requires_grad_() for name, each in weights.items()}
    adams = {name: restated.AdamByHand(0.5) for name in ("hidden.b", "head.weight")}
    mean = torch.zeros(5, 3, dtype=torch.float64)
    for update in range(1, 13):
        lr, found = spec.rate(update), restated.gradients(loss, weights)
        for name, adam in adams.items():
            weights[name] = adam(weights[name].detach(), found[name], lr * 0.01 / 0.05).requires_grad_()
        mean = 0.95 * mean + 0.05 * found["hidden.W"]
        turned = restated.orthogonalised(0.05 * found["hidden.W"] + 0.95 * mean) * (5 / 3) ** 0.5
        moved = weights["hidden.W"].detach() * (1 - lr * 0.3) - lr * turned
        weights["hidden.W"] = moved.requires_grad_()
    for name, each in restated.trained(spec).items():
        torch.testing.assert_close(each, weights[name].detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (6, 6), (3, 4, 9)])
def test_singular_values_come_near_one_in_single_precision(shape):
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    found = newton_schulz(matrix)
    assert found.dtype == torch.float32
    values = torch.linalg.svdvals(found)
    assert bool((values > 0.6).all())
    assert bool((values < 1.25).all())
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    known = torch.linalg.svdvals(left.mT @ found @ right.mT)
    torch.testing.assert_close(known, values, rtol=1e-4, atol=1e-4)  # in the matrix's own directions


def by_muon(model, **changes):
    """Which parameters of a model are trained by Muon, by their names."""
    named = dict(model.named_parameters())
    optimizer = Muon(**changes).build(named.items())
    (group,) = optimizer.param_groups
    for each in group["params"]:
        each.grad = torch.ones_like(each)
    optimizer.step()
    return {name for name, each in named.items() if "momentum" in optimizer.state[each]}


def test_hidden_matrices_are_those_of_heads_and_mlp():
    model = gl.Transformer(d_model=8, n_heads=2, d_head=4, d_mlp=8).build(gl.ModularArithmetic(5), 0)
    found = {name.replace("._original_component", "") for name in by_muon(model)}
    parts = ("attn.q", "attn.k", "attn.v", "attn.o", "mlp.fc_in", "mlp.fc_out")
    assert found == {f"layers.0.{part}.weight" for part in parts}


def test_of_an_mlp_it_is_the_first_layer():
    assert by_muon(gl.MLP(d_mlp=8, d_embed=4).build(gl.ModularArithmetic(5), 0)) == {"W_in"}


def test_of_a_plain_module_names_say_it():
    layers = {"tok_embed": nn.Embedding(5, 4), "body": nn.Linear(4, 4), "lm_head": nn.Linear(4, 5)}
    assert by_muon(nn.ModuleDict(layers)) == {"body.weight"}
    assert by_muon(nn.ModuleDict(layers), by_adam=("body",)) == {"tok_embed.weight", "lm_head.weight"}


def test_matrices_without_names_are_refused():
    with pytest.raises(BadArgument, match=r"Muon\(\)\.build\(model\.named_parameters\(\)\)"):
        Muon().build(nn.Linear(2, 2).parameters())


def test_words_that_are_none_are_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as for a caller outside the tests
    with pytest.raises(BadArgument, match="give words in the names of parameters"):
        Muon(by_adam="head")


def test_it_takes_a_closure_as_torchs_do():
    layer = nn.Linear(2, 2)
    optimizer = Muon().build(layer.named_parameters())

    def closure():
        optimizer.zero_grad()
        loss = layer(torch.ones(1, 2)).square().sum()
        loss.backward()
        return loss

    first = optimizer.step(closure).item()
    assert [optimizer.step(closure).item() for _ in range(5)][-1] < first
