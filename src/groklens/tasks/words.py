"""`gl.tasks.Words`: texts about words that stand in a circle, such as weekdays, to look at a language model with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.groups import FiniteGroup, as_group, is_reference
from groklens.integers import integers
from groklens.tasks.probe import Probe
from groklens.tasks.word_tokens import Placed, filled_up, placed
from groklens.tasks.words_alike import check_told_apart, sharing_last_token
from groklens.value_checks import choice, flag

#: In a template, where the word comes.
PLACE = "{}"
#: The group of numbers that stand in a line: none.
LINE = "line"
_TEMPLATES = (
    "give texts with {} where the word comes, such as ['We will talk about {}', 'My favourite word is {}']"
)


class Words(Probe):
    """Words in texts, each an element of a group: every template with every word, for a language model to be shown.

    The word's last token is where its state is read (`word_positions`): it is found with the tokenizer, the word being
    tokenised in its place. Inputs are template-major; there are no labels. `elements` has the element of every input,
    `template_of` and `word_of` the template and the word. Shorter inputs are filled up on the right, behind all that is
    read, which a model does not see that looks back alone; `gl.measures.CircleShare` tries whether it does. Words
    without an order (`gl.tasks.UNRELATED`) get the cyclic one in which they are listed: the control of all others.

    Args:
        templates: a text, or several, with `{}` where the word comes.
        words: as they stand in the text, in the order of the group's elements: `gl.tasks.WEEKDAYS`.
        tokenizer: one of transformers or of `tokenizers`, or any function from a text to a list of numbers.
        coordinate: the element of each word where it is not its place in the list: a list, or a function of the place,
            such as `lambda number: number % 10`.
        group: the group that elements are of, such as `"C10"`; without one C_n of n words. `"line"` is for numbers,
            which have no group: `numbers["word"]` has them, for a helix.
        several_tokens: what to do with a word of several tokens: `"last"` reads it at its last one, where the model has
            read all of it, `"refuse"` raises. Words with the same last token stand in `shared_tokens`.
        special_tokens: whether the tokenizer's own special tokens stand around every text; a function adds its own.
        pad: the token that shorter inputs are filled up with; None repeats the input's own last one.
        d_vocab: number of the model's tokens; None takes it from the model that is opened.
        tokens, word_positions, padded: in place of a tokenizer, what a specification holds: input × pos, a place for
            every input, and whether shorter ones are filled up.

    Words after Engels et al. (2024), arXiv:2405.14860, section 4. Raises `BadArgument` for a template without one `{}`,
    a word named twice or two of the same tokens, elements that the group does not have, a word that shares a token with
    the text beside it, or one of several tokens where those are refused.

    >>> days = Words("Today is {}", ["Sunday", "Tuesday"], lambda text: [*map(len, text.split())])
    >>> days.group.name, days.word_positions.tolist(), days.elements.tolist()
    ('C2', [2, 2], [0, 1])
    """

    def __init__(
        self,
        templates: str | Sequence[str],
        words: Sequence[str],
        tokenizer: Any = None,
        coordinate: Sequence[int] | Callable[[int], int] | None = None,
        group: str | FiniteGroup | Any | None = None,
        several_tokens: str = "last",
        special_tokens: bool = True,
        pad: int | None = None,
        d_vocab: int | None = None,
        tokens: Int[Tensor, "input pos"] | Sequence[Sequence[int]] | None = None,
        word_positions: Int[Tensor, "input"] | Sequence[int] | None = None,
        padded: bool = False,
    ) -> None:
        self.templates, self.words = _templates(templates), _words(words)
        self._group, self._coordinate = _coordinate(coordinate, group, len(self.words))
        choice("several_tokens", several_tokens, ("last", "refuse"))
        if tokenizer is not None:
            texts = [
                _placed(tokenizer, each, word, special_tokens)
                for each in self.templates
                for word in self.words
            ]
            _check_single(self, texts, several_tokens)
            tokens, word_positions = filled_up(texts, pad), [each.last for each in texts]
            padded = len({len(each.tokens) for each in texts}) > 1
        super().__init__(_told(tokens, word_positions), d_vocab=d_vocab)
        self.word_positions, self.padded = self._positions(word_positions), flag("padded", padded)
        check_told_apart(self.words, self.templates, self.inputs, self.word_positions)

    def _positions(self, given: Any) -> Int[Tensor, "input"]:
        found, count = integers("word_positions", given, 1, "[4, 4]"), len(self.templates) * len(self.words)
        if (
            not len(found) == len(self.inputs) == count
            or not 0 <= int(found.min()) <= int(found.max()) < self.n_ctx
        ):
            raise BadArgument(
                f"There are {len(self.inputs)} inputs of {self.n_ctx} tokens and {len(found)} word_positions up to "
                f"{int(found.max())}; {len(self.templates)} templates with {len(self.words)} words are {count} inputs."
            )
        return found

    @property
    def name(self) -> str:
        """Such as `7 words, Monday to Sunday, in 3 templates`."""
        count = len(self.templates)
        plural = "s" * (count > 1)
        return f"{len(self.words)} words, {self.words[0]} to {self.words[-1]}, in {count} template{plural}"

    @property
    def group(self) -> FiniteGroup | None:
        """The group whose elements the words are, which no operation of the task acts by; None for a line."""
        return self._group

    @property
    def word_of(self) -> Int[Tensor, "input"]:
        """The place in `words` of every input's word."""
        return torch.arange(len(self.words)).repeat(len(self.templates))

    @property
    def template_of(self) -> Int[Tensor, "input"]:
        """The place in `templates` of every input's template."""
        return torch.arange(len(self.templates)).repeat_interleave(len(self.words))

    @property
    def coordinate(self) -> Int[Tensor, "word"]:
        """The element of every word, or its number on a line."""
        return self._coordinate

    @property
    def elements(self) -> Int[Tensor, "input"]:
        """The element of the group that every input's word is; `BadArgument` for numbers on a line."""
        if self.group is None:
            raise BadArgument(
                f"{self.name} are numbers on a line, which are elements of no group: task.numbers['word'] has them. "
                "Give a group, such as group='C10' with coordinate=lambda number: number % 10."
            )
        return self._coordinate[self.word_of]

    @property
    def numbers(self) -> Mapping[str, Int[Tensor, "input"]]:
        """The element, or the number on the line, of every input under the name `"word"`."""
        return {"word": self._coordinate[self.word_of]}

    @property
    def token_positions(self) -> Mapping[str, Int[Tensor, "input"]]:
        """Where the word's last token stands in every input, under the name `"word"`."""
        return {"word": self.word_positions}

    @property
    def shared_tokens(self) -> tuple[tuple[str, ...], ...]:
        """Words that end in the same token, where their states are read: alike in any model, an untrained one too."""
        return sharing_last_token(self.words, self.inputs, self.word_positions)

    def fitted(self, d_vocab: int) -> Words:
        """The same texts for a model of `d_vocab` tokens; `BadArgument` where they use tokens beyond."""
        size, other = super().fitted(d_vocab).d_vocab, copy.copy(self)
        other._d_vocab = other._given = size
        return other

    def spec(self) -> dict[str, Any]:
        """The words, their elements and every token: a tokenizer cannot be written down."""
        group = LINE if self.group is None else self.group.name
        if self.group is not None and not is_reference(self.group):
            group = {"name": group, "table": self.group.table.tolist()}  # type: ignore[assignment]
        return {
            "kind": "Words",
            "templates": list(self.templates),
            "words": list(self.words),
            "coordinate": self._coordinate.tolist(),
            "group": group,
            "d_vocab": self._given,
            "tokens": self._inputs.tolist(),
            "word_positions": self.word_positions.tolist(),
            "padded": self.padded,
        }


