"""`gl.Transformer`: the specification of a transformer, built as a TransformerLens bridge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from groklens.errors import BadArgument, whole_fields
from groklens.models.device import check_device
from groklens.models.init import check_scheme, initialise
from groklens.models.sizes import MOST_LAYERS, allocating, check_description, check_weights, transformer_bytes
from groklens.parts import LATER
from groklens.tasks import Task, check_task, check_tokens
from groklens.value_checks import choice, flag_fields, number_fields

if TYPE_CHECKING:
    from transformer_lens.model_bridge import TransformerBridge

#: What positions are called here, and by TransformerLens.
POSITIONS = {"absolute": "standard", "rotary": "rotary"}
ACTIVATIONS = ("relu", "gelu", "gelu_new", "silu", "solu", "solu_ln")


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """A TransformerLens transformer by its sizes; `build(task, seed)` makes the `TransformerBridge`.

    `init` is `"nanda"` (N(0, 1/d_model) everywhere, N(0, 1/d_vocab) for W_U) or `"gpt2"` (N(0, 0.64/d_model)
    everywhere); neither scales output projections by depth, as TransformerLens 4 would. `init_scale` multiplies what is
    drawn: large weights memorise before they generalise (Liu et al. 2023, Omnigrok). `bias=False` freezes
    every bias at zero, `"mlp"` trains the MLP's alone (the model of Nanda et al.), True trains all.
    `normalization` is None, `"LN"` or `"LNPre"`; `d_mlp=None` leaves the MLP out. `positions` are `"absolute"`, learned
    and added to the embeddings, or `"rotary"`, by which queries and keys are turned, so that scores know how far apart
    two tokens are and the stream does not: what looks one token back is learned far sooner. Raises `BadArgument` for
    sizes that do not fit, or whose weights do not fit in memory: no description asks for more than a tebibyte, and
    `build` for no more than this machine has.

    >>> Transformer(n_layers=1, d_model=128, n_heads=4, d_head=32, d_mlp=512).act_fn
    'relu'
    """

    n_layers: int = 1
    d_model: int = 128
    n_heads: int = 4
    d_head: int = 32
    d_mlp: int | None = 512
    act_fn: str = "relu"
    normalization: str | None = None
    bias: bool | str = False
    causal: bool = True
    init: str = "nanda"
    positions: str = field(default="absolute", metadata=LATER)
    init_scale: float = field(default=1.0, metadata=LATER)

    def __post_init__(self) -> None:
        """Refuse sizes and names that TransformerLens could not build."""
        check_scheme(self.init)
        number_fields(self, "init_scale", above=0, such_as="1.0")
        whole_fields(self, "n_layers", least=1, most=MOST_LAYERS)
        sizes = ["d_model", "n_heads", "d_head", *(["d_mlp"] if self.d_mlp is not None else [])]
        whole_fields(self, *sizes, least=1)
        choice("act_fn", self.act_fn, ACTIVATIONS)
        choice("bias", self.bias, (False, True, "mlp"))
        choice("normalization", self.normalization, (None, "LN", "LNPre"))
        choice("positions", self.positions, tuple(POSITIONS))
        flag_fields(self, "causal")
        if self.positions == "rotary" and self.d_head % 2:
            raise BadArgument(
                f"d_head is {self.d_head}, and rotary positions turn pairs within a head; give an even number."
            )
        check_description("This Transformer", self._bytes(2, 2, 1))

    def _bytes(self, d_vocab: int, d_vocab_out: int, n_ctx: int) -> int:
        """Bytes of the weights for a task of these sizes."""
        return transformer_bytes(
            n_layers=self.n_layers,
            d_model=self.d_model,
            n_heads=self.n_heads,
            d_head=self.d_head,
            d_mlp=self.d_mlp or 0,
            d_vocab=d_vocab,
            d_vocab_out=d_vocab_out,
            n_ctx=n_ctx,
        )

    def build(self, task: Task, seed: int, device: str = "cpu") -> TransformerBridge:
        """The bridge for `task`'s vocabulary and context, initialised from `seed` alone."""
        from groklens.models.lens import TransformerBridge, TransformerBridgeConfig

        check_task(task)
        place, d_vocab = check_device(device), check_tokens(task, "a transformer's embeddings")
        check_weights("This Transformer", self._bytes(d_vocab, task.d_vocab_out, task.n_ctx))
        config = TransformerBridgeConfig(
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            d_model=self.d_model,
            d_head=self.d_head,
            d_mlp=self.d_mlp or 4 * self.d_model,
            act_fn=self.act_fn,
            attn_only=self.d_mlp is None,
            normalization_type=self.normalization,
            attention_dir="causal" if self.causal else "bidirectional",
            d_vocab=d_vocab,
            d_vocab_out=task.d_vocab_out,
            n_ctx=task.n_ctx,
            positional_embedding_type=POSITIONS[self.positions],
            init_weights=False,
        )
        with allocating("this Transformer"):
            with torch.random.fork_rng(devices=[]):  # torch's own layers draw on construction
                bridge = TransformerBridge.boot_native(config)
            named = list(bridge.named_parameters())
            sizes = {"d_model": self.d_model, "d_vocab": d_vocab}
            initialise(named, self.init, **sizes, seed=seed, times=self.init_scale)
        self.freeze(bridge)
        return bridge if place.type == "cpu" else bridge.to(place, print_details=False)

    def freeze(self, bridge: TransformerBridge) -> None:
        """Let nothing train in a model of this specification that it does not train: biases without `bias`."""
        for name, parameter in bridge.named_parameters():
            # TransformerLens 4 always makes biases; norms keep theirs, which are part of the norm.
            if name.endswith("bias") and ".ln" not in name:
                parameter.requires_grad_(self.bias is True or (self.bias == "mlp" and ".mlp." in name))
