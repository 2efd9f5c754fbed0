"""What norms do to what is written into the residual stream and to what is read of it as logits."""

from __future__ import annotations

from typing import Any

from jaxtyping import Float
from torch import Tensor

from groklens.models.outputs import as_float
from groklens.models.protocol import weights


def read_by_norm(model: Any) -> Float[Tensor, "d_model d_vocab"]:
    """W_U with the gain of the final norm; without the mean over the stream where that norm takes it away.

    What is written into the stream gives logits by it, up to the norm's scale, which is the same for all of them.

    >>> read_by_norm(snapshot.model).shape  # doctest: +SKIP
    torch.Size([576, 49152])
    """
    unembedding = as_float(weights(model, ("W_U",))["W_U"].cpu())
    gain = _gain(model, getattr(model, "ln_final", None))
    if gain is not None and gain.shape == unembedding.shape[:1]:
        unembedding = unembedding * gain[:, None]
    if str(getattr(model.cfg, "normalization_type", None)).startswith("LN"):
        unembedding = unembedding - unembedding.mean(dim=0)
    return unembedding


def gain_behind_attention(model: Any, layer: int) -> Float[Tensor, "d_model"] | None:
    """The gain of the norm through which a layer's heads write into the stream (OLMo 2, Gemma 2); None without one.

    >>> gain_behind_attention(snapshot.model, 0)  # doctest: +SKIP
    """
    blocks = getattr(model, "blocks", None)
    return None if blocks is None else _gain(model, getattr(blocks[layer], "ln1_post", None))


def _gain(model: Any, norm: Any) -> Float[Tensor, "d_model"] | None:
    gain = getattr(norm, "weight", None)
    if not isinstance(gain, Tensor):
        return None
    offset = 1.0 if getattr(model.cfg, "rmsnorm_uses_offset", False) else 0.0
    return as_float(gain.detach().cpu()) + offset
