"""`gl.tasks.TwoLanguages`: one arithmetic with a vocabulary in each of two languages, its sums taught in one alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, described, is_number, whole_fields
from groklens.tasks.modular import ModularArithmetic
from groklens.tasks.task import Task, check_pairs
from groklens.value_checks import choice

DICTIONARIES, SWITCHED, ANSWERS = ("both", "none", "shuffled"), ("sum", "difference", "max"), ("A", "first")
#: Which language each operand of a sentence is said in.
SPOKEN = ("AA", "AB", "BA", "BB")
_SIGNS = ("+", "∘", "next", "translate")


@dataclass(frozen=True, eq=False, repr=False)
class TwoLanguages(Task):
    """Addition mod p with a vocabulary in each of two languages, A and B, of which sums are taught in A alone.

    Sentences are two words and what is asked of them. Taught besides sums: counting in each language
    (`3 4 next` → 5) and, by `dictionary`, the translation of every word: `"both"` ways, `"none"`, or `"shuffled"`,
    which pairs words at random (a control: it aligns the vocabularies wrongly). `train_fraction` of the pairs (a, b)
    are taught, chosen by the recipe's seed, and their sums are said in A. Of the same pairs `code_switching` is the
    share of the mixed sentences that are taught as well, one of the two words in B: contexts that the languages share;
    0 is the monolingual control. Mixed sums are answered in A, or with `answers="first"` in the language of their first
    word. No sum of two words of B is ever taught; all are test inputs, labelled in B.

    With `switched="difference"` (a−b mod p) or `"max"`, sums are taught in A alone; the other operation is taught in A
    and in B, and is mixed in place of sums: the languages share contexts, but not those of the sum. `seed` chooses
    which sentences are mixed, and the shuffled dictionary.

    An open experiment of ours, after K et al. 2020 (arXiv:1912.07840), who trained on a language and a fake copy of it.
    Raises `BadArgument` for a share outside [0, 1], a modulus below 3, or another name.

    >>> task = TwoLanguages(p=5, code_switching=0.5)
    >>> [task.token_names[token] for token in task.inputs[task.rows("sum", "BB")][7]]
    ['B1', 'B2', '+']
    >>> task.token_names[task.labels[task.rows("sum", "BB")][7]]
    'B3'
    """

    p: int = 23
    code_switching: float = 0.5
    dictionary: str = "both"
    switched: str = "sum"
    answers: str = "A"
    seed: int = 0

    def __post_init__(self) -> None:
        whole_fields(self, "p", least=3)
        whole_fields(self, "seed", least=0)
        choice("dictionary", self.dictionary, DICTIONARIES)
        choice("switched", self.switched, SWITCHED)
        choice("answers", self.answers, ANSWERS)
        if not is_number(self.code_switching) or not 0 <= self.code_switching <= 1:
            raise BadArgument(
                f"code_switching is {described(self.code_switching)}; give the share of the sentences that are mixed, "
                "in [0, 1], such as 0.5."
            )
        object.__setattr__(self, "code_switching", float(self.code_switching))  # 1 and 1.0: one specification
        check_pairs(self.name, 2 * self.p)

    @property
    def name(self) -> str:
        """The task's name, such as `a+b mod 23 in two languages, 50% of sums mixed`."""
        kind = {"both": "", "none": ", no dictionary", "shuffled": ", shuffled dictionary"}[self.dictionary]
        what = {"sum": "sums", "difference": "differences", "max": "maxima"}[self.switched]
        how = ", answered as begun" if self.answers == "first" else ""
        return (
            f"a+b mod {self.p} in two languages, {100 * self.code_switching:.3g}% of {what} mixed{how}{kind}"
        )

    @property
    def d_vocab(self) -> int:
        """The words of both languages, and four signs: "+", the other operation, "next" and "translate"."""
        return 2 * self.p + len(_SIGNS)

    @property
    def d_vocab_out(self) -> int:
        """The words of both languages; a word is answered by the class of its token."""
        return 2 * self.p

    @property
    def words(self) -> Int[Tensor, "language number"]:
        """The token, and class, of every number in each language (language × number): A's first, then B's."""
        return torch.arange(2 * self.p).view(2, self.p)

    @cached_property
    def translations(self) -> Int[Tensor, "number"]:
        """The number of B that the dictionary taught gives for each number of A: itself, unless it is shuffled."""
        if self.dictionary != "shuffled":
            return torch.arange(self.p)
        return torch.randperm(self.p, generator=self._generator(1))

    @property
    def token_names(self) -> list[str]:
        """Words by language and number, such as `B3`, then the signs."""
        words = [f"{language}{number}" for language in "AB" for number in range(self.p)]
        return [*words, "+", {"max": "max"}.get(self.switched, "−"), *_SIGNS[2:]]

    @cached_property
    def inputs(self) -> Int[Tensor, "input pos"]:
        """Every sentence: two words and what is asked of them, by the blocks that `rows` names."""
        return torch.cat([inputs for inputs, _ in self._blocks.values()])

    @cached_property
    def labels(self) -> Int[Tensor, "input"]:
        """The word that answers each sentence, as a class."""
        return torch.cat([labels for _, labels in self._blocks.values()])

    def rows(self, what: str, spoken: str) -> Int[Tensor, "input"]:
        """Which inputs ask `what` in words of these languages, such as `rows("sum", "BB")`.

        Sums, and the other operation if there is one, have a row for each pair in lexicographic order, spoken `"AA"`,
        `"AB"`, `"BA"` or `"BB"`; `"next"` and `"translate"` one for each number, in `"A"` or `"B"`. Raises
        `BadArgument` for what is not asked.

        >>> TwoLanguages(p=5).rows("sum", "AB")[:3].tolist()
        [25, 26, 27]
        """
        if (what, spoken) not in self._rows:
            raise BadArgument(
                f"{self.name} does not ask {described(what)} spoken {described(spoken)}; it asks "
                f"{', '.join(f'{what} in {spoken}' for what, spoken in self._rows)}."
            )
        return self._rows[what, spoken]

    @cached_property
    def kinds(self) -> dict[str, Int[Tensor, "input"]]:
        """Sums in A, mixed and in B, the other operation alike, counting and translating."""
        named = {"AA": "in A", "AB": "mixed", "BA": "mixed", "BB": "in B", "A": "in A", "B": "in B"}
        asked = {"sum": "sums", "difference": "differences", "max": "maxima", "next": "counting"}
        found: dict[str, list[Tensor]] = {}
        for (what, spoken), rows in self._rows.items():
            found.setdefault(f"{asked.get(what, 'translating')} {named[spoken]}", []).append(rows)
        return {name: torch.cat(rows) for name, rows in found.items()}

    def split(self, train_fraction: float, seed: int) -> tuple[Int[Tensor, "train"], Int[Tensor, "test"]]:
        """Indices of what is taught, and of all the rest: `train_fraction` of the pairs, counting, the dictionary.

        Sums of the pairs are said in A, and those sentences of the same pairs that are mixed; no sum is said in B.
        """
        pairs, _ = ModularArithmetic(self.p).split(train_fraction, seed)
        taught = [rows for (what, _), rows in self._rows.items() if what in ("next", "translate")]
        taught.append(self._rows["sum", "AA"][pairs])
        if self.switched != "sum":
            taught += [self._rows[self.switched, spoken][pairs] for spoken in ("AA", "BB")]
        taught.append(self._mixed(pairs))
        is_taught = torch.zeros(len(self.labels), dtype=torch.bool)
        is_taught[torch.cat(taught)] = True
        return torch.nonzero(is_taught)[:, 0], torch.nonzero(~is_taught)[:, 0]

    def _mixed(self, pairs: Int[Tensor, "pair"]) -> Int[Tensor, "mixed"]:
        """The mixed sentences of these pairs that are taught; those of a small share are among those of a larger."""
        possible = torch.cat([self._rows[self.switched, spoken][pairs] for spoken in ("AB", "BA")])
        rank = torch.cat([self._ranks[0, pairs], self._ranks[1, pairs]])
        return possible[rank.argsort()][: round(self.code_switching * len(possible))]

    @cached_property
    def _ranks(self) -> Int[Tensor, "way pair"]:
        """When each mixed sentence comes to be taught, as the share of those that are grows."""
        return torch.randperm(2 * self.p**2, generator=self._generator(2)).view(2, -1)

    def _generator(self, purpose: int) -> torch.Generator:
        """A generator that shares no draw with another purpose, nor with the split of an equal seed."""
        return torch.Generator().manual_seed((self.seed + 1) * 1_000_003 + purpose)

    @cached_property
    def _rows(self) -> dict[tuple[str, str], Int[Tensor, "input"]]:
        sizes = [len(labels) for _, labels in self._blocks.values()]
        return dict(zip(self._blocks, torch.arange(sum(sizes)).split(sizes), strict=True))

    @cached_property
    def _blocks(self) -> dict[tuple[str, str], tuple[Tensor, Tensor]]:
        """Sentences and their answers, by what is asked and the languages spoken."""
        return dict(self._each_block())

    def _each_block(self) -> Iterator[tuple[tuple[str, str], tuple[Tensor, Tensor]]]:
        p, numbers = self.p, torch.arange(self.p)
        a, b = torch.cartesian_prod(numbers, numbers).unbind(dim=1)
        results = {"sum": (a + b) % p, "difference": (a - b) % p, "max": torch.maximum(a, b)}
        for sign, what in enumerate(dict.fromkeys(("sum", self.switched))):
            for spoken in SPOKEN:
                first, second = (p * (each == "B") for each in spoken)
                answered = first if spoken != "BA" or self.answers == "first" else 0
                yield (what, spoken), (self._sentence(a + first, b + second, sign), results[what] + answered)
        for language, shift in (("A", 0), ("B", p)):
            following = (numbers + 1) % p + shift, (numbers + 2) % p + shift
            yield ("next", language), (self._sentence(numbers + shift, following[0], 2), following[1])
        if self.dictionary != "none":
            back = self.translations.argsort()
            for language, shift, other in (("A", 0, self.translations + p), ("B", p, back)):
                word = numbers + shift
                yield ("translate", language), (self._sentence(word, word, 3), other)

    def _sentence(self, first: Tensor, second: Tensor, sign: int) -> Int[Tensor, "input pos"]:
        return torch.stack([first, second, torch.full_like(first, 2 * self.p + sign)], dim=1)
