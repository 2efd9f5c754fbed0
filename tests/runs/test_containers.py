"""Weights in every common container, written by common loops: the model's own logits, or one line that opens them."""

import json

import numpy as np
import pytest
import torch
from foreign_formats import ADD, OWN, PLAIN, P
from safetensors.torch import save_file
from test_not_in_the_file import live
from torch import nn

import groklens as gl
from groklens.errors import BadArgument, DamagedRun, RunNotFound

MODEL = live(n_layers=1)
OLD = {name: tensor.detach().clone() for name, tensor in MODEL.tl_parameters().items()}
BRIDGE = {name: tensor.detach().clone() for name, tensor in MODEL.state_dict().items()}
WANTED = gl.Snapshot(MODEL, ADD).logits


def scaled(factor, state=OLD):
    """The same model with its answers scaled, as one of another step."""
    name = "unembed.W_U" if "unembed.W_U" in state else "unembed.weight"
    return state | {name: state[name] * factor} if name in state else dict(state)


def opened(path, state=OLD, **more):
    config = PLAIN | ({"n_heads": 2} if state is BRIDGE else {})
    return gl.load(path, task=ADD, config=config, **more)


class Wrapped(nn.Module):
    """A module that holds a model, as `torch.compile`, `DataParallel` and trainers do."""

    def __init__(self, model, name="model"):
        super().__init__()
        setattr(self, name, model)


class Hooked(Wrapped):
    """A wrapper that is looked at as what it wraps."""

    @property
    def cfg(self):
        return self.model.cfg

    @property
    def hook_dict(self):
        return self.model.hook_dict

    def forward(self, tokens):
        return self.model(tokens)

    def run_with_cache(self, *args, **more):
        return self.model.run_with_cache(*args, **more)


def prefixed(state, *prefixes):
    return {"".join(prefixes) + name: tensor for name, tensor in state.items()}


LIGHTNING = {
    "epoch": 3,
    "global_step": 400,
    "pytorch-lightning_version": "2",
    "lr_schedulers": [],
    "loops": {"a": {}},
}
OPTIMISER = {
    "state": {0: {"exp_avg": torch.ones(3), "step": torch.tensor(4.0)}},
    "param_groups": [{"lr": 1e-3}],
}
CONTAINERS = {
    "bare": (lambda s: s, 0),
    "model": (lambda s: {"model": s}, 0),
    "model_state_dict": (lambda s: {"model_state_dict": s, "optimizer_state_dict": OPTIMISER, "epoch": 5}, 5),
    "state_dict": (lambda s: {"state_dict": s, "step": 12, "loss": torch.tensor(0.5)}, 12),
    "iteration": (lambda s: {"net": s, "iteration": torch.tensor(9), "optimizer": OPTIMISER}, 9),
    "global_step": (lambda s: {"params": s, "global_step": 7}, 7),
    "another name": (lambda s: {"transformer": s, "optim": OPTIMISER, "rng_state": torch.zeros(5).byte()}, 0),
    "two levels": (lambda s: {"checkpoint": {"model": s}, "args": {"lr": 1e-3}, "step": 3}, 3),
    "two levels, the step within": (lambda s: {"state": {"weights": s, "step": 8}}, 8),
    "with losses": (lambda s: {"model": s, "train_losses": [2.0, 1.0], "test_losses": [2.0, 1.5]}, 0),
    "with a moving average": (lambda s: {"model": s, "ema": scaled(3.0, s)}, 0),
    "with its optimiser": (lambda s: (s, OPTIMISER), 0),
    "beside plain values": (lambda s: s | {"epoch": 4, "note": "best"}, 4),
    "inside any module": (lambda s: {"state_dict": prefixed(s, "transformer.")}, 0),
    "compiled": (lambda s: {"model": prefixed(s, "_orig_mod.")}, 0),
    "data parallel": (lambda s: prefixed(s, "module."), 0),
    "compiled in parallel": (lambda s: prefixed(s, "module.", "_orig_mod."), 0),
    "lightning": (lambda s: LIGHTNING | {"state_dict": prefixed(s, "model.")}, 400),
    "lightning, compiled": (lambda s: LIGHTNING | {"state_dict": prefixed(s, "model.", "_orig_mod.")}, 400),
    "a step that is none": (lambda s: {"model": s, "step": 2.5, "epoch": True}, 0),
}


