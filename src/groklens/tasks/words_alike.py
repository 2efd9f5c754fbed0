"""Words that a tokenizer does not tell apart, and those that end in the same token."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument


def check_told_apart(
    words: Sequence[str],
    templates: Sequence[str],
    inputs: Int[Tensor, "input pos"],
    positions: Int[Tensor, "input"],
) -> None:
    """Raise `BadArgument` for two words that are the same tokens in a template, as unknown ones often are."""
    rows = torch.cat([positions[:, None], inputs], dim=1).unflatten(0, (len(templates), len(words)))
    for template, own in zip(templates, rows.tolist(), strict=True):
        first: dict[tuple[int, ...], str] = {}
        for word, row in zip(words, map(tuple, own), strict=True):
            other = first.setdefault(row, word)
            if other != word:
                raise BadArgument(
                    f"{other!r} and {word!r} are the same tokens in {template!r}: the tokenizer does not tell them "
                    "apart, or knows neither. Give the tokenizer of the model that is looked at, and words it knows."
                )


def sharing_last_token(
    words: Sequence[str], inputs: Int[Tensor, "input pos"], positions: Int[Tensor, "input"]
) -> tuple[tuple[str, ...], ...]:
    """The words that have their last token in common in some template, each such set once, in the words' order."""
    last = inputs[torch.arange(len(inputs)), positions].unflatten(0, (-1, len(words)))
    found = {
        tuple(word for word, other in zip(words, row, strict=True) if other == token)
        for row in last.tolist()
        for token in row
    }
    return tuple(sorted((each for each in found if len(each) > 1), key=lambda each: words.index(each[0])))
