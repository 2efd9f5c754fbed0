"""Half precision kept as it is stored: the bits of the model loaded whole in float32, one layer of it at a time."""

import copy

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)

import groklens as gl
from groklens.measures.stacked_losses import StackedLosses
from groklens.models.published import bridge_from_hugging_face

TOKENS = torch.randint(50, (6, 5), generator=torch.Generator().manual_seed(0))
SIZES = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 32}
MODELS = {
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=16, vocab_size=50, n_positions=8)),
    "neox": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(vocab_size=50, max_position_embeddings=8, **SIZES)),
    "llama": lambda: LlamaForCausalLM(LlamaConfig(vocab_size=50, num_key_value_heads=1, **SIZES)),
}
HALF = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def write(folder, family, dtype):
    torch.manual_seed(1)
    model = MODELS[family]()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    model.to(dtype).save_pretrained(folder / "half")
    model.float().save_pretrained(folder / "whole")  # the same numbers
    return folder / "half", folder / "whole"


@pytest.fixture(params=[(family, kind) for family in MODELS for kind in HALF], ids="-".join)
def both(request, tmp_path):
    """The model as it is stored, and loaded whole in float32."""
    family, kind = request.param
    half, whole = (bridge_from_hugging_face(folder) for folder in write(tmp_path, family, HALF[kind]))
    assert {each.dtype for each in half.parameters()} == {HALF[kind]}
    assert {each.dtype for each in whole.parameters()} == {torch.float32}
    return half, whole


def dtypes(model):
    return [value.dtype for value in [*model.parameters(), *model.buffers()]]


def test_logits_and_every_activation_agree_to_the_bit(both):
    half, whole = both
    before = dtypes(half)
    with torch.no_grad():
        (logits, cache), (wanted, their_cache) = half.run_with_cache(TOKENS), whole.run_with_cache(TOKENS)
    assert torch.equal(logits, wanted)
    assert cache.keys() == their_cache.keys()
    for name in cache.keys():  # noqa: SIM118 (not a dict)
        assert cache[name].dtype == their_cache[name].dtype
        assert torch.equal(cache[name], their_cache[name]), name
    assert dtypes(half) == before
    assert all(isinstance(each, torch.nn.Parameter) for each in half.parameters())


def test_weights_have_their_names_and_numbers(both):
    task = gl.Probe(TOKENS)
    half, whole = (gl.Snapshot(model, task).weights for model in both)
    assert half.keys() == whole.keys()
    for name, value in whole.items():
        assert torch.equal(half[name], value), name
    assert torch.equal(both[0].W_E.float(), both[1].W_E)


def gradients(model):
    """Of the logarithm of one token's probability, by an activation and by every weight that it depends on."""
    kept = []
    with model.hooks(fwd_hooks=[("blocks.0.hook_out", lambda value, hook: kept.append(value))]):
        logits = model(TOKENS)
    weights = dict(model.named_parameters())
    found = torch.autograd.grad(
        logits.log_softmax(-1)[:, -1, 3].sum(), [*kept, *weights.values()], allow_unused=True
    )
    return found[0], {
        name: value for name, value in zip(weights, found[1:], strict=True) if value is not None
    }


def test_gradients_are_those_of_the_stored_weights(both):
    (half, ours), (whole, theirs) = map(gradients, both)
    assert torch.equal(half, whole)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():  # a gradient has its weight's type
        torch.testing.assert_close(ours[name].float(), value, atol=2e-2, rtol=2e-2)


def test_a_copy_computes_with_weights_of_its_own(tmp_path):
    half, _ = write(tmp_path, "neox", torch.bfloat16)
    model = bridge_from_hugging_face(half)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        wanted = model(TOKENS)
        assert torch.equal(twin(TOKENS), wanted)
        for parameter in twin.parameters():
            parameter.zero_()
        assert not torch.equal(twin(TOKENS), wanted)
        assert torch.equal(model(TOKENS), wanted)


@pytest.mark.parametrize("raised", [RuntimeError, KeyboardInterrupt])
def test_what_raises_leaves_the_weights_as_they_were(raised, tmp_path):
    half, _ = write(tmp_path, "llama", torch.bfloat16)
    model = bridge_from_hugging_face(half)
    wanted, before = model(TOKENS), dtypes(model)

    def stop(value, hook):
        raise raised

    with pytest.raises(raised), model.hooks(fwd_hooks=[("blocks.1.mlp.hook_pre", stop)]):
        model(TOKENS)
    assert dtypes(model) == before
    assert torch.equal(model(TOKENS), wanted)


def test_several_types_in_one_file_are_taken_to_float32(tmp_path):
    half, whole = write(tmp_path, "llama", torch.bfloat16)
    file = half / "model.safetensors"
    state = load_file(file)
    state = {name: value.float() if "norm" in name else value for name, value in state.items()}
    save_file(state, file, metadata={"format": "pt"})
    models = [bridge_from_hugging_face(folder) for folder in (half, whole)]
    assert {each.dtype for each in models[0].parameters()} == {torch.float32}
    assert torch.equal(models[0](TOKENS), models[1](TOKENS))


@pytest.mark.parametrize("said", ["float32", "float16"])
def test_weights_are_believed_and_not_what_the_configuration_says(said, tmp_path):
    half, whole = write(tmp_path, "gpt2", torch.bfloat16)
    file = half / "config.json"
    file.write_text(file.read_text().replace('"dtype": "bfloat16"', f'"dtype": "{said}"'))
    assert torch.equal(bridge_from_hugging_face(half)(TOKENS), bridge_from_hugging_face(whole)(TOKENS))


def test_weights_that_walk_do_so_in_float32(both):
    """A step of a sampler is smaller than half precision can tell."""
    task = gl.Probe(TOKENS, labels=TOKENS[:, 0])
    found = []
    for model in both:
        losses = StackedLosses(gl.Snapshot(model, task, train_index=range(6)), n_chains=1)
        start = losses.start
        assert {each.dtype for each in start} == {torch.float32}
        nudged = [each + 1e-5 for each in start]
        found += [torch.stack([losses(start), losses(nudged)])]
    assert torch.equal(*found)
    assert found[0][0] != found[0][1]
