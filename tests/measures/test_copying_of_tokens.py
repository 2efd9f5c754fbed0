"""Copying: what a head writes of a token, against weights written by hand."""

import numpy as np
import pytest
import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, Olmo2Config, Olmo2ForCausalLM

import groklens as gl
from groklens.errors import BadArgument

STATES = 8
TASK = gl.Probe([[0, 1, 2, 3, 4, 5]], d_vocab=STATES)


def planted(sign):
    """A model whose second head writes each token that it reads, or its opposite, and whose first writes noise."""
    model = gl.Transformer(n_layers=1, n_heads=2, d_model=STATES, d_head=STATES, d_mlp=None).build(
        TASK, seed=0
    )
    weights = {name.replace("_original_component.", ""): own for name, own in model.named_parameters()}
    with torch.no_grad():
        weights["pos.weight"].zero_()
        weights["tok_embed.weight"].copy_(torch.eye(STATES))
        weights["head.weight"].copy_(torch.eye(STATES))
        weights["layers.0.attn.v.weight"][STATES:] = torch.eye(STATES)
        weights["layers.0.attn.o.weight"][:, STATES:] = sign * torch.eye(STATES)
    return gl.Snapshot(model, TASK)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_head_that_writes_what_it_reads_copies(sign):
    for measure in (gl.measures.Copying(), gl.measures.copying_eigenvalues):
        found = measure(planted(sign))
        assert found["head"].values.tolist() == ["0.0", "0.1"]
        assert float(found.sel(head="0.1")) == pytest.approx(sign)
        assert abs(float(found.sel(head="0.0"))) < 0.6


def test_eigenvalues_are_those_of_the_whole_circuit():
    snapshot = planted(1.0)
    of = snapshot.weights
    whole = (of["W_E"] @ of["W_V"][0, 0] @ of["W_O"][0, 0] @ of["W_U"]).double()
    values = np.linalg.eigvals(whole.numpy())
    expected = values.real.sum() / np.abs(values).sum()
    assert float(gl.measures.copying_eigenvalues(snapshot)[0]) == pytest.approx(expected, abs=1e-5)


def test_the_rank_is_that_of_the_heads_own_output(tmp_path):
    """Against the head's output by hand, through the values, the gain and the mean of the final norm."""
    torch.manual_seed(0)
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 2, "hidden_size": 8, "intermediate_size": 8}
    model = GPTNeoXForCausalLM(GPTNeoXConfig(vocab_size=9, max_position_embeddings=8, **sizes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    model.save_pretrained(tmp_path)
    snapshot = gl.load(tmp_path, task=gl.Probe([[0, 1, 2, 3, 4, 8]])).final
    found = gl.measures.Copying(length=5, sequences=1)(snapshot)
    tokens = torch.randperm(9, generator=torch.Generator().manual_seed(0))[None, :5]
    with torch.no_grad():
        _, cache = snapshot.model.run_with_cache(tokens, names_filter="blocks.0.attn.hook_v")
    written = cache["blocks.0.attn.hook_v"][0, :, 1] @ snapshot.weights["W_O"][0, 1]
    norm = model.gpt_neox.final_layer_norm
    logits = (
        (written - written.mean(1, keepdim=True)) * norm.weight
    ) @ model.get_output_embeddings().weight.T
    own = logits[:, tokens[0]]
    pairs = [float(torch.sign(own[s, s] - own[s, u])) for s in range(5) for u in range(5) if s != u]
    assert float(found.sel(head="0.1")) == pytest.approx(sum(pairs) / len(pairs))


@pytest.mark.parametrize("gain", [1.0, -1.0])
def test_a_norm_behind_attention_has_its_say(tmp_path, gain):
    torch.manual_seed(0)
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 16}
    model = Olmo2ForCausalLM(Olmo2Config(vocab_size=20, max_position_embeddings=16, pad_token_id=0, **sizes))
    with torch.no_grad():
        model.lm_head.weight.copy_(model.model.embed_tokens.weight)
        for part in (model.model.layers[0].self_attn.v_proj, model.model.layers[0].self_attn.o_proj):
            part.weight.copy_(torch.eye(16))
        model.model.layers[0].post_attention_layernorm.weight.fill_(gain)
    model.save_pretrained(tmp_path)
    found = gl.measures.Copying()(gl.load(tmp_path, task=gl.Probe([[0, 1, 2, 3, 4, 8]])).final)
    assert (gain * found > 0.8).all()


def test_a_model_without_heads_is_refused_by_name():
    task = gl.ModularArithmetic(7)
    with pytest.raises(BadArgument, match="what heads write"):
        gl.measures.Copying()(gl.Snapshot(gl.MLP(d_mlp=8).build(task, seed=0), task))
