"""What the readers of TransformerLens' own formats give, beside numbers worked out by hand."""

import json

import pytest
import torch
from foreign_formats import (
    ADD,
    D_HEAD,
    D_MODEL,
    FORMATS,
    Config,
    refused,
    transformer,
    write_grokking_demo,
    write_hooked_transformer,
)

import groklens as gl
from groklens.errors import BadArgument, DamagedRun, UnknownName


class TestGrokkingDemo:
    def test_a_plain_configuration_is_the_way_round(self, tmp_path):
        path = write_grokking_demo(tmp_path)
        saved = torch.load(path, weights_only=True)
        torch.save(saved | {"config": Config()}, path)
        with pytest.raises(DamagedRun, match=r"pickled \S*Config.*saved\['config'\] = dict\(vars"):
            gl.load(path)
        saved["config"] = dict(vars(Config()))
        torch.save(saved, path)
        known = gl.load(path).known
        assert known.pop("taken for granted").keys() == {
            "task",
            "act_fn",
            "normalization_type",
            "attention_dir",
        }
        assert known == {"d_model": D_MODEL}

    def test_what_it_holds(self, tmp_path):
        run = gl.load(write_grokking_demo(tmp_path))
        assert run.steps == [1, 101]  # saved after the update of epochs 0 and 100
        assert run.task == ADD
        assert run.train_index.tolist() == list(range(9))
        assert run.history["test_loss"].values.tolist() == [2.0, 1.5]
        assert torch.equal(run.final.weights["W_U"], transformer()["unembed.W_U"])

    @pytest.mark.parametrize(
        "change",
        [
            {"checkpoint_epochs": [0]},
            {"checkpoint_epochs": 3},
            {"checkpoint_epochs": ["a", "b"]},
            {"checkpoints": []},
            {"checkpoints": None},
            {"checkpoints": [1, 2]},
            {"train_indices": "all"},
            {"train_losses": ["high"]},
        ],
    )
    def test_entries_that_do_not_fit(self, change, tmp_path):
        path = write_grokking_demo(tmp_path)
        torch.save(torch.load(path, weights_only=True) | change, path)
        refused(FORMATS["grokking_demo"], path, path)


class TestHookedTransformer:
    @pytest.mark.parametrize("name", ["hooked_transformer", "hooked_safetensors"])
    def test_what_it_computes(self, name, tmp_path):
        """The forward pass written out, from the weights as the file has them."""
        w = transformer()
        run = FORMATS[name].load(FORMATS[name].write(tmp_path))
        assert run.steps == [0]
        x = w["embed.W_E"][ADD.inputs] + w["pos_embed.W_pos"]
        q, k, v = (torch.einsum("bpd,hde->bphe", x, w[f"blocks.0.attn.W_{letter}"]) for letter in "QKV")
        scores = torch.einsum("bhe,bkhe->bhk", q[:, -1], k) / D_HEAD**0.5
        z = torch.einsum("bhk,bkhe->bhe", scores.softmax(-1), v)
        residual = x[:, -1] + torch.einsum("bhe,hed->bd", z, w["blocks.0.attn.W_O"])
        neurons = (residual @ w["blocks.0.mlp.W_in"] + w["blocks.0.mlp.b_in"]).relu()
        residual = residual + neurons @ w["blocks.0.mlp.W_out"] + w["blocks.0.mlp.b_out"]
        torch.testing.assert_close(run.final.logits, residual @ w["unembed.W_U"], atol=1e-4, rtol=1e-4)

    def test_its_task_has_to_be_said(self, tmp_path):
        with pytest.raises(BadArgument, match=r"task=gl\.ModularArithmetic"):
            gl.load(write_hooked_transformer(tmp_path))


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.model is None])
def test_the_shell_says_what_a_run_of_any_format_is(name, tmp_path, shell):
    path = FORMATS[name].write(tmp_path)
    shell("tasks")  # past what writing has printed
    status, out, err = shell("info", path, "--json")
    values = json.loads(out)
    assert (status, err) == (0, "")
    assert values["format"] == FORMATS[name].reader
    assert values["steps"] == FORMATS[name].load(path).steps
    assert set(values["not said"]) == set(FORMATS[name].said)
    assert (values["task"] is None) == (FORMATS[name].task is not None)
    assert values["model"]["kind"]
    status, out, err = shell("info", path)
    assert (status, err) == (0, "")
    known = FORMATS[name].load(path).step_known
    listed = ", ".join(map(str, values["steps"])) if known else "one, which of them is unknown"
    assert f"kept steps: {listed}\n" in out


def test_of_a_model_whose_step_nobody_says_another_step_is_no_near_miss(tmp_path):
    run = FORMATS["hooked_transformer"].load(write_hooked_transformer(tmp_path))
    assert not run.step_known
    with pytest.raises(UnknownName, match=r"one model, of which nobody says the step; it is run\.final"):
        run.at(100)


@pytest.mark.parametrize("name", FORMATS)
def test_another_task_than_the_files_say_is_refused(name, tmp_path):
    form = FORMATS[name]
    path = form.write(tmp_path)
    if form.task is None and form.reader != "grokking_demo":  # whose files do not say
        with pytest.raises(BadArgument, match=r"task= says random table 5; leave task= out"):
            gl.load(path, task=gl.RandomTable(5))
