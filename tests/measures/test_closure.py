"""Circles close and lines do not, whatever else is in the states; each number as a plain loop has it."""

import math
from itertools import combinations
from zlib import crc32

import pytest
import torch

from groklens.harmonics import components, open_waves, shares_of_orders
from groklens.measures.closure import closure
from groklens.measures.word_orders import compared, on_circle
from groklens.tasks import MONTHS, WEEKDAYS, Words


def places(n):
    return 2 * math.pi * torch.arange(n, dtype=torch.float64) / n


def on_a_circle(n, noise=0.0, seed=0):
    waves = 2 * torch.stack([places(n).cos(), places(n).sin()], dim=1)
    drawn = noise * torch.randn(n, 64, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.cat([waves, torch.zeros(n, 62, dtype=torch.float64)], dim=1) + drawn


def along_a_line(n, seed=0):
    """States of numbers: neighbours are alike, the more the nearer, and nothing brings the last back to the first."""
    apart = (torch.arange(n)[:, None] - torch.arange(n)).abs().double()
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.cholesky(torch.exp(-apart / 3)) @ torch.randn(
        n, 64, generator=generator, dtype=torch.float64
    )


def seen(states, listed):
    task = Words("on {}", listed, lambda text: [crc32(each.encode()) % 9973 for each in text.split()])
    return compared(on_circle(states, task), task, 1, 0)


@pytest.mark.parametrize("listed", [WEEKDAYS, MONTHS])
def test_a_line_has_its_own_order_and_is_no_circle(listed):
    """Of 20 lines the own order is ahead of all others in most, and none is closed."""
    found = [seen(along_a_line(len(listed), seed), listed) for seed in range(20)]
    assert sum(each.above == 0 for each in found) > 8
    assert not any(each.closure.closed for each in found)
    assert sum(each.closure.open_line > each.own for each in found) > 10


@pytest.mark.parametrize("listed", [WEEKDAYS, MONTHS])
def test_a_circle_has_its_own_order_and_closes(listed):
    found = [seen(on_a_circle(len(listed), 0.2, seed), listed) for seed in range(20)]
    assert all(each.above == 0 for each in found)
    assert sum(each.closure.closed for each in found) >= 18


def test_without_an_order_one_in_six_closes():
    generator = torch.Generator().manual_seed(0)
    drawn = [torch.randn(7, 20, generator=generator, dtype=torch.float64) for _ in range(200)]
    wave, own = components("C7")[1].basis, torch.arange(7)[None]
    found = [closure(each, 1, float(shares_of_orders(each, wave, own))) for each in drawn]
    assert 0.08 < sum(each.closed for each in found) / 200 < 0.25


@pytest.mark.parametrize("n", [4, 7, 12])
def test_numbers_are_those_of_a_plain_loop(n):
    states = along_a_line(n, seed=3)
    found = closure(states, 1, share=0.5)
    squared = {(i, j): float((states[i] - states[j]).square().sum()) for i, j in combinations(range(n), 2)}
    mean = sum(squared.values()) / len(squared)
    assert found.closing == pytest.approx(squared[0, n - 1] / mean)
    assert found.neighbours == pytest.approx(sum(squared[i, i + 1] for i in range(n - 1)) / (n - 1) / mean)
    centred = states - states.mean(dim=0)
    waves = [[math.cos(math.pi * k * (j + 0.5) / n) * math.sqrt(2 / n) for j in range(n)] for k in (1, 2)]
    held = sum(float((torch.tensor(wave).double() @ centred).square().sum()) for wave in waves)
    assert found.open_line == pytest.approx(held / float(centred.square().sum()), rel=1e-5)


def test_regular_circles_are_as_far_at_their_ends_as_anywhere():
    for n in (4, 7, 12, 24):
        found = closure(on_a_circle(n), 1, share=1.0)
        assert found.closing == pytest.approx(found.neighbours)
        assert 0.8 < found.open_line < 1
        assert found.closed


@pytest.mark.parametrize(("n", "frequency"), [(7, 1), (7, 3), (8, 4), (12, 6), (12, 5)])
def test_waves_of_a_line_are_as_many_as_those_of_its_circle(n, frequency):
    waves = open_waves(n, frequency)
    assert waves.shape == (n, 1 if 2 * frequency == n else 2)
    torch.testing.assert_close(waves.T @ waves, torch.eye(waves.shape[1], dtype=torch.float64))
    assert float(waves.sum(dim=0).abs().max()) < 1e-12


def test_where_nothing_varies_nothing_closes():
    assert closure(torch.ones(7, 3), 1, share=0.0) == (1.0, 1.0, 0.0, False)


def test_small_differences_of_large_states_are_seen():
    near = on_a_circle(7) * 1e-3
    found, far = closure(near, 1, 1.0), closure(near + 1e4, 1, 1.0)
    assert far.closing == pytest.approx(found.closing, rel=1e-4)
