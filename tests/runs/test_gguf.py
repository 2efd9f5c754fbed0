"""Models in GGUF files: the numbers of the model that was written, in every type, and what is refused in words."""

import gguf
import pytest
import torch

import groklens as gl
from gguf_model import TOKENS, tiny_llama, write_gguf
from groklens.errors import BadArgument
from groklens.gguf_file import read_gguf
from groklens.models.published.gguf_tensors import GgufTensors

INPUTS = torch.randint(len(TOKENS), (5, 6), generator=torch.Generator().manual_seed(0))
PROBE = gl.Probe(INPUTS)


def logits_of(model):
    with torch.no_grad():
        return model(INPUTS).logits[:, -1]


@pytest.mark.parametrize("tied", [False, True])
def test_numbers_are_those_of_the_model_that_was_written(tied, tmp_path):
    model = tiny_llama(tied=tied)
    run = gl.load(write_gguf(tmp_path / "tiny.gguf", model), task=PROBE)
    assert (run.format, run.steps, run.name) == ("gguf", [0], "tiny")
    assert run.known["llama.block_count"] == 2
    assert "tokenizer.ggml.tokens" not in run.known
    assert run.task.d_vocab_out == len(TOKENS)
    torch.testing.assert_close(run.final.logits, logits_of(model), atol=1e-5, rtol=1e-5)
    assert run.final.weights["W_K"].shape[0] == 2


@pytest.mark.parametrize(("kind", "dtype"), [("F16", torch.float16), ("BF16", torch.bfloat16)])
def test_half_precision_is_kept_as_it_is_stored(kind, dtype, tmp_path):
    model = tiny_llama()
    snapshot = gl.load(write_gguf(tmp_path / "half.gguf", model, kind), task=PROBE).final
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.copy_(parameter.to(dtype))
    torch.testing.assert_close(snapshot.logits, logits_of(model), atol=1e-5, rtol=1e-5)
    kinds = {each.ndim: each.dtype for each in snapshot.model.original_model.parameters()}
    assert kinds == {1: torch.float32, 2: dtype}


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_1", "Q4_0"])
def test_codes_become_the_numbers_that_they_stand_for(kind, tmp_path):
    model, chosen = tiny_llama(), gguf.GGMLQuantizationType[kind]
    snapshot = gl.load(write_gguf(tmp_path / "codes.gguf", model, kind), task=PROBE).final
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                codes = gguf.quants.quantize(parameter.numpy(), chosen)
                parameter.copy_(torch.from_numpy(gguf.quants.dequantize(codes, chosen)))
    torch.testing.assert_close(snapshot.logits, logits_of(model), atol=1e-5, rtol=1e-5)


def test_numbers_that_torch_has_are_mapped_and_not_copied(tmp_path):
    tensors = GgufTensors(read_gguf(write_gguf(tmp_path / "half.gguf", kind="F16")))
    one, other = tensors["blk.0.ffn_up.weight"], tensors["token_embd.weight"]
    assert one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()
    before = (tmp_path / "half.gguf").read_bytes()
    one.zero_()
    assert (tmp_path / "half.gguf").read_bytes() == before


def test_rotations_of_a_longer_context_are_stretched(tmp_path):
    from groklens.models.published.gguf import _stretch

    model = tiny_llama()
    before = model.model.rotary_emb.inv_freq.clone()
    _stretch(model, torch.tensor([1.0, 2.0, 4.0, 8.0]))
    torch.testing.assert_close(model.model.rotary_emb.inv_freq * torch.tensor([1.0, 2, 4, 8]), before)


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ({"general.architecture": "mamba"}, "architecture 'mamba'"),
        ({"split.count": 3}, "llama-gguf-split --merge"),
        ({"llama.expert_count": 8}, "expert_count"),
        ({"llama.rope.scaling.factor": 4.0}, "rope.scaling.factor"),
    ],
)
def test_other_models_are_refused_in_words(says, message, tmp_path):
    file = write_gguf(tmp_path / "other.gguf", says=says)
    with pytest.raises(BadArgument, match=message) as caught:
        gl.load(file, task=PROBE)
    assert "\n" not in str(caught.value)


def test_a_task_is_needed_and_gguf_is_an_extra(tmp_path, monkeypatch):
    file = write_gguf(tmp_path / "tiny.gguf")
    with pytest.raises(BadArgument, match=r"gl\.tasks\.tokenizer_of\(path\)"):
        gl.load(file)
    with pytest.raises(BadArgument, match="leave config= out"):
        gl.load(file, task=PROBE, config={"act_fn": "relu"})
    monkeypatch.setattr("groklens.models.published.gguf_tensors.find_spec", lambda name: None)
    with pytest.raises(BadArgument, match=r'pip install "groklens\[gguf\]"'):
        gl.load(file, task=PROBE)


def test_the_global_random_state_is_left_alone(tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf")
    before = torch.random.get_rng_state()
    gl.load(file, task=PROBE).at(0)
    assert torch.equal(before, torch.random.get_rng_state())
