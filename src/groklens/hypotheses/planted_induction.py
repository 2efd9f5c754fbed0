"""A transformer written by hand that predicts a Markov chain from its own sequence by an induction circuit."""

from __future__ import annotations

from typing import Any

import torch

from groklens.errors import BadArgument, described
from groklens.models import Transformer
from groklens.tasks import Task, check_tokens

#: How sharply the first head looks one back and the second at what matches; logits per share of attention.
_ONE_BACK, _MATCH, _LOGITS = 600.0, 300.0, 2.0
#: Pairs of rotated dimensions by which the first head tells how far apart two tokens are.
_FAST = 6


def planted_induction(task: Task | Any, *, bystanders: int = 0, seed: int = 0) -> Any:
    """A two-layer attention-only transformer that does by hand-written weights what an induction circuit does.

    The head of the first layer looks one token back and writes which token was there; that of the second looks at
    tokens that came after the present one before, and reads out what they are. It predicts like the bigram predictor,
    and with the first head at its mean, where the second attends evenly, like the unigram predictor: what an analysis
    of stages and heads has to find. Logits are linear in the shares of attention, so near a reference and not equal.

    Args:
        task: one whose answers are its tokens.
        bystanders: heads of each layer beside the planted one, whose weights are as large as its own in random
            directions, and which write nothing: what an analysis of heads must not take for it.
        seed: of their weights.

    Raises `BadArgument` for a task whose answers are not its tokens.

    >>> import groklens as gl
    >>> task = gl.tasks.MarkovChains(states=2, length=16)
    >>> gl.measures.stages(gl.Snapshot(planted_induction(task), task))["stage"].item()
    'bigram'
    """
    states = check_tokens(task, "an induction circuit")
    if states != task.d_vocab_out:
        raise BadArgument(
            f"{described(task)} has {states} tokens and {task.d_vocab_out} answers; an induction circuit answers with "
            "the next token, as of gl.tasks.MarkovChains(3)."
        )
    width, d_head = 3 * states + 1, 2 * (_FAST + states)
    spec = Transformer(
        n_layers=2, d_model=width, n_heads=1 + bystanders, d_head=d_head, d_mlp=None, positions="rotary"
    )
    model = spec.build(task, seed=0)
    named = {name.replace("_original_component.", ""): own for name, own in model.named_parameters()}
    with torch.no_grad():
        for parameter in named.values():
            parameter.zero_()
        _write(named, states, d_head)
        _turn_others(named, d_head, torch.Generator().manual_seed(seed))
    return model


def _turn_others(named: dict[str, Any], d_head: int, generator: torch.Generator) -> None:
    """The planted heads' queries and keys for all other heads, each turned by a rotation of its own."""
    for layer in range(2):
        for part in ("q", "k"):
            heads = named[f"layers.{layer}.attn.{part}.weight"].split(d_head)
            for other in heads[1:]:
                square = torch.randn(d_head, d_head, generator=generator, dtype=torch.float64)
                other.copy_(torch.linalg.qr(square).Q.float() @ heads[0])


def _write(named: dict[str, Any], states: int, d_head: int) -> None:
    """Dimensions of the stream: the present token, the token before, what came next before, and a constant."""
    one, (here, before, found) = torch.eye(states), (slice(i * states, (i + 1) * states) for i in range(3))
    named["tok_embed.weight"][:, here], named["tok_embed.weight"][:, -1] = one, 1.0
    named["head.weight"][:, found] = _LOGITS * one
    for layer, write in enumerate((before, found)):
        named[f"layers.{layer}.attn.v.weight"][:states, here] = one
        named[f"layers.{layer}.attn.o.weight"][write, :states] = one
    # Constant queries, turned back by one position against constant keys: Σ cos θ(t − s − 1), largest at s = t − 1.
    angle = 10_000.0 ** (-torch.arange(_FAST) * 2 / d_head)
    turned = torch.stack([angle.cos(), -angle.sin()], dim=1).flatten()
    named["layers.0.attn.q.weight"][: 2 * _FAST, -1] = _ONE_BACK * turned
    named["layers.0.attn.k.weight"][: 2 * _FAST, -1] = torch.tensor([1.0, 0.0]).repeat(_FAST)
    # The present token against the one before each, in the slowest pairs, which hardly turn.
    slow = d_head - 2 * torch.arange(1, states + 1)
    named["layers.1.attn.q.weight"][slow, here] = _MATCH * one
    named["layers.1.attn.k.weight"][slow, before] = one
