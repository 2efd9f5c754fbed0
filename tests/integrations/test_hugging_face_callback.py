"""The callback for transformers' Trainer: what it records, and that nobody notices."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

import groklens as gl
from groklens.errors import BadArgument
from groklens.integrations.hugging_face import RecorderCallback

VOCABULARY = 24
PROBE = gl.Probe(torch.arange(40).reshape(8, 5) % VOCABULARY, labels=torch.arange(8))
DATA = [{"input_ids": row, "labels": row} for row in (torch.arange(96).reshape(16, 6) * 7) % VOCABULARY]


@gl.measure(long_name="loss on the probe", units="nats", valid_range=(0, 99), source="cross-entropy")
def probe_loss(snapshot):
    return float(nn.functional.cross_entropy(snapshot.logits.double(), PROBE.labels))


def gpt2():
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=16, vocab_size=VOCABULARY, n_positions=16))


def llama():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(**sizes, vocab_size=VOCABULARY, max_position_embeddings=16, attention_dropout=0.1)
    return LlamaForCausalLM(config)


def trained(model, folder, callbacks=(), resume=None, **options):
    """The trainer after it has trained: batches shuffled, with dropout."""
    options = {"max_steps": 6, "logging_steps": 2, "save_steps": 4, "save_strategy": "steps"} | options
    args = TrainingArguments(
        str(folder), per_device_train_batch_size=4, learning_rate=1e-2, seed=1, report_to=[], disable_tqdm=True,
        use_cpu=True, dataloader_pin_memory=False, **options,
    )  # fmt: skip
    trainer = Trainer(model, args, train_dataset=DATA, callbacks=list(callbacks))
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def recorded(model, folder, **options):
    """The callback and the trainer of a recorded training."""
    own = {
        name: options.pop(name) for name in ("resume_from_checkpoint", "max_steps", "bf16") if name in options
    }
    options = {"keep": gl.Every(3), "measures": probe_loss} | options
    callback = RecorderCallback(options.pop("task", PROBE), folder / "run", **options)
    return callback, trained(
        model, folder / "out", [callback], own.pop("resume_from_checkpoint", None), **own
    )


@pytest.mark.parametrize("make", [gpt2, llama])
def test_a_callback_changes_no_bit(make, tmp_path):
    """Weights, random states, modes and the module itself are those of a training without it."""
    ends = []
    for record in (False, True):
        model = make()
        parts = {name: type(part) for name, part in model.named_modules()}
        if record:
            callback, _ = recorded(model, tmp_path)
        else:
            trained(model, tmp_path / "alone")
        ends.append((state(model), torch.rand(3), np.random.random(3)))  # noqa: NPY002
        assert {name: type(part) for name, part in model.named_modules()} == parts
        assert all(part.training for part in model.modules())
        assert not any(part._forward_hooks for part in model.modules())
    (weights, drawn, numpy), (ours, drawn_too, numpy_too) = ends
    assert same(weights, ours)
    assert torch.equal(drawn, drawn_too)
    assert np.array_equal(numpy, numpy_too)
    assert callback.run.steps == [0, 3, 4, 6]
    assert callback.run.finished
    with torch.no_grad():
        own = model.eval()(PROBE.inputs).logits[:, -1]
    assert torch.allclose(callback.run.final.logits, own, rtol=1e-4, atol=1e-5)
    opened = gl.load(tmp_path / "run")  # as another process would, without the model
    assert torch.equal(opened.final.logits, callback.run.final.logits)


def test_steps_numbers_and_losses_are_recorded(tmp_path):
    callback, trainer = recorded(gpt2(), tmp_path)
    assert callback.run.steps == [0, 3, 4, 6], "every third, the one saved, the last"
    assert callback.table.step.values.tolist() == [0, 3, 4, 6]
    assert callback.table.equals(gl.track(callback.run, probe_loss))
    logged = [row for row in trainer.state.log_history if "groklens/probe_loss" in row]
    assert [row["step"] for row in logged] == [0, 3, 4, 6]
    assert [row["groklens/probe_loss"] for row in logged] == callback.table.probe_loss.values.tolist()
    losses = {row["step"]: row["loss"] for row in trainer.state.log_history if "loss" in row}
    reported = callback.run.history.reported_loss.dropna("step")
    assert dict(zip(reported.step.values.tolist(), reported.values.tolist(), strict=True)) == losses
    callback.run.verify()


def test_a_trainer_that_resumes_goes_on_in_the_same_run(tmp_path):
    """Stopped after step 4 and resumed from its checkpoint, it records what one that was never stopped records."""

    class Stop(TrainerCallback):
        def on_step_end(self, args, state, control, **others):
            if state.global_step == 5:
                raise KeyboardInterrupt

    whole, _ = recorded(llama(), tmp_path / "whole")
    first = RecorderCallback(PROBE, tmp_path / "run", keep=gl.Every(3))
    with pytest.raises(KeyboardInterrupt):
        trained(llama(), tmp_path / "out", [first, Stop()])
    assert first.run.steps == [0, 3, 4]
    assert not first.run.finished
    model = llama()
    again = RecorderCallback(PROBE, tmp_path / "run", keep=gl.Every(3), resume=True)
    trained(model, tmp_path / "out", [again], resume=True)
    assert again.run.steps == whole.run.steps == [0, 3, 4, 6]
    assert again.run.finished
    assert all(
        same(again.run.at(step).model.state_dict(), whole.run.at(step).model.state_dict())
        for step in whole.run.steps
    )


def test_a_recording_is_not_gone_on_with_unasked(tmp_path):
    recorded(gpt2(), tmp_path, max_steps=4, keep=gl.Every(4))
    with pytest.raises(BadArgument, match="give the callback resume=True"):
        recorded(gpt2(), tmp_path, resume_from_checkpoint=True)
    with pytest.raises(BadArgument, match="holds a run"):
        recorded(gpt2(), tmp_path)
    callback = RecorderCallback(PROBE, tmp_path / "other", resume=True)
    with pytest.raises(BadArgument, match="record it from its first update on"):
        trained(gpt2(), tmp_path / "out", [callback], resume=True)


class Sums(nn.Module):
    """A module of the user's own, which gives its loss first, as a Trainer asks."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Embedding(TABLE.d_vocab, 8), nn.Flatten(), nn.Dropout(0.2), nn.Linear(24, 5)
        )

    def forward(self, input_ids, labels=None):
        logits = self.net(input_ids)
        loss = None if labels is None else nn.functional.cross_entropy(logits, labels)
        return (loss, logits)


