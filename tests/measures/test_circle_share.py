"""Circles of words in states made for it: found in their own order and no other, whatever else is in the states."""

import math
import re
from zlib import crc32

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import groklens as gl
from groklens.errors import BadArgument
from groklens.measures import CircleShare, circle_of_numbers
from groklens.measures.word_orders import compared, on_circle
from groklens.tasks import COMPASS, MONTHS, WEEKDAYS, Words


def whole(text):
    return [crc32(each.encode()) % 9973 for each in text.split()]


def words(listed=WEEKDAYS, templates=("on {}", "so {}"), **fields):
    return Words(list(templates), listed, fields.pop("tokenizer", whole), **fields)


def states(task, radius=1.0, frequency=1, noise=0.0, seed=0):
    """Every input's: its own direction for each word, a circle of the elements, and a constant of the template."""
    generator = torch.Generator().manual_seed(seed)
    count = len(task.words)
    angle = 2 * math.pi * frequency * task.coordinate.double() / task.group.order
    own = torch.cat(
        [torch.eye(count).double(), radius * torch.stack([angle.cos(), angle.sin()], dim=1)], dim=1
    )
    found = own[task.word_of] + 3.0 * task.template_of[:, None]
    return found + noise * torch.randn(found.shape, generator=generator, dtype=torch.float64)


def found_in(values, task, frequency=1, without=None, seed=0):
    return compared(on_circle(values, task, without), task, frequency, seed)


@pytest.mark.parametrize("listed", [WEEKDAYS, MONTHS])
def test_a_circle_is_found_in_its_own_order_alone(listed):
    task, n = words(listed), len(listed)
    found = found_in(states(task), task)
    assert found.own == pytest.approx((2 + n) / (n - 1 + n))
    assert found.above == 0
    assert found.orders == (360 if n == 7 else 2000)
    assert found.median < float(found.others.max()) < found.own
    assert found.own > found.alphabetical


def test_other_frequencies_and_other_orders_are_not_found():
    task = words()
    twice = states(task, frequency=2)
    assert found_in(twice, task, 2).above == 0
    assert found_in(twice, task, 1).above > 100
    shuffled = words([WEEKDAYS[place] for place in (0, 3, 1, 5, 2, 6, 4)])
    mixed = states(words())[shuffled.word_of]  # the states go by place, so the words on them are others
    reordered = mixed.unflatten(0, (2, 7))[:, [0, 3, 1, 5, 2, 6, 4]].flatten(0, 1)
    found = found_in(reordered, shuffled)
    assert found.above > 36
    assert sorted(found.best.tolist()) == list(range(7))
    assert float(found.others.max()) == pytest.approx(9 / 13)


@pytest.mark.parametrize(
    ("listed", "frequency", "orders"), [(COMPASS, 2, 2513), (COMPASS, 4, 2449), (WEEKDAYS, 2, 360)]
)
def test_orders_of_the_same_functions_are_no_others(listed, frequency, orders):
    """Frequency 2 of eight words goes round twice, and is the same where words half a turn apart are swapped."""
    task = words(listed)
    angle = 2 * math.pi * frequency * task.elements.double() / len(listed)
    found = found_in(torch.stack([angle.cos(), angle.sin()], dim=1), task, frequency)
    assert (found.above, found.orders) == (0, orders)


def test_where_no_order_is_meant_all_are_above():
    task = words()
    found = found_in(states(task, radius=0.0), task)
    assert found.own == pytest.approx(1 / 3)
    assert (found.above, found.orders) == (359, 360)
    flat = found_in(torch.ones(14, 4), task)
    assert (flat.own, flat.above) == (0.0, 359)


def test_unequal_words_without_order_are_found_as_often_as_chance_has_it():
    """Of 40 draws of states without a circle, fewer than a twentieth of the orders are above in about 2."""
    task, shares = words(), []
    for seed in range(40):
        found = found_in(torch.randn(14, 5, generator=torch.Generator().manual_seed(seed)), task)
        shares.append(found.above / found.orders)
    assert sum(share < 0.05 for share in shares) <= 6
    assert 0.3 < np.mean(shares) < 0.7


def test_words_of_one_element_are_averaged():
    task = words([str(number) for number in range(30)], coordinate=lambda number: number % 10, group="C10")
    values = states(task, radius=0.0)
    assert on_circle(values, task).shape == (10, 32)
    angle = 2 * math.pi * (torch.arange(30) % 10)[task.word_of] / 10
    values[:, -2:] += torch.stack([angle.cos(), angle.sin()], dim=1)
    assert found_in(values, task).above == 0


