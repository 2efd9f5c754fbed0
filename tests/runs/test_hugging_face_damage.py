"""What a Hugging Face folder may hold besides safetensors: refused or left closed, and never run."""

import json

import pytest
import torch
from foreign_formats import FORMATS, Bomb, P, refused, truncate, write_hugging_face

import groklens as gl
from groklens.errors import DamagedRun
from groklens.runs.readers import hugging_face


class TestHuggingFace:
    def test_pickled_weights_are_refused_with_the_way_round(self, tmp_path):
        form, path, mark = FORMATS["hugging_face"], write_hugging_face(tmp_path), tmp_path / "was_run"
        (tmp_path / "checkpoint-10" / "model.safetensors").unlink()
        assert "model.safetensors" in refused(form, path, "model.safetensors")
        torch.save(Bomb(mark), tmp_path / "checkpoint-10" / "pytorch_model.bin")
        message = refused(form, path, "pytorch_model.bin")
        assert "save_pretrained" in message
        assert not mark.exists()

    def test_pickles_beside_the_weights_are_not_opened(self, tmp_path):
        form, path, mark = FORMATS["hugging_face"], write_hugging_face(tmp_path), tmp_path / "was_run"
        for name in (
            "training_args.bin",
            "optimizer.pt",
            "scheduler.pt",
            "rng_state.pth",
            "pytorch_model.bin",
        ):
            torch.save(Bomb(mark), tmp_path / "checkpoint-10" / name)
        assert len(form.at_every_step(path)) == 2
        assert not mark.exists()

    def test_code_that_comes_with_a_model_is_not_run(self, tmp_path):
        form, path, mark = FORMATS["hugging_face"], write_hugging_face(tmp_path), tmp_path / "was_run"
        folder = tmp_path / "checkpoint-10"
        (folder / "own.py").write_text(f"open({str(mark)!r}, 'w')\n")
        values = json.loads((folder / "config.json").read_text())
        own = {"auto_map": {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}, "model_type": "own"}
        (folder / "config.json").write_text(json.dumps(values | own))
        assert "code of its own" in refused(form, path, "config.json")
        assert not mark.exists()

    def test_the_other_checkpoints_still_load(self, tmp_path):
        path = write_hugging_face(tmp_path)
        truncate(tmp_path / "checkpoint-5" / "model.safetensors")
        run = gl.load(path, task=FORMATS["hugging_face"].task)
        assert run.at(10).logits.shape == (2, P + 1)
        with pytest.raises(DamagedRun, match=r"checkpoint-5/model\.safetensors"):
            run.at(5)


def change(folder, **values):
    """The configuration of the last checkpoint, changed."""
    file = folder / "checkpoint-10" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


