"""Names of the axes of activations by hook, from one list."""

from __future__ import annotations

import re

#: Hook names, the first expression that matches, and the axes that follow `input`.
_AXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"hook_(pattern|attn_scores)", ("head", "query", "key")),
    (r"hook_[qkvz]|attn\.([qkv]\.hook_out|o\.hook_in)", ("pos", "head", "d_head")),
    (r"attn\.hook_result", ("pos", "head", "d_model")),
    (r"mlp\.(hook_(pre|post)|in\.hook_out|out\.hook_in)", ("pos", "neuron")),
    (r"hook_unembed|unembed\.hook_out", ("pos", "answer")),
    (r"(embed|pos_embed)\.hook_in", ("pos",)),
    (r"hook_(pos_)?embed|hook_resid_(pre|mid|post)|hook_(attn|mlp)_(in|out)", ("pos", "d_model")),
    (r"hook_(in|out|normalized)", ("pos", "d_model")),
)


def axis_names(hook: str, ndim: int) -> tuple[str, ...]:
    """Names of the `ndim` axes of the activation at `hook`, the first always `input`.

    A hook that TransformerLens does not have, or one with other axes than usual, gets `pos` for the axis
    after `input` where at least one more follows, and `axis_1`, `axis_2`, … for the rest.

    >>> axis_names("blocks.0.attn.hook_z", 4)
    ('input', 'pos', 'head', 'd_head')
    """
    for pattern, axes in _AXES:
        if re.search(rf"(^|\.)({pattern})$", hook) and len(axes) == ndim - 1:
            return ("input", *axes)
    generic = [f"axis_{axis}" for axis in range(1, ndim)]
    return ("input", "pos", *generic[1:]) if ndim > 2 else ("input", *generic)


def position_axis(names: tuple[str, ...]) -> int | None:
    """The axis that `pos` selects from: `pos`, or a pattern's `query`; None where there is neither."""
    return next((axis for axis, name in enumerate(names) if name in ("pos", "query")), None)


def reduced_names(
    names: tuple[str, ...], shape: tuple[int, ...], reduced: tuple[int, ...]
) -> tuple[str, ...]:
    """Names of the axes of a statistic of shape `reduced`, taken of an activation of shape `shape` with axes `names`.

    Axes are matched from the last one back: as long as the sizes agree they keep their names, `input`
    included. What is left in front is `statistic_0`, `statistic_1`, ….

    >>> reduced_names(("input", "pos", "neuron"), (49, 3, 8), (2, 3, 8))
    ('statistic_0', 'pos', 'neuron')
    """
    kept: list[str] = []
    for name, before, after in zip(reversed(names), reversed(shape), reversed(reduced), strict=False):
        if before != after:
            break
        kept.insert(0, name)
    return (*(f"statistic_{axis}" for axis in range(len(reduced) - len(kept))), *kept)
