"""`WrittenSums`: sums of two numbers as a language model reads them, such as `34+57=`."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.integers import integers
from groklens.tasks.probe import Probe
from groklens.tasks.sum_prompts import DIGITS, SumPrompt, SumWriter

#: Decimals are counted in tens.
BASE = 10
#: What stands before the tokens of a prompt in a specification: both numbers, the label and the three places.
_AHEAD = 6


class WrittenSums(Probe):
    """Sums of two numbers as text, `34+57=`, answered with the token that continues them rightly.

    The tokenizer finds the tokens. Where it makes one token of every answer, that token is the label. Many tokenizers
    split numbers into digits: then `digit="units"` (or `"tens"`, `"hundreds"`) asks for one digit of the answer, after
    the right ones before it: `34+57=9`. `token_positions` names the last token of each number, `"a"` and `"b"`, and of
    the template, `"="`, in every prompt; `numbers` has `"a"`, `"b"` and `"sum"`. All prompts have one number of tokens,
    by default the commonest: none is filled up, for the answer is read at the end; `left_out` counts the others.
    Classes are the tokens up to the largest label, and a model whose largest logit is another token's is wrong.

    Args:
        tokenizer: of transformers or of `tokenizers`, or any function from a text to a list of numbers.
        largest, smallest: the numbers, both included.
        template: the text, with `{a}` and `{b}`.
        digit: the digit of the answer that is asked for; None for the whole answer in one token.
        sample: as many prompts drawn at random with `seed`, of those that there are; None for all.
        length: the number of tokens of the prompts that are kept, where it is not to be the commonest.
        special_tokens: whether the tokenizer's own special tokens stand before every prompt; a function adds what it
            adds.
        d_vocab: number of the model's tokens; None takes it from the model that is opened.
        prompts, left_out: in place of a tokenizer, what a specification holds.

    The set-up of Kantamneni & Tegmark (2025), arXiv:2502.00873, section 3; digits after Levy & Geva (2024),
    arXiv:2410.11781. Raises `BadArgument` for a template without both numbers, answers of several tokens without a
    `digit`, a number that shares a token with what follows it, or no prompt of the length.

    >>> sums = WrittenSums(lambda text: [ord(letter) for letter in text], largest=9, digit="units", length=4)
    >>> len(sums.inputs), sums.numbers["sum"].max().item(), sums.left_out
    (55, 9, 45)
    """

    def __init__(
        self,
        tokenizer: Any = None,
        largest: int = 99,
        template: str = "{a}+{b}=",
        smallest: int = 0,
        digit: str | None = None,
        sample: int | None = None,
        seed: int = 0,
        length: int | None = None,
        special_tokens: bool = True,
        d_vocab: int | None = None,
        prompts: Sequence[Sequence[int]] | None = None,
        left_out: int = 0,
    ) -> None:
        self._smallest = whole_number("smallest", smallest, 0, such_as=0)
        self._largest = whole_number("largest", largest, self._smallest + 1, such_as=99)
        if digit is not None and digit not in DIGITS:
            raise BadArgument(f"digit is {digit!r}; choose {', '.join(map(repr, DIGITS))}, or None.")
        self.template, self.asked = template, digit
        if prompts is None:
            prompts = self._written(SumWriter(_given(tokenizer), template, digit, special_tokens), length)
            left_out = (self._largest + 1 - self._smallest) ** 2 - len(prompts)
            prompts = prompts if sample is None else _drawn(prompts, sample, seed)
        self.left_out, self._prompts = left_out, integers("prompts", prompts, 2, "what spec() gives")
        a, b, labels, *places = self._prompts[:, :_AHEAD].T
        super().__init__(self._prompts[:, _AHEAD:], labels, d_vocab)
        self._places = dict(zip(("a", "b", "="), places, strict=True))
        self._numbers, self._classes = {"a": a, "b": b, "sum": a + b}, int(labels.max()) + 1

    def _written(self, write: SumWriter, length: int | None) -> list[list[int]]:
        """The prompts of one length, each as its numbers, label, places and tokens."""
        numbers = range(self._smallest, self._largest + 1)
        every = [found for a in numbers for b in numbers if (found := write(a, b)) is not None]
        return [
            [each.a, each.b, each.label, *each.places, *each.tokens] for each in _of_one_length(every, length)
        ]

    @property
    def name(self) -> str:
        """Such as `sums '{a}+{b}=' with numbers 0 to 99, units asked`."""
        asked = f", {self.asked} asked" if self.asked else ""
        return f"sums {described(self.template)} with numbers {self._smallest} to {self._largest}{asked}"

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

    def spec(self) -> dict[str, Any]:
        """Every prompt with its numbers, label and places: a tokenizer cannot be written down."""
        return {
            "kind": "WrittenSums",
            "template": self.template,
            "smallest": self._smallest,
            "largest": self._largest,
            "digit": self.asked,
            "d_vocab": self._given,
            "prompts": self._prompts.tolist(),
            "left_out": self.left_out,
        }


def _given(tokenizer: Any) -> Any:
    if tokenizer is None:
        raise BadArgument(
            "Sums are cut into tokens as the model's are; give its tokenizer: WrittenSums(tokenizer)."
        )
    return tokenizer


def _of_one_length(sums: list[SumPrompt], length: int | None) -> list[SumPrompt]:
    counts = Counter(len(each.tokens) for each in sums)
    kept = max(counts, key=lambda each: counts[each], default=0) if length is None else length
    if not counts[kept]:
        there = ", ".join(f"{n} of {size} tokens" for size, n in sorted(counts.items())) or "none"
        raise BadArgument(f"No prompt has {described(kept)} tokens; there are {there}.")
    return [each for each in sums if len(each.tokens) == kept]


def _drawn(prompts: Sequence[Sequence[int]], sample: int, seed: int) -> list[Sequence[int]]:
    count = whole_number("sample", sample, 1, such_as=500)
    generator = torch.Generator().manual_seed(whole_number("seed", seed, such_as=0))
    order = torch.randperm(len(prompts), generator=generator)[:count].sort().values
    return [prompts[at] for at in order.tolist()]
