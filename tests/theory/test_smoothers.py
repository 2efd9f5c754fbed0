"""The identities of linear smoothers, and their predictions against plain formulas."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from torch import nn

import groklens as gl
from groklens.errors import BadArgument
from groklens.theory import (
    class_errors,
    effective_parameters,
    kernel_ridge,
    least_squares,
    nearest_neighbours,
    neural_tangent_kernel,
    random_fourier_features,
    ridge,
)

F64 = torch.float64


def gaussian(rows, columns, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=F64)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(5, 30), p=st.integers(1, 40), seed=st.integers(0, 99))
def test_least_squares_has_p_parameters_and_an_interpolator_n(n, p, seed):
    train = gaussian(n, p, seed)
    smoother = least_squares(train, train)
    assert effective_parameters(smoother) == pytest.approx(min(n, p), rel=1e-6)
    if p >= n:
        assert torch.allclose(smoother, torch.eye(n, dtype=F64), atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(4, 25), p=st.integers(1, 40), penalty=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_ridge_has_its_sum_of_shrinkages(n, p, penalty, seed):
    train = gaussian(n, p, seed)
    shrunk = (d2 := torch.linalg.svdvals(train).square()) / (d2 + penalty)
    assert effective_parameters(ridge(train, train, penalty)) == pytest.approx(float(shrunk.square().sum()))


@pytest.mark.parametrize("k", [1, 3, 12])
def test_k_nearest_neighbours_have_n_over_k(k):
    train, at = gaussian(12, 3), gaussian(7, 3, seed=1)
    assert effective_parameters(nearest_neighbours(train, train, k)) == pytest.approx(12 / k)
    assert effective_parameters(nearest_neighbours(train, at, k)) == pytest.approx(12 / k)
    assert (nearest_neighbours(train, train, 1) == torch.eye(12)).all()
    assert torch.allclose(nearest_neighbours(train, at, k).sum(dim=1), torch.ones(7, dtype=F64))


@pytest.mark.parametrize(("n", "p"), [(30, 5), (10, 40)])
def test_predictions_are_those_of_the_plain_formulas(n, p):
    train, at, labels = gaussian(n, p), gaussian(6, p, seed=1), gaussian(n, 2, seed=2)
    weights = torch.linalg.pinv(train) @ labels
    assert torch.allclose(least_squares(train, at) @ labels, at @ weights)
    shrunk = torch.linalg.solve(train.T @ train + 0.7 * torch.eye(p), train.T @ labels)
    assert torch.allclose(ridge(train, at, 0.7) @ labels, at @ shrunk)
    assert torch.allclose(kernel_ridge(train @ train.T, at @ train.T, 0.7), ridge(train, at, 0.7))


def test_least_norm_is_all_principal_components_and_fewer_are_a_projection():
    train, at = gaussian(10, 40), gaussian(6, 40, seed=1)
    assert torch.allclose(least_squares(train, at, components=10), least_squares(train, at))
    some = least_squares(train, train, components=4)
    assert effective_parameters(some) == pytest.approx(4)
    assert torch.allclose(some @ some, some)
    with pytest.raises(BadArgument, match="span 10, so give 1 to 10"):
        least_squares(train, at, components=11)


def test_directions_that_are_rounding_are_left_out():
    train = gaussian(20, 3)
    doubled = torch.cat([train, train], dim=1)
    assert torch.allclose(least_squares(doubled, doubled), least_squares(train, train))


def test_random_features_are_nested_and_scaled():
    inputs = gaussian(5, 8)
    many = random_fourier_features(inputs, 11, seed=3)
    assert torch.allclose(random_fourier_features(inputs, 6, seed=3), many[:, :6], atol=1e-12)
    assert torch.allclose(many[:, 0].square() + many[:, 1].square(), torch.ones(5, dtype=F64))
    assert not torch.equal(random_fourier_features(inputs, 11, seed=4), many)
    wide = random_fourier_features(inputs, 40_000, seed=0, scale=0.3)
    gauss = torch.exp(-(0.3**2) * torch.cdist(inputs, inputs).square() / 2)
    assert torch.allclose(wide @ wide.T / 20_000, gauss, atol=0.03)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: least_squares(x, x[:, :2]),
        lambda x: ridge(x, x, 0.0),
        lambda x: kernel_ridge(x, x, 1.0),
        lambda x: nearest_neighbours(x, x, 0),
        lambda x: random_fourier_features(x, 0, 0),
        lambda x: effective_parameters(x[:0]),
    ],
)
def test_what_is_no_smoother_is_refused(wrong):
    with pytest.raises((BadArgument, TypeCheckError)):  # tests check shapes before the function can
        wrong(gaussian(6, 4))


def test_a_linear_models_tangent_kernel_is_its_inputs_products():
    inputs, at = gaussian(6, 4).float(), gaussian(3, 4, seed=1).float()
    linear = nn.Linear(4, 3, bias=False)
    assert torch.allclose(neural_tangent_kernel(linear, inputs, at).float(), at @ inputs.T, atol=1e-5)


def test_a_snapshots_kernel_is_that_of_small_changes():
    task = gl.ModularArithmetic(5, "add")
    model = gl.MLP(d_mlp=8, d_embed=None, act_fn="quadratic").build(task, seed=0).double()
    inputs = task.inputs[:6]
    kernel = neural_tangent_kernel(model, inputs)
    assert torch.allclose(kernel, kernel.T)
    assert torch.linalg.eigvalsh(kernel).min() > -1e-9
    weights = [p for p in model.parameters() if p.requires_grad]

    def outputs():
        with torch.no_grad():
            return model(inputs)[:, -1].clone()

    for i, j in (
        (0, 0),
        (1, 4),
    ):  # moving along input j's tangents changes input i by K(i, j), summed over classes
        total = 0.0
        for c in range(outputs().shape[1]):
            out = model(inputs)[:, -1][j, c]
            direction = torch.autograd.grad(out, weights, allow_unused=True)
            before = outputs()[i, c]
            with torch.no_grad():
                for p, d in zip(weights, direction, strict=True):
                    if d is not None:
                        p.add_(d, alpha=1e-6)
            total += float(outputs()[i, c] - before) / 1e-6
            with torch.no_grad():
                for p, d in zip(weights, direction, strict=True):
                    if d is not None:
                        p.sub_(d, alpha=1e-6)
        assert float(kernel[i, j]) == pytest.approx(total / outputs().shape[1], rel=1e-3, abs=1e-7)


def test_a_model_without_weights_has_no_tangents():
    with pytest.raises(BadArgument, match="no tangents"):
        neural_tangent_kernel(nn.ReLU(), torch.ones(2, 2))


def test_errors_of_classes_are_those_by_hand():
    smoother = torch.tensor([[1.0, 0.0], [0.4, 0.6], [0.0, 2.0]]).double()
    squared, wrong = class_errors(smoother, torch.tensor([0, 2]), torch.tensor([0, 0, 2]))
    assert squared == pytest.approx((0 + 2 * 0.36 + 1) / 3)
    assert wrong == pytest.approx(1 / 3)
    with pytest.raises((BadArgument, TypeCheckError)):
        class_errors(smoother, torch.tensor([0, 2]), torch.tensor([0, 0]))