def test_any_cyclic_group_goes_by_its_own_waves():
    """Words on residues mod 7 under multiplication: a circle in the discrete logarithm."""
    table = [[(a * b % 7) - 1 for b in range(1, 7)] for a in range(1, 7)]
    task = words(["1", "2", "3", "4", "5", "6"], group=table)
    exponents = torch.tensor([0, 2, 1, 4, 5, 3])  # of 3, mod 7
    angle = 2 * math.pi * exponents[task.word_of] / 6
    assert found_in(torch.stack([angle.cos(), angle.sin()], dim=1), task).own == pytest.approx(1)


def test_what_is_taken_out_no_longer_makes_a_circle():
    task = words()
    line = torch.arange(7.0)[task.word_of][:, None] * torch.ones(14, 3)
    by_line = found_in(line.double(), task)
    assert by_line.own > by_line.median
    assert found_in(line.double(), task, without=tuple(range(7))).own == pytest.approx(0, abs=1e-12)
    circle = states(task)
    kept = found_in(circle, task, without="alphabet")
    assert kept.above < 0.05 * 360  # one of six directions is gone, and some of the circle with it
    assert kept.own != pytest.approx(found_in(circle, task).own)
    constant = found_in(circle, task, without=(2.0,) * 7)
    assert constant.own == pytest.approx(found_in(circle, task).own)


def test_a_number_for_every_word_is_compared_in_the_same_way():
    task, angle = words(), 2 * math.pi * np.arange(7) / 7
    found = circle_of_numbers(task, np.log(10 + np.cos(angle + 0.3)))
    assert found.sel(labelling="own") > 0.95
    assert found.sel(labelling="orders above") == 0
    assert circle_of_numbers(task, [0, 5, 1, 4, 2, 6, 3]).sel(labelling="orders above") > 0.5


def test_the_alphabetical_order_is_one_of_those_compared():
    listed = sorted(WEEKDAYS)
    found = found_in(states(words(listed)), words(listed))
    assert found.alphabetical == pytest.approx(found.own)
    task = words(["2", "1", "4", "3"], group="C4", coordinate=[1, 0, 3, 2])
    assert found_in(states(task), task).alphabetical == pytest.approx(found_in(states(task), task).own)


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, 6), back=st.booleans(), seed=st.integers(0, 99))
def test_where_the_week_starts_and_which_way_it_goes_is_nothing(start, back, seed):
    task = words()
    values = states(task, radius=0.7, noise=0.5, seed=seed)
    turned = words(coordinate=[(start + (-day if back else day)) % 7 for day in range(7)], group="C7")
    one, other = found_in(values, task), found_in(values, turned)
    assert one.own == pytest.approx(other.own, abs=1e-9)
    assert (one.above, one.median) == (other.above, pytest.approx(other.median, abs=1e-9))
    turn = torch.linalg.qr(torch.randn(9, 9, generator=torch.Generator().manual_seed(seed)).double()).Q
    assert found_in(values @ turn + 2.0, task).own == pytest.approx(one.own, abs=1e-9)


@pytest.fixture(scope="module")
def snapshot():
    task = words(d_vocab=10_000)
    spec = gl.Transformer(n_layers=2, d_model=16, n_heads=2, d_head=8, d_mlp=16)
    return gl.Snapshot(spec.build(task, seed=0), task)


def test_sites_and_layers_agree(snapshot):
    table = gl.measures.circles_by_layer(snapshot)
    assert table.sizes == {"layer": 3}
    for layer, hook in ((0, "blocks.0.hook_resid_pre"), (1, "blocks.1.hook_resid_pre"), (2, None)):
        found = CircleShare(hook)(snapshot)
        assert float(table["share"][layer]) == pytest.approx(float(found.sel(labelling="own")))
        assert int(table["orders_above"][layer]) == round(360 * float(found.sel(labelling="orders above")))
    spectrum = gl.measures.ActivationSpectrum("blocks.1.hook_resid_post", "word")(snapshot)
    assert spectrum.sel(component=1, labelling="own") == pytest.approx(float(table["share"][2]), abs=1e-6)


def cut(text):
    """Tokens of a tokenizer that knows the four winds, and cuts northeast in two."""
    return [crc32(each.encode()) % 9973 for each in re.findall("north|south|east|west|[^ ]+", text)]


