"""Coset concentration: its definition in loops, planted subgroups, and what random functions give."""

import itertools

import numpy as np
import pytest
import torch

import groklens as gl
from groklens import measures
from groklens.errors import BadArgument
from groklens.groups import FiniteGroup, group_named
from groklens.groups.permutations import permutations_of
from groklens.harmonics import irrep_matrices, left_cosets, right_cosets, subgroup_classes
from groklens.measures.cosets import _least_subgroups, _proper_subgroups
from groklens.measures.operands import operand_means, received

S4 = group_named("S4")
SIDES = {"left": left_cosets, "right": right_cosets}


def by_definition(values, group, subgroup, side):
    """Σ_C (|C|/n) Var(f|C) / Var(f), coset by coset from the table."""
    n, table = group.order, group.table.numpy()
    members = np.flatnonzero(subgroup)
    cosets = {tuple(sorted(table[g, members] if side == "left" else table[members, g])) for g in range(n)}
    assert sorted(itertools.chain(*cosets)) == list(range(n))
    within = sum(len(c) / n * np.var(values[list(c)], axis=0) for c in cosets)
    return within / np.var(values, axis=0)


def random_functions(group, count=50, seed=0):
    return torch.randn(group.order, count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def stabiliser(point):
    """The permutations of S4 that leave a point where it is, as a mask."""
    return permutations_of("S4")[:, point] == point


def reading(x, y, task=None):
    """A snapshot of an MLP on one-hots whose neurons receive the columns of x and of y."""
    task = task or gl.GroupComposition("S4")
    model = gl.MLP(d_mlp=x.shape[1], d_embed=None, combine="concat").build(task, seed=0)
    with torch.no_grad():
        model.W_in[0, : len(x)], model.W_in[1, : len(y)] = x.float(), y.float()
    return gl.Snapshot(model, task)


@pytest.mark.parametrize("name", ["S3", "D4", "C6"])
@pytest.mark.parametrize("side", SIDES)
def test_it_is_the_published_definition(name, side):
    group = group_named(name)
    values = random_functions(group, 4)
    subgroups = [each for known in subgroup_classes(group) for each in known.members]
    found = measures.coset_concentrations(values, group, subgroups, side)
    expected = [by_definition(values.numpy(), group, each.numpy(), side) for each in subgroups]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(found[0], 0, atol=1e-12)  # cosets of {e} are single elements
    np.testing.assert_allclose(found[-1], 1, atol=1e-12)


@pytest.mark.parametrize("name", ["S4", "D6", "A4", "C12"])
def test_the_least_is_at_a_subgroup_of_prime_order(name):
    group = group_named(name)
    values = random_functions(group)
    for side in SIDES:
        every = measures.coset_concentrations(values, group, _proper_subgroups(group), side).amin(dim=0)
        few = measures.coset_concentrations(values, group, _least_subgroups(group), side).amin(dim=0)
        torch.testing.assert_close(few, every)


class TestPlanted:
    def of_cosets(self, subgroup, side, seed=0):
        cosets = SIDES[side](S4, subgroup)
        return random_functions(S4, int(cosets.max()) + 1, seed).T[cosets][:, :1]

    @pytest.mark.parametrize("point", range(4))
    def test_a_subgroup_is_named_on_its_own_side(self, point):
        subgroup = stabiliser(point)
        snapshot = reading(self.of_cosets(subgroup, "right"), self.of_cosets(subgroup, "left"))
        assert measures.coset_concentration_x(snapshot).item() == pytest.approx(0, abs=1e-9)
        assert measures.coset_concentration_y(snapshot).item() == pytest.approx(0, abs=1e-9)
        found = measures.coset_subgroups(snapshot)
        assert found["order"].values.tolist() == [[6], [6]]
        assert set(found["subgroup"].values.flat) == {measures.subgroup_name(S4, subgroup)}

    def test_the_other_sides_cosets_are_not_taken_for_its_own(self):
        """A function of gH is one of (gHg⁻¹)g for no one subgroup where H is not normal."""
        subgroup = stabiliser(0)
        snapshot = reading(self.of_cosets(subgroup, "left"), self.of_cosets(subgroup, "right"))
        assert measures.coset_concentration_x(snapshot).item() > 0.02
        assert measures.coset_concentration_y(snapshot).item() > 0.02
        assert measures.coset_subgroups(snapshot)["order"].values.tolist() == [[1], [1]]

    def test_a_normal_subgroup_has_both(self):
        even = torch.linalg.det(torch.eye(4)[permutations_of("S4")]) > 0
        values = self.of_cosets(even, "left")
        found = measures.coset_subgroups(reading(values, values))
        assert found["order"].values.tolist() == [[12], [12]]

    @pytest.mark.parametrize("point", range(4))
    def test_an_irreps_matrix_element_with_a_fixed_vector(self, point):
        """aᵀρ(x)b is constant on Hx for the H that fixes a: the coset and the irrep reading of one neuron."""
        rho = irrep_matrices(S4, "standard")
        # the projection on to what H fixes has rank one
        fixed = torch.linalg.svd(rho[stabiliser(point)].mean(dim=0)).U[:, :1]
        other = torch.tensor([[0.3], [-1.1], [0.7]], dtype=torch.float64)
        x = (fixed.T @ rho @ other)[:, :, 0]
        y = (other.T @ rho @ fixed)[:, :, 0]
        found = measures.coset_subgroups(reading(x, y))
        assert set(found["subgroup"].values.flat) == {measures.subgroup_name(S4, stabiliser(point))}

    def test_noise_below_the_threshold_does_not_hide_the_largest(self):
        subgroup = stabiliser(2)
        values = self.of_cosets(subgroup, "right")
        values = values / values.std() + 0.05 * random_functions(S4, 1, seed=1)
        snapshot = reading(values, values)
        found = measures.coset_subgroups(snapshot).sel(operand="x")
        assert found["order"].item() == 6
        assert found["subgroup"].item() == measures.subgroup_name(S4, subgroup)
        assert 0 < measures.coset_concentration_x(snapshot).item() < found["concentration"].item() < 0.01
        assert measures.coset_subgroups(snapshot, threshold=1e-9)["order"].values.tolist() == [[1], [1]]


class TestControls:
    def test_random_functions_on_s5(self):
        """What the docstring says of the best of 41 subgroups, and of a single one of order 2."""
        group = group_named("S5")
        subgroups = _least_subgroups(group)
        assert sorted(int(each.sum()) for each in subgroups) == [2] * 25 + [3] * 10 + [5] * 6
        table = measures.coset_concentrations(random_functions(group, 2000), group, subgroups, "right")
        low, middle, high = table.amin(dim=0).quantile(torch.tensor([0.05, 0.5, 0.95]).double()).tolist()
        assert (low, middle, high) == pytest.approx((0.32, 0.38, 0.42), abs=0.01)
        assert float(table[0].mean()) == pytest.approx(60 / 119, abs=0.01)  # (n − n/2) / (n − 1)

    def test_one_irrep_alone_gives_small_subgroups_but_not_large_ones(self):
        """The harder control: aᵀρ(x)b with random a and b, as the docstring of `coset_subgroups` says."""
        generator = torch.Generator().manual_seed(0)
        group = group_named("S5")
        a, b = torch.randn(2, 500, 4, generator=generator, dtype=torch.float64)
        values = torch.einsum("mi,xij,mj->xm", a, irrep_matrices(group, "standard"), b)
        values = values / values.std(dim=0)  # a neuron's size says nothing
        least = measures.coset_concentrations(values, group, _least_subgroups(group), "right").amin(dim=0)
        assert float(least.median()) < 0.005
        found = measures.coset_subgroups(reading(values, values, gl.GroupComposition("S5")))
        orders = found.sel(operand="x")["order"].values
        assert (orders > 1).mean() > 0.7
        assert (orders >= 12).mean() < 0.02

    @pytest.mark.parametrize("kind", ["mlp", "transformer"])
    def test_an_untrained_model_is_like_them(self, kind):
        task = gl.GroupComposition("S4")
        if kind == "mlp":
            model = gl.MLP(d_mlp=64, d_embed=48, combine="concat").build(task, seed=0)
        else:
            model = gl.Transformer(d_model=48, n_heads=2, d_head=24, d_mlp=64).build(task, seed=0)
        snapshot = gl.Snapshot(model, task)
        random = measures.coset_concentrations(
            random_functions(S4, 2000), S4, _least_subgroups(S4), "right"
        ).amin(dim=0)
        for measure in (measures.coset_concentration_x, measures.coset_concentration_y):
            assert float(measure(snapshot).median()) == pytest.approx(float(random.median()), abs=0.06)
        assert not (measures.coset_subgroups(snapshot)["order"] > 1).any()

    def test_a_group_without_subgroups_has_nothing_to_find(self):
        task = gl.ModularArithmetic(7, "add")
        snapshot = gl.Snapshot(gl.planted(task, [2]), task)
        np.testing.assert_allclose(measures.coset_concentration_x(snapshot), 1)
        assert set(measures.coset_subgroups(snapshot)["subgroup"].values.flat) == {""}

    def test_neurons_that_receive_nothing_are_left_out(self):
        values = torch.cat([random_functions(S4, 1), 1e-3 * random_functions(S4, 1) + 2], dim=1)
        snapshot = reading(values, values)
        assert measures.coset_concentration_x(snapshot).values[1] == 1
        found = measures.coset_subgroups(snapshot).sel(operand="x", neuron=1)
        assert (found["subgroup"].item(), found["order"].item()) == ("constant", 24)


def test_what_neurons_receive_is_what_their_pre_activations_say_of_each_operand():
    """The route for transformers gives an MLP's embeddings, but for a constant."""
    task = gl.GroupComposition("S3")
    model = gl.MLP(d_mlp=8, d_embed=5, combine="concat").build(task, seed=0)
    snapshot = gl.Snapshot(model, task)
    before = snapshot.activations("blocks.0.mlp.hook_pre", pos=-1)
    for operand, values in enumerate(received(snapshot)):
        means = operand_means(before, task.symmetry, operand)
        torch.testing.assert_close(values - values.mean(0), means - means.mean(0), rtol=1e-5, atol=1e-6)


def test_relabelling_the_elements_changes_nothing():
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    table = torch.empty_like(S4.table)
    table[order[:, None], order] = order[S4.table]
    values = random_functions(S4, 6)
    moved = torch.empty_like(values)
    moved[order] = values
    task = gl.GroupComposition(FiniteGroup("S4", table))
    one, other = reading(values, values), reading(moved, moved, task)
    for measure in measures.COSETS:
        np.testing.assert_allclose(measure(other), measure(one), atol=1e-6)


def test_every_subgroup_has_its_own_name():
    subgroups = [each for known in subgroup_classes(S4) for each in known.members]
    names = [measures.subgroup_name(S4, each) for each in subgroups]
    assert len(set(names)) == len(subgroups) == 30
    assert names[0] == "⟨e⟩ of order 1"


@pytest.mark.parametrize("threshold", [0, 1.5])
def test_a_threshold_is_a_share(threshold):
    with pytest.raises(BadArgument, match="share of variance in"):
        measures.coset_subgroups(reading(random_functions(S4, 1), random_functions(S4, 1)), threshold)


def test_what_cannot_be_answered_is_refused():
    with pytest.raises(BadArgument, match=r"'left' .* or 'right'"):
        measures.coset_concentrations(random_functions(S4, 1), S4, [], "up")
    task = gl.ModularArithmetic(7, "add")
    model = gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=None).build(task, seed=0)
    for call in (measures.coset_concentration_x, measures.coset_subgroups):
        with pytest.raises(BadArgument, match="MLP neurons"):
            call(gl.Snapshot(model, task))
