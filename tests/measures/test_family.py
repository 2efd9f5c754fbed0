"""Measures with parameters: values whose fields name their column, used as any measure is."""

from dataclasses import dataclass

import pytest
import torch
import xarray as xr

import groklens as gl
from groklens.errors import BadArgument, UnknownName
from groklens.measures import About, Family

TASK = gl.ModularArithmetic(7)


@dataclass(frozen=True)
class LargestLogits(Family):
    """Mean of the largest logits of every input."""

    classes: int = 1
    sides: tuple[str, ...] = ()
    about = About("largest logits", "logit", (-1e9, 1e9), "this file", "all")

    def value(self, snapshot, circuit):
        return float(snapshot.logits.topk(self.classes).values.mean())


@dataclass(frozen=True)
class OfFirst(Family):
    """The largest logit beside that of another step of the same run."""

    since: int | gl.Snapshot = 0
    about = About("change", "logit", (-1e9, 1e9), "this file", "all", ("neurons",))

    def in_run(self, run):
        return self if isinstance(self.since, gl.Snapshot) else Bound(self, run.at(self.since))

    def value(self, snapshot, circuit):
        raise BadArgument("OfFirst compares with another snapshot; take it with gl.track.")


class Bound(OfFirst):
    def __init__(self, family, first):
        super().__init__(family.since)
        object.__setattr__(self, "first", first)

    __name__ = property(lambda self: OfFirst(self.since).__name__)

    def value(self, snapshot, circuit):
        return float(snapshot.logits.max() - self.first.logits.max())


def snapshot(seed=0):
    return gl.Snapshot(gl.MLP(d_mlp=8).build(TASK, seed=seed), TASK, seed)


def test_the_column_is_named_by_what_is_not_default():
    assert LargestLogits().__name__ == "largest_logits"
    assert LargestLogits(classes=3).__name__ == "largest_logits_classes_3"
    assert LargestLogits(sides=("W_E", "W_U")).__name__ == "largest_logits_sides_W_E_W_U"
    assert LargestLogits(3) == LargestLogits(3) != LargestLogits(2)


def test_it_is_taken_of_a_snapshot_and_of_a_run():
    first = snapshot()
    assert LargestLogits(2)(first) == float(first.logits.topk(2).values.mean())
    table = gl.track(first, [LargestLogits(), LargestLogits(2), LargestLogits(2), "test_loss"])
    assert set(table) == {"largest_logits", "largest_logits_classes_2"}  # the split is not known
    assert table["largest_logits_classes_2"].attrs["units"] == "logit"


def test_one_that_compares_is_given_its_run():
    run = gl.Run.of({0: snapshot(0).model, 3: snapshot(1).model}, TASK)
    table = gl.track(run, OfFirst())
    expected = [0.0, float(run.at(3).logits.max() - run.at(0).logits.max())]
    torch.testing.assert_close(table["of_first"].values.tolist(), expected)
    with pytest.raises(BadArgument, match=r"take it with gl\.track"):
        OfFirst()(snapshot())


def test_its_needs_are_asked_of_it():
    bare = gl.hooked(torch.nn.Sequential(torch.nn.Embedding(8, 7), torch.nn.Linear(7, 7)))
    assert "neurons" in gl.track(gl.Snapshot(bare, TASK), [OfFirst(), LargestLogits()]).attrs["left_out"]


def test_a_family_is_no_measure():
    with pytest.raises(BadArgument, match=r"a family of measures; give one of them"):
        gl.track(snapshot(), LargestLogits)


def test_families_of_ours_are_known_by_name_and_value(monkeypatch):
    monkeypatch.setattr(gl.measures, "LargestLogits", LargestLogits, raising=False)
    for name in ("LargestLogits", "largest_logits"):
        assert isinstance(gl.track(snapshot(), name)["largest_logits"], xr.DataArray)
    with pytest.raises(UnknownName, match="largest_logits"):
        gl.track(snapshot(), "largest_logit")
