"""Folders as trainers leave them: a folder a step, shards with their index, links, what systems put beside files."""

import json

import pytest
import torch
from safetensors.torch import save_file
from test_file_kinds import STATE, WANTED, opened

import groklens as gl
from groklens.errors import BadArgument, DamagedRun, RunNotFound

OPTIMISER = {"state": {0: {"exp_avg": torch.zeros(2, 2)}}, "param_groups": []}
CODE = b"\x80\x02N."
ACCELERATE = {"optimizer.bin": OPTIMISER, "scheduler.bin": {"last_epoch": 1}, "random_states_0.pkl": CODE}
TRAINER = {
    "optimizer.pt": OPTIMISER,
    "scheduler.pt": {"last_epoch": 1},
    "rng_state.pth": {"cpu": torch.zeros(9, dtype=torch.uint8)},
    "training_args.bin": CODE,
}


def put(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        elif name.endswith(".safetensors"):
            save_file(content, folder / name)
        else:
            torch.save(content, folder / name)
    return folder


LAYOUTS = {
    "accelerate": ("checkpoint_{}", {"model.safetensors": STATE, **ACCELERATE}),
    "accelerate before safetensors": ("checkpoint_{}", {"pytorch_model.bin": STATE, **ACCELERATE}),
    "transformers' trainer": ("checkpoint-{}", {"model.safetensors": STATE, **TRAINER}),
    "deepspeed": (
        "global_step{}",
        {"mp_rank_00_model_states.pt": {"module": STATE}, "zero_pp_rank_0_optim_states.pt": OPTIMISER},
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_a_step_with_all_that_a_trainer_keeps(layout, tmp_path):
    name, files = LAYOUTS[layout]
    for step in (100, 2000):
        put(tmp_path / name.format(step), files)
    run = opened(tmp_path)
    assert run.steps == [100, 2000]
    assert torch.equal(run.at(100).logits, WANTED)


def test_one_such_folder_is_a_step_and_its_name_says_which(tmp_path):
    run = opened(put(tmp_path / "checkpoint-500", LAYOUTS["transformers' trainer"][1]))
    assert (run.steps, run.step_known) == ([500], True)
    assert run.known["left out"] == ["optimizer.pt", "rng_state.pth", "scheduler.pt", "training_args.bin"]
    run = opened(put(tmp_path / "best", LAYOUTS["transformers' trainer"][1]))
    assert (run.steps, run.step_known) == ([0], False)


@pytest.mark.parametrize(
    "names",
    [
        ("model.100.pt", "model.200.pt"),
        ("epoch=100-val_loss=2.31.ckpt", "epoch=200-val_loss=0.05.ckpt"),
        ("step100-acc0.31.ckpt", "step200-acc0.99.ckpt"),
    ],
)
def test_names_of_steps(names, tmp_path):
    run = opened(put(tmp_path / "run", dict.fromkeys(names, STATE)))
    assert run.steps == [100, 200]


def test_a_number_by_thousands_may_be_two_numbers(tmp_path):
    put(tmp_path / "run", {"step_1_000.pt": STATE, "step_10_000.pt": STATE})
    with pytest.raises(RunNotFound, match=r"step_100\.pt"):
        opened(tmp_path / "run")
    with pytest.raises(BadArgument, match=r"step 1,000 and as of step 1;|step 10,000 and as of step 10;"):
        opened(tmp_path / "run", format="state_dict")


@pytest.mark.parametrize("name", ["step1_000.pt", "epoch1_000.pt", "step_1_000/model.pt"])
def test_so_may_one_that_follows_its_word_at_once_or_is_a_folders(name, tmp_path):
    """They were step 1."""
    other = name.replace("1_000", "2_000")
    with pytest.raises(BadArgument, match=r"step [12],000 and as of step [12];"):
        opened(put(tmp_path / "run", {name: STATE, other: STATE}), format="state_dict")


def test_so_may_the_name_of_one_steps_folder(tmp_path):
    with pytest.raises(BadArgument, match="step 1,000 and as of step 1;"):
        opened(put(tmp_path / "step_1_000", LAYOUTS["transformers' trainer"][1]), format="state_dict")


def test_what_systems_put_beside_files_is_no_step(tmp_path):
    names = {
        "step_1.pt": STATE,
        "step_2.pt": STATE,
        "._step_1.pt": b"\0\5\x16\7",
        "._step_2.pt": b"\0\5\x16\7",
    }
    assert opened(put(tmp_path / "run", names)).steps == [1, 2]


SHARDS = {
    f"model-0000{i}-of-00002.safetensors": dict([item]) for i, item in enumerate(list(STATE.items())[:2], 1)
}
REST = dict(list(STATE.items())[2:])


def sharded(folder):
    put(folder, SHARDS)
    last = list(SHARDS)[-1]
    save_file({**SHARDS[last], **REST}, folder / last)
    places = {name: file for file, held in SHARDS.items() for name in held} | dict.fromkeys(REST, last)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    return folder


def test_shards_are_put_together_by_their_index(tmp_path):
    folder = sharded(tmp_path / "checkpoint-7")
    for path in (folder, folder / "model.safetensors.index.json", tmp_path):
        assert torch.equal(opened(path).final.logits, WANTED)
    assert opened(folder).steps == [7]


def test_a_shard_that_is_missing_or_outside_is_named(tmp_path):
    folder = sharded(tmp_path / "run")
    first = folder / next(iter(SHARDS))
    kept = first.read_bytes()
    first.unlink()
    with pytest.raises(DamagedRun, match=first.name):
        opened(folder / "model.safetensors.index.json")
    first.write_bytes(kept)
    for places in ({"W_E": "../../x.pt"}, [], {"W_E": 3}, {"W_E": ""}, {"W_E": "."}, {"W_E": ".."}):
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
        with pytest.raises(DamagedRun, match=r"index\.json"):
            opened(folder)


def test_an_index_is_no_shard_of_another(tmp_path):
    """Two that name each other would be opened for ever."""
    for name, other in ("ab", "ba"):
        (tmp_path / f"{name}.index.json").write_text(
            json.dumps({"weight_map": {"W_E": f"{other}.index.json"}})
        )
    for path in (tmp_path, tmp_path / "a.index.json"):
        with pytest.raises((DamagedRun, RunNotFound), match=r"index\.json"):
            opened(path)


def test_a_last_step_that_is_empty_is_said(tmp_path):
    put(tmp_path / "run", {"step_1.pt": STATE, "step_2.pt": b""})
    with pytest.raises(RunNotFound, match=r"step_2\.pt is empty \(0 bytes\).*The steps before it open"):
        opened(tmp_path / "run")


def test_a_link_to_nothing_is_no_misspelt_name(tmp_path):
    (tmp_path / "last.pt").symlink_to(tmp_path / "gone.pt")
    with pytest.raises(RunNotFound, match=r"last\.pt is a link to .*gone\.pt") as caught:
        opened(tmp_path / "last.pt")
    assert "Did you mean" not in str(caught.value)


def test_what_lies_deeper_is_named(tmp_path):
    steps = {"epoch=0-step=50.ckpt": STATE, "epoch=1-step=100.ckpt": STATE}
    folder = put(tmp_path / "lightning_logs" / "version_0" / "checkpoints", steps)
    with pytest.raises(RunNotFound) as caught:
        opened(tmp_path)
    assert f"gl.load({str(folder)!r})" in str(caught.value)
    assert opened(folder).steps == [50, 100]


def test_a_checkpoint_in_parts_is_told_apart(tmp_path):
    put(tmp_path / "dcp", {"__0_0.distcp": b"x", ".metadata": b"x"})
    with pytest.raises(RunNotFound, match="dcp_to_torch_save"):
        opened(tmp_path / "dcp")


@pytest.mark.parametrize("step", [9.0, torch.tensor([9]), torch.tensor(9.0)])
def test_a_step_that_is_written_as_a_float_or_a_tensor(step, tmp_path):
    torch.save({"model": STATE, "step": step}, tmp_path / "c.pt")
    run = opened(tmp_path / "c.pt")
    assert (run.steps, run.step_known) == ([9], True)


@pytest.mark.parametrize("name", ["model_ema", "swa", "swa_state_dict", "averaged"])
def test_an_average_beside_the_model_is_left_out_and_said(name, tmp_path):
    other = {key: tensor + 1 for key, tensor in STATE.items()}
    torch.save({"model": STATE, name: other, "step": 3}, tmp_path / "c.pt")
    run = opened(tmp_path / "c.pt")
    assert torch.equal(run.final.logits, WANTED)
    assert run.known["left out"] == [name]


def test_the_shell_is_told_the_same(tmp_path, shell):
    (tmp_path / "last.pt").symlink_to(tmp_path / "gone.pt")
    status, _, err = shell("info", tmp_path / "last.pt")
    assert status == 2
    assert "is a link to" in err
    assert gl.GroklensError.__name__ not in err


def test_a_step_in_the_file_that_its_name_does_not_have_is_said(tmp_path):
    for name, step in ((1, 10), (2, 20)):
        torch.save({"model": STATE, "step": step}, tmp_path / f"model_{name}.pt")
    run = opened(tmp_path)
    assert run.steps == [1, 2]
    assert run.known["taken for granted"] == {
        "steps": "as the files' names count them; model_2.pt says 20 of itself"
    }
    torch.save({"model": STATE, "step": 2}, tmp_path / "model_2.pt")
    assert "taken for granted" not in opened(tmp_path).known


def test_weights_beside_the_models_own_are_left_out_and_said(tmp_path):
    state = {f"net.{name}": tensor for name, tensor in STATE.items()}
    torch.save({"state_dict": state | {"loss.weight": torch.ones(3)}, "global_step": 4}, tmp_path / "c.pt")
    run = opened(tmp_path / "c.pt")
    assert torch.equal(run.final.logits, WANTED)
    assert run.known["left out"] == ["loss.weight"]
    two = state | {f"teacher.{name}": tensor for name, tensor in STATE.items()}
    torch.save(two, tmp_path / "c.pt")
    with pytest.raises(BadArgument, match=r"missing are .* the model has no net\."):
        opened(tmp_path / "c.pt")


def test_an_averaged_model_says_of_how_many_it_is(tmp_path):
    state = {f"module.{name}": tensor for name, tensor in STATE.items()} | {"n_averaged": torch.tensor(3)}
    torch.save(state, tmp_path / "c.pt")
    assert torch.equal(opened(tmp_path / "c.pt").final.logits, WANTED)


@pytest.mark.parametrize(
    ("turned", "says"),
    [
        (lambda weight: (weight * 20).to(torch.int8), "whole numbers .int8."),
        (lambda weight: weight.to(torch.complex64), "complex numbers"),
        (lambda weight: weight.to_sparse(), "is sparse"),
        (lambda weight: weight.to("meta"), "without values"),
    ],
)
def test_numbers_that_are_no_weights_as_they_stand(turned, says, tmp_path):
    torch.save({name: turned(tensor) for name, tensor in STATE.items()}, tmp_path / "c.pt")
    with pytest.raises(BadArgument, match=says) as caught:
        opened(tmp_path / "c.pt")
    assert "Error(s)" not in str(caught.value)


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16, torch.float16])
def test_real_weights_of_another_precision_are_taken(kind, tmp_path):
    torch.save({name: tensor.to(kind) for name, tensor in STATE.items()}, tmp_path / "c.pt")
    torch.testing.assert_close(opened(tmp_path / "c.pt").final.logits, WANTED, rtol=0.1, atol=0.1)


@pytest.mark.parametrize(
    ("name", "step"), [("ckpt_100.pt", 100), ("step-7.safetensors", 7), ("seed_3.pt", None)]
)
def test_a_lone_file_is_of_the_step_in_its_name(name, step, tmp_path):
    run = opened(put(tmp_path / "run", {name: STATE}) / name)
    assert (run.final.step, run.step_known) == (step, step is not None)
    torch.save({"model": STATE, "step": 5}, tmp_path / "ckpt_100.pt")
    assert opened(tmp_path / "ckpt_100.pt").steps == [5]
