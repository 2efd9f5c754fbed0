"""A tiny Llama and its GGUF file, written as llama.cpp's converter writes them."""

import gguf
import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

#: Four letters, the days' names, and what stands for a space.
TOKENS = ["<s>", "</s>", "Ġ", *"abcdefg", "ab", "abc", "Ġa", "Ġabc"]
MERGES = ["a b", "ab c", "Ġ a", "Ġ abc"]
_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def tiny_llama(seed=0, tied=False):
    """An untrained model of two layers whose norms are not the identity."""
    config = LlamaConfig(
        vocab_size=len(TOKENS), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=16, tie_word_embeddings=tied,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.2 * torch.randn_like(parameter)
    return model.eval()


def their_name(name):
    path, kind = name.rsplit(".", 1)
    if not path.startswith("model.layers."):
        return f"{_NAMES[path]}.{kind}"
    layer, part = path.removeprefix("model.layers.").split(".", 1)
    return f"blk.{layer}.{_NAMES[part]}.{kind}"


def side_by_side(matrix, n_heads):
    """Rows of each head with the two halves of every rotation side by side."""
    return matrix.unflatten(0, (n_heads, 2, -1)).transpose(1, 2).reshape(matrix.shape)


def write_gguf(file, model=None, kind="F32", tokens=TOKENS, says=(), leave_out=(), change=None):
    """Write a Llama, its matrices as numbers or codes of this kind; `says` are other entries of the header.

    An entry of None is left out. Tensors named in `leave_out` are left out, and `change` is done to each other.
    """
    model = model or tiny_llama()
    config = model.config
    writer = gguf.GGUFWriter(str(file), "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, *[1] * (len(tokens) - 2)])
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(0)
    for key, value in dict(says).items():
        writer.kv_data[0].pop(key, None)
        if value is not None:
            writer.add_key_value(key, value, gguf.GGUFValueType.get_type(value))
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    tied = model.config.tie_word_embeddings
    for name, value in model.state_dict().items():
        theirs = their_name(name)
        if (tied and theirs == "output.weight") or theirs in leave_out:
            continue
        part = theirs.split(".")[-2]
        value = side_by_side(value, heads[part]) if part in heads else value
        value = change(theirs, value) if change else value
        chosen = gguf.GGMLQuantizationType[kind if value.ndim == 2 else "F32"]
        data = gguf.quants.quantize(np.ascontiguousarray(value.float().numpy()), chosen)
        writer.add_tensor(theirs, data, raw_dtype=chosen)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file
