"""Adam and AdamW differ in where decay comes in: in the gradient, or in the weights."""

import pytest
import restated
import torch

import groklens as gl
from groklens.recipes import Adam


@pytest.mark.parametrize("kind", [Adam, gl.AdamW])
def test_it_is_its_formula_step_by_step(kind):
    spec = kind(lr=0.05, weight_decay=0.3, warmup_steps=4)
    weights, loss = restated.problem()
    weights = {name: each.detach().requires_grad_() for name, each in weights.items()}
    adams = {name: restated.AdamByHand(0.3, coupled=kind is Adam) for name in weights}
    for update in range(1, 13):
        for name, gradient in restated.gradients(loss, weights).items():
            weights[name] = adams[name](weights[name].detach(), gradient, spec.rate(update)).requires_grad_()
    for name, each in restated.trained(spec).items():
        torch.testing.assert_close(each, weights[name].detach(), rtol=1e-12, atol=1e-14)
