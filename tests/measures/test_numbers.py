"""What is fitted to numbers and tried on others: planted shapes are found, tables and shuffled numbers are not."""

import pytest
import torch

import groklens as gl
from adder import OPERANDS, PERIODS, N, adds, helix, shaped, table
from groklens.errors import BadArgument, UnknownName
from groklens.harmonics import (
    explained_unseen,
    folds_of,
    helix_basis,
    orthonormal,
    polynomial_basis,
    unseen_fit,
)
from groklens.measures import ActivationSpectrum, HelixFit, ModProbe, NumberSpectrum

FIT = HelixFit(periods=PERIODS)


def by_fit(snapshot, measure=FIT):
    found = measure(snapshot)
    return dict(zip(found["fit"].values.tolist(), found.values.tolist(), strict=True))


def test_a_helix_says_numbers_that_it_has_not_seen():
    found = by_fit(adds(helix()))
    assert found["helix"] == pytest.approx(1, abs=1e-6)
    assert max(found["polynomial"], found["line"], found["shuffled: highest"]) < 0.3
    assert found["line"] < found["circles"] < found["helix"]


def test_a_table_and_shuffled_numbers_are_not_said():
    for states in (table(), helix()[torch.randperm(N, generator=torch.Generator().manual_seed(1))]):
        assert by_fit(adds(states))["helix"] <= 0.2


def test_what_tells_digits_apart_is_no_helix():
    """States that are a table of the last digit, as those of digits that are tokens: any model has them."""
    tens = HelixFit(periods=(2, 5, 10))
    found = [by_fit(adds(table(seed)[OPERANDS % 10]), tens) for seed in range(8)]
    assert sum(each["helix"] > max(each["shuffled: highest"], each["polynomial"]) for each in found) >= 6
    assert (
        sum(each["helix"] > each["digits renamed: highest"] for each in found) <= 2
    )  # 1 in 21, were it chance
    planted = by_fit(adds(helix()))
    assert planted["helix"] > planted["digits renamed: highest"] + 0.2


def test_a_line_and_a_polynomial_are_said_by_their_own():
    line = by_fit(adds(shaped(helix_basis(OPERANDS, ()))))
    assert line["line"] == pytest.approx(1, abs=1e-6)
    assert line["circles"] < 0.9
    cubic = by_fit(adds(shaped(polynomial_basis(OPERANDS, 3))))
    assert cubic["polynomial"] == pytest.approx(1, abs=1e-4)
    assert cubic["helix"] < cubic["polynomial"]


def test_held_out_is_held_out():
    """More functions than numbers fit every number seen and none unseen."""
    values = torch.randn(12, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    functions = torch.randn(12, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    fold = folds_of(12, 4, seed=0)
    assert fold.bincount().tolist() == [3, 3, 3, 3]
    assert explained_unseen(values, unseen_fit(values, functions, fold), fold) < 0
    one = unseen_fit(values, functions, folds_of(12, 50, seed=0))[3]
    seen = torch.arange(12) != 3
    by_hand = torch.linalg.pinv(functions[seen] - functions[seen].mean(0)) @ (
        values[seen] - values[seen].mean(0)
    )
    torch.testing.assert_close(one, values[seen].mean(0) + (functions[3] - functions[seen].mean(0)) @ by_hand)


def test_fits_in_few_directions_say_no_more_than_those():
    full, few = (by_fit(adds(helix()), HelixFit(periods=PERIODS, components=k)) for k in (100, 3))
    assert few["helix"] < full["helix"]
    assert few["helix"] > 0


def test_the_basis_is_the_papers():
    basis = helix_basis(torch.arange(100), (2, 5, 10, 100))
    assert basis.shape == (100, 8)  # a line, seven waves: the sine of period 2 is nothing on whole numbers
    assert basis[99, 0] == 1
    assert orthonormal(torch.cat([basis, basis], dim=1)).shape == (100, 8)


def test_a_probe_reads_residues_that_are_there_and_no_others():
    snapshot = adds(helix())
    found = ModProbe(period=5)(snapshot)
    own = found.sel(labelling="own")
    assert (
        float(own.sel(score="kappa")) > 0.8 > float(found.sel(score="kappa", labelling="shuffled: highest"))
    )
    assert float(own.sel(score="accuracy")) == 1
    there = ModProbe(period=5)(adds(table())).sel(score="kappa")
    assert float(there.sel(labelling="own")) <= float(there.sel(labelling="shuffled: highest")) + 0.2
    assert float(found.sel(score="kappa", labelling="shuffled: mean")) == pytest.approx(0, abs=0.25)


def test_kappa_by_hand():
    """States that do not vary say the commoner residue of the others, which is the wrong one, every time."""
    found = ModProbe(period=2, folds=20)(adds(torch.zeros(N, 24))).sel(labelling="own")
    assert float(found.sel(score="accuracy")) == 0
    assert float(found.sel(score="kappa")) == -1  # (0 − ½) / (1 − ½)


def test_periods_have_their_shares_and_token_frequency_its_own():
    frequencies = tuple(1000.0 if n % 10 == 0 else 10.0 for n in range(N))
    found = NumberSpectrum(periods=(5, 10, 3), frequencies=frequencies)(adds(helix()))
    states = found.sel(of="states")
    assert float(states.sel(period=5)) > float(found.sel(of="shuffled: highest", period=5))
    assert float(states.sel(period=3)) < 0.1
    spikes = found.sel(of="token frequency")
    assert float(spikes.sel(period=10)) > 0.1  # round numbers alone put a wave there
    with pytest.raises(BadArgument, match="2 values for 20 numbers"):
        NumberSpectrum(frequencies=(1.0, 2.0))(adds(helix()))


def test_digits_are_a_coordinate():
    snapshot = adds(helix())
    units = tuple(snapshot.task.digit("a").tolist())
    found = ActivationSpectrum("hook_embed", units, "a", "C10")(snapshot)
    own = found.sel(labelling="own")
    assert float(own.sel(component=[1, 2, 5]).sum()) > 0.95  # periods 10, 5 and 2
    assert float(own.sel(component=3)) < 0.03


@pytest.mark.parametrize(
    ("ask", "match"),
    [
        (lambda: HelixFit(folds=1), "folds"),
        (lambda: HelixFit(periods=(1,)), "period"),
        (lambda: ModProbe(period=1), "period"),
        (lambda: ModProbe(period=15)(adds(helix())), "fewer than two to a residue"),
        (lambda: HelixFit(operand="c")(adds(helix())), "has 'a', 'b', 'sum'"),
        (
            lambda: HelixFit()(
                gl.Snapshot(gl.planted(gl.ModularArithmetic(3), [1]), gl.ModularArithmetic(3))
            ),
            "as a language writes them",
        ),
    ],
)
def test_what_cannot_be_fitted_is_refused(ask, match):
    with pytest.raises((BadArgument, UnknownName), match=match):
        ask()
