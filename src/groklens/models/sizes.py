"""Memory that a model's weights would take, computed from its sizes before anything is allocated."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from groklens.errors import BadArgument, is_out_of_memory, one_line
from groklens.value_checks import MOST_BYTES, check_memory

#: Layers of one model: each is a tree of modules, so that a deep one is slow to make however narrow it is.
MOST_LAYERS = 1000
_FLOAT32 = 4


def transformer_bytes(
    *,
    n_layers: int,
    d_model: int,
    n_heads: int,
    d_head: int,
    d_mlp: int,
    d_vocab: int,
    d_vocab_out: int,
    n_ctx: int,
    n_key_value_heads: int | None = None,
    gated_mlp: bool = False,
) -> int:
    """Bytes of a transformer's float32 weights and of its masks (one byte per query and key in each layer).

    >>> transformer_bytes(n_layers=1, d_model=4, n_heads=1, d_head=4, d_mlp=8, d_vocab=5, d_vocab_out=5, n_ctx=3)
    841
    """
    read, kept = n_heads * d_head, (n_key_value_heads or n_heads) * d_head
    attention = 2 * d_model * (read + kept) + read + 2 * kept + d_model
    mlp = (3 if gated_mlp else 2) * d_model * d_mlp + d_mlp + d_model
    outside = d_model * (d_vocab + n_ctx + d_vocab_out)
    return _FLOAT32 * (n_layers * (attention + mlp) + outside) + n_layers * n_ctx**2


def mlp_bytes(
    *, n_operands: int, width: int, d_mlp: int, d_vocab: int, d_vocab_out: int, embeds: bool
) -> int:
    """Bytes of the float32 weights of a multilayer perceptron on its operands.

    >>> mlp_bytes(n_operands=2, width=5, d_mlp=3, d_vocab=5, d_vocab_out=5, embeds=False)
    212
    """
    inward = n_operands * width * d_mlp + d_mlp
    return _FLOAT32 * (inward + (d_mlp + 1) * d_vocab_out + (d_vocab * width if embeds else 0))


def check_description(what: str, count: int) -> None:
    """Raise `BadArgument` where weights of `count` bytes are more than any description may ask for."""
    check_memory(
        f"{what}, of whose weights alone there are {count // _FLOAT32:,},", count, _SMALLER, MOST_BYTES
    )


def check_weights(what: str, count: int) -> None:
    """Raise `BadArgument` where weights of `count` bytes do not fit this machine's memory."""
    check_memory(f"{what}, of whose weights alone there are {count // _FLOAT32:,},", count, _SMALLER)


@contextlib.contextmanager
def allocating(what: str) -> Iterator[None]:
    """Within this block, an allocation that fails is a `BadArgument`: something else may hold the memory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise BadArgument(
            f"There is no memory left for {what} ({one_line(str(error))[:200]}); {_SMALLER}"
        ) from error


_SMALLER = "give smaller sizes, such as d_model=128, d_mlp=512."
