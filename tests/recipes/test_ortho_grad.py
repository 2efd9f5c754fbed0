"""⊥Grad is what its formula says: across every tensor of weights, at the length that the gradient had."""

import restated
import torch
from torch import nn

import groklens as gl
from groklens.recipes import OrthoGrad


def test_it_is_its_formula_step_by_step():
    spec = OrthoGrad(gl.AdamW(lr=0.05, weight_decay=0.3, warmup_steps=4))
    weights, loss = restated.problem()
    weights = {name: each.detach().requires_grad_() for name, each in weights.items()}
    adams = {name: restated.AdamByHand(0.3) for name in weights}
    for update in range(1, 13):
        for name, gradient in restated.gradients(loss, weights).items():
            before = weights[name].detach()
            turned = restated.across(gradient, before)
            weights[name] = adams[name](before, turned, spec.rate(update)).requires_grad_()
    for name, each in restated.trained(spec).items():
        torch.testing.assert_close(each, weights[name].detach(), rtol=1e-11, atol=1e-13)


def stepped(weights, gradient):
    one = nn.Parameter(torch.tensor(weights))
    one.grad = torch.tensor(gradient)
    OrthoGrad(gl.SGD(lr=1.0)).build([one]).step()
    return torch.tensor(weights) - one.detach()


def test_the_length_stays_and_the_part_along_the_weights_goes():
    torch.testing.assert_close(stepped([2.0, 0.0], [3.0, 4.0]), torch.tensor([0.0, 5.0]))


def test_of_a_gradient_along_the_weights_nothing_is_left_and_no_rounding_is_scaled_up():
    weights = torch.randn(50, generator=torch.Generator().manual_seed(0))
    assert not stepped(weights.tolist(), (0.3 * weights).tolist()).any()


def test_weights_and_gradients_of_zero_are_no_trouble():
    assert stepped([0.0, 0.0], [3.0, 4.0]).tolist() == [3.0, 4.0]
    assert stepped([1.0, 2.0], [0.0, 0.0]).tolist() == [0.0, 0.0]
