"""Language models of transformers described as JSON, and built again from that."""

import json

import pytest
import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from groklens.errors import BadArgument
from groklens.models import bridge_of_config, describe_model, rebuild_model

SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
TOKENS = torch.arange(15).reshape(3, 5)


@pytest.fixture(scope="module")
def bridge():
    torch.manual_seed(0)
    config = GPTNeoXConfig(**SIZES, vocab_size=24, max_position_embeddings=16)
    return bridge_of_config(config, GPTNeoXForCausalLM(config).state_dict())


def test_what_is_described_is_built_again(bridge):
    drawn = torch.get_rng_state()
    again = rebuild_model(json.loads(json.dumps(describe_model(bridge))))
    assert torch.equal(torch.get_rng_state(), drawn)
    again.load_state_dict(bridge.state_dict())
    with torch.no_grad():
        assert torch.equal(again(TOKENS), bridge(TOKENS))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "vit"}, "builds none"),
        ({"model_type": "no such model"}, "builds none"),
        ({"num_hidden_layers": 10**9}, "1,000,000,000 layers; at most 1,000"),
        ({"hidden_size": 10**7}, "of whose weights alone there are"),
        ({"hidden_size": "wide"}, "builds none"),
        ({"num_attention_heads": 0}, "builds none"),
    ],
)
def test_a_damaged_description_is_refused_before_anything_is_allocated(bridge, change, said):
    description = describe_model(bridge)
    description["transformers"] |= change
    with pytest.raises(BadArgument, match=said):
        rebuild_model(description)


def test_a_model_without_a_bridge_is_refused_by_its_kind(bridge):
    weights = {name: value for name, value in bridge.state_dict().items() if "W_E" in name}
    config = GPTNeoXConfig(**SIZES, vocab_size=24)
    with pytest.raises(BadArgument, match="no bridge by the configuration and weights of this gpt_neox"):
        bridge_of_config(config, {"other": torch.zeros(1), **weights})


def test_what_is_no_mapping_is_refused():
    with pytest.raises(BadArgument, match="it holds a value by field"):
        rebuild_model({"kind": "TransformerBridge", "transformers": [1]})
