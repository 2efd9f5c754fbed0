"""What is in a file is used or refused by name, what is not in it is said, and of several models none is chosen."""

import json
import os

import pytest
import torch
from foreign_formats import (
    ADD,
    D_MODEL,
    N_HEADS,
    PLAIN,
    P,
    normal,
    transformer,
    write_grokking_demo,
    write_nanda,
    write_pizza,
    write_pizza_linear,
    write_rep_theory,
    write_rep_theory_mlp,
    write_y_agent,
)
from safetensors.torch import save_file

import groklens as gl
from groklens.errors import BadArgument, ConfigNeeded, DamagedRun, RunNotFound
from groklens.runs.file_checks import check_regular
from groklens.runs.readers.step_names import counted_in


def saved_with(path, more, file=None):
    """The file of weights with more of them, or others (None: without)."""
    file = path / file if file else path
    content = torch.load(file, weights_only=True)
    state = content.get("model", content)
    state |= more
    for name in [name for name, tensor in state.items() if tensor is None]:
        del state[name]
    torch.save(content, file)
    return path


def config_with(path, change, file):
    values = json.loads((path / file).read_text()) | change
    (path / file).write_text(json.dumps({name: value for name, value in values.items() if value is not None}))
    return path


class TestEveryWeight:
    @pytest.mark.parametrize(
        ("name", "shape"),
        [
            ("unembed.b_U", (P,)),
            ("blocks.0.attn.b_V", (N_HEADS, D_MODEL // N_HEADS)),
            ("blocks.0.attn.b_Q", (N_HEADS, D_MODEL // N_HEADS)),
            ("blocks.0.attn.b_O", (D_MODEL,)),
        ],
    )
    def test_a_bias_that_nandas_code_never_had_counts(self, name, shape, tmp_path):
        path = write_nanda(tmp_path)
        before = gl.load(path).final.logits
        run = gl.load(saved_with(path, {name: 3 * normal(*shape)}))
        assert not torch.allclose(run.final.logits, before)
        model, tokens = run.final.model, run.task.inputs
        torch.testing.assert_close(run.final.logits, model(tokens)[:, -1, :P].detach(), rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize(
        "name", ["ln_final.w_ln", "blocks.0.ln1.w", "embed.other", "blocks.0.mlp.W_gate", "probe.weight"]
    )
    def test_what_nandas_models_do_not_have_is_named(self, name, tmp_path):
        with pytest.raises(DamagedRun, match=rf"nanda\.pth holds {name}"):
            gl.load(saved_with(write_nanda(tmp_path), {name: normal(D_MODEL)}))

    @pytest.mark.parametrize("name", ["unembed.b_U", "blocks.0.ln1.w_ln", "blocks.0.attn.b_V", "ln_final.b"])
    def test_what_pizzas_models_do_not_have_is_named(self, name, tmp_path):
        path = saved_with(write_pizza(tmp_path), {name: normal(D_MODEL)}, "model_abc.pt")
        with pytest.raises(DamagedRun, match=rf"model_abc\.pt holds {name}"):
            gl.load(path)

    @pytest.mark.parametrize(
        ("write", "file", "name"),
        [
            (write_pizza_linear, None, "l2.weight"),
            (write_rep_theory_mlp, "model.pt", "b_U"),
            (write_rep_theory, "model.pt", "blocks.0.attn.gate"),
            (write_y_agent, "400.pth", "mlp.b_in"),
        ],
    )
    def test_nor_do_the_others(self, write, file, name, tmp_path):
        with pytest.raises(DamagedRun, match=name):
            gl.load(saved_with(write(tmp_path), {name: normal(12)}, file))

    def test_masks_are_no_weights(self, tmp_path):
        path = write_pizza(tmp_path)
        before = gl.load(path).final.logits
        more = {"blocks.0.attn.mask": torch.ones(2, 2).tril(), "blocks.0.attn.IGNORE": torch.tensor(-1e5)}
        assert torch.equal(gl.load(saved_with(path, more, "model_abc.pt")).final.logits, before)

    def test_the_mask_of_nandas_files_tells_the_direction(self, tmp_path):
        path = saved_with(write_nanda(tmp_path), {"blocks.0.attn.mask": torch.ones(3, 3)})
        assert gl.load(path).model["config"]["attention_dir"] == "bidirectional"
        path = saved_with(path, {"blocks.0.attn.mask": torch.ones(3, 3).tril()})
        assert "attention_dir" not in gl.load(path).known["taken for granted"]
        with pytest.raises(BadArgument, match="attention_dir is 'causal'"):
            gl.load(path, config={"attention_dir": "bidirectional"})

    def test_pizzas_blocks_are_those_of_the_weights(self, tmp_path):
        path = write_pizza(tmp_path)
        state = torch.load(path / "model_abc.pt", weights_only=True)
        second = {name.replace("blocks.0", "blocks.1"): -t for name, t in state.items() if "blocks.0" in name}
        saved_with(path, second, "model_abc.pt")
        assert gl.load(path).final.model.cfg.n_layers == 2
        with pytest.raises(DamagedRun, match=r"n_layers is 1, and model_abc\.pt holds 2"):
            gl.load(config_with(path, {"n_layers": 1}, "config_abc.json"))

    def test_pizzas_norm_is_refused(self, tmp_path):
        with pytest.raises(DamagedRun, match="use_ln is True"):
            gl.load(config_with(write_pizza(tmp_path), {"use_ln": True}, "config_abc.json"))


class TestWhatTheCodeFixes:
    def test_rep_theory_takes_for_granted_what_no_file_says_and_honours_what_its_user_knows(self, tmp_path):
        path = write_rep_theory(tmp_path)
        run = gl.load(path)
        assert {name: run.known["taken for granted"][name] for name in PLAIN} == PLAIN
        assert [finding.key for finding in gl.explain(run).findings].count("files.assumed") == 1
        config = {"act_fn": "gelu", "attention_dir": "bidirectional"}
        other = gl.load(path, config=config)
        assert not torch.allclose(other.final.logits, run.final.logits)
        assert other.model["config"]["act_fn"] == "gelu"
        assert other.known["taken for granted"].keys() == {"normalization_type", "biases"}
        normed = gl.load(path, config={"normalization_type": "LNPre"})
        assert normed.known["taken for granted"]["eps"] == 1e-5

    def test_the_mlp_of_rep_theory(self, tmp_path):
        path = write_rep_theory_mlp(tmp_path)
        assert gl.load(path).known["taken for granted"] == {"act_fn": "relu"}
        with pytest.raises(BadArgument, match=r"act_fn is 'silu'.*choose relu"):
            gl.load(path, config={"act_fn": "silu"})
        with pytest.raises(BadArgument, match="attention_dir is nothing that could be said"):
            gl.load(path, config={"attention_dir": "causal"})
        config_with(path, {"act_fn": "relu"}, "cfg.json")
        assert "taken for granted" not in gl.load(path).known
        with pytest.raises(BadArgument, match="says itself that act_fn is 'relu'"):
            gl.load(path, config={"act_fn": "gelu"})

    def test_nandas_code(self, tmp_path):
        path = write_nanda(tmp_path)
        run = gl.load(path, config={"attention_dir": "bidirectional"})
        assert run.model["config"]["attention_dir"] == "bidirectional"
        assert run.known["taken for granted"] == {"act_fn": "relu", "normalization_type": None}
        torch.save(torch.load(path, weights_only=True) | {"config": {"p": P, "use_ln": False}}, path)
        assert "normalization_type" not in gl.load(path).known["taken for granted"]

    def test_pizzas_code(self, tmp_path):
        path = write_pizza(tmp_path)
        taken = gl.load(path).known["taken for granted"]
        assert taken.keys() == {"task", "attention_dir", "normalization_type"}
        for config in ({"attention_dir": "causal"}, {"normalization_type": "LN"}):
            with pytest.raises(BadArgument, match=f"authors' code has {next(iter(config))}"):
                gl.load(path, config=config)
        config_with(path, {"attention_dir": "casual", "use_ln": False}, "config_abc.json")
        assert gl.load(path).known["taken for granted"].keys() == {"task"}

    def test_pizzas_linear_models(self, tmp_path):
        path = write_pizza_linear(tmp_path)
        assert gl.load(path).known["taken for granted"] == {"act_fn": "relu"}
        with pytest.raises(BadArgument, match="authors' code has act_fn 'relu'"):
            gl.load(path, config={"act_fn": "gelu"})


class TestNamesThatCountSteps:
    @pytest.mark.parametrize(
        "name",
        [
            "model_lr0.1.pt", "model_s0.pt", "gelu_wd1e-3.pt", "mymodel_v1.pt", "run_alpha0.25.pt", "net_n97.pt",
            "0.25.pt", "step0.1.pt", "step1e-3.pt", "unit3.pt", "rep5.pt", "n_steps100.pt",
            "max-epochs=50.pt", "step10k.pt", "dim128/model.pt", "m.5.pt",
        ],
    )  # fmt: skip
    def test_no_others_do(self, name):
        assert counted_in(name) == (name, [])

    @pytest.mark.parametrize(
        ("name", "numbers"),
        [
            ("step_100.pt", [100]), ("steps=5.pt", [5]), ("lr0.1_epoch-3.pt", [3]), ("ep7.pt", [7]),
            ("m_iter20.pt", [20]), ("iteration_20_lr1e-3.pt", [20]), ("it=4.npz", [4]), ("update9.pt", [9]),
            ("ckpt-0100.bin", [100]), ("checkpoint-500/model.pt", [500]), ("global_step40.ckpt", [40]),
            ("400.pth", [400]), ("12/model.safetensors", [12]), ("epoch=2-step=80.ckpt", [80, 2]),
            ("epoch03-val_loss=0.25.ckpt", [3]),
        ],
    )  # fmt: skip
    def test_these_do(self, name, numbers):
        assert counted_in(name)[1] == numbers

    @pytest.mark.parametrize(
        "pattern",
        ["model_lr{}.pt", "s{}.pt", "wd1e-{}.pt", "v{}.pt", "alpha0.{}.pt", "n{}.npz"],
    )
    def test_a_sweep_is_no_run(self, pattern, tmp_path):
        for number in (1, 3):
            file = tmp_path / pattern.format(number)
            if file.suffix == ".npz":
                import numpy as np

                np.savez(file, **{name: tensor.numpy() for name, tensor in transformer().items()})
            else:
                torch.save(transformer(), file)
        first = pattern.format(1).replace(".", r"\.")
        with pytest.raises(RunNotFound, match=rf"{first}.*step_100\.pt") as caught:
            gl.load(tmp_path, task=ADD, config=PLAIN)
        assert "\n" not in str(caught.value)
        with pytest.raises(BadArgument, match=rf"{first}.*step_100\.pt"):
            gl.load(tmp_path, task=ADD, config=PLAIN, format="hooked_transformer")

    def test_epochs_where_steps_start_again(self, tmp_path):
        for epoch in (0, 1):
            torch.save(transformer(), tmp_path / f"epoch={epoch}-step=5.pt")
        assert gl.load(tmp_path, task=ADD, config=PLAIN).steps == [0, 1]

    def test_two_files_of_one_step(self, tmp_path):
        for name in ("step_1.pt", "step_01.pt", "step_2.pt"):
            torch.save(transformer(), tmp_path / name)
        with pytest.raises(BadArgument, match=r"step 1 \(step_01\.pt, step_1\.pt\)"):
            gl.load(tmp_path, task=ADD, config=PLAIN, format="hooked_transformer")

    def test_nor_is_a_sweep_in_one_file(self, tmp_path):
        torch.save({"seed0": transformer(), "seed1": transformer()}, tmp_path / "all.pt")
        with pytest.raises(RunNotFound, match="several models"):
            gl.load(tmp_path / "all.pt", task=ADD, config=PLAIN)


def scaled(factor):
    return {name: tensor * factor for name, tensor in transformer().items()}


class TestSeveralModels:
    @pytest.mark.parametrize(
        "keys",
        [
            ("model", "net", "teacher"),
            ("best_state", "state_dict"),
            ("student", "model"),
            ("generator", "critic"),
        ],
    )
    def test_none_is_chosen(self, keys, tmp_path):
        torch.save({key: scaled(1.0 + i) for i, key in enumerate(keys)}, tmp_path / "c.pt")
        with pytest.raises(RunNotFound) as caught:
            gl.load(tmp_path / "c.pt", task=ADD, config=PLAIN)
        message = str(caught.value)
        assert ", ".join(keys) in message
        assert f"torch.save(saved[{keys[0]!r}], " in message
        assert "\n" not in message
        with pytest.raises(BadArgument, match=", ".join(keys)):
            gl.load(tmp_path / "c.pt", task=ADD, config=PLAIN, format="hooked_transformer")

    def test_nor_further_in(self, tmp_path):
        torch.save({"run": {"model": scaled(1.0), "net": scaled(2.0)}, "epoch": 3}, tmp_path / "c.pt")
        with pytest.raises(RunNotFound, match=r"run\.model, run\.net.*saved\['run'\]\['model'\]"):
            gl.load(tmp_path / "c.pt", task=ADD, config=PLAIN)

    @pytest.mark.parametrize("write", [write_nanda, write_grokking_demo])
    def test_nor_in_formats_with_names_of_their_own(self, write, tmp_path):
        path = write(tmp_path)
        torch.save(torch.load(path, weights_only=True) | {"teacher": scaled(2.0)}, path)
        with pytest.raises(BadArgument, match="model, teacher"):
            gl.load(path)

    def test_companions_are_none(self, tmp_path):
        optimiser = {"state": {0: {"exp_avg": torch.ones(3, 3)}}, "param_groups": []}
        content = {"model": scaled(1.0), "ema": scaled(2.0), "model_ema": scaled(3.0), "optimizer": optimiser}
        torch.save(content | {"metrics": {"norms": torch.ones(4)}}, tmp_path / "c.pt")
        run = gl.load(tmp_path / "c.pt", task=ADD, config=PLAIN)
        assert run.known["left out"] == ["ema", "model_ema"]
        assert torch.equal(run.final.weights["W_E"], transformer()["embed.W_E"])

    def test_a_copy_is_none(self, tmp_path):
        torch.save({"model": scaled(1.0), "best": scaled(1.0)}, tmp_path / "c.pt")
        assert gl.load(tmp_path / "c.pt", task=ADD, config=PLAIN).steps == [0]

    def test_a_model_of_no_step_beside_a_series_is_named(self, tmp_path):
        content = {"checkpoints": [scaled(1.0), scaled(2.0)], "steps": [0, 10], "model": scaled(3.0)}
        torch.save(content, tmp_path / "c.pt")
        assert gl.load(tmp_path / "c.pt", task=ADD, config=PLAIN).known["left out"] == ["model"]


class TestHoles:
    """Copies have holes where there were zeros; what was never written is refused."""

    def sparse(self, whole, copy):
        with open(whole, "rb") as source, open(copy, "wb") as target:
            while block := source.read(2**20):
                if block.count(0) == len(block):
                    target.seek(len(block), os.SEEK_CUR)
                else:
                    target.write(block)
            target.truncate()
        return copy

    @pytest.mark.parametrize("ending", [".pt", ".safetensors"])
    def test_a_sparse_copy_opens(self, ending, tmp_path):
        state = {"W_E": torch.zeros(3000, 3000), "W_U": normal(8, 8)}
        whole, copy = tmp_path / f"whole{ending}", tmp_path / f"copy{ending}"
        (save_file if ending == ".safetensors" else torch.save)(state, whole)
        self.sparse(whole, copy)
        assert copy.read_bytes() == whole.read_bytes()
        assert copy.stat().st_blocks * 512 < copy.stat().st_size // 2
        check_regular(copy)
        with pytest.raises(BadArgument, match=r"no format here has \(W_"):  # read: no model was given
            gl.load(copy)

    @pytest.mark.parametrize(("size", "name"), [(2**31, "a.pt"), (2**31, "a.safetensors"), (2**26, "a.json")])
    def test_what_was_never_written_does_not(self, size, name, tmp_path):
        (tmp_path / name).write_bytes(b"{}")
        os.truncate(tmp_path / name, size)
        with pytest.raises(DamagedRun, match="sparse file"):
            check_regular(tmp_path / name)

    @pytest.mark.parametrize(("size", "refused"), [(2**31, False), (2**40, True)])
    def test_a_header_that_declares_the_holes(self, size, refused, tmp_path):
        entry = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
        header = json.dumps({"w": entry}).encode()
        (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
        os.truncate(tmp_path / "a.safetensors", 8 + len(header) + size)
        if refused:
            with pytest.raises(DamagedRun, match="sparse file"):
                check_regular(tmp_path / "a.safetensors")
        else:
            check_regular(tmp_path / "a.safetensors")


def test_the_quick_pass_leaves_no_bias_out():
    """Logits with a bias in the unembedding are the model's own."""
    from test_not_in_the_file import live

    model = live(n_layers=1)
    wanted = model(ADD.inputs)[:, -1, :P].detach()
    torch.testing.assert_close(gl.Snapshot(model, ADD).logits, wanted, rtol=1e-4, atol=1e-4)


class TestCheckpointsOfNoNotebook:
    """Checkpoints by epoch, with nothing that only the Grokking_Demo saves: asked for like any other weights."""

    def test_their_activation_is_asked_for_and_their_epochs_are_theirs(self, tmp_path):
        states = [transformer(), transformer()]
        torch.save({"checkpoints": states, "checkpoint_epochs": [0, 100]}, tmp_path / "x.pt")
        task = gl.ModularArithmetic(5, "add")
        with pytest.raises(ConfigNeeded, match="act_fn"):
            gl.load(tmp_path / "x.pt", task=task)
        said = {"act_fn": "gelu", "normalization_type": None, "attention_dir": "causal"}
        run = gl.load(tmp_path / "x.pt", task=task, config=said)
        assert run.steps == [0, 100]
