"""Hidden progress: answer-free measures see weights alone; oracles tell a parity from none, by hand."""

import pytest
import torch

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import (
    HIDDEN_PROGRESS,
    KernelMoved,
    LargestMove,
    SupportMove,
    fourier_gap,
    support_weight,
)
from groklens.tasks import Examples, SparseParity, hidden_bits

TASK = SparseParity(n=8, k=3, seed=1)
#: The same measures, the kernel on fewer inputs.
FEW = [
    KernelMoved(inputs=6, outputs=1, by_answer=False) if isinstance(each, KernelMoved) else each
    for each in HIDDEN_PROGRESS
]


def built(seed=0, task=TASK, **options):
    return gl.MLP(d_mlp=32, d_embed=None, **options).build(task, seed=seed)


def changed(model, bit, by):
    """The same model with more weight on one bit."""
    again = built()
    again.load_state_dict(model.state_dict())
    with torch.no_grad():
        again.W_in[bit, 1] += by
    return again


def column(run, measure):
    return gl.track(run, measure)[measure.__name__].values.tolist()


def test_the_largest_move_is_that_of_one_weight():
    run = gl.Run.of({0: built(), 4: changed(built(), 2, 0.25)}, TASK)
    assert column(run, LargestMove()) == pytest.approx([0, 0.25])
    assert column(run, LargestMove(of="W_in")) == pytest.approx([0, 0.25])
    assert column(run, LargestMove(of="W_U")) == [0, 0]
    with pytest.raises(BadArgument, match="no weights 'W_X'"):
        LargestMove(of="W_X", since=run.at(0))(run.final)


def test_movement_on_the_support_is_told_bit_for_bit():
    hidden, other = TASK.hidden[0], next(bit for bit in range(8) if bit not in TASK.hidden)
    on, off = (gl.Run.of({0: built(), 4: changed(built(), bit, 0.25)}, TASK) for bit in (hidden, other))
    assert column(on, SupportMove()) == pytest.approx([0.5, 1])
    assert column(off, SupportMove()) == pytest.approx([0.5, 0])
    everywhere = built()
    with torch.no_grad():
        everywhere.W_in[:, 1] += 0.25
    assert column(gl.Run.of({0: built(), 4: everywhere}, TASK), SupportMove())[1] == pytest.approx(0.5)


def test_a_planted_parity_has_the_gap_and_its_weight_on_the_support():
    planted = gl.Snapshot(gl.planted(TASK, TASK.hidden, "parity"), TASK)
    assert fourier_gap(planted) > 0.9
    assert support_weight(planted) == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_a_random_network_has_neither(seed):
    random = gl.Snapshot(built(seed), TASK)
    assert fourier_gap(random) < 0
    assert support_weight(random) == pytest.approx(0.5, abs=0.1)


def test_a_network_with_another_parity_has_its_gap_there_and_not_here():
    beside = [bit for bit in range(8) if bit not in TASK.hidden][:1] + TASK.hidden[1:]
    assert fourier_gap(gl.Snapshot(gl.planted(TASK, beside, "parity"), TASK)) < -0.9
    logits = torch.zeros(len(TASK.labels), 2)
    assert fourier_gap(gl.interventions.patch(gl.Snapshot(built(), TASK), "logits", logits)) == 0


def test_hidden_bits_are_the_tasks_under_wrong_labels_too():
    random = gl.Corrupted(TASK, 1.0, uniform=True)
    assert hidden_bits(random) == TASK.hidden
    assert hidden_bits(gl.ModularArithmetic(7)) == hidden_bits(SparseParity(n=3, k=3)) == []
    assert fourier_gap(gl.Snapshot(gl.planted(TASK, TASK.hidden, "parity"), random)) > 0.9


def test_answer_free_measures_do_not_see_the_answers(monkeypatch):
    """With other labels, and with other hidden bits, they give the same numbers; an oracle does not."""
    other = SparseParity(n=8, k=3, seed=2)
    assert other.hidden != TASK.hidden
    tables = []
    for task in (TASK, other):
        run = gl.Run.of({0: built(), 4: changed(built(), TASK.hidden[0], 0.5)}, task)
        tables.append(gl.track(run, FEW))
    for measure in FEW:
        same = tables[0][measure.__name__].equals(tables[1][measure.__name__])
        assert same == (isinstance(measure, KernelMoved) or measure.about.source.startswith("answer-free"))


def test_each_says_which_it_is():
    free = [each for each in HIDDEN_PROGRESS if "Oracle." not in each.__doc__]
    assert [type(each).__name__ for each in free] == ["LargestMove", "KernelMoved"]
    for each in HIDDEN_PROGRESS:
        assert (each in free) != each.about.source.startswith("oracle")
        assert "answer-free" in (each.__doc__ + each.about.source) if each in free else each.about.needs


@pytest.mark.parametrize(
    ("model", "task", "said"),
    [
        (gl.MLP(d_mlp=8, d_embed=None), gl.ModularArithmetic(5), "needs hidden bits among others"),
        (gl.MLP(d_mlp=8, combine="sum"), TASK, "needs weights of its own for every operand"),
        (
            gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=8),
            TASK,
            "needs weights of its own for every operand",
        ),
    ],
)
def test_what_they_lack_is_said(model, task, said):
    snapshot = gl.Snapshot(model.build(task, seed=0), task)
    with pytest.raises(BadArgument, match=said):
        support_weight(snapshot)
    table = gl.track(gl.Run.of({0: snapshot.model}, task), FEW)
    assert {"largest_move", FEW[1].__name__} <= set(table.data_vars)
    assert "support_weight" not in table


def test_embedded_bits_are_read_through_their_embedding():
    embedded = gl.MLP(d_mlp=16, d_embed=4).build(TASK, seed=0)
    with torch.no_grad():
        embedded.W_in[[bit for bit in range(8) if bit not in TASK.hidden]] = 0
    assert support_weight(gl.Snapshot(embedded, TASK)) == 1.0


def test_the_users_random_state_and_mode_stay():
    model, before = built().train(), torch.random.get_rng_state()
    for measure in FEW:
        gl.track(gl.Run.of({0: model}, TASK), measure)
    assert model.training
    assert torch.equal(torch.random.get_rng_state(), before)
    assert isinstance(TASK.probe, Examples)
