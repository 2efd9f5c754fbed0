"""What there is of a recording after each kind of end, and taking it up again."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from own_model import MyModel
from torch import nn

import groklens as gl
from groklens.errors import BadArgument, DamagedRun
from groklens.runs.writer import RunWriter
from groklens.training.checkpoint_check import Witness

TASK = gl.ModularArithmetic(5, "add")
TRAIN, _ = TASK.split(0.6, 0)


def first_weight(model):
    return float(next(model.parameters()).detach().flatten()[0])


def fill(model, value):
    with torch.no_grad():
        next(model.parameters()).fill_(float(value))


@dataclass(frozen=True)
class Interrupts:
    """A schedule during whose third question Ctrl-C is pressed."""

    keep: bool = False

    def keeps(self, step):
        if step == 3:
            raise KeyboardInterrupt
        return self.keep


def report(recorder, model, steps):
    with recorder:
        for step in steps:
            fill(model, step)
            recorder.step(step)


def interrupted(recorder, model, steps=(1, 2, 3)):
    with pytest.raises(KeyboardInterrupt):
        report(recorder, model, steps)
    return recorder.run


@pytest.mark.parametrize("keep", [False, True])
def test_ctrl_c_inside_step_keeps_weights_under_their_own_number(keep, tmp_path):
    model = MyModel()
    run = interrupted(gl.Recorder(model, TASK, tmp_path / "run", Interrupts(keep), TRAIN), model)
    assert not run.finished
    assert run.steps == ([0, 1, 2, 3] if keep else [0, 3])
    for step in run.steps[1:]:
        assert first_weight(run.at(step).model) == step


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("moment", ["keep", "record", "flush"])
def test_ctrl_c_while_a_step_is_written(moment, after, tmp_path, monkeypatch):
    """Before or after each write of the recorder's: number and weights go together."""
    model, real, count = MyModel(), getattr(RunWriter, moment), 0

    def interrupt(self, *given):
        nonlocal count
        count += 1
        if count == 3 and not after:
            raise KeyboardInterrupt
        real(self, *given)
        if count == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, moment, interrupt)
        run = interrupted(gl.Recorder(model, TASK, tmp_path / "run", gl.Every(1), TRAIN), model, range(1, 9))
    for step in run.steps[1:]:
        assert first_weight(run.at(step).model) == step
    assert run.history.step.values.tolist() == run.steps
    run.verify()


def loop(model, recorder, upto, stop=None):
    with recorder as rec:
        for step in range(rec.last + 1, upto + 1):
            fill(model, step)
            rec.step(step, loss=1 / step)
            if step == stop:
                raise KeyboardInterrupt
    return rec.run


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def model_at_zero():
    torch.manual_seed(0)
    return MyModel()


def make(model, folder, **options):
    return gl.Recorder(model, TASK, folder, gl.Every(4), TRAIN, loss_units="bits", **options)


@pytest.mark.parametrize(("stop", "back_to"), [(6, 6), (6, 4), (6, 0), (8, 8), (9, 8)])
def test_taken_up_at_a_kept_step(stop, back_to, tmp_path):
    model = model_at_zero()
    loop(model, make(model, tmp_path / "whole"), 10)
    model = model_at_zero()
    with pytest.raises(KeyboardInterrupt):
        loop(model, make(model, tmp_path / "run"), 10, stop)
    model.load_state_dict(gl.load(tmp_path / "run", model=model).at(back_to).model.state_dict())
    recorder = make(model, tmp_path / "run", resume=True)
    with recorder:
        assert recorder.last == back_to
    model.load_state_dict(gl.load(tmp_path / "run", model=model).at(back_to).model.state_dict())
    run = loop(model, make(model, tmp_path / "run", resume=True), 10)
    assert run.finished
    assert run.steps == [0, 4, 8, 10]
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")
    run.verify()


def test_taken_up_with_weights_of_no_kept_step(tmp_path):
    model = model_at_zero()
    loop(model, make(model, tmp_path / "run"), 8)
    before = contents(tmp_path / "run")
    fill(model, 5)
    with pytest.raises(BadArgument, match=r"weights of no step kept.*load_state_dict"):
        make(model, tmp_path / "run", resume=True).__enter__()
    fill(model, 4)
    with pytest.raises(BadArgument, match="is finished, and going on from step 4"):
        make(model, tmp_path / "run", resume=True).__enter__()
    assert contents(tmp_path / "run") == before


def test_a_finished_recording_goes_on_from_its_last_step(tmp_path):
    model = model_at_zero()
    loop(model, make(model, tmp_path / "run"), 8)
    assert loop(model, make(model, tmp_path / "run", resume=True), 12).steps == [0, 4, 8, 12]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"task": gl.ModularArithmetic(5, "sub")}, "another task"),
        ({"train_index": [0, 1]}, "another train_index"),
        ({"loss_units": "nats"}, "another loss_units"),
    ],
)
def test_taken_up_as_something_else(change, says, tmp_path):
    model = model_at_zero()
    loop(model, make(model, tmp_path / "run"), 8)
    given = {"task": TASK, "train_index": TRAIN, "loss_units": "bits"} | change
    with pytest.raises(BadArgument, match=says):
        gl.Recorder(model, into=tmp_path / "run", keep=gl.Every(4), resume=True, **given).__enter__()


