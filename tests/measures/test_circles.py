"""Circles of the embedding run alone, on planted ones, against the definitions written out triple by triple."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import groklens as gl
from groklens import measures
from groklens.errors import BadArgument

P = 13
ADD = gl.ModularArithmetic(P, "add")
FVE = (measures.circle_clock_fve, measures.circle_pizza_fve, measures.circle_accompanying_fve)


def of_different_radii(task, key, algorithm):
    """A planted model, the same function, whose circles principal components can tell apart: 1, 2, …"""
    model = gl.planted(task, key, algorithm)
    with torch.no_grad():
        for i in range(len(key)):
            model.W_E[:, 2 * i : 2 * i + 2] *= i + 1
            model.W_in[:, 2 * i : 2 * i + 2] /= i + 1
    return model


def by_name(array):
    return dict(zip(array["component"].values.tolist(), array.values.tolist(), strict=True))


def with_one_circle(model, n, first):
    """A copy of the model, its rows of W_E written over: principal components first and first+1, and the mean."""
    edited = copy.deepcopy(model)
    rows = model.W_E[:n].detach().double().numpy()
    mean = rows.mean(axis=0)
    values, vectors = np.linalg.eigh((rows - mean).T @ (rows - mean))
    axes = vectors[:, np.argsort(-values)][:, first : first + 2]
    with torch.no_grad():
        edited.W_E[:n] = torch.tensor((rows - mean) @ axes @ axes.T + mean).float()
    return edited


def explained(logits, ideal):
    """1 − Var(ẑ − z) / Var(z), both sides z-scored over all triples."""
    z = np.array([(values - values.mean()) / values.std() for values in (logits, ideal)])
    return 1 - (z[1] - z[0]).var() / z[0].var()


def ideals(k, n):
    """The three of Zhong et al. (2023), for each triple; the accompanying pizza is of half the frequency."""
    cubes = np.empty((3, n, n, n))
    w, half = 2 * np.pi * k / n, 2 * np.pi * (k * (n + 1) // 2) / n
    for a, b, c in np.ndindex(n, n, n):
        s0, s1 = np.cos(w * a) + np.cos(w * b), np.sin(w * a) + np.sin(w * b)
        cos, sin = np.cos(w * c / 2), np.sin(w * c / 2)
        cubes[0, a, b, c] = np.cos(w * (a + b - c))
        cubes[1, a, b, c] = abs(cos * s0 + sin * s1) - abs(-sin * s0 + cos * s1)
        doubled = np.cos(2 * half * a) + np.cos(2 * half * b), np.sin(2 * half * a) + np.sin(2 * half * b)
        cubes[2, a, b, c] = -(np.cos(half * c) * doubled[0] + np.sin(half * c) * doubled[1])
    return cubes


@pytest.mark.parametrize("algorithm", ["clock", "pizza"])
def test_circles_and_what_explains_them_by_the_definition(algorithm):
    model = of_different_radii(ADD, [2, 5], algorithm)
    snapshot = gl.Snapshot(model, ADD)
    assert [circle.component for circle in measures.circles(snapshot)] == [5, 2]
    assert sum(circle.variance for circle in measures.circles(snapshot)) == pytest.approx(1.0)
    found = [by_name(measure(snapshot)) for measure in FVE]
    for i, k in enumerate([5, 2]):
        logits = gl.Snapshot(with_one_circle(model, P, 2 * i), ADD).logits.double().numpy()
        expected = [explained(logits.ravel(), ideal.ravel()) for ideal in ideals(k, P)]
        assert [values[k] for values in found] == pytest.approx(expected, abs=1e-5)


def test_a_planted_clock_and_a_planted_pizza_are_what_they_are():
    clock = gl.Snapshot(of_different_radii(ADD, [2, 5], "clock"), ADD)
    pizza = gl.Snapshot(of_different_radii(ADD, [2, 5], "pizza"), ADD)
    assert measures.circle_clock_fve(clock).values == pytest.approx([1.0, 1.0], abs=1e-5)
    assert (measures.circle_pizza_fve(clock) < 0.85).all()
    assert (measures.circle_pizza_fve(pizza) > 0.95).all()
    assert (measures.circle_clock_fve(pizza) < 0.9).all()
    for snapshot in (clock, pizza):
        assert (measures.circle_accompanying_fve(snapshot) < -0.9).all()


def test_an_accompanying_pizza_is_recognised():
    """Operands embedded at 4, read out at 2, as −cos(w(2a − c)) − cos(w(2b − c))."""
    model = gl.MLP(d_mlp=2, d_embed=2, combine="sum", act_fn="identity").build(ADD, seed=0)
    angle = 2 * np.pi * torch.arange(P) / P
    with torch.no_grad():
        model.W_E[:P] = torch.stack([torch.cos(4 * angle), torch.sin(4 * angle)], dim=1)
        model.W_in[0] = torch.eye(2)
        model.unembed["W_U"].copy_(-torch.stack([torch.cos(2 * angle), torch.sin(2 * angle)]))
    snapshot = gl.Snapshot(model, ADD)
    assert by_name(measures.circle_accompanying_fve(snapshot)) == pytest.approx({4: 1.0}, abs=1e-5)
    assert measures.circle_clock_fve(snapshot).item() == pytest.approx(-1.0, abs=1e-5)


@pytest.mark.parametrize("op", ["sub", "mul", "div"])
def test_other_operations_are_addition_in_their_own_coordinates(op):
    """The group of the products mod 13 has even order: it has no accompanying pizza, and nothing fails."""
    task = gl.ModularArithmetic(P, op)
    snapshot = gl.Snapshot(of_different_radii(task, [2, 5], "clock"), task)
    assert by_name(measures.circle_clock_fve(snapshot)) == pytest.approx({5: 1.0, 2: 1.0}, abs=1e-5)
    assert measures.circle_doubling(snapshot).values == pytest.approx([0.0, 0.0], abs=1e-9)
    assert measures.circle_accompanying_fve(snapshot).size == (2 if op == "sub" else 0)


def test_the_model_is_left_as_it_was_and_runs_with_its_own_attention():
    """Also for a second operand with a vocabulary of its own, which keeps its own mean."""
    task = gl.ModularArithmetic(P, "add", shared_vocab=False)
    model = gl.Transformer(d_model=12, n_heads=2, d_head=6, d_mlp=20).build(task, seed=1)
    angle = 2 * np.pi * 3 * torch.arange(P) / P
    with torch.no_grad():
        model.W_E[:P, :2] += 3 * torch.stack([angle.cos(), angle.sin()], dim=1)
        model.W_E[P : 2 * P, :2] += 2 * torch.stack([angle.cos(), angle.sin()], dim=1) + 1
    before = {name: value.clone() for name, value in model.state_dict().items()}
    snapshot = gl.Snapshot(model, task)
    (circle,) = measures.circles(snapshot)
    found = measures.isolated_logits(snapshot, circle)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(gl.Snapshot(model, task).logits, snapshot.logits)
    axes = circle.axes.float()
    with torch.no_grad():
        for rows in (slice(0, P), slice(P, 2 * P)):
            mean = model.W_E[rows].mean(dim=0)
            model.W_E[rows] = mean + (model.W_E[rows] - mean) @ axes.T @ axes
    torch.testing.assert_close(found, gl.Snapshot(model, task).logits, atol=1e-5, rtol=1e-4)


def test_turning_the_embedding_changes_nothing():
    model = of_different_radii(ADD, [2, 5], "pizza")
    expected = [by_name(measure(gl.Snapshot(model, ADD))) for measure in FVE]
    turn = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0))).Q
    with torch.no_grad():
        model.W_E.copy_(model.W_E @ turn)
        model.W_in.copy_(turn.T @ model.W_in)
    found = [by_name(measure(gl.Snapshot(model, ADD))) for measure in FVE]
    assert found == [pytest.approx(values, abs=1e-4) for values in expected]


def test_an_untrained_embedding_has_no_circle():
    task = gl.ModularArithmetic(31, "add")
    snapshot = gl.Snapshot(gl.Transformer(d_model=16, n_heads=2, d_head=8, d_mlp=8).build(task, 0), task)
    assert measures.circles(snapshot) == []
    for measure in (*FVE, measures.circle_doubling):
        assert measure(snapshot).size == 0
        assert measure(snapshot)["component"].dtype.kind == "i"


def test_a_table_has_no_number_where_a_step_has_no_circle():
    models = {0: gl.planted(ADD, [1], "pizza"), 5: of_different_radii(ADD, [2, 5], "pizza")}
    run = SimpleNamespace(task=ADD, steps=[0, 5], at=lambda step: gl.Snapshot(models[step], ADD, step=step))
    table = gl.track(run, measures.CLOCK_PIZZA)
    assert np.isfinite(table.circle_pizza_fve.sel(component=[1, 2]).values).tolist() == [
        [True, False],
        [False, True],
    ]
    assert table.circle_pizza_fve.attrs["units"] == "share of variance"


def test_what_has_no_circles_is_refused():
    dihedral = gl.GroupComposition("D5")
    one_hot = gl.MLP(d_mlp=8, d_embed=None).build(ADD, seed=0)
    for measure in (*FVE, measures.circle_doubling):
        with pytest.raises(BadArgument, match="D5 is not cyclic"):
            measure(gl.Snapshot(gl.planted(dihedral, ["freq_1"]), dihedral))
        with pytest.raises(BadArgument, match="no W_E"):
            measure(gl.Snapshot(one_hot, ADD))
    with pytest.raises(BadArgument, match="D5 is not cyclic"):
        measures.frequency_doubling(gl.Snapshot(gl.planted(dihedral, ["freq_1"]), dihedral))


def doubling_by_transform(logits, k, n):
    """Share of power at 2k, of that at k and 2k, in the transform over one operand and the class."""
    power = np.zeros((2, n))
    for moving in (0, 1):
        spectrum = np.abs(np.fft.fft2(logits, axes=(moving, 2))) ** 2
        power[moving] = (spectrum[:, :, k] + spectrum[:, :, -k]).sum(axis=1 - moving)
    at = [(power[:, q % n] + power[:, -q % n]).sum() for q in (k, 2 * k)]
    return at[1] / sum(at)


def test_doubling_by_the_transform():
    model = gl.Transformer(d_model=12, n_heads=2, d_head=6, d_mlp=20).build(ADD, seed=1)
    snapshot = gl.Snapshot(model, ADD)
    logits = snapshot.logits.double().numpy().reshape(P, P, P)
    expected = {k: doubling_by_transform(logits, k, P) for k in range(1, P // 2 + 1)}
    assert by_name(measures.frequency_doubling(snapshot)) == pytest.approx(expected, rel=1e-9)
    assert 0.2 < np.mean(list(expected.values())) < 0.8  # nothing is learned, and nothing is said


def test_doubling_tells_the_planted_ones_apart():
    clock = gl.Snapshot(of_different_radii(ADD, [2, 5], "clock"), ADD)
    pizza = gl.Snapshot(of_different_radii(ADD, [2, 5], "pizza"), ADD)
    for measure in (measures.frequency_doubling, measures.circle_doubling):
        assert measure(clock).sel(component=[2, 5]).values == pytest.approx([0, 0], abs=1e-9)
        assert measure(pizza).sel(component=[2, 5]).values == pytest.approx([0.1, 0.1], abs=0.005)


@pytest.mark.parametrize(("n", "kept"), [(9, [1, 2, 4]), (8, [1, 2, 3]), (6, [1])])
def test_components_without_a_double_of_their_own_are_left_out(n, kept):
    task = gl.GroupComposition(f"C{n}")
    snapshot = gl.Snapshot(gl.planted(task, [1]), task)
    assert measures.frequency_doubling(snapshot)["component"].values.tolist() == kept


def test_the_share_explained_by_all_characters():
    clock = gl.Snapshot(gl.planted(ADD, [2, 5]), ADD)
    assert measures.logit_similarity_fve(clock) == pytest.approx(1.0)
    blank = gl.Snapshot(gl.Transformer(d_model=12, n_heads=2, d_head=6, d_mlp=20).build(ADD, 1), ADD)
    squares = (measures.logit_similarity(blank) ** 2).sum()
    assert measures.logit_similarity_fve(blank) == pytest.approx(float(squares))
    assert measures.logit_similarity_fve(blank) < 0.2


def test_what_neurons_write_outside_a_circuit():
    snapshot = gl.Snapshot(gl.planted(ADD, [2, 5]), ADD)
    assert measures.neuron_logit_residual(snapshot, gl.Circuit("C13", [2, 5])) < 1e-6
    assert measures.neuron_logit_residual(snapshot, gl.Circuit("C13", [1, 3])) == pytest.approx(1.0)
    blank = gl.Snapshot(gl.Transformer(d_model=12, n_heads=2, d_head=6, d_mlp=20).build(ADD, 1), ADD)
    readout = (blank.weights["W_out"][0] @ blank.weights["W_U"]).double().numpy().T
    kept = np.fft.fft(readout, axis=0)
    kept[[k for k in range(P) if k not in (2, 5, P - 2, P - 5)]] = 0
    expected = np.linalg.norm(readout - np.fft.ifft(kept, axis=0).real) / np.linalg.norm(readout)
    found = measures.neuron_logit_residual(blank, gl.Circuit("C13", [2, 5]))
    assert found == pytest.approx(expected, rel=1e-5)
