"""The first gradient of a parity: the closed form against enumeration, Monte Carlo and the library's own network."""

from itertools import product

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.theory import initial_parity_gradient, majority_coefficient, parity_gap


def every_input(n):
    return torch.tensor(list(product((1.0, -1.0), repeat=n)), dtype=torch.float64)


def signs_of(n, seed=0):
    return 1 - 2.0 * torch.randint(2, (n,), generator=torch.Generator().manual_seed(seed))


def gradient_on(inputs, weights, hidden):
    """Mean over the inputs of the gradient of −χ(x) relu(w·x), by autograd."""
    w = weights.double().requires_grad_()
    loss = -(inputs[:, hidden].prod(dim=1) * torch.relu(inputs @ w)).mean()
    return torch.autograd.grad(loss, w)[0]


@pytest.mark.parametrize("n", [1, 3, 7, 11])
def test_coefficients_of_majority_are_those_of_enumeration(n):
    inputs = every_input(n)
    majority = inputs.sum(dim=1).sign()
    for size in range(n + 1):
        by_hand = float((majority * inputs[:, :size].prod(dim=1)).mean())
        assert majority_coefficient(n, size) == pytest.approx(by_hand, abs=1e-12)


def test_published_gaps():
    assert [round(parity_gap(n, 2), 3) for n in (21, 31, 41, 51)] == [0.167, 0.139, 0.122, 0.11]
    assert [round(parity_gap(n, 4), 4) for n in (21, 31, 41, 51)] == [0.0076, 0.0044, 0.003, 0.0021]
    assert parity_gap(41, 3) == 0.0


@pytest.mark.parametrize("k", [1, 2, 3, 4, 9])
def test_the_gradient_is_that_of_all_inputs(k):
    weights, hidden = signs_of(9, seed=k), list(range(9))[-k:]
    exact = gradient_on(every_input(9), weights, hidden)
    torch.testing.assert_close(initial_parity_gradient(weights, hidden), exact, atol=1e-12, rtol=0)


@pytest.mark.parametrize(("n", "k"), [(21, 2), (31, 4)])
def test_the_gradient_is_that_of_a_large_sample(n, k):
    draws, hidden = 200_000, [1, 5, 8, 12][:k]
    generator, weights = torch.Generator().manual_seed(n), signs_of(n)
    inputs = 1 - 2.0 * torch.randint(2, (draws, n), generator=generator).double()
    sampled = gradient_on(inputs, weights, hidden)
    error = 5 * (0.5 / draws) ** 0.5  # each term is 0 or ±1, one of two
    assert float((sampled - initial_parity_gradient(weights, hidden)).abs().max()) < error


def test_the_librarys_network_has_that_gradient():
    """Logit 1 less logit 0 of an MLP on one-hot bits, with the two tokens' weights ∓w/2 and a read-out of ±1/2."""
    task = gl.tasks.SparseParity(n=9, k=2)
    model, weights = gl.MLP(d_mlp=1, d_embed=None).build(task, seed=0), signs_of(9)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.W_in[:, 0, 0], model.W_in[:, 1, 0] = weights, -weights  # token 1 is −1
        model.W_U[0, 0], model.W_U[0, 1] = 1.0, 0.0
    tokens = torch.cartesian_prod(*[torch.arange(2)] * 9)
    even = 1 - 2.0 * (tokens[:, task.hidden].sum(dim=1) % 2)
    logits = model(tokens).reshape(len(tokens), -1)
    model.W_in.grad = None
    (-(even * logits[:, 0]).mean()).backward()
    found = (model.W_in.grad[:, 0, 0] - model.W_in.grad[:, 1, 0]).double()
    torch.testing.assert_close(found, initial_parity_gradient(weights, task.hidden), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: majority_coefficient(4, 1), "odd number"),
        (lambda: majority_coefficient(5, 6), "size 6"),
        (lambda: parity_gap(5, 5), "k is 5"),
        (lambda: initial_parity_gradient([1.0, 2.0, 1.0], [0]), "each 1 or −1"),
        (lambda: initial_parity_gradient([1.0, 1.0], [0]), "odd number"),
        (lambda: initial_parity_gradient([1.0, 1.0, -1.0], [3]), "0 to 2"),
        (lambda: initial_parity_gradient([1.0, 1.0, -1.0], [0, 0]), "each once"),
    ],
)
def test_what_has_no_closed_form_is_refused(call, said):
    with pytest.raises(BadArgument, match=said):
        call()
