"""Where a word stands among the tokens of a text, found with whatever a user calls a tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from groklens.errors import BadArgument, described, is_number, whole_number

#: Where each token's text starts and ends in the whole, in characters; an empty piece for one that has none.
Offsets = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Placed:
    """The tokens of a text with a word in it, and the places of the word's first and last token among them."""

    tokens: tuple[int, ...]
    first: int
    last: int


def placed(tokenizer: Any, text: str, start: int, end: int, special_tokens: bool = True) -> Placed:
    """The tokens of `text`, and those of its characters from `start` to `end`, a word tokenised in its place.

    By the offsets that the tokenizer gives, or else by comparing the tokens of what comes before. Raises `BadArgument`
    where the word shares a token with the text before or after it.

    >>> placed(lambda text: [len(each) for each in text.split()], "one two three", 4, 7)
    Placed(tokens=(3, 3, 5), first=1, last=1)
    """
    tokens, offsets = encoded(tokenizer, text, special_tokens)
    if offsets is None:
        first, last = _by_comparing(tokenizer, text, start, end, special_tokens, tokens)
    else:
        first, last = _by_offsets(text, start, end, offsets)
    return Placed(tuple(tokens), first, last)


def encoded(tokenizer: Any, text: str, special_tokens: bool = True) -> tuple[list[int], Offsets | None]:
    """The tokens of a text, with the tokenizer's own special ones or without, and their offsets where it gives them.

    A tokenizer is one of transformers, one of `tokenizers`, or any function from a text to the numbers of its tokens,
    which adds special ones or none as it likes. Raises `BadArgument` for anything else.

    >>> encoded(lambda text: [ord(letter) for letter in text], "ab")
    ([97, 98], None)
    """
    if getattr(tokenizer, "is_fast", False):  # of transformers, on top of one of `tokenizers`
        found = tokenizer(text, add_special_tokens=special_tokens, return_offsets_mapping=True)
        return _numbers(found["input_ids"], tokenizer), found["offset_mapping"]
    own = getattr(tokenizer, "encode", None)
    if callable(own) and not isinstance(tokenizer, (str, bytes)):
        found = _by_method(own, text, special_tokens)
        return _numbers(getattr(found, "ids", found), tokenizer), getattr(found, "offsets", None)
    if not callable(tokenizer):
        raise BadArgument(_no_tokenizer(tokenizer))
    return _numbers(tokenizer(text), tokenizer), None


def filled_up(texts: Sequence[Placed], pad: int | None) -> list[list[int]]:
    """The tokens of every text, with `pad`, or its own last token again, behind those of shorter ones."""
    token = None if pad is None else whole_number("pad", pad, 0, such_as=0)
    longest = max(len(each.tokens) for each in texts)
    return [
        [*each.tokens, *[each.tokens[-1] if token is None else token] * (longest - len(each.tokens))]
        for each in texts
    ]


def _by_method(encode: Callable[..., Any], text: str, special_tokens: bool) -> Any:
    try:
        return encode(text, add_special_tokens=special_tokens)
    except TypeError:  # an encoder of another library, which has its own way of asking for them
        return encode(text)


def _numbers(found: Any, tokenizer: Any) -> list[int]:
    listed = found.tolist() if hasattr(found, "tolist") else found
    if not isinstance(listed, (list, tuple)) or not all(
        is_number(each) and each == int(each) for each in listed
    ):
        raise BadArgument(f"{_no_tokenizer(tokenizer)} This one gives {described(found)}.")
    return [int(each) for each in listed]


def _no_tokenizer(given: Any) -> str:
    return (
        f"tokenizer is {described(given)}; give one of transformers or tokenizers, or a function from a text to a "
        "list of the numbers of its tokens."
    )


def _by_offsets(text: str, start: int, end: int, offsets: Offsets) -> tuple[int, int]:
    own = [place for place, (a, b) in enumerate(offsets) if a < end and b > start and b > a]
    if not own:
        raise BadArgument(f"The tokenizer has no token for {text[start:end]!r} in {text!r}.")
    before, after = offsets[own[0]][0], offsets[own[-1]][1]
    if text[before:start].strip() or text[end:after].strip():
        raise BadArgument(_shared(text, start, end))
    return own[0], own[-1]


def _by_comparing(
    tokenizer: Any, text: str, start: int, end: int, special_tokens: bool, tokens: list[int]
) -> tuple[int, int]:
    def tokens_of(part: str) -> list[int]:
        return encoded(tokenizer, part, special_tokens)[0]

    # Tokens that are put after every text stand at the end of the empty one too.
    ending = _alike(tokens_of("")[::-1], tokens[::-1])

    def common(part: str) -> int | None:
        """How many tokens a beginning of the text takes; None where it shares its last one with what follows."""
        found = tokens_of(part)
        own = found[: len(found) - ending]
        return len(own) if tokens[: len(own)] == own else None

    last = common(text[:end])
    # A space before the word belongs to it for some tokenizers, and is a token of its own for others.
    firsts = [each for each in map(common, (text[:start].rstrip(), text[:start])) if each is not None]
    if last is None or not firsts or max(firsts) >= last:
        raise BadArgument(_shared(text, start, end))
    return max(firsts), last - 1


def _alike(one: list[int], other: list[int]) -> int:
    """How many tokens two sequences begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _shared(text: str, start: int, end: int) -> str:
    return (
        f"The tokenizer makes one token of {text[start:end]!r} and of what stands beside it in {text!r}, so that the "
        "word has no token of its own; write the template otherwise, with spaces around {}."
    )
