"""What a Hugging Face folder may hold besides safetensors: refused or left closed, and never run."""

import json

import pytest
import torch
from foreign_formats import FORMATS, Bomb, P, refused, truncate, write_hugging_face

import groklens as gl
from groklens.errors import DamagedRun


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