def test_words_that_end_in_one_token_are_warned_of_and_their_tokens_go_round_alone(snapshot):
    task = words(COMPASS, tokenizer=cut, d_vocab=10_000)
    spec = gl.Transformer(n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=16)
    winds = gl.Snapshot(spec.build(task, seed=0), task)
    with pytest.warns(UserWarning, match="northeast, east, southeast; southwest, west, northwest"):
        table = gl.measures.circles_by_layer(winds)
    assert table.attrs["shared_tokens"] == "northeast, east, southeast; southwest, west, northwest"
    assert table.attrs["orders_above_by_tokens"] < 0.05 * 2520
    assert table.attrs["share_by_tokens"] > 0.7
    with pytest.warns(UserWarning, match="end in the same token"):
        assert "northeast" in CircleShare()(winds).attrs["shared_tokens"]
    with pytest.warns(UserWarning, match="end in the same token"):
        gl.measures.circle_planes(winds)
    alone = gl.measures.circles_by_layer(snapshot).attrs
    assert (alone["shared_tokens"], alone["orders_above_by_tokens"]) == ("", 359)
    assert alone["share_by_tokens"] == pytest.approx(1 / 3)


def test_closure_is_said_by_layer_and_by_site(snapshot):
    table, found = gl.measures.circles_by_layer(snapshot).isel(layer=2), CircleShare()(snapshot)
    for name, labelling in {
        "open_line": "open line",
        "closing": "closing",
        "neighbours": "neighbours",
    }.items():
        assert float(table[name]) == pytest.approx(float(found.sel(labelling=labelling)))
    assert table["closed"].dtype == bool
    assert gl.measures.circle_planes(snapshot, layer=2).attrs["closed"] == int(table["closed"])


def test_templates_can_be_left_out(snapshot):
    first = gl.measures.circles_by_layer(snapshot, templates=[0])["share"]
    alone = words(templates=["on {}"], d_vocab=10_000)
    expected = gl.measures.circles_by_layer(gl.Snapshot(snapshot.model, alone))["share"]
    np.testing.assert_allclose(first, expected, rtol=1e-5)
    with pytest.raises(BadArgument, match="names none"):
        gl.measures.circles_by_layer(snapshot, templates=[])


def test_planes_hold_the_share_and_turn_against_the_clock():
    task = words(d_vocab=10_000)
    spec = gl.Transformer(n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=16)
    table = gl.measures.circle_planes(gl.Snapshot(spec.build(task, seed=1), task), layer=1)
    assert table["word"].sel(order="own").values.tolist() == list(WEEKDAYS)
    assert sorted(table["word"].sel(order="best other").values.tolist()) == sorted(WEEKDAYS)
    points = table["point"].sel(order="own").values
    waves = np.stack([np.cos(2 * np.pi * np.arange(7) / 7), np.sin(2 * np.pi * np.arange(7) / 7)])
    along = waves @ points  # symmetric and positive: the waves themselves are the nearest axes
    np.testing.assert_allclose(along, along.T, atol=1e-6)
    assert np.linalg.eigvalsh(along).min() > 0


def test_a_model_that_looks_ahead_is_refused_where_inputs_are_filled_up():
    short = words(templates=["on {}", "so it is on {} again"], d_vocab=10_000)
    spec = gl.Transformer(n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=16)
    assert CircleShare()(gl.Snapshot(spec.build(short, seed=0), short)).sizes == {"labelling": 8}

    class Ahead(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.read = torch.nn.Embedding(10_000, 8), torch.nn.Linear(8, 10_000)

        def forward(self, tokens):
            every = self.embed(tokens)
            return self.read(every + every.mean(dim=1, keepdim=True))

    torch.manual_seed(0)
    model = gl.hooked(Ahead(), names={"read": "blocks.0.hook_resid_post"})
    with pytest.raises(BadArgument, match="looks ahead"):
        CircleShare()(gl.Snapshot(model, short))
    even = words(["one", "two", "six", "ten"], d_vocab=10_000)
    assert CircleShare()(gl.Snapshot(model, even)).sizes == {"labelling": 8}


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda at: CircleShare(frequency=4)(at), "frequencies are 1 to 3"),
        (lambda at: CircleShare(without=(1.0,))(at), "for 7 words; give a number for each"),
        (lambda at: CircleShare(without="rank")(at), "without is 'rank'"),
        (lambda at: CircleShare("blocks.0.attn.hook_pattern")(at), "no position of a token"),
        (lambda at: gl.measures.circle_planes(at, layer=3), "layers 0 to 1"),
        (
            lambda at: CircleShare()(gl.Snapshot(at.model, gl.Probe([[1, 2]], d_vocab=10_000))),
            "needs words on a circle",
        ),
        (
            lambda at: CircleShare()(gl.Snapshot(at.model, words(group="line", d_vocab=10_000))),
            "stand on no circle",
        ),
        (
            lambda at: CircleShare()(gl.Snapshot(at.model, words(["a", "b", "c"], d_vocab=10_000))),
            "fewer than four",
        ),
    ],
)
def test_mistakes_are_refused(snapshot, ask, says):
    with pytest.raises(BadArgument, match=says):
        ask(snapshot)
