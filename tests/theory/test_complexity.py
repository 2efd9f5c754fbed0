"""Lempel–Ziv complexity and sensitivity on known strings and functions; information on planted counts."""

import itertools
import math

import numpy as np
import pytest
import torch

from groklens.errors import BadArgument
from groklens.theory import lempel_ziv, mutual_information, random_functions, sensitivity, shuffled_within

BITS = list(itertools.product((0, 1), repeat=5))


def words(string):
    """The parsing of Lempel and Ziv by their own algorithm of pointers (Kaspar and Schuster 1987)."""
    count, length, i, k, longest = 1, 1, 0, 1, 1
    while length < len(string):
        if length + k > len(string):
            return count + 1
        if string[i + k - 1] == string[length + k - 1]:
            k += 1
            continue
        longest, i = max(k, longest), i + 1
        if i == length:
            count, length, i, longest = count + 1, length + longest, 0, 1
        k = 1
    return count


@pytest.mark.parametrize(
    ("string", "bits"),
    [
        ("0" * 128, 7),
        ("1" * 8, 3),
        ("01" * 8, 4 * 3),  # 0·1·01…01
        (
            "0001101001000101",
            4 * 6,
        ),  # 0·001·10·100·1000·101, of Lempel and Ziv's own paper; the reverse has 6 as well
    ],
)
def test_known_strings(string, bits):
    assert lempel_ziv(string) == bits


def test_it_is_the_parsing_of_pointers_both_ways():
    generator = torch.Generator().manual_seed(0)
    for n in (2, 5, 31, 128):
        for _ in range(20):
            string = "".join(map(str, torch.randint(0, 2, (n,), generator=generator).tolist()))
            if len(set(string)) > 1:
                assert lempel_ziv(string) == math.log2(n) * (words(string) + words(string[::-1])) / 2


def test_symbols_are_only_names():
    assert (
        lempel_ziv([5, 7, 5, 5]) == lempel_ziv("0100") == lempel_ziv(torch.tensor([True, False, True, True]))
    )
    assert lempel_ziv(np.array([0, 1, 0, 0])) == lempel_ziv("0100")
    with pytest.raises(BadArgument, match="at least two"):
        lempel_ziv("0")
    with pytest.raises(BadArgument, match="one axis"):
        lempel_ziv(torch.zeros(2, 2))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: 1, 0),
        (lambda x: x[2], 1),
        (lambda x: sum(x) % 2, 5),
        (all, 2 * 5 / 2**5),
        (lambda x: sum(x) > 2, 5 * math.comb(4, 2) / 2**4),
    ],
)
def test_known_functions(function, expected):
    assert sensitivity([int(function(x)) for x in BITS]) == pytest.approx(expected)


def test_sensitivity_asks_for_every_input():
    for wrong in ("010", "0", ""):
        with pytest.raises(BadArgument, match="2ⁿ"):
            sensitivity(wrong)


def test_random_networks_are_simpler_than_random_functions_and_chaos_less_so():
    state = torch.random.get_rng_state()
    found = {
        name: random_functions(40, sigma_w, "tanh", seed=1) for name, sigma_w in (("low", 1.0), ("high", 6.0))
    }
    assert torch.equal(torch.random.get_rng_state(), state)
    found["random"] = torch.rand(40, 128, generator=torch.Generator().manual_seed(0)) > 0.5
    mean = {name: np.mean([lempel_ziv(each) for each in tables]) for name, tables in found.items()}
    flips = {name: np.mean([sensitivity(each) for each in tables]) for name, tables in found.items()}
    assert mean["low"] < mean["high"] < mean["random"]
    assert flips["low"] < flips["high"] < flips["random"] == pytest.approx(3.5, abs=0.1)
    assert torch.equal(random_functions(3, 1.0, seed=1), random_functions(3, 1.0, seed=1))
    assert not random_functions(2, 0.0, sigma_b=0.0).any()


@pytest.mark.parametrize("given", [{"act_fn": "gelu"}, {"sigma_w": -1.0}, {"count": 0}, {"n": 40}])
def test_random_functions_refuse_what_is_no_network(given):
    with pytest.raises(BadArgument):
        random_functions(**{"count": 2, "sigma_w": 1.0, **given})


# Information


def drawn(n, *sizes, seed=0):
    generator = np.random.default_rng(seed)
    return [generator.integers(size, size=n) for size in sizes]


def test_information_of_copies_and_of_strangers():
    a, b = drawn(4000, 4, 4)
    assert mutual_information(a, a) == pytest.approx(2, abs=0.01)
    assert mutual_information(a, b) == pytest.approx(0, abs=0.005)
    assert mutual_information(a, a, given=a) == 0
    xor = (a + b) % 4
    assert mutual_information(a, b, given=xor) == pytest.approx(2, abs=0.02)
    assert mutual_information(a * 10**12, b - 7, given=xor) == mutual_information(a, b, given=xor)


def test_information_is_corrected_and_not_clipped():
    """A coin with itself: the entropy's 1 bit and, for its two cells, 1/2n nats above it."""
    for n in (4, 8, 400):
        coin = [0, 1] * (n // 2)
        assert mutual_information(coin, coin) == pytest.approx(1 + 1 / (2 * n * math.log(2)))


def test_the_correction_takes_the_bias_of_counting():
    """Strangers with a few samples a cell: counts alone say much, corrected they say nothing within the spread."""
    plain, corrected = [], []
    for seed in range(40):
        a, b = drawn(300, 6, 6, seed=seed)
        corrected.append(mutual_information(a, b))
        cells = [len(set(each)) for each in (a, b, a * 6 + b)]
        plain.append(corrected[-1] - (cells[0] + cells[1] - cells[2] - 1) / (2 * 300 * math.log(2)))
    error = np.std(corrected) / 40**0.5
    assert abs(np.mean(corrected)) < 3 * error
    assert np.mean(plain) > 10 * error


def test_shuffles_stay_within_their_groups():
    values, groups = drawn(500, 5, 3)
    found = shuffled_within(values, groups, seed=1)
    assert (found != values).any()
    for group in range(3):
        assert sorted(found[groups == group]) == sorted(values[groups == group])
    assert (found == shuffled_within(values, groups, seed=1)).all()
    assert (found != shuffled_within(values, groups, seed=2)).any()
    assert abs(mutual_information(shuffled_within(values, seed=3), values)) < 0.05


@pytest.mark.parametrize("given", [([], []), ([0, 1], [0]), ([0.5, 1], [0, 1]), ([[0, 1]], [[0, 1]])])
def test_information_refuses_what_are_no_samples(given):
    with pytest.raises(BadArgument):
        mutual_information(*given)