class TestOneModel:
    @pytest.mark.parametrize("state", [OLD, BRIDGE], ids=["old", "bridge"])
    @pytest.mark.parametrize("name", CONTAINERS)
    def test_it_opens_in_any_container(self, name, state, tmp_path):
        content, step = CONTAINERS[name][0](state), CONTAINERS[name][1]
        torch.save(content, tmp_path / "c.pt")
        run = opened(tmp_path / "c.pt", state)
        assert run.steps == [step]
        assert torch.equal(run.final.logits, WANTED)
        assert (run.final.step, run.step_known) == (step or None, step > 0)  # none of them says step 0

    def test_a_step_0_that_is_said_is_known_and_one_that_is_not_is_no_step_0(self, tmp_path):
        torch.save({"model": OLD, "step": 0}, tmp_path / "said.pt")
        torch.save({"model": OLD}, tmp_path / "unsaid.pt")
        said, unsaid = (opened(tmp_path / name) for name in ("said.pt", "unsaid.pt"))
        assert (said.steps, unsaid.steps) == ([0], [0])
        assert (said.final.step, unsaid.final.step) == (0, None)
        assert "step 0 alone" in repr(said)
        assert "step unknown" in repr(unsaid)
        assert "step 0" not in gl.explain(unsaid).methods()

    @pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt", ".bin", ".tar", ".safetensors", ".npz"])
    def test_it_opens_by_any_ending(self, ending, tmp_path):
        file = tmp_path / f"model{ending}"
        write(OLD, file)
        assert torch.equal(opened(file).final.logits, WANTED)

    def test_arrays_of_the_other_byte_order_and_values_beside_them(self, tmp_path):
        arrays = {name: tensor.numpy().astype(">f4") for name, tensor in OLD.items()}
        np.savez_compressed(tmp_path / "m.npz", **arrays, step=np.array(30), act_fn=np.array("relu"))
        run = opened(tmp_path / "m.npz")
        assert run.steps == [30]
        assert torch.equal(run.final.logits, WANTED)

    def test_what_stands_beside_the_weights_is_known(self, tmp_path):
        torch.save({"model": OLD, "config": {"lr": 1e-3, "seed": 3}, "epoch": 2}, tmp_path / "c.pt")
        assert opened(tmp_path / "c.pt").known == {"lr": 1e-3, "seed": 3, "epoch": 2}

    def test_losses_beside_the_weights_are_its_history(self, tmp_path):
        content = {"model": OLD, "train_losses": [2.0, 1.0], "test_losses": [2.0, 1.5], "step": 1}
        torch.save(content, tmp_path / "c.pt")
        history = opened(tmp_path / "c.pt").history
        assert history["test_loss"].values.tolist() == [2.0, 1.5]
        assert history["test_loss"].attrs["units"] == "unknown"

    @pytest.mark.parametrize("more", [{"generator": OLD, "discriminator": OLD}, {"a": [OLD], "b": [OLD]}])
    def test_of_two_models_none_is_guessed(self, more, tmp_path):
        torch.save(more, tmp_path / "c.pt")
        with pytest.raises(RunNotFound, match=", ".join(more)):
            opened(tmp_path / "c.pt")


def write(state, file):
    if file.suffix == ".safetensors":
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, file)
    elif file.suffix == ".npz":
        np.savez(file, **{name: tensor.numpy() for name, tensor in state.items()})
    else:
        torch.save(state, file)


