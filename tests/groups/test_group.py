"""What counts as a finite group, and what does not."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groklens.errors import BadArgument
from groklens.groups import FiniteGroup, group_named
from groklens.groups.finite_group import cyclic, nonzero_residues

#: The smallest loop that is no group: a Latin square with an identity, every element its own inverse.
LOOP_OF_ORDER_5 = [
    [0, 1, 2, 3, 4],
    [1, 0, 3, 4, 2],
    [2, 4, 0, 1, 3],
    [3, 2, 4, 0, 1],
    [4, 3, 1, 2, 0],
]


def quaternions():
    """Q8 as a table: elements (sign, unit) with units 1, i, j, k."""
    product = {(0, x): (0, x) for x in range(4)} | {(x, 0): (0, x) for x in range(4)}
    product |= {(x, x): (1, 0) for x in range(1, 4)}
    product |= {
        (1, 2): (0, 3),
        (2, 3): (0, 1),
        (3, 1): (0, 2),
        (2, 1): (1, 3),
        (3, 2): (1, 1),
        (1, 3): (1, 2),
    }
    table = torch.empty(8, 8, dtype=torch.long)
    for a in range(8):
        for b in range(8):
            sign, unit = product[a % 4, b % 4]
            table[a, b] = (a // 4 + b // 4 + sign) % 2 * 4 + unit
    return table


def almost_cyclic(n):
    """The table of C{n} with one 2 × 2 Latin square in it turned: almost every triple still associates."""
    table = cyclic(n).table.clone()
    rows, columns = (2, 2 + n // 2), (3, 3 + n // 2)
    block = table[rows, :][:, columns]
    assert block[0, 0] == block[1, 1]
    assert block[0, 1] == block[1, 0]
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            table[row, column] = block[i, 1 - j]
    return table


@settings(max_examples=15, deadline=None)
@given(n=st.integers(1, 40))
def test_cyclic_groups_satisfy_the_axioms(n):
    group = cyclic(n)
    elements = torch.arange(n)
    assert group.identity == 0
    assert group.is_abelian
    assert (group.table[elements, group.inverses] == group.identity).all()


@pytest.mark.parametrize("p", [2, 3, 5, 13])
def test_nonzero_residues_multiply(p):
    group = nonzero_residues(p)
    assert group.name == f"C{p - 1}"
    assert all(group.table[a - 1, b - 1] == a * b % p - 1 for a in range(1, p) for b in range(1, p))


def test_a_group_that_is_not_abelian():
    group = FiniteGroup("Q8", quaternions())
    assert not group.is_abelian
    assert (group.table[torch.arange(8), group.inverses] == group.identity).all()


@settings(max_examples=15, deadline=None)
@given(n=st.integers(2, 20), seed=st.integers(0, 100))
def test_a_relabelled_group_is_still_a_group_with_its_own_identity(n, seed):
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    back = order.argsort()
    group = FiniteGroup("mine", order[cyclic(n).table[back][:, back]])
    assert group.identity == int(order[0])
    assert (group.table[torch.arange(n), group.inverses] == group.identity).all()


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(torch.tensor(LOOP_OF_ORDER_5), id="loop"),
        pytest.param(almost_cyclic(112), id="almost C112"),
        pytest.param((torch.arange(7)[:, None] - torch.arange(7)) % 7, id="subtraction"),
        pytest.param(torch.zeros(3, 3, dtype=torch.long), id="constant"),
        pytest.param(torch.tensor([[0, 1], [1, 2]]), id="entry outside"),
        pytest.param(torch.empty(0, 0, dtype=torch.long), id="empty"),
    ],
)
def test_what_is_no_group_is_refused(table):
    with pytest.raises(BadArgument, match="group"):
        FiniteGroup("mine", table)


def test_names_and_tables_tell_groups_apart():
    assert group_named("C7") == cyclic(7)
    assert cyclic(7) != cyclic(8)
    assert FiniteGroup("C7", cyclic(7).table) == cyclic(7)
    assert FiniteGroup("other", cyclic(7).table) != cyclic(7)
    with pytest.raises(BadArgument, match="FiniteGroup"):
        group_named("Monster")