class TestBeforeLoading:
    """What transformers is never asked to open; `build` says that it was not."""

    @pytest.fixture(autouse=True)
    def never_built(self, monkeypatch):
        def build(folder):
            raise AssertionError("the model was built")

        monkeypatch.setattr(hugging_face, "bridge_from_hugging_face", build)

    @pytest.mark.parametrize("name", ["_attn_implementation", "attn_implementation"])
    @pytest.mark.parametrize(
        "value", ["mine", "flash_attention_2", "flex_attention", "kernels-x/attn", 3, ["eager"], {"": 1}]
    )
    def test_attention_of_another_kind(self, name, value, tmp_path):
        path = write_hugging_face(tmp_path)
        change(path, **{name: value})
        assert f"{name}=" in refused(FORMATS["hugging_face"], path, "config.json")

    def test_attention_of_a_part(self, tmp_path):
        path = write_hugging_face(tmp_path)
        change(path, text_config={"_attn_implementation": "mine"})
        assert "_attn_implementation='mine'" in refused(FORMATS["hugging_face"], path, "config.json")

    @pytest.mark.parametrize("value", [{"quant_method": "bitsandbytes", "load_in_4bit": True}, {}, "gptq"])
    def test_quantised_weights(self, value, tmp_path):
        path = write_hugging_face(tmp_path)
        change(path, quantization_config=value)
        assert "quantization_config" in refused(FORMATS["hugging_face"], path, "config.json")

    @pytest.mark.parametrize("name", ["vocab_size", "n_embd", "n_layer", "n_head", "n_positions", "n_inner"])
    @pytest.mark.parametrize("value", [10**9, -1, 0, "x", True, 2.5, 1e400, [10**9]])
    def test_sizes_beyond_the_weights(self, name, value, tmp_path):
        path = write_hugging_face(tmp_path)
        change(path, **{name: value})
        assert name in refused(FORMATS["hugging_face"], path, "config.json")

    @pytest.mark.parametrize("name", ["vocab_size", "n_embd"])
    def test_a_size_that_is_left_out_is_not_that_of_a_large_model(self, name, tmp_path):
        path = write_hugging_face(tmp_path)
        file = path / "checkpoint-10" / "config.json"
        values = json.loads(file.read_text())
        del values[name]
        file.write_text(json.dumps(values))
        assert f"{name} is" in refused(FORMATS["hugging_face"], path, "config.json")

    @pytest.mark.parametrize(
        "shard",
        ["pytorch_model.bin", "../checkpoint-5/model.safetensors", "/etc/passwd", "gone.safetensors", 3, None, "x/y"],
    )  # fmt: skip
    def test_shards_that_are_none(self, shard, tmp_path):
        path = write_hugging_face(tmp_path)
        folder = path / "checkpoint-10"
        (folder / "pytorch_model.bin").write_bytes(b"never opened")
        index = {"metadata": {}, "weight_map": {"transformer.wte.weight": shard}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        refused(FORMATS["hugging_face"], path, "model.safetensors.index.json")

    @pytest.mark.parametrize("index", ["{", "[]", "{}", '{"weight_map": {}}', '{"weight_map": ["a"]}'])
    def test_an_index_that_is_none(self, index, tmp_path):
        path = write_hugging_face(tmp_path)
        (path / "checkpoint-10" / "model.safetensors.index.json").write_text(index)
        refused(FORMATS["hugging_face"], path, "model.safetensors.index.json")

    @pytest.mark.parametrize("content", [b"", b"no", b"PK\x03\x04" * 20, b"\x80\x02" * 50])
    def test_a_shard_that_is_no_safetensors(self, content, tmp_path):
        path = write_hugging_face(tmp_path)
        folder = path / "checkpoint-10"
        (folder / "a.safetensors").write_bytes(content)
        index = {"weight_map": {"transformer.wte.weight": "a.safetensors"}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        refused(FORMATS["hugging_face"], path, "a.safetensors")


@pytest.mark.parametrize("value", ["eager", "sdpa", None])
def test_plain_attention_opens(value, tmp_path):
    form, path = FORMATS["hugging_face"], write_hugging_face(tmp_path)
    wanted = form.at_every_step(path)
    change(path, _attn_implementation=value)
    assert torch.equal(form.at_every_step(path)[10], wanted[10])


class TestAdapters:
    """A LoRA is no model: it is refused with the lines that merge it; what was merged is one as it is."""

    @pytest.mark.parametrize("whole_beside", [False, True])
    def test_an_adapter_is_refused_with_the_lines_that_merge_it(self, whole_beside, tmp_path):
        path = write_hugging_face(tmp_path)
        folder = tmp_path / "checkpoint-10"
        (folder / "adapter_config.json").write_text(
            '{"peft_type": "LORA", "base_model_name_or_path": "some/model"}'
        )
        if not whole_beside:
            (folder / "config.json").unlink()
            (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
        for where in (path, folder):
            message = refused(FORMATS["hugging_face"], where, "adapter_config.json")
            assert "merge_and_unload().save_pretrained" in message
