"""What is read of the residual stream as logits, the final norm included."""

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
    gain = getattr(getattr(model, "ln_final", None), "weight", None)
    if isinstance(gain, Tensor) and gain.shape == unembedding.shape[:1]:
        offset = 1.0 if getattr(model.cfg, "rmsnorm_uses_offset", False) else 0.0
        unembedding = unembedding * (as_float(gain.detach().cpu()) + offset)[:, None]
    if str(getattr(model.cfg, "normalization_type", None)).startswith("LN"):
        unembedding = unembedding - unembedding.mean(dim=0)
    return unembedding
