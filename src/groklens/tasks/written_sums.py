"""`WrittenSums`: sums of two numbers as a language model reads them, such as `34+57=`."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.tasks.probe import Probe
from groklens.tasks.tokenized import Encode, encoder

#: The digits of an answer that can be asked for, from the last one.
DIGITS = ("units", "tens", "hundreds")
#: Decimals are counted in tens.
BASE = 10


class _Sum(NamedTuple):
    """One prompt: both numbers, its tokens, the token that answers it, and where a, b and the template end."""

    a: int
    b: int
    tokens: list[int]
    label: int
    places: tuple[int, int, int]


class WrittenSums(Probe):
    """Sums of two numbers as text, `34+57=`, answered with the token that continues them rightly.

    The tokenizer finds the tokens. Where it makes one token of every answer, that token is the label. Many tokenizers
    split numbers into digits: then `digit="units"` (or `"tens"`, `"hundreds"`) asks for one digit of the answer, after
    the right ones before it: `34+57=9`. `token_positions` names the last token of each number, `"a"` and `"b"`, and of
    the template, `"="`, in every prompt; `numbers` has `"a"`, `"b"` and `"sum"`. All prompts have one number of tokens,
    by default the commonest: nothing is padded, which would change what a model computes; `left_out` counts the others.
    Classes are the tokens up to the largest label, and a model whose largest logit is another token's is wrong.

    Args:
        tokenizer: of transformers or of `tokenizers`, or any function from a text to the numbers of its tokens.
        largest, smallest: the numbers, both included.
        template: the text, with `{a}` and `{b}`.
        digit: the digit of the answer that is asked for; None for the whole answer in one token.
        sample: as many prompts drawn at random with `seed`, of those that there are; None for all.
        length: the number of tokens of the prompts that are kept, where it is not to be the commonest.
        before: tokens that stand before every prompt, such as a model's own first one.

    The set-up of Kantamneni & Tegmark (2025), arXiv:2502.00873, section 3; digits after Levy & Geva (2024),
    arXiv:2410.11781. Raises `BadArgument` for a template without both numbers, answers of several tokens without a
    `digit`, a number that shares a token with what follows it, or no prompt of the length.

    >>> sums = WrittenSums(lambda text: [ord(letter) for letter in text], largest=9, digit="units", length=4)
    >>> len(sums.inputs), sums.numbers["sum"].max().item(), sums.left_out
    (55, 9, 45)
    """

    def __init__(
        self,
        tokenizer: Any,
        largest: int = 99,
        template: str = "{a}+{b}=",
        smallest: int = 0,
        digit: str | None = None,
        sample: int | None = None,
        seed: int = 0,
        length: int | None = None,
        before: tuple[int, ...] = (),
    ) -> None:
        smallest = whole_number("smallest", smallest, 0, such_as=0)
        largest = whole_number("largest", largest, smallest + 1, such_as=99)
        if digit is not None and digit not in DIGITS:
            raise BadArgument(f"digit is {digit!r}; choose {', '.join(map(repr, DIGITS))}, or None.")
        _check_template(template)
        write = _Writer(encoder(tokenizer), template, digit, list(before))
        pairs = torch.cartesian_prod(*[torch.arange(smallest, largest + 1)] * 2).tolist()
        every = [found for a, b in pairs if (found := write(a, b)) is not None]
        sums = _of_one_length(every, length)
        self.left_out = len(pairs) - len(sums)
        sums = sums if sample is None else _drawn(sums, sample, seed)
        super().__init__([each.tokens for each in sums], [each.label for each in sums])
        a, b = (torch.tensor([each[of] for each in sums]) for of in (0, 1))
        self._numbers = {"a": a, "b": b, "sum": a + b}
        places = torch.tensor([each.places for each in sums]).T
        self._places = dict(zip(("a", "b", "="), places, strict=True))
        self._asked, self._classes = digit, int(self._labels.max()) + 1  # type: ignore[union-attr]
        self._name = f"sums {described(template)} with numbers {smallest} to {largest}"

    @property
    def name(self) -> str:
        """Such as `sums '{a}+{b}=' with numbers 0 to 99, units asked`."""
        return self._name + (f", {self._asked} asked" if self._asked else "")

    @property
    def d_vocab_out(self) -> int:
        """One more than the largest label: answers are few of a language's tokens."""
        return self._classes

    @property
    def numbers(self) -> Mapping[str, Int[Tensor, "input"]]:
        """Both numbers of every prompt and their `"sum"`."""
        return self._numbers

    @property
    def token_positions(self) -> Mapping[str, Int[Tensor, "input"]]:
        """Where the last token of `"a"`, of `"b"` and of the template, `"="`, stands in every prompt."""
        return self._places

    def digit(self, of: str, which: str = "units") -> Int[Tensor, "input"]:
        """A digit, an element of C10, of the number `"a"`, `"b"` or `"sum"` in every prompt.

        As a coordinate: `gl.measures.ActivationSpectrum(hook, tuple(sums.digit("a").tolist()), "a", "C10")`, whose
        frequency 1 is the circle of digits. Raises `BadArgument` for another number or digit.
        """
        if of not in self._numbers or which not in DIGITS:
            raise BadArgument(
                f"digit() was asked for {described(which)} of {described(of)}; choose {', '.join(map(repr, DIGITS))} "
                f"of {', '.join(map(repr, self._numbers))}."
            )
        return self._numbers[of] // BASE ** DIGITS.index(which) % BASE

    def fitted(self, d_vocab: int) -> WrittenSums:
        """The same sums for a model of `d_vocab` tokens; `BadArgument` where they use tokens beyond."""
        size, other = super().fitted(d_vocab).d_vocab, copy.copy(self)
        other._d_vocab = other._given = size
        return other


