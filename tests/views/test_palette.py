"""The hues are told apart by people with each colour blindness, and seen on white and on near-black."""

import itertools

import numpy as np
import pytest

from groklens.views.drawing.palette import HUES, OTHER

#: What a dichromat sees of linear RGB: Machado, Oliveira and Fernandes 2009, table of severity 1.0.
SEEN = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
#: Least distance ΔE*ab of any two hues, and of any two of the first five; about 2 is just seen.
LEAST, LEAST_OF_FIVE = 16, 20
GROUNDS = ("#ffffff", "#14171b")


def linear(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light):
    ratio = TO_XYZ @ light / TO_XYZ.sum(axis=1)
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(first, second, eyes):
    seen = [lab(np.clip(SEEN[eyes] @ linear(colour), 0, 1)) for colour in (first, second)]
    return float(np.linalg.norm(seen[0] - seen[1]))


def contrast(colour, ground):
    dark, light = sorted(float(TO_XYZ[1] @ linear(each)) for each in (colour, ground))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("eyes", SEEN)
def test_any_two_hues_are_told_apart(eyes):
    for first, second in itertools.combinations((*HUES, OTHER), 2):
        assert distance(first, second, eyes) >= LEAST, (first, second)
    for first, second in itertools.combinations(HUES[:5], 2):
        assert distance(first, second, eyes) >= LEAST_OF_FIVE, (first, second)


def test_the_distance_sees_what_deuteranopia_does_not():
    """The two hues that this palette once had for the second and fifth component: told apart by most, not by all."""
    assert distance("#D55E00", "#B38600", "all cones") > 30
    assert distance("#D55E00", "#B38600", "deuteranopia") < 3


@pytest.mark.parametrize("ground", GROUNDS)
def test_hues_are_seen_on_light_and_dark_pages(ground):
    for colour in (*HUES, OTHER):
        assert contrast(colour, ground) >= 3, colour


def test_black_on_white_has_the_greatest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
