"""`gl.tasks.NextTokens`: a fixed set of token sequences in which every next token is asked for, as of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.tasks.probe import Probe


class NextTokens(Probe):
    """Token sequences in which each token is to be told from those before it: a text to judge a language model on.

    A `Probe` that is answered at every position but the last, so that losses by position, stages (`gl.measures.stages`)
    and the worth of the context (`gl.measures.InContextScore`) exist for a model that somebody else trained.

    Args:
        tokens: sequence × pos integers ≥ 0, of one length of two or more.
        d_vocab: number of tokens and of answers; None takes a loaded model's own.
        token_names: what tokens 0, 1, … are called.

    Raises `BadArgument` for sequences of different lengths or of one token, and for entries that are no tokens.

    >>> NextTokens([[3, 1, 4, 1], [5, 9, 2, 6]]).labels.tolist()
    [[1, 4, 1], [9, 2, 6]]
    """

    def __init__(
        self,
        tokens: Int[Tensor, "input pos"] | Sequence[Sequence[int]],
        d_vocab: int | None = None,
        token_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(tokens, None, d_vocab, token_names)
        if self.inputs.shape[1] < 2:
            raise BadArgument(
                "tokens holds sequences of one token, after which nothing comes; give two or more a sequence."
            )

    @classmethod
    def of_text(
        cls,
        text: str,
        tokenizer: Callable[[str], Iterable[int]] | Any,
        length: int = 128,
        d_vocab: int | None = None,
    ) -> NextTokens:
        """The windows of `length` tokens that a text is cut into by a model's own tokenizer; what is left is dropped.

        `tokenizer` is one of transformers, one of `tokenizers`, or any function from text to a list of numbers.
        Raises `BadArgument` for a text of fewer tokens than one window.

        >>> NextTokens.of_text("abcde", lambda text: [ord(sign) - 97 for sign in text], length=2).inputs.tolist()
        [[0, 1], [2, 3]]
        """
        tokens = _tokens(text, tokenizer)
        length = whole_number("length", length, least=2, such_as=128)
        if len(tokens) < length:
            raise BadArgument(
                f"The text has {len(tokens)} tokens, and length is {length}; give a longer text."
            )
        return cls(tokens[: len(tokens) // length * length].view(-1, length), d_vocab)

    @property
    def name(self) -> str:
        """The task's name, such as `next tokens of 2 × 4`."""
        return f"next tokens of {self.inputs.shape[0]} × {self.inputs.shape[1]}"

    @property
    def reads(self) -> tuple[int, ...]:
        """Every position but the last."""
        return tuple(range(self.inputs.shape[1] - 1))

    @property
    def labels(self) -> Int[Tensor, "input read"]:
        """The next token at every position but the last."""
        return self.inputs[:, 1:]

    def fitted(self, d_vocab: int) -> NextTokens:
        """The same sequences with `d_vocab` tokens, unless a number of its own was given; `BadArgument` for too few."""
        found = super().fitted(d_vocab)
        return self if found is self else NextTokens(self.inputs, d_vocab, self._names)

    def spec(self) -> dict[str, Any]:
        """Every sequence: there is nothing shorter that would make it again."""
        return {name: value for name, value in super().spec().items() if name != "labels"} | {
            "kind": "NextTokens"
        }


def _tokens(text: str, tokenizer: Any) -> Int[Tensor, "pos"]:
    """The numbers that a tokenizer of any of three kinds makes of a text, without marks of its own."""
    if not isinstance(text, str):
        raise BadArgument(f"text is {described(text)}; give text, such as open('book.txt').read().")
    if hasattr(tokenizer, "encode"):
        found = tokenizer.encode(text, add_special_tokens=False)
    elif callable(tokenizer):
        found = tokenizer(text)
    else:
        raise BadArgument(
            f"tokenizer is {described(tokenizer)}; give the model's own, or a function from text to a list of tokens."
        )
    return torch.as_tensor(list(getattr(found, "ids", found)), dtype=torch.long)
