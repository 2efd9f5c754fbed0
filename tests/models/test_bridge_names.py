"""The hooks that a bridge finds in the tests are those that it finds by itself, by the same names in the same order."""

import pytest
from transformer_lens.model_bridge import transformer_bridge

import bridge_names
import groklens as gl

TASK = gl.ModularArithmetic(5, "add")
SMALL = {"d_model": 8, "n_heads": 2, "d_head": 4, "d_mlp": 12}


def of_transformers():
    from transformers import GPT2Config, GPT2LMHeadModel

    from groklens.models.lens import build_bridge_from_module

    config = GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=6, n_positions=4)
    return build_bridge_from_module(
        GPT2LMHeadModel(config), "GPT2LMHeadModel", hf_config=config, tokenizer=None, model_name="gpt2"
    )


BRIDGES = {
    "two layers, norms": lambda: gl.Transformer(**SMALL, n_layers=2, normalization="LN", bias=True).build(
        TASK, 0
    ),
    "no MLP": lambda: gl.Transformer(**{**SMALL, "d_mlp": None}).build(TASK, 0),
    "rotary": lambda: gl.Transformer(**SMALL, positions="rotary").build(TASK, 0),
    "of transformers": of_transformers,
}


def found(bridge):
    """Every name that the bridge knows, with what its hook is called and which other names are of the same hook."""
    hooks = bridge._hook_registry
    first = {}
    for name, hook in hooks.items():
        first.setdefault(id(hook), name)
    return [(name, hook.name, first[id(hook)]) for name, hook in hooks.items()]


@pytest.mark.parametrize("build", BRIDGES.values(), ids=BRIDGES)
def test_the_same_hooks_are_found(build, monkeypatch):
    looked_at = []

    def names(module):
        looked_at.append(module)
        return bridge_names.names_of_hooks(module)

    monkeypatch.setattr(transformer_bridge, "dir", names)
    ours = found(build())
    assert looked_at
    monkeypatch.setattr(transformer_bridge, "dir", dir)
    assert found(build()) == ours
