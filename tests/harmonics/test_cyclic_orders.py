"""Cyclic orders: all of few things, once each, and what waves hold in them as a plain loop has it."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.harmonics import components, cyclic_orders, shares_of_orders


def alike(order):
    """An order and all its rotations and mirror images."""
    n = len(order)
    turned = [tuple(order[(start + step) % n] for step in range(n)) for start in range(n)]
    return {*turned, *(each[::-1] for each in turned)}


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7])
def test_of_few_things_every_order_is_there_once(n):
    orders, all_of_them = cyclic_orders(n)
    assert all_of_them
    assert len(orders) == max(1, math.factorial(n - 1) // 2)
    assert orders[0].tolist() == list(range(n))
    seen = [frozenset(alike(tuple(each))) for each in orders.tolist()]
    assert len(set(seen)) == len(orders)


@pytest.mark.parametrize("n", [9, 12])
def test_of_more_things_so_many_others_are_drawn_by_a_seed(n):
    orders, all_of_them = cyclic_orders(n, seed=3)
    assert not all_of_them
    assert orders.shape == (2000, n)
    assert torch.equal(orders.sort(dim=1).values, torch.arange(n).expand(2000, n))
    own = alike(tuple(range(n)))
    assert not [each for each in map(tuple, orders.tolist()) if each in own]
    cyclic_orders.cache_clear()
    assert torch.equal(cyclic_orders(n, seed=3)[0], orders)
    assert not torch.equal(cyclic_orders(n, seed=4)[0], orders)


def by_a_loop(vectors, basis, orders):
    found = []
    for order in orders.tolist():
        stand = vectors[order] - vectors.mean(dim=0)
        found.append(
            sum(float((wave @ stand).square().sum()) for wave in basis.T) / float(stand.square().sum())
        )
    return torch.tensor(found, dtype=torch.float64)


@pytest.mark.parametrize(("n", "frequency"), [(4, 2), (6, 1), (7, 3), (12, 1)])
def test_shares_are_those_of_a_plain_loop(n, frequency):
    vectors = torch.randn(n, 20, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    basis, orders = components(f"C{n}")[frequency].basis, cyclic_orders(n)[0][:100]
    torch.testing.assert_close(shares_of_orders(vectors, basis, orders), by_a_loop(vectors, basis, orders))


def test_what_does_not_vary_has_no_share():
    basis, (orders, _) = components("C7")[1].basis, cyclic_orders(7)
    assert not shares_of_orders(torch.ones(7, 3), basis, orders).any()


@settings(max_examples=25, deadline=None)
@given(n=st.integers(4, 8), frequency=st.integers(1, 2), start=st.integers(0, 7), seed=st.integers(0, 99))
def test_where_one_starts_which_way_round_and_along_which_axes_are_nothing(n, frequency, start, seed):
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(n, 10, generator=generator, dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(10, 10, generator=generator, dtype=torch.float64)).Q
    basis, own = components(f"C{n}")[frequency].basis, torch.arange(n)[None]
    expected = shares_of_orders(vectors, basis, own)
    for other in (vectors.roll(start, 0), vectors.flip(0), vectors @ turn + 5.0):
        torch.testing.assert_close(shares_of_orders(other, basis, own), expected)
