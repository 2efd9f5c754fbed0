"""Descriptions of models with one value replaced: a model of that description, or one line that names the field."""

import json

import jaxtyping
import pytest

import groklens as gl
from groklens.errors import BadArgument
from groklens.models.lens import TransformerBridge, TransformerBridgeConfig
from groklens.models.rebuild import describe_model, rebuild_model
from odd_values import ODD, at, places, replaced, same, tried

SIZES = {"d_model": 8, "n_heads": 2, "d_head": 4, "d_mlp": 16}


def native(**fields):
    sizes = {"n_layers": 1, "d_vocab": 7, "d_vocab_out": 6, "n_ctx": 3, **SIZES}
    config = TransformerBridgeConfig(act_fn="gelu", init_weights=False, **sizes, **fields)
    return TransformerBridge.boot_native(config)


MODELS = {
    "transformer": lambda: gl.Transformer(**SIZES).build(gl.ModularArithmetic(5), seed=0),
    "rotary": lambda: native(
        positional_embedding_type="rotary", rotary_dim=2, gated_mlp=True, n_key_value_heads=1, final_rms=True
    ),
    "attention only": lambda: gl.Transformer(**{**SIZES, "d_mlp": None}).build(
        gl.ModularArithmetic(5), seed=0
    ),
    "mlp": lambda: gl.MLP(d_mlp=8, d_embed=4).build(gl.ModularArithmetic(5), seed=0),
    "one-hots": lambda: gl.MLP(d_mlp=8, d_embed=None, combine="sum").build(gl.ModularArithmetic(5), seed=0),
}


@pytest.fixture(autouse=True)
def as_outside(monkeypatch):
    """As for a caller outside the tests: types are not checked for us."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.fixture(scope="module", params=MODELS)
def description(request):
    return json.loads(json.dumps(describe_model(MODELS[request.param]())))


def test_a_description_builds_the_model_described(description):
    again = describe_model(rebuild_model(description))
    assert json.loads(json.dumps(again)) == description


@pytest.mark.parametrize("odd", ODD)
def test_each_value_replaced(description, odd):
    for path in places(description):
        made, line = tried(rebuild_model, replaced(description, path, ODD[odd]))
        if made is not None:
            told = describe_model(made)
            # Where a default stands for None, TransformerLens writes down what it took.
            assert same(at(told, path), ODD[odd]) or ODD[odd] is None, path
        elif len(path) > 1 and not isinstance(ODD[odd], dict):
            assert path[-1] in line or "takes" in line, (path, line)


@pytest.mark.parametrize("odd", ODD)
def test_no_description_at_all(odd):
    assert tried(rebuild_model, ODD[odd])[1]


def test_each_field_left_out_and_one_added(description):
    for path in places(description["config"], ("config",)):
        less = replaced(description, path, None) if len(path) > 1 else dict(description)
        del at(less, path[:-1])[path[-1]]
        tried(rebuild_model, less)
    more = {**description, "config": {**description["config"], "d_modle": 8}}
    assert "did you mean 'd_model'" in tried(rebuild_model, more)[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"d_model": 10**9}, r"takes [0-9.]+ GiB of memory"),
        ({"n_ctx": 10**8}, r"PiB of memory"),
        ({"n_layers": 10**6}, r"n_layers of the model is 1000000; .*at most 1,000"),
        ({"attention_dir": "up"}, r"'causal', 'bidirectional'"),
        ({"n_key_value_heads": 3}, r"does not divide n_heads, 2"),
        ({"eps": 0}, r"eps of the model is 0; give a number above zero"),
        ({"d_head": 0}, r"d_head of the model is 0; give a whole number of at least 1"),
        ({"positional_embedding_type": "rotary", "rotary_dim": 3}, r"give an even number of at most d_head"),
    ],
)
def test_what_is_said(change, words):
    described = describe_model(native())
    with pytest.raises(BadArgument, match=words):
        rebuild_model({**described, "config": {**described["config"], **change}})