def test_nothing_to_take_up(tmp_path, run_folder, tiny_recipe):
    with pytest.raises(BadArgument, match="holds no recording to take up"):
        make(model_at_zero(), tmp_path / "run", resume=True).__enter__()
    model = tiny_recipe.model.build(tiny_recipe.task, 0)
    with pytest.raises(BadArgument, match=r"gl\.train made"):
        gl.Recorder(model, tiny_recipe.task, run_folder, resume=True).__enter__()


def test_a_kept_step_damaged_meanwhile(tmp_path):
    model = model_at_zero()

    def steps():
        yield from range(1, 10)
        (tmp_path / "run" / "steps" / "00000004.safetensors").write_bytes(b"damaged")

    with pytest.raises(DamagedRun, match=r"step 4 are missing.*still loads"):
        report(make(model, tmp_path / "run"), model, steps())
    assert not gl.load(tmp_path / "run").finished


class Parts(nn.Module):
    """Two layers, of which one may be held where no state dictionary finds it."""

    def __init__(self, hidden="submodule"):
        super().__init__()
        self.cfg = SimpleNamespace(n_layers=1)
        self.embedding = nn.Embedding(6, 8)
        readout = nn.Linear(16, 5)
        self.scale = 1.0
        if hidden == "submodule":
            self.readout = readout
        elif hidden == "list":
            self.parts = [readout]
        else:
            self.read = lambda x: readout(x)
        self.hidden = readout

    def _read(self, x):
        if hasattr(self, "readout"):
            return self.readout(x)
        return self.parts[0](x) if hasattr(self, "parts") else self.read(x)

    def forward(self, tokens):
        return self.scale * self._read(self.embedding(tokens[:, :2]).flatten(1))

    def run_with_cache(self, tokens, names_filter=None):
        return self(tokens), {}


def trained(model, readout, folder, steps=6):
    optimizer = torch.optim.SGD([*model.embedding.parameters(), *readout.parameters()], lr=0.1)
    with gl.Recorder(model, TASK, folder, gl.Every(2), TRAIN) as rec:
        for step in range(1, steps + 1):
            loss = nn.functional.cross_entropy(model(TASK.inputs), TASK.labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.step(step)
    return rec.run


@pytest.mark.parametrize("hidden", ["list", "closure"])
def test_a_part_that_no_checkpoint_holds(hidden, tmp_path):
    torch.manual_seed(0)
    model = Parts(hidden)
    readout = model.__dict__.get("parts", [None])[0] or model._modules.pop("hidden")
    model._modules.pop("hidden", None)
    with pytest.raises(BadArgument, match=r"checkpoints are not the model's|in no state_dict|closure"):
        trained(model, readout, tmp_path / "run")
    if (tmp_path / "run" / "run.json").exists():
        assert not gl.load(tmp_path / "run").finished


def test_an_object_of_closures(tmp_path):
    """The documented four attributes, all of them the live network's own."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(6, 8), nn.Flatten(), nn.Linear(24, 5))
    model = SimpleNamespace(
        cfg=SimpleNamespace(n_layers=1),
        state_dict=net.state_dict,
        load_state_dict=net.load_state_dict,
        run_with_cache=lambda tokens, **options: (net(tokens), {}),
    )
    before = [value.clone() for value in net.state_dict().values()]
    with pytest.raises(BadArgument, match=r"state_dict|closure"):
        gl.Recorder(model, TASK, tmp_path / "run", gl.Every(2), TRAIN).__enter__()
    assert all(torch.equal(x, y) for x, y in zip(before, net.state_dict().values(), strict=True))


def test_a_number_that_the_loop_changes(tmp_path):
    torch.manual_seed(0)
    model = Parts()
    del model.hidden

    def steps():
        for step in range(1, 5):
            model.scale = 1.0 + step
            yield step

    with pytest.raises(BadArgument, match="a number that the loop changes"):
        report(gl.Recorder(model, TASK, tmp_path / "run", gl.Every(2), TRAIN), model, steps())


def test_a_model_whose_parts_are_all_its_own(tmp_path):
    torch.manual_seed(0)
    model = Parts()
    del model.hidden
    assert trained(model, model.readout, tmp_path / "run").finished


def test_a_witness_leaves_the_model_alone():
    torch.manual_seed(0)
    model = MyModel()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()
    witness = Witness(model, TASK)
    witness.look(model, before)
    fill(model, 3)
    witness.check()
    assert model.training
    assert torch.equal(torch.get_rng_state(), random)
    assert first_weight(model) == 3


class Tuple(MyModel):
    """Gives (logits, something else), as models with attentions do."""

    def forward(self, tokens):
        return super().forward(tokens), None


def test_a_model_that_gives_more_than_logits(tmp_path):
    torch.manual_seed(0)
    model = Tuple()
    with pytest.raises(BadArgument, match="answer="):
        gl.Recorder(model, TASK, tmp_path / "run", train_index=TRAIN).__enter__()
    with gl.Recorder(model, TASK, tmp_path / "run", gl.Every(2), TRAIN, answer=lambda out: out[0]) as rec:
        for step in range(1, 4):
            fill(model, step)
            rec.step(step)
    assert rec.run.model == {"kind": "Tuple", "answered": True}
    with pytest.raises(BadArgument, match="recorded with answer="):
        _ = gl.load(tmp_path / "run", model=Tuple()).final
    found = gl.load(tmp_path / "run", model=Tuple(), answer=lambda out: out[0]).final
    assert torch.equal(found.logits, rec.run.final.logits)
    assert rec.run.steps == [0, 2, 3]
    assert rec.run.final.logits.shape == (25, 5)
