"""A bridge's parameters are counted once: those of the model that it was made from."""

import pytest
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)

from groklens.models.protocol import number_of_parameters, trained_of
from groklens.models.published import bridge_from_hugging_face

SIZES = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 32}
MODELS = {
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=16, vocab_size=50, n_positions=8)),
    "neox": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(vocab_size=50, max_position_embeddings=8, **SIZES)),
    "llama": lambda: LlamaForCausalLM(LlamaConfig(vocab_size=50, num_key_value_heads=1, **SIZES)),
}


@pytest.mark.parametrize("family", MODELS)
def test_as_many_numbers_and_the_same_norm(family, tmp_path):
    torch.manual_seed(0)
    model = MODELS[family]()
    model.save_pretrained(tmp_path / "model")
    bridge = bridge_from_hugging_face(tmp_path / "model")
    theirs = list(model.parameters())
    assert number_of_parameters(bridge) == sum(each.numel() for each in theirs)
    norms = [
        sum(float(p.detach().double().square().sum()) for p in of) for of in (trained_of(bridge), theirs)
    ]
    assert norms[0] == pytest.approx(norms[1], rel=1e-12)


def test_what_is_called_so_and_is_no_map_of_three_parts_counts():
    own = torch.nn.ModuleDict({name: torch.nn.Linear(2, 2) for name in ("qkv", "q", "k", "v")})
    outer = torch.nn.ModuleDict({"attn": own})
    assert number_of_parameters(outer) == 24
