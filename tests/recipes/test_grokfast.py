"""Grokfast is what its formula says, around any optimiser."""

from dataclasses import replace

import jaxtyping
import pytest
import restated
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.recipes import Grokfast, Muon, OrthoGrad


def gradients(count):
    generator = torch.Generator().manual_seed(9)
    return [torch.randn(5, 3, generator=generator, dtype=torch.float64) for _ in range(count)]


def test_it_is_its_formula_step_by_step():
    spec = Grokfast(gl.AdamW(lr=0.05, weight_decay=0.3, warmup_steps=4), decay=0.9, gain=1.5)
    weights, loss = restated.problem()
    weights = {name: each.detach().requires_grad_() for name, each in weights.items()}
    adams = {name: restated.AdamByHand(0.3) for name in weights}
    means = {}
    for update in range(1, 13):
        found = restated.gradients(loss, weights)
        for name, gradient in found.items():
            means[name] = 0.9 * means.get(name, gradient) + 0.1 * gradient
            moved = adams[name](weights[name].detach(), gradient + 1.5 * means[name], spec.rate(update))
            weights[name] = moved.requires_grad_()
    for name, each in restated.trained(spec).items():
        torch.testing.assert_close(each, weights[name].detach(), rtol=1e-12, atol=1e-14)


def test_without_gain_it_is_the_optimiser_inside():
    inside = gl.SGD(lr=0.1, momentum=0.9)
    ours, theirs = restated.trained(Grokfast(inside, gain=0.0)), restated.trained(inside)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_authors_filter_is_ours():
    weights, _ = restated.problem()
    one = weights["hidden.W"]
    drawn = gradients(4)
    optimizer = Grokfast(gl.SGD(lr=1.0)).build([one])
    for gradient, filtered in zip(drawn, restated.amplified(drawn, 0.98, 2.0), strict=True):
        one.grad, before = gradient.clone(), one.detach().clone()
        optimizer.step()
        torch.testing.assert_close(before - one.detach(), filtered, rtol=1e-12, atol=1e-12)


def test_the_gradients_of_a_closure_are_filtered_too():
    weights, _ = restated.problem()
    one = weights["hidden.W"]
    drawn = gradients(4)
    optimizer = Grokfast(gl.SGD(lr=1.0)).build([one])
    for k, (gradient, filtered) in enumerate(zip(drawn, restated.amplified(drawn, 0.98, 2.0), strict=True)):
        before = one.detach().clone()

        def closure(given=gradient):
            one.grad = given.clone()
            return 0.5

        loss = optimizer.step(closure) if k % 2 else optimizer.step(closure=closure)
        assert loss == 0.5
        torch.testing.assert_close(before - one.detach(), filtered, rtol=1e-12, atol=1e-12)


def test_wrappers_act_from_the_outside_in():
    """The gradient is filtered first and turned then, or the other way about, as the optimisers stand."""
    weights, _ = restated.problem()
    one = weights["hidden.W"]
    drawn = gradients(3)
    first = Grokfast(OrthoGrad(gl.SGD(lr=1.0))).build([one])
    for gradient, filtered in zip(drawn, restated.amplified(drawn, 0.98, 2.0), strict=True):
        one.grad, before = gradient.clone(), one.detach().clone()
        first.step()
        torch.testing.assert_close(before - one.detach(), restated.across(filtered, before))
    other, turned = OrthoGrad(Grokfast(gl.SGD(lr=1.0))).build([one]), []
    for gradient in drawn:
        one.grad, before = gradient.clone(), one.detach().clone()
        turned.append(restated.across(gradient, before))
        other.step()
        torch.testing.assert_close(before - one.detach(), restated.amplified(turned, 0.98, 2.0)[-1])


@pytest.mark.parametrize("inside", [gl.AdamW(), OrthoGrad(), Muon()])
def test_its_rates_are_those_of_the_optimiser_inside(inside):
    spec = Grokfast(inside)
    assert (spec.lr, spec.weight_decay) == (inside.lr, inside.weight_decay)
    assert spec.rate(3) == inside.rate(3)
    assert spec.by_name == getattr(inside, "by_name", False)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Grokfast(gl.AdamW), "give a value that describes one"),
        (lambda: Grokfast(0.001), "The optimizer within Grokfast is 0.001"),
        (lambda: Grokfast(gl.MLP()), "give a value that describes one"),
        (lambda: Grokfast(OrthoGrad(Grokfast())), "There is a Grokfast within a Grokfast"),
        (lambda: Grokfast(decay=1.0), r"decay is 1.0; give a number in \[0, 1\)"),
        (lambda: Grokfast(gain=-1), "gain is -1"),
    ],
)
def test_what_it_cannot_be_is_said(made, said, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as for a caller outside the tests
    with pytest.raises(BadArgument, match=said):
        made()


def test_a_field_of_the_optimiser_inside_is_changed_by_its_dotted_name():
    from groklens.recipes import changed

    recipe = gl.Recipe(task=gl.ModularArithmetic(5), model=gl.MLP(d_mlp=8), optimizer=Grokfast(), steps=3)
    again = changed(recipe, {"optimizer.optimizer.lr": 0.1, "optimizer.gain": 1.0})
    assert again.optimizer == Grokfast(replace(gl.AdamW(), lr=0.1), gain=1.0)