STATES = [scaled(factor) for factor in (1.0, 2.0, 3.0)]
SERIES = {
    "a list": (lambda: STATES, [0, 1, 2], False),
    "a tuple": (lambda: tuple(STATES), [0, 1, 2], False),
    "by step": (lambda: dict(zip((0, 50, 100), STATES, strict=True)), [0, 50, 100], True),
    "by step as text": (
        lambda: {f"step_{n}": s for n, s in zip((5, 50, 100), STATES, strict=True)},
        [5, 50, 100],
        True,
    ),
    "state_dicts": (lambda: {"state_dicts": STATES, "steps": [0, 10, 20], "lr": 1e-3}, [0, 10, 20], True),
    "checkpoints": (lambda: {"checkpoints": STATES, "epochs": torch.tensor([1, 2, 3])}, [1, 2, 3], True),
    "uncounted": (lambda: {"snapshots": STATES, "loss": [3.0, 2.0, 1.0]}, [0, 1, 2], False),
    "inside": (lambda: {"run": {"checkpoints": dict(zip((1, 2, 9), STATES, strict=True))}}, [1, 2, 9], True),
    "each with its step": (
        lambda: [{"model": s, "step": 7 * i} for i, s in enumerate(STATES)],
        [0, 7, 14],
        True,
    ),
    "pairs": (lambda: [(10 * i, s) for i, s in enumerate(STATES)], [0, 10, 20], True),
    "each in a container": (lambda: [{"state_dict": s} for s in STATES], [0, 1, 2], False),
}


class TestManySteps:
    @pytest.mark.parametrize("name", SERIES)
    def test_one_file_with_all(self, name, tmp_path):
        make, steps, counted = SERIES[name]
        torch.save(make(), tmp_path / "all.pt")
        run = opened(tmp_path / "all.pt")
        assert run.steps == steps
        for step, factor in zip(steps, (1.0, 2.0, 3.0), strict=True):
            torch.testing.assert_close(run.at(step).logits, WANTED * factor)
        assert ("steps" in run.known.get("taken for granted", {})) is not counted

    def test_the_last_model_beside_its_checkpoints(self, tmp_path):
        content = {"checkpoints": STATES[:2], "steps": [0, 10], "model": STATES[2], "step": 20}
        torch.save(content, tmp_path / "all.pt")
        run = opened(tmp_path / "all.pt")
        assert run.steps == [0, 10, 20]
        torch.testing.assert_close(run.final.logits, WANTED * 3)

    @pytest.mark.parametrize("steps", [[0, 1], [0, 1, 1], [0, 1, "x"], [0.5, 1, 2], [-1, 0, 1], [0, 1, True]])
    def test_steps_that_are_not_those_of_the_weights(self, steps, tmp_path):
        torch.save({"checkpoints": STATES, "steps": steps}, tmp_path / "all.pt")
        with pytest.raises(DamagedRun, match=r"all\.pt.*steps"):
            gl.load(tmp_path / "all.pt", task=ADD, config=PLAIN, format="hooked_transformer")

    @pytest.mark.parametrize(
        "pattern",
        [
            "step_{}.pt",
            "ckpt-{:04d}.safetensors",
            "{}.pth",
            "run3_step{}.ckpt",
            "epoch={}-seed=1.npz",
            "m-it{}.bin",
            "epoch=2-step={}.pt",
            "a_global_step{}.npz",
        ],
    )
    def test_one_file_a_step(self, pattern, tmp_path):
        for step, state in zip((0, 100, 2000), STATES, strict=True):
            write(state, tmp_path / pattern.format(step))
        (tmp_path / "log.txt").write_text("nothing")
        run = opened(tmp_path)
        assert run.steps == [0, 100, 2000]
        assert run.name == tmp_path.name
        for step, factor in zip(run.steps, (1.0, 2.0, 3.0), strict=True):
            torch.testing.assert_close(run.at(step).logits, WANTED * factor)

    def test_optimisers_beside_them_are_none_of_the_steps(self, tmp_path):
        for step, state in zip((10, 20), STATES, strict=False):
            write(state, tmp_path / f"model_step{step}.pt")
            torch.save(OPTIMISER, tmp_path / f"optimizer_step{step}.pt")
        run = opened(tmp_path)
        assert run.steps == [10, 20]
        assert run.known["left out"] == ["optimizer_step10.pt", "optimizer_step20.pt"]

    def test_two_runs_in_one_folder_are_not_mixed(self, tmp_path):
        for step, state in zip((10, 20), STATES, strict=False):
            write(state, tmp_path / f"a_ep{step}.pt")
            write(state, tmp_path / f"b_ep{step}.pt")
        with pytest.raises(BadArgument, match=r"a_ep\*\.pt, b_ep\*\.pt"):
            gl.load(tmp_path, task=ADD, config=PLAIN, format="hooked_transformer")
        with pytest.raises(RunNotFound, match=r"a_ep10\.pt"):
            opened(tmp_path)

    def test_a_folder_a_step(self, tmp_path):
        for step, state in zip((10, 200), STATES, strict=False):
            (tmp_path / f"step_{step}").mkdir()
            write(state, tmp_path / f"step_{step}" / "model.safetensors")
        run = opened(tmp_path)
        assert run.steps == [10, 200]
        torch.testing.assert_close(run.final.logits, WANTED * 2)

    def test_one_folder_alone_says_its_step(self, tmp_path):
        (tmp_path / "step_5").mkdir()
        write(OLD, tmp_path / "step_5" / "model.pt")
        assert opened(tmp_path).steps == [5]

    def test_a_configuration_beside_the_steps_is_believed(self, tmp_path):
        for step, state in zip((10, 20), STATES, strict=False):
            write(state, tmp_path / f"step_{step}.pt")
        (tmp_path / "config.json").write_text(json.dumps(PLAIN | {"lr": 1e-3}))
        run = gl.load(tmp_path, task=ADD)
        assert run.steps == [10, 20]
        assert torch.equal(run.at(10).logits, WANTED)
        with pytest.raises(BadArgument, match="act_fn='relu'"):
            gl.load(tmp_path, task=ADD, config={"act_fn": "gelu"})

    def test_one_file_alone_says_its_step(self, tmp_path):
        write(OLD, tmp_path / "step_300.pt")
        assert opened(tmp_path).steps == [300]

    @pytest.mark.parametrize(
        "pattern", ["seed_{}.pt", "mod{}.pth", "run-{}.safetensors", "p{}.npz", "final_lr{}.pt"]
    )
    def test_what_a_number_counts_where_it_is_no_step(self, pattern, tmp_path):
        for number in (1, 2):
            write(OLD, tmp_path / pattern.format(number))
        with pytest.raises(RunNotFound, match="a folder of 2 runs"):
            opened(tmp_path)

    def test_shards_are_no_steps(self, tmp_path):
        for part in (1, 2):
            write(OLD, tmp_path / f"model-{part:05d}-of-00002.safetensors")
        with pytest.raises(RunNotFound):
            opened(tmp_path)

    def test_a_damaged_step_is_said_when_it_is_asked_for_and_the_others_load(self, tmp_path):
        for step, state in zip((0, 100, 200), STATES, strict=True):
            write(state, tmp_path / f"step_{step}.pt")
        (tmp_path / "step_100.pt").write_bytes(b"PK damaged")
        run = opened(tmp_path)
        assert torch.equal(run.at(0).logits, WANTED)
        with pytest.raises(DamagedRun, match=r"step_100\.pt"):
            run.at(100)
        torch.save(OPTIMISER, tmp_path / "step_100.pt")
        with pytest.raises(DamagedRun, match=r"step_100\.pt holds no weights"):
            run.at(100)


