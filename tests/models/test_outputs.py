"""Outputs are read by axes that are found out, and refused by what they are."""

import sys
from collections import namedtuple
from types import SimpleNamespace

import pytest
import strangers
import torch

import groklens as gl
from groklens.claims import by_key
from groklens.errors import BadArgument
from groklens.models import answered
from groklens.models.outputs import answers

T13 = gl.ModularArithmetic(13, "add")
T3 = gl.ModularArithmetic(3, "add")
Output = namedtuple("Output", "attentions logits")


def logits_of(shape, task=T13, **options):
    return gl.Snapshot(strangers.Giving(shape, n=task.d_vocab_out), task, **options).logits


#: What a model gives of logits (input, pos, class), what the error names, and what it tells to type.
REFUSED = {
    "a tuple": (lambda x: (x, None), r"tuple of 2 \(a Tensor of shape \(169, 3, 13\)", "output[0]"),
    "attentions first": (lambda x: (None, x), "tuple of 2", "output[1]"),
    "a list": (lambda x: [x], "list of 1", "output[0]"),
    "a mapping": (lambda x: {"hidden": x, "logits": x}, r"'logits' a Tensor", "output['logits']"),
    "an object with logits": (
        lambda x: SimpleNamespace(logits=x),
        r"SimpleNamespace \(\.logits a Tensor of shape \(169, 3, 13\)\)",
        "output.logits",
    ),
    "a named tuple": (lambda x: Output(None, x), "Output", "output.logits"),
    "sequence first": (
        lambda x: x.transpose(0, 1),
        r"shape \(3, 169, 13\) for 169 inputs",
        "output.transpose(0, 1)",
    ),
    "classes first": (lambda x: x[:, -1].T, r"shape \(13, 169\) for 169 inputs", "output.transpose(0, 1)"),
    "class before pos": (
        lambda x: x.transpose(1, 2),
        r"shape \(169, 13, 3\).*\(input, class, pos\)",
        "output.transpose(1, 2)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_output_is_named_and_the_answer_that_it_takes_works(name):
    shape, said, typed = REFUSED[name]
    with pytest.raises(BadArgument, match=said) as caught:
        logits_of(shape)
    assert "\n" not in str(caught.value)
    assert f"answer=lambda output: {typed}" in str(caught.value)
    found = logits_of(shape, answer=eval(f"lambda output: {typed}"))
    assert torch.equal(found, logits_of(lambda x: x))


@pytest.mark.parametrize(
    "output", [lambda x: None, lambda x: {}, lambda x: (), lambda x: x.long(), lambda x: "x"]
)
def test_what_holds_no_logits_is_refused_without_a_guess(output):
    with pytest.raises(BadArgument, match="Let its forward return that alone"):
        logits_of(output)


def few(count):
    return gl.TableTask(T13.inputs[:count], T13.labels[:count], d_vocab=14, d_vocab_out=13)


@pytest.mark.parametrize("count", [1, 3, 13])
def test_as_many_inputs_as_positions_or_classes_are_told_apart(count):
    """Three inputs of three positions, thirteen inputs of thirteen classes: another number of them is run."""
    task = few(count)
    assert logits_of(lambda x: x, task).argmax(dim=1).tolist() == task.labels.tolist()
    assert logits_of(lambda x: x[:, -1], task).argmax(dim=1).tolist() == task.labels.tolist()


@pytest.mark.parametrize(
    ("count", "shape", "said"),
    [
        (3, lambda x: x.transpose(0, 1), r"shape \(3, 3, 13\) for 3 inputs, and of shape \(3, 4, 13\) for 4"),
        (13, lambda x: x[:, -1].T, r"shape \(13, 13\) for 13 inputs, and of shape \(13, 14\) for 14"),
        (13, lambda x: x.permute(2, 1, 0), r"shape \(13, 3, 13\).*\(13, 3, 14\) for 14"),
    ],
)
def test_an_axis_that_only_happens_to_be_as_long_is_refused(count, shape, said):
    with pytest.raises(BadArgument, match=said):
        logits_of(shape, few(count))


def test_a_last_block_of_as_many_inputs_as_positions_is_read_right(monkeypatch):
    """A sequence-first model is not taken for input-first by a block of another size, nor the other way."""
    monkeypatch.setattr(sys.modules["groklens.snapshots.blocks"], "rows_a_block", lambda anatomy: 83)
    assert torch.equal(logits_of(lambda x: x).argmax(dim=1), T13.labels)  # 83 + 83 + 3


def test_a_model_that_runs_on_one_number_of_inputs_is_not_guessed():
    def fixed(logits):
        if len(logits) != 13:
            raise RuntimeError("thirteen")
        return logits[:, -1]

    with pytest.raises(BadArgument, match=r"shape \(13, 13\).*neither with one more nor with one fewer"):
        logits_of(fixed, few(13))


class TestAsManyPositionsAsClasses:
    def test_positions_before_classes_are_read(self):
        assert torch.equal(logits_of(lambda x: x, T3).argmax(dim=1), T3.labels)

    def test_classes_before_positions_are_refused(self):
        with pytest.raises(BadArgument, match=r"shape \(9, 3, 3\).*\(input, class, pos\).*transpose\(1, 2\)"):
            logits_of(lambda x: x.transpose(1, 2), T3)

    def test_what_cannot_be_told_is_refused(self):
        with pytest.raises(BadArgument, match="does not say which axis is the positions'"):
            logits_of(lambda x: x[:, -1:].expand(-1, 3, -1), T3)

    def test_edited_models_are_read_like_their_own(self):
        model = gl.Transformer(n_layers=1, d_model=16, n_heads=2, d_head=8, d_mlp=16).build(T3, 0)
        snapshot = gl.Snapshot(model, T3)
        same = gl.interventions.patch(snapshot, "blocks.0.mlp.hook_post", snapshot.neurons, pos=-1)
        assert torch.allclose(same.logits, snapshot.logits, atol=1e-5)


class TestAnswering:
    def test_everything_else_is_the_models_own(self):
        model = gl.planted(T13, [3, 5])
        other = answered(model, lambda output: output)
        assert other.W_E is model.W_E
        assert other.hook_dict is model.hook_dict
        assert list(other.state_dict()) == list(model.state_dict())
        assert answered(model, None) is model

    def test_an_explanation_is_the_same(self):
        class Pair(strangers.HookedRootModule):
            def __init__(self, inner):
                super().__init__()
                self.cfg, self.W_E, self.W_U = inner.cfg, inner.W_E, inner.W_U
                self.blocks, self.hook_embed, self.inner = inner.blocks, inner.hook_embed, inner
                self.setup()

            def forward(self, tokens):
                return self.inner(tokens), None

        plain = gl.explain(gl.planted(T13, [3, 5]), T13)
        other = gl.explain(Pair(gl.planted(T13, [3, 5])), T13, answer=lambda output: output[0])
        assert other.headline.replace("Pair", "HookedMLP") == plain.headline
        here = by_key(other.findings)
        for finding in plain.findings:
            assert here[finding.key].verdict == finding.verdict
            assert here[finding.key].value == pytest.approx(finding.value, abs=1e-4)

    def test_answers_that_fail_say_what_was_given(self):
        with pytest.raises(
            BadArgument, match=r"answer= fails on .*a tensor of shape \(169, 3, 13\).*IndexError"
        ):
            logits_of(lambda x: x, answer=lambda output: output[999])
        with pytest.raises(BadArgument, match="answer is 'logits'; give a function"):
            logits_of(lambda x: x, answer="logits")

    def test_beside_a_snapshot_it_is_refused(self):
        snapshot = gl.Snapshot(gl.planted(T13, [3]), T13)
        with pytest.raises(BadArgument, match="give it with the model"):
            gl.explain(snapshot, answer=lambda output: output)


def test_of_equal_logits_the_first_counts():
    every = torch.tensor([[1.0, 2.0, 3.0], [1.0, 3.0, 3.0], [4.0, 0.0, 3.0]])
    assert answers(every, 2).outside.tolist() == [True, False, False]
    assert not answers(every, 3).outside.any()
