"""`gl.Probe`: a fixed set of token sequences on which to study a model whose problem has no end, such as language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, NoReturn

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.integers import MOST_TOKENS, check_from_zero, integers, size_of
from groklens.tasks.task import Task

_EXAMPLE = "[[3, 1, 4], [1, 5, 9]], as many for every input. Sequences of different lengths need a probe each"
#: Characters that one token may stand for.
LONGEST_TOKEN = 10_000


class Probe(Task):
    """Token sequences of your own, for models whose problem has no end, such as language.

    The model is read at the last position of each. Without labels there are no correct answers: activations
    and logits are there, and whatever needs an answer (losses, accuracies, circuits, `explain`) refuses.
    There is no symmetry.

    Args:
        tokens: input × pos integers ≥ 0.
        labels: the token that should follow each, one per input, or None.
        d_vocab: number of tokens and of answers; None takes a Hugging Face model's own when `load` opens it,
            and elsewhere one more than the largest token or label.
        token_names: what tokens 0, 1, … are called; those beyond the list are called by their number.

    Raises `BadArgument` for sequences of different lengths, entries that are no tokens, or a label count that
    differs from the inputs'.

    >>> Probe([[3, 1, 4], [1, 5, 9]], d_vocab=50).inputs.shape
    torch.Size([2, 3])
    """

    #: Positions of a text are no operands.
    operand_names = ()

    def __init__(
        self,
        tokens: Int[Tensor, "input pos"] | Sequence[Sequence[int]],
        labels: Int[Tensor, "input"] | Sequence[int] | None = None,
        d_vocab: int | None = None,
        token_names: Sequence[str] | None = None,
    ) -> None:
        self._inputs = integers(
            "tokens",
            tokens,
            2,
            _EXAMPLE,
        )
        self._labels = None if labels is None else integers("labels", labels, 1, "[4, 2]")
        if self._labels is not None and len(self._labels) != len(self._inputs):
            raise BadArgument(
                f"There are {len(self._labels)} labels for {len(self._inputs)} inputs; give the token that "
                "should follow each input, or None."
            )
        check_from_zero(self._inputs, self._labels)
        self._names = [] if token_names is None else _names(token_names)
        largest = max(int(t.max()) for t in (self._inputs, self._labels) if t is not None)
        needed = max(largest + 1, len(self._names))
        self._d_vocab = size_of("d_vocab", d_vocab, needed)
        self._given = None if d_vocab is None else self._d_vocab

    @property
    def name(self) -> str:
        """The task's name, such as `probe of 2 × 3 tokens`."""
        return f"probe of {self._inputs.shape[0]} × {self._inputs.shape[1]} tokens"

    @property
    def inputs(self) -> Int[Tensor, "input pos"]:
        """The sequences given."""
        return self._inputs

    @property
    def has_labels(self) -> bool:
        """Whether labels were given."""
        return self._labels is not None

    @property
    def labels(self) -> Int[Tensor, "input"]:
        """The labels given; without any, a stand-in that has a length and raises `BadArgument` when used."""
        if self._labels is not None:
            return self._labels
        return torch.full((len(self._inputs),), -1).as_subclass(_NoLabels)

    @property
    def d_vocab(self) -> int:
        """The number given, or one more than the largest token."""
        return self._d_vocab

    @property
    def d_vocab_out(self) -> int:
        """As many answers as tokens."""
        return self._d_vocab

    @property
    def grid(self) -> None:
        """None, as the inputs are not a table of operands."""
        return None

    @property
    def token_names(self) -> list[str]:
        """The names given, then numbers."""
        return self._names + [str(token) for token in range(len(self._names), self._d_vocab)]

    def fitted(self, d_vocab: int) -> Probe:
        """The probe with `d_vocab` tokens, unless it was given a number of its own.

        Raises `BadArgument` where the probe uses tokens that such a model does not have.

        >>> Probe([[3, 1, 4]]).fitted(50).d_vocab
        50
        """
        if self._d_vocab > d_vocab:
            raise BadArgument(
                f"The probe has {self._d_vocab} tokens, but the model knows {d_vocab}; use tokens from 0 to "
                f"{d_vocab - 1}, made by this model's own tokenizer."
            )
        if self._given is not None:
            return self
        return Probe(self._inputs, self._labels, d_vocab, self._names)

    def spec(self) -> dict[str, Any]:
        """Every sequence: there is nothing shorter that would make it again."""
        return {
            "kind": "Probe",
            "tokens": self._inputs.tolist(),
            "labels": None if self._labels is None else self._labels.tolist(),
            "d_vocab": self._given,
            "token_names": self._names or None,
        }


#: What may be asked of labels that do not exist: their size, and to be moved.
_HARMLESS = {"__get__", "__len__", "size", "dim", "numel", "contiguous", "to", "cpu"}


class _NoLabels(Tensor):
    """A stand-in for missing labels: it has a length, and raises `BadArgument` when used.

    A filler such as −1 would give accuracies of 0 without a word.
    """

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if getattr(func, "__name__", "") in _HARMLESS:
            return super().__torch_function__(func, types, args, kwargs or {})
        if func is Tensor.__repr__:  # a debugger may show it
            return f"<no labels for {len(args[0])} inputs>"
        _refuse()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """Nan for every input, as in the `label` coordinate of what `capture` gives."""
        return np.full(len(self), np.nan)


def _refuse() -> NoReturn:
    raise BadArgument(
        "This probe has no labels, so nothing that compares answers with the correct ones (losses, accuracies, "
        "circuits, explain) exists for it. Give the token that should follow each input: "
        "gl.Probe(tokens, labels=[...]); activations and logits need none."
    )


def _names(given: Any) -> list[str]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise BadArgument(f"token_names is {described(given)}; give a list of texts, such as ['a', 'b'].")
    names = list(islice(given, MOST_TOKENS + 1))
    odd = [
        name for name in names if not isinstance(name, str) and not (type(name) is int and 0 <= name < 2**63)
    ]
    if odd:
        raise BadArgument(f"token_names holds {described(odd[0])}; give a list of texts, such as ['a', 'b'].")
    if len(names) > MOST_TOKENS or any(len(name) > LONGEST_TOKEN for name in names if isinstance(name, str)):
        raise BadArgument(
            f"token_names holds more than {MOST_TOKENS:,} names, or one of more than {LONGEST_TOKEN:,} characters; "
            "give what the tokens are called, such as ['a', 'b']."
        )
    return list(map(str, names))