class TestModelsOfTheUsersOwn:
    state = gl.MLP(d_mlp=12, d_embed=4).build(ADD, seed=3).state_dict()
    wanted = gl.Snapshot(gl.MLP(d_mlp=12, d_embed=4).build(ADD, seed=3), ADD).logits

    @pytest.mark.parametrize("name", CONTAINERS)
    def test_any_container(self, name, tmp_path):
        content, step = CONTAINERS[name][0](dict(self.state)), CONTAINERS[name][1]
        torch.save(content, tmp_path / "c.pt")
        run = gl.load(tmp_path / "c.pt", task=ADD, model=OWN)
        assert run.steps == [step]
        assert torch.equal(run.final.logits, self.wanted)
        assert run.final.model is not OWN
        assert not torch.equal(OWN.W_in, self.state["W_in"])

    def test_every_step_has_a_copy_of_its_own(self, tmp_path):
        states = [{name: tensor * factor for name, tensor in self.state.items()} for factor in (1.0, 2.0)]
        torch.save({"checkpoints": states, "steps": [5, 9]}, tmp_path / "c.pt")
        run = gl.load(tmp_path / "c.pt", task=ADD, model=OWN)
        first, second = run.at(5), run.at(9)
        assert torch.equal(first.logits, self.wanted)
        torch.testing.assert_close(second.weights["W_in"], first.weights["W_in"] * 2)

    def test_a_model_that_wraps_another_takes_the_names_with_its_own(self, tmp_path):
        inner = gl.MLP(d_mlp=12, d_embed=4).build(ADD, seed=3)
        torch.save(Wrapped(inner).state_dict(), tmp_path / "c.pt")
        run = gl.load(tmp_path / "c.pt", task=ADD, model=OWN)
        assert torch.equal(run.final.logits, self.wanted)
        torch.save(Wrapped(inner, "network").state_dict(), tmp_path / "c.pt")
        assert torch.equal(gl.load(tmp_path / "c.pt", task=ADD, model=OWN).final.logits, self.wanted)

    @pytest.mark.parametrize("state", [OLD, BRIDGE], ids=["old", "bridge"])
    def test_a_bridge_takes_old_names_and_its_own(self, state, tmp_path):
        torch.save(state, tmp_path / "c.pt")
        run = gl.load(tmp_path / "c.pt", task=ADD, model=live(5, n_layers=1))
        assert torch.equal(run.final.logits, WANTED)

    def test_a_wrapper_takes_its_own_names_and_those_of_what_it_wraps(self, tmp_path):
        inner = gl.MLP(d_mlp=12, d_embed=4).build(ADD, seed=3)
        wrapper = Hooked(gl.MLP(d_mlp=12, d_embed=4).build(ADD, seed=0))
        for state in (
            Hooked(inner).state_dict(),
            inner.state_dict(),
            prefixed(inner.state_dict(), "module."),
        ):
            torch.save(state, tmp_path / "c.pt")
            found = gl.load(tmp_path / "c.pt", task=ADD, model=wrapper).final
            torch.testing.assert_close(found.logits, self.wanted)

    def test_what_does_not_fit_is_named(self, tmp_path):
        wrong = dict(self.state)
        wrong["W_extra"] = wrong.pop("b_in")
        wrong["W_in"] = wrong["W_in"][..., :-1]
        torch.save(wrong, tmp_path / "c.pt")
        said = r"missing are b_in; the model has no W_extra; in other shapes are W_in \(2, 4, 11\) for \(2, 4, 12\)"
        with pytest.raises(BadArgument, match=said):
            gl.load(tmp_path / "c.pt", task=ADD, model=OWN)

    def test_without_a_model_the_names_found_and_the_lines_that_open_it(self, tmp_path):
        torch.save({"model": self.state, "epoch": 5}, tmp_path / "c.pt")
        for task, said in ((None, "gl.ModularArithmetic(113, 'add')"), (ADD, "task")):
            with pytest.raises(BadArgument) as caught:
                gl.load(tmp_path / "c.pt", task=task)
            message = str(caught.value)
            assert "\n" not in message
            for part in ("W_E, W_in, b_in", "model = MyModel(…)", f"c.pt', task={said}, model=model"):
                assert part in message

    @pytest.mark.parametrize(
        ("content", "found"),
        [
            ({"hello": 1, "world": [2]}, "a dictionary with hello, world"),
            ([1, 2], "a list of 2"),
            ({"a": {"b": {"c": {"d": {"e": OLD}}}}}, "a dictionary with a"),
            ({}, "nothing in it"),
        ],
    )
    def test_a_file_that_is_not_recognised_says_what_is_in_it(self, content, found, tmp_path):
        torch.save(content, tmp_path / "c.pt")
        with pytest.raises(RunNotFound) as caught:
            gl.load(tmp_path / "c.pt", task=ADD)
        assert found in str(caught.value)
        assert "gl.load(" in str(caught.value)
        assert "\n" not in str(caught.value)


