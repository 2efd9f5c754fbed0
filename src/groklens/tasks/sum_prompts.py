"""Prompts of sums: the tokens of `34+57=`, the token that answers it, and where its numbers end among them."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from groklens.errors import BadArgument, described
from groklens.tasks.word_tokens import encoded

#: The digits of an answer that can be asked for, from the last one.
DIGITS = ("units", "tens", "hundreds")
#: Where the numbers come in a template.
PLACES = ("{a}", "{b}")


class SumPrompt(NamedTuple):
    """One prompt: both numbers, the token that answers it, the places where a, b and the template end, its tokens."""

    a: int
    b: int
    label: int
    places: tuple[int, int, int]
    tokens: tuple[int, ...]


class SumWriter:
    """Makes the prompts of sums by a tokenizer and a template; with a `digit`, after the right digits before it.

    Raises `BadArgument` for a template without both numbers, and, of a prompt, for an answer of several tokens where no
    digit is asked for, digits that are no tokens where one is, or numbers that share a token with what follows them.
    """

    def __init__(self, tokenizer: Any, template: str, digit: str | None, special_tokens: bool) -> None:
        _check_template(template)
        self._template, self._digit = template, digit
        self._encode = cache(lambda text: encoded(tokenizer, text, special_tokens=False)[0])
        self._before = _special(tokenizer, template.format(a=1, b=1)) if special_tokens else []

    def __call__(self, a: int, b: int) -> SumPrompt | None:
        """The prompt of a + b; None where the answer lacks the digit that is asked for."""
        prompt, answer = self._template.format(a=a, b=b), str(a + b)
        asked = None if self._digit is None else len(answer) - 1 - DIGITS.index(self._digit)
        if asked is not None and asked < 0:
            return None
        ends = [self._template.index(place) + len(place) for place in PLACES]
        of_a, of_b = (self._place(self._template[:end].format(a=a, b=b), prompt) for end in ends)
        tokens, label = self._answered(prompt, answer, asked)
        last = len(self._before) + len(self._encode(prompt)) - 1
        return SumPrompt(a, b, label, (of_a, of_b, last), (*self._before, *tokens))

    def _answered(self, prompt: str, answer: str, asked: int | None) -> tuple[list[int], int]:
        """The prompt's tokens up to what is asked for, and the token of that."""
        start, whole = self._encode(prompt), self._encode(prompt + answer)
        rest = whole[len(start) :]
        if whole[: len(start)] != start:
            raise BadArgument(
                f"The tokenizer makes one token of the end of {prompt!r} and the answer {answer!r}; end the template "
                "with a text of its own, such as '='."
            )
        if asked is None and len(rest) != 1:
            raise BadArgument(
                f"{answer!r} after {prompt!r} is {len(rest)} tokens; ask for one digit: digit='units'."
            )
        if asked is not None and len(rest) != len(answer):
            raise BadArgument(
                f"{answer!r} after {prompt!r} is {len(rest)} token{'s' * (len(rest) != 1)} and no token a digit; leave "
                "digit out where every answer is one token."
            )
        return start + rest[: asked or 0], rest[asked or 0]

    def _place(self, upto: str, prompt: str) -> int:
        part = self._encode(upto)
        if self._encode(prompt)[: len(part)] != part:
            raise BadArgument(
                f"The tokenizer makes one token of the end of {upto!r} and what follows it in {prompt!r}, so that the "
                "number has no last token of its own; write the template otherwise, such as '{a} + {b} ='."
            )
        return len(self._before) + len(part) - 1


def _special(tokenizer: Any, prompt: str) -> list[int]:
    """The tokens that the tokenizer puts before every text."""
    plain, whole = (encoded(tokenizer, prompt, special_tokens=special)[0] for special in (False, True))
    starts = range(len(whole) - len(plain) + 1)
    return next((whole[:at] for at in starts if whole[at : at + len(plain)] == plain), [])


def _check_template(template: str | Any) -> None:
    if not isinstance(template, str) or any(template.count(place) != 1 for place in PLACES):
        raise BadArgument(
            f"template is {described(template)}; write {{a}} and {{b}} once each, such as '{{a}}+{{b}}='."
        )
    if {"{", "}"} & set(template.replace(PLACES[0], "").replace(PLACES[1], "")):
        raise BadArgument(
            f"template is {described(template)}; it may hold {{a}} and {{b}} and no other braces."
        )
