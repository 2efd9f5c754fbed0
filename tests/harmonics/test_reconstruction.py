"""Functions of the answer, taken apart by component and put together again."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.harmonics import chosen_basis, components, nontrivial, operand_shares, project_on_answer
from groklens.tasks import GroupComposition
from many_groups import quaternions

TASKS = [GroupComposition(group) for group in ("C7", "D5", "A4", "S4", quaternions())]


@settings(max_examples=25, deadline=None)
@given(task=st.sampled_from(TASKS), seed=st.integers(0, 2**31), scale=st.floats(1e-3, 1e3))
def test_a_function_is_the_sum_of_its_projections(task, seed, scale):
    generator = torch.Generator().manual_seed(seed)
    function = scale * torch.randn(task.group.order, 2, generator=generator, dtype=torch.float64)
    values = function[task.labels]
    parts = [project_on_answer(values, task.symmetry, (name,)) for name in components(task.group)]
    torch.testing.assert_close(sum(parts), values, atol=1e-9 * scale, rtol=0)
    energy = sum(float(part.square().sum()) for part in parts)
    torch.testing.assert_close(energy, float(values.square().sum()), rtol=1e-9, atol=0)


@settings(max_examples=25, deadline=None)
@given(task=st.sampled_from(TASKS), data=st.data())
def test_projections_are_idempotent_and_orthogonal(task, data):
    names = list(components(task.group))
    chosen = data.draw(st.lists(st.sampled_from(names), unique=True))
    inside = chosen_basis(task.group, tuple(chosen))
    outside = chosen_basis(task.group, tuple(name for name in names if name not in chosen))
    assert inside.shape[1] + outside.shape[1] == task.group.order
    assert float((inside.T @ outside).abs().sum()) < 1e-10


def test_projection_commutes_with_translation():
    """x ↦ f(g x) stays in its component: the spaces belong to the group, not to the order of elements."""
    for task in TASKS:
        table = task.group.table
        for part in components(task.group).values():
            for shifted in (part.basis[table[1]], part.basis[table[:, 1]]):
                torch.testing.assert_close(part.basis @ (part.basis.T @ shifted), shifted, atol=1e-10, rtol=0)


def test_operand_shares_of_one_component_are_all_its_own():
    task = TASKS[3]
    for name, part in nontrivial(task.group).items():
        shares = operand_shares(part.basis, task.group)
        assert shares[name] > 1 - 1e-12