def _templates(given: Any) -> tuple[str, ...]:
    listed = [given] if isinstance(given, str) else list(given) if isinstance(given, Sequence) else []
    if not listed or not all(isinstance(each, str) and each.count(PLACE) == 1 for each in listed):
        raise BadArgument(f"templates is {described(given)}; {_TEMPLATES}, once in each.")
    return tuple(listed)


def _words(given: Any) -> tuple[str, ...]:
    listed = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
    if not listed or not all(isinstance(each, str) and each.strip() == each != "" for each in listed):
        raise BadArgument(f"words is {described(given)}; give a list of words, such as gl.tasks.WEEKDAYS.")
    if len(set(listed)) < len(listed):
        twice = next(each for each in listed if listed.count(each) > 1)
        raise BadArgument(f"words has {twice!r} more than once; name each word once.")
    return tuple(listed)


def _coordinate(given: Any, group: Any, count: int) -> tuple[FiniteGroup | None, Int[Tensor, "word"]]:
    """The group, none of a line, and the element or number of every word."""
    if given is not None and group is None:
        raise BadArgument(
            "A coordinate of your own is of a group; say which, such as group='C10', or group='line' for numbers."
        )
    listed = [given(place) for place in range(count)] if callable(given) else given
    found = torch.arange(count) if listed is None else integers("coordinate", listed, 1, "[0, 1, 2]")
    if len(found) != count:
        raise BadArgument(f"coordinate has {len(found)} elements for {count} words; give one for each.")
    if isinstance(group, str) and group == LINE:
        return None, found
    own = as_group(f"C{count}" if group is None else group)
    if not 0 <= int(found.min()) <= int(found.max()) < own.order:
        raise BadArgument(
            f"The words' elements run from {int(found.min())} to {int(found.max())}, and {own.name} has the elements 0 "
            f"to {own.order - 1}; give elements of it, or the group that these are of."
        )
    return own, found


def _placed(tokenizer: Any, template: str, word: str, special_tokens: bool) -> Placed:
    start = template.index(PLACE)
    return placed(tokenizer, template.replace(PLACE, word), start, start + len(word), special_tokens)


def _check_single(task: Words, texts: list[Placed], several_tokens: str) -> None:
    several = [place for place, each in enumerate(texts) if each.last > each.first]
    if several and several_tokens == "refuse":
        each, word = texts[several[0]], task.words[several[0] % len(task.words)]
        raise BadArgument(
            f"{word!r} is {each.last - each.first + 1} tokens in {task.templates[several[0] // len(task.words)]!r}; "
            "several_tokens='last' reads it at its last one, where the model has read all of it."
        )


def _told(tokens: Any, word_positions: Any) -> Any:
    if tokens is None or word_positions is None:
        raise BadArgument(
            "Words are found in texts with the model's tokenizer; give it: gl.tasks.Words(templates, words, tokenizer)."
        )
    return tokens