class _Writer:
    """Makes the prompt of a sum: its tokens, label and places; None where the answer lacks the digit asked for."""

    def __init__(self, encode: Encode, template: str, digit: str | None, before: list[int]) -> None:
        self._encode, self._template, self._digit, self._before = cache(encode), template, digit, before

    def __call__(self, a: int, b: int) -> _Sum | None:
        prompt, answer = self._template.format(a=a, b=b), str(a + b)
        asked = None if self._digit is None else len(answer) - 1 - DIGITS.index(self._digit)
        if asked is not None and asked < 0:
            return None
        tokens, label = self._tokens_of(prompt, answer, asked)
        ends = [self._template.index(name) + len(name) for name in ("{a}", "{b}")]
        places = [self._place(self._template[:end].format(a=a, b=b), prompt) for end in ends]
        last = len(self._before) + len(self._encode(prompt)) - 1
        return _Sum(a, b, self._before + tokens, label, (places[0], places[1], last))

    def _tokens_of(self, prompt: str, answer: str, asked: int | None) -> tuple[list[int], int]:
        start = list(self._encode(prompt))
        whole = list(self._encode(prompt + answer))
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
        at = asked or 0
        return start + rest[:at], rest[at]

    def _place(self, upto: str, prompt: str) -> int:
        part, whole = list(self._encode(upto)), list(self._encode(prompt))
        if whole[: len(part)] != part:
            raise BadArgument(
                f"The tokenizer makes one token of the end of {upto!r} and what follows it in {prompt!r}, so that the "
                "number has no last token of its own; write the template otherwise, such as '{a} + {b} ='."
            )
        return len(self._before) + len(part) - 1


def _check_template(template: str | Any) -> None:
    if not isinstance(template, str) or any(template.count(name) != 1 for name in ("{a}", "{b}")):
        raise BadArgument(
            f"template is {described(template)}; write {{a}} and {{b}} once each, such as '{{a}}+{{b}}='."
        )
    if {"{", "}"} & set(template.replace("{a}", "").replace("{b}", "")):
        raise BadArgument(
            f"template is {described(template)}; it may hold {{a}} and {{b}} and no other braces."
        )


def _of_one_length(sums: list[_Sum], length: int | None) -> list[_Sum]:
    counts = Counter(len(each.tokens) for each in sums)
    kept = max(counts, key=lambda each: counts[each], default=0) if length is None else length
    if not counts[kept]:
        there = ", ".join(f"{n} of {size} tokens" for size, n in sorted(counts.items())) or "none"
        raise BadArgument(f"No prompt has {described(length)} tokens; there are {there}.")
    return [each for each in sums if len(each.tokens) == kept]


def _drawn(sums: list[_Sum], sample: int, seed: int) -> list[_Sum]:
    count = whole_number("sample", sample, 1, such_as=500)
    generator = torch.Generator().manual_seed(whole_number("seed", seed, such_as=0))
    order = torch.randperm(len(sums), generator=generator)[:count].sort().values
    return [sums[at] for at in order.tolist()]
