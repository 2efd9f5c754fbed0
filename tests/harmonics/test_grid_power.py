"""Power by component, streamed, against the whole two-dimensional transform."""

import pytest
import torch

import groklens as gl
from groklens.harmonics import GridPower, components, grid_power, neuron_components, nontrivial

#: Two cells of C6's table are missing, one is there twice.
CELLS = [[a, b] for a in range(6) for b in range(6) if (a, b) not in ((2, 3), (5, 0))]
GAPS = [*CELLS, [1, 4]]
TASKS = {
    "add": gl.ModularArithmetic(7, "add"),
    "even": gl.ModularArithmetic(8, "sub"),
    "mul": gl.ModularArithmetic(11, "mul"),
    "D2": gl.GroupComposition("D2"),
    "S3": gl.GroupComposition("S3"),
    "D4": gl.GroupComposition("D4"),
    "A4": gl.GroupComposition("A4"),
    "C6 with gaps": gl.TableTask(GAPS, [(a + b) % 6 for a, b in GAPS], group="C6"),
    "S3 with gaps": gl.TableTask(GAPS, [(a + b) % 6 for a, b in GAPS], group="S3"),
}


@pytest.fixture(params=TASKS, scope="module")
def symmetry(request):
    return TASKS[request.param].symmetry


def features(symmetry, n=9):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(len(symmetry.elements), n, generator=generator)
    return values.relu() + 3 * torch.arange(n)  # neurons with a mean


def whole_transform(values, symmetry):
    """Every product of two basis functions: power by non-trivial component, and in all."""
    n = symmetry.group.order
    grid = torch.zeros(n, n, values.shape[1], dtype=torch.float64)
    for (x, y), row in zip(symmetry.elements.tolist(), values.double(), strict=True):
        grid[x, y] = row
    grid -= grid.mean(dim=(0, 1))
    basis = torch.cat([part.basis for part in components(symmetry.group).values()], dim=1)
    owners = [name for name, part in components(symmetry.group).items() for _ in range(part.size)]
    squares = torch.einsum("xu,yv,xyf->uvf", basis, basis, grid).square()
    power = []
    for name in nontrivial(symmetry.group):
        own = torch.tensor([i for i, owner in enumerate(owners) if i == 0 or owner == name])
        power.append(squares[own][:, own].sum(dim=(0, 1)))
    return torch.stack(power), grid.square().sum(dim=(0, 1))


@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_blocks_of_any_size_add_up_to_the_whole_transform(symmetry, size):
    values = features(symmetry)
    streamed = GridPower(symmetry, values.shape[1])
    for start in range(0, len(values), size):
        streamed.add(slice(start, start + len(values[start : start + size])), values[start : start + size])
    power, total = streamed.power()
    expected, whole = whole_transform(values, symmetry)
    torch.testing.assert_close(power, expected, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(total, whole, rtol=1e-9, atol=1e-12)


def test_the_order_of_blocks_does_not_matter(symmetry):
    values = features(symmetry)
    streamed = GridPower(symmetry, values.shape[1])
    for start in reversed(range(0, len(values), 7)):
        streamed.add(slice(start, start + len(values[start : start + 7])), values[start : start + 7])
    expected, _ = whole_transform(values, symmetry)
    torch.testing.assert_close(streamed.power()[0], expected, rtol=1e-9, atol=1e-12)


def test_rows_worked_on_one_at_a_time_and_features_in_pairs_give_the_same(symmetry, monkeypatch):
    values = features(symmetry)
    expected = neuron_components(values, symmetry)
    monkeypatch.setattr("groklens.memory.BUDGETS.grid", 1)
    monkeypatch.setattr(grid_power, "_WIDTH", 2)
    names, best, shares = neuron_components(values, symmetry)
    assert names == expected[0]
    torch.testing.assert_close(best, expected[1], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(shares, expected[2], rtol=1e-9, atol=1e-12)


def test_a_feature_that_does_not_vary_has_no_power_at_all():
    symmetry = TASKS["add"].symmetry
    for constant in (0.0, 0.1, 7.3, 1e6):
        power = GridPower(symmetry, 1)
        power.add(slice(0, 49), torch.full((49, 1), constant))
        assert float(power.power()[1]) == 0
        assert power.shares()[1].tolist() == [0]


def test_what_is_given_is_left_as_it_was():
    symmetry = TASKS["S3"].symmetry
    values = features(symmetry).double()
    before = values.clone()
    neuron_components(values, symmetry)
    assert torch.equal(values, before)
