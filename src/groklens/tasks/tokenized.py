"""Text to tokens, by whatever a user calls a tokenizer, and where in them a piece of the text ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from groklens.errors import BadArgument, described, is_number

#: From a text to the numbers of its tokens.
Encode = Callable[[str], Sequence[int]]


def encoder(tokenizer: Any) -> Encode:
    """The function from a text to its tokens, without tokens that stand for no text, of any kind of tokenizer.

    A tokenizer of transformers or of `tokenizers` has `encode(text, add_special_tokens=False)`; anything else that can
    be called is such a function itself. Raises `BadArgument` for what is neither, or gives no whole numbers.

    >>> encoder(lambda text: [ord(letter) for letter in text])("1+2")
    [49, 43, 50]
    """
    named = getattr(tokenizer, "encode", None)
    if not callable(named) and not callable(tokenizer):
        raise BadArgument(
            f"tokenizer is {described(tokenizer)}; give one of transformers or tokenizers, or a function from a text "
            "to the numbers of its tokens."
        )

    def encode(text: str) -> list[int]:
        found = named(text, add_special_tokens=False) if callable(named) else tokenizer(text)
        listed = list(getattr(found, "ids", found))
        if any(not is_number(each) or each != int(each) for each in listed):
            raise BadArgument(
                f"The tokenizer gives {described(found)} for {text!r}; give one from a text to the numbers of its "
                "tokens, such as [49, 43, 50]."
            )
        return [int(each) for each in listed]

    return encode
