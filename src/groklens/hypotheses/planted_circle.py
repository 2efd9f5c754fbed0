"""`gl.hypotheses.save_planted_circle`: a saved language model whose MLP writes words on to a circle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.progress import without_wish_for_widgets
from groklens.tasks import UNRELATED, WEEKDAYS
from groklens.value_checks import choice, number

ARCHITECTURES = ("llama", "gpt_neox")
#: What stands for every text that is none of the words.
UNKNOWN = "[UNK]"
#: What a neuron receives at its own word, and the negative elsewhere: where both activations are on or off.
_ON = 10.0


def save_planted_circle(
    folder: str | Path,
    words: Sequence[str] = WEEKDAYS,
    others: Sequence[str] = UNRELATED,
    layer: int = 1,
    n_layers: int = 3,
    architecture: str = "llama",
    strength: float = 1.0,
) -> Path:
    """A tiny language model, saved as transformers saves one, whose MLP of one layer writes the words on to a circle.

    Weights are written by hand. Every word of `words` and `others` is a token with a direction of its own, of length 1,
    all at right angles; attention gives nothing. In the MLP of `layer` a neuron for each of `words` adds (cos, sin) of
    its place on the circle, times `strength`, along two directions that nothing else uses. So no order of the words is
    told from another where the residual stream enters `layer` and before, and their own is behind it, with the share
    (2 + s²n) / (n − 1 + s²n) of variance for n words and strength s; of `others`, and of the words in another order, no
    circle is to be found anywhere. The folder has the tokenizer too, of whole words (tokenizer.json), for which every
    other text is one token, `[UNK]`; folders `checkpoint-100`, … beside each other are the steps of one run.

    Args:
        folder: where the model is written.
        words, others: words of the circle, in its order, and further ones; none with spaces, 200 at most.
        layer, n_layers: the layer that writes the circle, from 0, and how many there are.
        architecture: `"llama"` (RMSNorm, SwiGLU) or `"gpt_neox"` (LayerNorm, GELU).
        strength: the circle's radius.

    Raises `BadArgument` for words that are no different single words, or a layer that there is not.

    >>> folder = save_planted_circle("planted/checkpoint-100", layer=1)  # doctest: +SKIP
    >>> gl.load(folder, task=gl.tasks.Words("on {}", gl.tasks.WEEKDAYS, tokenizer))  # doctest: +SKIP
    """
    choice("architecture", architecture, ARCHITECTURES)
    vocabulary = _vocabulary([*words, *others])
    n_layers = whole_number("n_layers", n_layers, 1, such_as=3)
    layer = whole_number("layer", layer, 0, such_as=1, most=n_layers - 1)
    n, strength = len(words), number("strength", strength, least=0, such_as="1")
    build = _llama if architecture == "llama" else _gpt_neox
    with without_wish_for_widgets(), torch.random.fork_rng(devices=[]), torch.no_grad():
        # transformers draws numbers that are overwritten
        model, mlp = build(len(vocabulary), n, n_layers, layer)
        angle = 2 * math.pi * torch.arange(n) / n
        mlp[-2:] = strength / _ON * torch.stack([angle.cos(), angle.sin()])
    path = Path(folder).expanduser()
    _save(model, path)
    _save_tokenizer(vocabulary, path)
    return path


def _vocabulary(words: list[str]) -> list[str]:
    odd = [word for word in words if not isinstance(word, str) or len(word.split()) != 1]
    if odd or len(set(words)) < len(words) or not 4 <= len(words) <= 200:
        wrong = odd[0] if odd else f"{len(words)} words, {len(set(words))} of them different"
        raise BadArgument(
            f"words and others hold {described(wrong)}; give 4 to 200 different words without spaces."
        )
    return [UNKNOWN, *words]


def _width(vocabulary: int) -> int:
    """A direction for every token and two for the circle; even, for the turning of heads."""
    return vocabulary + 2 + vocabulary % 2


def _sizes(vocabulary: int, n: int, n_layers: int) -> dict[str, Any]:
    """What both architectures' configurations are given."""
    return {
        "vocab_size": vocabulary,
        "max_position_embeddings": 64,
        "num_hidden_layers": n_layers,
        "num_attention_heads": 1,
        "hidden_size": _width(vocabulary),
        "intermediate_size": n,
    }


def _llama(vocabulary: int, n: int, n_layers: int, layer: int) -> tuple[Any, Tensor]:
    """The model without its circle, and the weights by which the neurons of `layer` write (d_model × neuron)."""
    from transformers import LlamaConfig, LlamaForCausalLM

    width = _width(vocabulary)
    config = LlamaConfig(**_sizes(vocabulary, n, n_layers))
    model = _empty(LlamaForCausalLM(config), vocabulary, width)
    mlp = model.model.layers[layer].mlp
    # RMSNorm makes of a token's direction, of length 1, one of length √width; what is 0 stays so, and silu(0) is 0.
    scale = (1 / width + config.rms_norm_eps) ** 0.5
    own = torch.eye(width)[1 : n + 1]
    mlp.gate_proj.weight.copy_(_ON * scale * own)
    mlp.up_proj.weight.copy_(scale * (1 + math.exp(-_ON)) * own)  # silu(10) is 10 / (1 + e⁻¹⁰)
    return model, mlp.down_proj.weight


def _gpt_neox(vocabulary: int, n: int, n_layers: int, layer: int) -> tuple[Any, Tensor]:
    """The model without its circle, and the weights by which the neurons of `layer` write (d_model × neuron)."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    width = _width(vocabulary)
    config = GPTNeoXConfig(use_cache=False, **_sizes(vocabulary, n, n_layers))
    model = _empty(GPTNeoXForCausalLM(config), vocabulary, width)
    mlp = model.gpt_neox.layers[layer].mlp
    # LayerNorm makes (1 − 1/width) / s of the one that is 1 and −(1/width) / s of those that are 0, s their spread:
    # a neuron receives +10 at its own token and −10 at all others, where GELU gives nothing.
    spread = ((1 - 1 / width) / width + config.layer_norm_eps) ** 0.5
    mlp.dense_h_to_4h.weight.copy_(2 * _ON * spread * torch.eye(width)[1 : n + 1])
    mlp.dense_h_to_4h.bias.fill_(2 * _ON / width - _ON)
    return model, mlp.dense_4h_to_h.weight


def _empty(model: Any, vocabulary: int, width: int) -> Any:
    """The model with a direction for every token, read out as it is, norms as they are made, and nothing else."""
    for name, value in model.named_parameters():
        if "norm" not in name:
            value.zero_()
    for table in (model.get_input_embeddings().weight, model.get_output_embeddings().weight):
        table.copy_(torch.eye(vocabulary, width))
    return model.eval()


def _save(model: Any, folder: Path) -> None:
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model.save_pretrained(folder)
    finally:
        if bars:
            logging.enable_progress_bar()


def _save_tokenizer(vocabulary: list[str], folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    numbered = {word: place for place, word in enumerate(vocabulary)}
    whole = Tokenizer(models.WordLevel(numbered, unk_token=UNKNOWN))
    whole.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=whole, unk_token=UNKNOWN).save_pretrained(folder)
