"""What is only a matter of naming changes no measure and no circuit; a renaming of residues renames frequencies."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from by_hand import neurons_permuted, residual_rotated, residues_multiplied
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.evidence import search
from groklens.measures import PROGRESS

P = 17
TASK = gl.ModularArithmetic(P, "add")
TRAIN, _ = TASK.split(0.5, seed=0)
CIRCUIT = gl.Circuit("C17", [2, 5])
TRAINED = Path(__file__).parents[2] / "examples" / "runs" / "mul97"
#: One value a neuron, in the order of the neurons.
BY_NEURON = ("neuron_component", "neuron_explained")


def measured(model, task=TASK, circuit=CIRCUIT, train=TRAIN):
    snapshot = gl.Snapshot(model, task, train_index=train)
    return {measure.__name__: measure(snapshot, circuit) for measure in PROGRESS}


def assert_alike(first, second, tolerance=1e-6):
    assert first.keys() == second.keys()
    for name, value in first.items():
        if name == "neuron_component" and float(first["neuron_explained"].min()) < 0.5:
            continue  # a neuron of a single cell has every component alike, and rounding decides on a name
        here, there = (
            np.sort(v.values) if name in BY_NEURON else np.asarray(v) for v in (value, second[name])
        )
        np.testing.assert_allclose(here, there, rtol=tolerance, atol=tolerance, err_msg=name)


def transformer(seed):
    spec = gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=24, bias=True)
    model = spec.build(TASK, seed=seed).double()
    with torch.no_grad():  # biases start at zero, and a bias that is turned wrongly should show
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(generator=torch.Generator().manual_seed(seed))
    return model


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_turning_the_residual_basis_changes_no_measure(seed):
    model = transformer(seed)
    turned = residual_rotated(model, seed)
    assert not torch.allclose(
        gl.Snapshot(turned, TASK).weights["W_E"], gl.Snapshot(model, TASK).weights["W_E"]
    )
    assert_alike(measured(model), measured(turned))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_neurons_changes_no_measure(seed):
    for model in (transformer(seed), gl.MLP(d_mlp=24, d_embed=8).build(TASK, seed=seed)):
        assert_alike(measured(model), measured(neurons_permuted(model, seed)))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_neurons_changes_no_circuit(seed):
    model = gl.planted(TASK, [3, 4])
    permuted = neurons_permuted(model, seed)
    assert gl.find_circuit(gl.Snapshot(permuted, TASK)) == gl.Circuit("C17", [3, 4])
    assert_alike(measured(model), measured(permuted))


def test_a_measure_that_reads_one_direction_of_the_basis_is_caught():
    """The comparison itself can fail: the first coordinate of the embedding does change when the basis turns."""

    @gl.measure(long_name="first coordinate", units="weight", valid_range=(0, 1e9), source="this test")
    def first_coordinate(snapshot):
        return float(snapshot.weights["W_E"][:, 0].abs().sum())

    model = transformer(0)
    pair = [{"first": first_coordinate(gl.Snapshot(m, TASK))} for m in (model, residual_rotated(model))]
    with pytest.raises(AssertionError, match="first"):
        assert_alike(*pair)


@settings(max_examples=4, deadline=None)
@given(unit=st.integers(2, P - 1), names=st.sets(st.integers(1, 8), min_size=1, max_size=3))
def test_multiplying_residues_by_a_unit_divides_the_frequencies_by_it(unit, names):
    def renamed(name):
        frequency = name * pow(unit, -1, P) % P
        return min(frequency, P - frequency)

    model = gl.planted(TASK, sorted(names))
    other = residues_multiplied(model, unit)
    found, image = (search(gl.Snapshot(m, TASK)) for m in (model, other))
    assert found.circuit.components == tuple(sorted(names))
    assert image.circuit.components == tuple(sorted(map(renamed, names)))
    assert [(f.key, f.verdict) for f in image.findings] == [(f.key, f.verdict) for f in found.findings]
    for before, after in zip(found.findings, image.findings, strict=True):
        assert after.value == pytest.approx(before.value, abs=1e-6)
    here, there = measured(model, circuit=found.circuit), measured(other, circuit=image.circuit)
    for name in ("loss", "restricted_loss", "logit_fve", "gini_embedding", "gini_neuron_logit", "ipr"):
        assert there[name] == pytest.approx(here[name], abs=1e-6), name
    for name in ("logit_similarity", "embedding_spectrum", "neuron_logit_spectrum", "excluded_loss_each"):
        assert isinstance(here[name], xr.DataArray)
        for component in here[name]["component"].values.tolist():
            value = float(there[name].sel(component=renamed(component)))
            assert value == pytest.approx(float(here[name].sel(component=component)), abs=1e-4), name


@pytest.mark.slow
def test_a_trained_transformer_keeps_its_circuit_when_basis_and_neurons_are_renamed():
    final = gl.load(TRAINED).final
    found = search(final)
    model = neurons_permuted(residual_rotated(final.model.double()))
    other = search(gl.Snapshot(model, final.task, train_index=final.train_index))
    assert other.circuit == found.circuit
    for before, after in zip(found.findings, other.findings, strict=True):
        assert (after.key, after.verdict) == (before.key, before.verdict)
        assert after.value == pytest.approx(before.value, abs=1e-4)
