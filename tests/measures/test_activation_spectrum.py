"""Activations anywhere along any coordinate: planted waves are seen, relabelled ones are not."""

import jaxtyping
import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import ActivationSpectrum

TASK = gl.ModularArithmetic(13)
POST = "blocks.0.mlp.hook_post"


@pytest.fixture(scope="module")
def clock():
    return gl.Snapshot(gl.planted(TASK, [2, 5]), TASK)


def own(snapshot, **fields):
    return ActivationSpectrum(**fields)(snapshot).sel(labelling="own")


@pytest.mark.parametrize(
    ("site", "coordinate", "pos"), [(POST, "xy", -1), ("hook_embed", "x", 0), ("hook_embed", "y", 1)]
)
def test_planted_components_hold_it_all(clock, site, coordinate, pos):
    found = ActivationSpectrum(site, coordinate, pos)(clock)
    assert float(found.sel(labelling="own", component=[2, 5]).sum()) == pytest.approx(1, abs=1e-6)
    for component in (2, 5):
        here = found.sel(component=component)
        assert float(here.sel(labelling="own")) > float(here.sel(labelling="relabelled: highest"))
    assert float(found.sel(labelling="relabelled: mean").sum()) == pytest.approx(1)
    assert float(found.sel(labelling="relabelled: mean", component=2)) == pytest.approx(2 / 12, abs=0.12)


def test_it_agrees_with_the_shares_of_the_neurons(clock):
    hidden = gl.measures.hidden_xy_share(clock)
    spectrum = own(clock, site=POST, coordinate="xy")
    np.testing.assert_allclose(spectrum, hidden / hidden.sum(), atol=1e-6)


def test_a_coordinate_of_ones_own(clock):
    x = tuple(TASK.inputs[:, 0].tolist())
    np.testing.assert_allclose(
        own(clock, site="hook_embed", coordinate=x, pos=0),
        own(clock, site="hook_embed", coordinate="x", pos=0),
    )
    days = tuple(element % 7 if element < 7 else -1 for element in x)
    found = own(clock, site="hook_embed", coordinate=days, pos=0, group="C7")
    assert found.sizes["component"] == 3
    assert float(found.sum()) == pytest.approx(1)


def test_a_small_group_is_compared_with_what_means_nothing():
    """Shifts and reflections of C5 carry waves into waves, and C3 has no other renaming."""
    five = gl.ModularArithmetic(5)
    found = ActivationSpectrum()(gl.Snapshot(gl.planted(five, [1]), five)).sel(component=1)
    assert float(found.sel(labelling="own")) == pytest.approx(1)
    assert float(found.sel(labelling="relabelled: highest")) < 0.99
    three = gl.ModularArithmetic(3)
    with pytest.raises(BadArgument, match="no control for a spectrum of so small a group"):
        ActivationSpectrum()(gl.Snapshot(gl.planted(three, [1]), three))


def test_an_untrained_model_stays_within_the_draws():
    """Over its components; one in twenty may stand out by chance, and not by much."""
    snapshot = gl.Snapshot(
        gl.Transformer(d_model=32, n_heads=2, d_head=16, d_mlp=64).build(TASK, seed=0), TASK
    )
    found = ActivationSpectrum("hook_embed", "x", 0)(snapshot)
    beyond = found.sel(labelling="own") > found.sel(labelling="relabelled: highest")
    assert int(beyond.sum()) <= 1


def test_it_is_tracked_and_named(clock):
    measure = ActivationSpectrum("hook_embed", "x", pos=0)
    table = gl.track(clock, [measure, ActivationSpectrum()])
    assert set(table) == {measure.__name__, "activation_spectrum"}
    assert table["activation_spectrum"].dims == ("step", "component", "labelling")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"coordinate": "z"}, "choose 'x', 'y', 'xy'"),
        ({"coordinate": "x", "group": "C7"}, "goes with a coordinate of your own"),
        ({"coordinate": (0, 1)}, "has 2 numbers up to 1"),
        ({"coordinate": (0,) * 169}, "No input has the element 1"),
        ({"coordinate": (13,) * 169}, "C13 has 13 elements"),
    ],
)
def test_what_is_no_coordinate(clock, fields, words):
    with pytest.raises(BadArgument, match=words):
        ActivationSpectrum(**fields)(clock)


def test_a_coordinate_of_fractions(clock, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as for a caller outside the tests
    with pytest.raises(BadArgument, match="not all whole numbers"):
        ActivationSpectrum(coordinate=(0.5,) * 169)(clock)


def test_a_coordinate_without_a_group():
    table = gl.TableTask(TASK.inputs, TASK.labels)
    snapshot = gl.Snapshot(gl.MLP(d_mlp=8).build(table, seed=0), table)
    with pytest.raises(BadArgument, match="say which: group='C7'"):
        ActivationSpectrum(coordinate=tuple(torch.zeros(169).long().tolist()))(snapshot)
    with pytest.raises(BadArgument, match="has no group"):
        ActivationSpectrum()(snapshot)
