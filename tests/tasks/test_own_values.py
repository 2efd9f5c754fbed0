"""Tasks of a user's own class that do not fit themselves: said by name, before anything is computed with them."""

import pytest
import torch
from torch import nn

import groklens as gl
from groklens.errors import BadArgument

GRID = gl.ModularArithmetic(5, "add")


class Mine(gl.Task):
    """a+b mod 5, written by attributes."""

    name, d_vocab, d_vocab_out = "mine", 6, 5
    inputs, labels = GRID.inputs, GRID.labels


class OfNumpy(Mine):
    inputs = GRID.inputs.numpy()


class OfBytes(Mine):
    inputs = GRID.inputs.to(torch.uint8)


class OfFloats(Mine):
    inputs = GRID.inputs.float()


class TooFewTokens(Mine):
    d_vocab = 5


class Short(Mine):
    labels = GRID.labels[:-1]


class AsColumn(Mine):
    labels = GRID.labels[:, None]


class AsFloats(Mine):
    labels = GRID.labels.float()


class TooFewClasses(Mine):
    d_vocab_out = 4


class OtherTargets(Mine):
    targets = GRID.labels - 1


class Nameless(Mine):
    name = None


class NamesItsGroup(Mine):
    symmetry = "C5"


class SaysItsGroup(Mine):
    group = "C5"


class SaysAnotherGroup(Mine):
    symmetry = GRID.symmetry
    group = gl.groups.as_group("C7")


class OfAnother(Mine):
    symmetry = gl.ModularArithmetic(7, "add").symmetry


class Fails(Mine):
    @property
    def inputs(self):
        raise RuntimeError("the file is gone")


class Shuffles(Mine):
    @property
    def inputs(self):
        return GRID.inputs[torch.randperm(25)]


MISTAKES = {
    OfNumpy: r"OfNumpy\.inputs is a ndarray .*torch\.as_tensor",
    OfBytes: r"type uint8; .*inputs\.long\(\)",
    OfFloats: r"type float32; .*d_in",
    TooFewTokens: r"tokens from 0 to 5 and d_vocab is 5; .*at least 6",
    Short: r"Short\.labels are of shape \(24,\) and type int64 for 25 inputs",
    AsColumn: r"shape \(25, 1\) .*shape \(25,\)",
    AsFloats: r"type float32 for 25 inputs; .*long\(\)",
    TooFewClasses: r"classes from 0 to 4 and d_vocab_out is 4; .*at least 5",
    OtherTargets: r"OtherTargets\.targets are classes from -1 to 3",
    Nameless: r"name is None; give a short text",
    NamesItsGroup: r"symmetry is 'C5'; give groklens\.groups\.Symmetry",
    SaysItsGroup: r"group is 'C5', .*symmetry = groklens\.groups\.Symmetry\(groklens\.groups\.as_group\('C5'\)",
    SaysAnotherGroup: r"group is a FiniteGroup, .*its symmetry, which is C5",
    OfAnother: r"elements of shape \(49, 2\), and the task has 25 inputs",
    Fails: r"Fails\.inputs fails: RuntimeError: the file is gone",
    Shuffles: r"others each time",
}


def model():
    return gl.hooked(nn.Sequential(nn.Embedding(6, 8), nn.Flatten(), nn.Linear(24, 5)))


@pytest.mark.parametrize("kind", MISTAKES)
def test_what_does_not_fit_is_said(kind, tmp_path):
    with torch.random.fork_rng():
        net = model()
        for look in (
            lambda: gl.Snapshot(net, kind()),
            lambda: gl.explain(net, kind()),
            lambda: gl.Recorder(net, kind(), tmp_path / "run"),
        ):
            with pytest.raises(BadArgument, match=MISTAKES[kind]):
                look()


def test_a_group_asked_of_what_is_no_symmetry():
    with pytest.raises(BadArgument, match=MISTAKES[NamesItsGroup]):
        assert NamesItsGroup().group


class OfShortIntegers(Mine):
    inputs, labels = GRID.inputs.int(), GRID.labels.int()


class OfTheRightGroup(Mine):
    symmetry = GRID.symmetry


@pytest.mark.parametrize("kind", [Mine, OfShortIntegers, OfTheRightGroup])
def test_what_fits_is_taken(kind):
    with torch.random.fork_rng():
        assert gl.Snapshot(model(), kind()).logits.shape == (25, 5)


def test_a_task_is_looked_at_once():
    class Counts(Mine):
        asked = 0

        @property
        def labels(self):
            Counts.asked += 1
            return GRID.labels

    task = Counts()
    with torch.random.fork_rng():
        gl.Snapshot(model(), task)
        before = Counts.asked
        gl.Snapshot(model(), task)
    assert Counts.asked == before