TABLE = gl.ModularArithmetic(5, "add")


def trained_on_the_table(folder, callbacks=(), **options):
    torch.manual_seed(0)
    model = Sums()
    data = [{"input_ids": x, "labels": y} for x, y in zip(TABLE.inputs, TABLE.labels, strict=True)][:15]
    args = TrainingArguments(
        str(folder), per_device_train_batch_size=5, max_steps=4, report_to=[], disable_tqdm=True, use_cpu=True,
        save_strategy="no", dataloader_pin_memory=False, **options,
    )  # fmt: skip
    Trainer(model, args, train_dataset=data, callbacks=list(callbacks)).train()
    return model


@pytest.mark.parametrize("within", ["net", ""])
def test_a_plain_module_is_hooked_at_its_paths(within, tmp_path):
    """The whole of it with `answer`, or the part that computes; explained while it trains, and in mixed precision."""
    callback = RecorderCallback(
        TABLE, tmp_path / "run", keep=gl.Every(2), train_index=range(15), explain_every=4, within=within,
        answer=None if within else lambda output: output[1], measures=["train_loss", "excluded_loss"],
    )  # fmt: skip
    mixed = {"bf16": True} if within else {}
    model = trained_on_the_table(tmp_path / "out", [callback], **mixed)
    assert same(state(model), state(trained_on_the_table(tmp_path / "alone", **mixed)))
    assert callback.run.steps == [0, 2, 4]
    assert list(callback.findings) == [4]
    assert {each.key for each in callback.findings[4]} >= {"generalises"}
    assert list(callback.table) == ["train_loss"]
    assert "excluded_loss" in callback.table.attrs["left_out"]


def test_what_cannot_be_recorded_is_refused_in_words(tmp_path):
    for options, said in (
        ({"keep": 3}, "keep is 3; give a schedule"),
        ({"explain_every": 0}, "give a number of updates"),
    ):
        with pytest.raises(BadArgument, match=said):
            RecorderCallback(TABLE, tmp_path / "run", **options)
    for options, said in (
        ({"within": "nett"}, "within is 'nett'.*did you mean 'net'"),
        ({"bf16": True}, "forward pass of this Sums was replaced"),
    ):
        own = {"bf16": options.pop("bf16")} if "bf16" in options else {}
        callback = RecorderCallback(TABLE, tmp_path / "run", **options)
        with pytest.raises(BadArgument, match=said):
            trained_on_the_table(tmp_path / "out", [callback], **own)
        with pytest.raises(BadArgument, match="Nothing is recorded yet"):
            _ = callback.run


def test_numbers_that_fail_later_are_left_out_with_a_warning(tmp_path):
    """The user's training goes on."""

    @gl.measure(long_name="half", units="", valid_range=(0, 1), source="none")
    def fails_later(snapshot):
        if snapshot.step:
            raise BadArgument("no more")
        return 0.5

    with pytest.warns(UserWarning, match="numbers of step [346] are left out.*no more"):
        callback, _ = recorded(gpt2(), tmp_path, measures=[fails_later])
    assert callback.table.step.values.tolist() == [0]
    assert callback.run.steps == [0, 3, 4, 6]


def test_a_model_with_other_logits_than_its_configuration_is_refused(tmp_path):
    model = gpt2()
    model.transformer.h[0].mlp.act = nn.Tanh()
    with pytest.raises(BadArgument, match=r"gives other logits.*names=\{\}"):
        recorded(model, tmp_path)
    callback, _ = recorded(model, tmp_path, names={})
    assert callback.run.steps == [0, 3, 4, 6]
