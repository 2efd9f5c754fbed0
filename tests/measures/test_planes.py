"""Where elements lie in the planes of components, on models that hold known waves."""

import numpy as np
import pytest

import groklens as gl

P = 13
ADD = gl.ModularArithmetic(P, "add")


@pytest.fixture(scope="module")
def planted():
    return gl.measures.embedding_plane(gl.Snapshot(gl.planted(ADD, [2, 5]), ADD))


@pytest.mark.parametrize("frequency", [2, 5])
def test_a_wave_is_a_circle_walked_at_its_frequency(planted, frequency):
    x, y = planted.sel(component=frequency).transpose("axis", "element").values
    radius = np.hypot(x, y)
    np.testing.assert_allclose(radius, radius[0], rtol=1e-4)
    turned = np.diff(np.unwrap(np.arctan2(y, x) * 1.0))
    turns = np.mod(turned / (2 * np.pi), 1)
    expected = frequency / P
    np.testing.assert_allclose(np.minimum(turns, 1 - turns), min(expected, 1 - expected), atol=1e-4)


def test_a_component_that_is_not_held_is_no_circle(planted):
    """Its plane is some plane; what other components have there does not turn at its frequency."""
    for frequency in (1, 3, 4, 6):
        x, y = planted.sel(component=frequency).transpose("axis", "element").values
        wave = np.exp(-2j * np.pi * frequency * np.arange(P) / P)
        assert abs(x @ wave) < 1e-4 * P * np.abs(x).max() + 1e-6
        assert abs(y @ wave) < 1e-4 * P * np.abs(y).max() + 1e-6


def test_an_untrained_embedding_has_no_circle():
    """The control: where nothing was learned, elements are strewn."""
    spec = gl.MLP(d_mlp=24, d_embed=16)
    found = gl.measures.embedding_plane(gl.Snapshot(spec.build(ADD, seed=0), ADD))
    radius = np.hypot(*found.sel(component=2).transpose("axis", "element").values)
    assert radius.std() > 0.2 * radius.mean()


def test_a_component_of_one_function_has_one_axis():
    task = gl.GroupComposition("S3")
    found = gl.measures.embedding_plane(gl.Snapshot(gl.MLP(d_mlp=8, d_embed=8).build(task, seed=0), task))
    assert found.dims == ("component", "element", "axis")
    assert found.sizes["element"] == 6
    signs = [name for name in found["component"].values.tolist() if "sign" in name or "sgn" in name]
    assert (found.sel(component=signs[0], axis="second").values == 0).all()


def test_the_axes_are_turned_alike_at_every_step():
    """Nearest to cosine and sine: the same wave, scaled, has the same coordinates, scaled."""
    model = gl.planted(ADD, [2])
    first = gl.measures.embedding_plane(gl.Snapshot(model, ADD)).sel(component=2).values
    angle = 2 * np.pi * 2 * np.arange(P) / P
    np.testing.assert_allclose(first[:, 0] / np.abs(first).max(), np.cos(angle), atol=2e-2)
    np.testing.assert_allclose(np.abs(first[:, 1]) / np.abs(first).max(), np.abs(np.sin(angle)), atol=2e-2)