ROWS = ({"step": 0, "train_loss": 2.0, "test_loss": 3.0}, {"step": 50, "train_loss": 1.0, "test_loss": 2.5})
LISTS = {"steps": [0, 50], "train_losses": [2.0, 1.0], "test_losses": [3.0, 2.5]}


class TestLogs:
    def write(self, file):
        if file.suffix == ".csv":
            lines = [",".join(ROWS[0]), *(",".join(map(str, row.values())) for row in ROWS)]
            file.write_text("\n".join(lines) + "\n")
        elif file.suffix == ".jsonl":
            file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
        elif file.suffix == ".json":
            file.write_text(json.dumps(list(ROWS) if "rows" in file.name else LISTS))
        elif file.suffix == ".npz":
            np.savez(file, **LISTS)
        else:
            torch.save({name: torch.tensor(v) for name, v in LISTS.items()}, file)

    @pytest.mark.parametrize("name", ["l.csv", "l.jsonl", "l.json", "rows.json", "l.npz", "l.pt"])
    def test_a_log_is_a_run_with_history_and_no_steps(self, name, tmp_path):
        self.write(tmp_path / name)
        run = gl.load(tmp_path / name)
        assert run.format == "loss_log"
        assert run.steps == []
        assert run.history.step.values.tolist() == [0, 50]
        assert run.history["train_loss"].values.tolist() == [2.0, 1.0]
        assert run.history["test_loss"].attrs["units"] == "unknown"
        assert run.model == {}
        with pytest.raises(BadArgument, match="nothing to look at"):
            gl.explain(run)
        with pytest.raises(BadArgument, match="nothing to look at"):
            _ = run.final

    def test_its_task_may_be_given(self, tmp_path):
        self.write(tmp_path / "l.json")
        run = gl.load(tmp_path / "l.json", task=ADD)
        assert run.task == ADD
        assert "taken for granted" not in run.known
        with pytest.raises(BadArgument, match="holds losses and no weights; leave model= out"):
            gl.load(tmp_path / "l.json", model=OWN)

    def test_units_that_the_file_says(self, tmp_path):
        (tmp_path / "l.json").write_text(json.dumps(LISTS | {"units": "bits"}))
        assert gl.load(tmp_path / "l.json").history["train_loss"].attrs["units"] == "bits"

    def test_columns_of_another_length_are_named(self, tmp_path):
        (tmp_path / "l.json").write_text(json.dumps({"train_losses": [2.0, 1.5, 1.0], "test_losses": [3.0]}))
        run = gl.load(tmp_path / "l.json")
        assert list(run.history.data_vars) == ["train_loss"]
        assert run.known["left out"] == ["test_losses"]

    def test_the_shell_says_what_it_is(self, tmp_path, shell):
        self.write(tmp_path / "l.csv")
        status, out, err = shell("info", tmp_path / "l.csv", "--json")
        assert (status, err) == (0, "")
        assert json.loads(out)["steps"] == []
        assert json.loads(out)["task"] is None
        status, out, err = shell("explain", tmp_path / "l.csv")
        assert status == 2
        assert "nothing to look at" in err

    def test_rows_of_one_step_are_one(self, tmp_path):
        (tmp_path / "metrics.csv").write_text("Step,Train_Loss,val_loss\n0,2.0,\n0,,3.0\n5,1.0,\n5,,2.5\n")
        history = gl.load(tmp_path / "metrics.csv").history
        assert history.step.values.tolist() == [0, 5]
        assert history["train_loss"].values.tolist() == [2.0, 1.0]
        assert history["val_loss"].values.tolist() == [3.0, 2.5]

    def test_a_log_inside_a_dictionary(self, tmp_path):
        (tmp_path / "l.json").write_text(json.dumps({"history": LISTS, "config": {"lr": 1e-3}}))
        assert gl.load(tmp_path / "l.json").history["test_loss"].values.tolist() == [3.0, 2.5]

    def test_it_has_no_split(self, tmp_path):
        self.write(tmp_path / "l.json")
        with pytest.raises(BadArgument, match="leave train_index= out"):
            gl.load(tmp_path / "l.json", train_index=[0])

    @pytest.mark.parametrize("steps", [[0, 0], [0, 0.5], [-1, 2]])
    def test_steps_that_are_none(self, steps, tmp_path):
        (tmp_path / "l.json").write_text(json.dumps(LISTS | {"steps": steps}))
        with pytest.raises(DamagedRun, match=r"l\.json.*step"):
            gl.load(tmp_path / "l.json")


def test_the_task_must_fit_the_model(tmp_path):
    torch.save(OLD, tmp_path / "c.pt")
    with pytest.raises(DamagedRun, match="needs"):
        gl.load(tmp_path / "c.pt", task=gl.ModularArithmetic(2 * P + 1, "add"), config=PLAIN)
