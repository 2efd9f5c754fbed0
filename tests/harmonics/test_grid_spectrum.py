"""Shares and remainders of a few components, in blocks, against the whole two-dimensional transform."""

import pytest
import torch

import groklens as gl
from groklens.harmonics import ComponentPart, components, nontrivial, shares_in, without_components

TASKS = {
    "add": gl.ModularArithmetic(7, "add"),
    "mul": gl.ModularArithmetic(11, "mul"),
    "S3": gl.GroupComposition("S3"),
    "A4": gl.GroupComposition("A4"),
}


@pytest.fixture(params=TASKS, scope="module")
def symmetry(request):
    return TASKS[request.param].symmetry


@pytest.fixture(params=[1, 2**20], ids=["one feature at a time", "all features at once"])
def budget(request, monkeypatch):
    monkeypatch.setattr("groklens.memory.BUDGETS.grid", request.param)


def features(symmetry, n=5):
    values = torch.randn(len(symmetry.elements), n, generator=torch.Generator().manual_seed(0))
    return values.double().relu() + 3 * torch.arange(n)  # neurons with a mean


def part_of(values, symmetry, name, order):
    """The part of `values` in one component's products, by projection on each operand, written out."""
    x, y = symmetry.elements.unbind(dim=1)
    part = components(symmetry.group)[name].basis[order]
    functions = torch.cat([torch.full((len(part), 1), len(part) ** -0.5, dtype=torch.float64), part], dim=1)
    products = (functions[x][:, :, None] * functions[y][:, None, :]).flatten(1)[:, 1:]  # but for the constant
    return products @ (products.T @ values)


def orders_of(symmetry):
    n = symmetry.group.order
    return torch.arange(n), torch.randperm(n, generator=torch.Generator().manual_seed(1))


def test_shares_are_those_of_the_parts(symmetry, budget):
    values, names = features(symmetry), list(nontrivial(symmetry.group))[:2]
    orders = orders_of(symmetry)
    own, draws = shares_in(values, symmetry, names, orders)
    total = float((values - values.mean(dim=0)).square().sum())
    for found, order in ((own, orders[0]), (draws[0], orders[0]), (draws[1], orders[1])):
        assert list(found) == names
        for name in names:
            part = part_of(values, symmetry, name, order)
            assert found[name] == pytest.approx(float(part.square().sum()) / total, rel=1e-9)


def test_features_that_do_not_vary_have_no_share(symmetry):
    names = list(nontrivial(symmetry.group))
    own, draws = shares_in(torch.ones(len(symmetry.elements), 3), symmetry, names)
    assert set(own.values()) == {0.0}
    assert draws == []


@pytest.mark.parametrize("which", [0, 1], ids=["own labels", "relabelled"])
def test_what_is_left_and_what_is_taken_out(symmetry, budget, which):
    values, order = features(symmetry), orders_of(symmetry)[which]
    first, second, *_ = nontrivial(symmetry.group)
    parts = [part_of(values, symmetry, name, order) for name in (first, second)]
    centred = values - values.mean(dim=0)
    left = without_components(values, symmetry, [first, second], order)
    torch.testing.assert_close(left, centred - parts[0] - parts[1], rtol=0, atol=1e-9)
    left = without_components(values, symmetry, [first], order)
    torch.testing.assert_close(left, centred - parts[0], rtol=0, atol=1e-9)
    read = torch.randn(values.shape[1], 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    on_grid = ComponentPart(values, symmetry, first, read).on_grid(order)
    taken = on_grid[symmetry.elements[:, 0], symmetry.elements[:, 1]]
    torch.testing.assert_close(taken, parts[0] @ read, rtol=0, atol=1e-9)
