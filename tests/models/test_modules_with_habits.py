"""Plain modules with habits: they count, write into their tokens, take names, mask, or are not there yet."""

from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch
from plain_modules import T13, Clock
from torch import nn

import groklens as gl
from groklens.errors import BadArgument

TASK = T13
WANTED = gl.Snapshot(gl.hooked(Clock()), TASK).logits


class Habit(nn.Module):
    """A module around a clock."""

    def __init__(self):
        super().__init__()
        self.net = Clock()

    def forward(self, tokens):
        return self.net(tokens)


class Counts(Habit):
    """Counts its calls in buffers, in place and anew."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("anew", torch.zeros(()))

    def forward(self, tokens):
        self.calls += 1
        self.anew = self.anew + 1
        return self.net(tokens)


class Overwrites(Habit):
    """Writes into what it is given."""

    def forward(self, tokens):
        logits = self.net(tokens)
        tokens[:, 0] = 0
        return logits


class ByName(Habit):
    """Takes its tokens by name alone."""

    def forward(self, *, input_ids, attention_mask=None):
        return self.net(input_ids)


class OfABatch(Habit):
    """Takes one mapping."""

    def forward(self, batch):
        return self.net(batch["input_ids"])


def test_what_a_module_counts_is_as_it_was(tmp_path):
    module = Counts()
    assert gl.explain(gl.hooked(module), TASK).circuit == gl.find_circuit(
        gl.Snapshot(gl.hooked(Clock()), TASK)
    )
    with gl.Recorder(gl.hooked(module), TASK, into=tmp_path / "run") as recorder:
        recorder.step(1)
    assert (float(module.calls), float(module.anew)) == (0, 0)
    module.eval()
    module(TASK.inputs)
    assert (float(module.calls), float(module.anew)) == (1, 1)


def test_the_tasks_tokens_are_not_written_into():
    task = gl.ModularArithmetic(13, "add")
    before = task.inputs.clone()
    snapshot = gl.Snapshot(gl.hooked(Overwrites()), task)
    assert torch.equal(snapshot.logits, WANTED)
    assert gl.capture(snapshot, "net").sizes["input"] == 169
    gl.explain(snapshot)
    assert torch.equal(task.inputs, before)


@pytest.mark.parametrize("kind", [ByName, OfABatch])
def test_arguments_by_name_and_a_mapping_that_is_one(kind):
    model = gl.hooked(kind(), inputs=lambda tokens: {"input_ids": tokens})
    assert torch.equal(gl.Snapshot(model, TASK).logits, WANTED)


class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(14, 4), nn.LazyLinear(13)

    def forward(self, tokens):
        return self.head(self.embed(tokens).flatten(1))


def test_weights_that_are_not_there_yet_are_not_made_by_a_look():
    module = Lazy()
    with pytest.raises(BadArgument, match=r"head\.weight has no values yet.*module\(task\.inputs\[:1\]\)"):
        gl.hooked(module)
    assert module.head.has_uninitialized_params()
    module(TASK.inputs[:1])
    assert gl.Snapshot(gl.hooked(module), TASK).logits.shape == (169, 13)
    with pytest.raises(BadArgument, match=r"device 'meta'.*load_state_dict"):
        gl.hooked(Clock().to("meta"))


class AllAtOnce(Habit):
    def forward(self, tokens):
        assert len(tokens) == 169, "the batch must be full"
        return self.net(tokens)


def test_a_module_that_runs_on_all_inputs_alone(tmp_path):
    model = gl.hooked(AllAtOnce())
    assert torch.equal(gl.Snapshot(model, TASK).logits, WANTED)
    said = "not on a few of them .*the batch must be full.*any number of inputs"
    with pytest.raises(BadArgument, match=said):
        gl.explain(model, TASK)
    with pytest.raises(BadArgument, match=said), gl.Recorder(model, TASK, into=tmp_path / "run"):
        pass


class Masked(Habit):
    def forward(self, tokens):
        return self.net(tokens).index_fill(1, torch.tensor([4]), -torch.inf)


def test_a_mask_over_a_class_of_the_task_is_no_divergence():
    with pytest.raises(BadArgument, match=r"−∞ on input 0, for class 4 .*clamp") as caught:
        gl.explain(gl.hooked(Masked()), TASK)
    assert "diverged" not in str(caught.value)
    clamped = gl.hooked(Masked(), answer=lambda output: output.clamp(min=-1e4))
    assert gl.Snapshot(clamped, TASK).logits.isfinite().all()
    with torch.no_grad():
        broken = Clock()
        next(broken.parameters()).fill_(torch.nan)
    with pytest.raises(BadArgument, match="diverged"):
        gl.explain(gl.hooked(broken), TASK)


Named = namedtuple("Named", "hidden scores")


@dataclass
class Outcome:
    hidden: torch.Tensor
    prediction: torch.Tensor


@pytest.mark.parametrize(
    ("give", "typed"),
    [
        (lambda hidden, logits: Named(hidden, logits), "output.scores"),
        (lambda hidden, logits: Outcome(hidden, logits), "output.prediction"),
        (lambda hidden, logits: (hidden, logits), "output[1]"),
        (lambda hidden, logits: {"hidden": hidden, "out": logits}, "output['out']"),
    ],
)
def test_the_part_that_has_all_classes_is_proposed(give, typed):
    class Gives(Habit):
        def forward(self, tokens):
            return give(torch.zeros(len(tokens), 5), self.net(tokens))

    with pytest.raises(BadArgument) as caught:
        gl.explain(gl.hooked(Gives()), TASK)
    assert f"answer=lambda output: {typed})" in str(caught.value)
    model = gl.hooked(Gives(), answer=eval(f"lambda output: {typed}"))
    assert torch.equal(gl.Snapshot(model, TASK).logits, WANTED)
