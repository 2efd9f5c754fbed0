"""Measures of two languages that a model speaks: accuracy by concept and by language, and how its embeddings align.

Each has a control of its own, `shuffled=True`: the mean over dictionaries that pair the words of A with those of B at
random, for which a model that knows what words of B mean is no better than by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from groklens.claims import DRAWS
from groklens.errors import BadArgument
from groklens.hypotheses import Circuit
from groklens.measures.family import Family
from groklens.measures.measure import About
from groklens.snapshots import Snapshot
from groklens.tasks import SPOKEN, TwoLanguages
from groklens.value_checks import choice, flag_fields

_OURS = "two vocabularies for one arithmetic: a set-up of ours after K et al. 2020, arXiv:1912.07840"
#: What a measure may be asked of.
_CHOICES = {"spoken": SPOKEN, "answer": ("A", "B")}
#: What each number of A is called in B: number k by the word of B in place k.
Dictionary = Int[Tensor, "number"]


class _ByDictionary:
    """A measure by a dictionary: the true one, or with `shuffled` the mean over random ones, of a fixed seed."""

    shuffled: bool = False
    _about: About

    @property
    def about(self) -> About:
        """What the numbers are, with the fields that tell them from others of the family."""
        spoken, answer = getattr(self, "spoken", ""), getattr(self, "answer", "")
        said = [self._about.long_name]
        if spoken:
            said.append(f"sums in {spoken[0] if spoken in ('AA', 'BB') else spoken}")
        if answer:
            said.append(f"answered in {answer}")
        if self.shuffled:
            said.append("shuffled dictionary")
        return replace(self._about, long_name=", ".join(said))

    def __post_init__(self) -> None:
        """Refuse what is no language, no way to speak, or no flag."""
        for name in self.__dataclass_fields__:  # type: ignore[attr-defined]
            if name in _CHOICES:
                choice(name, getattr(self, name), _CHOICES[name])
            else:
                flag_fields(self, name)

    def by(self, snapshot: Snapshot, dictionary: Dictionary) -> float:
        """The measure where this dictionary says what words of B mean."""
        raise NotImplementedError

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> float:
        """The number, by the true dictionary or the mean over shuffled ones."""
        del circuit
        dictionaries = self._dictionaries(languages_of(snapshot).p)
        return sum(self.by(snapshot, each) for each in dictionaries) / len(dictionaries)

    def _dictionaries(self, p: int) -> list[Dictionary]:
        if not self.shuffled:
            return [torch.arange(p)]
        generator = torch.Generator().manual_seed(0)
        return [torch.randperm(p, generator=generator) for _ in range(DRAWS)]


class _OfSums(_ByDictionary):
    """A measure of sums spoken in given languages: those that are test inputs, where the split is known."""

    spoken: str = "BB"

    def asked(self, snapshot: Snapshot) -> Int[Tensor, "input"]:
        """Which inputs are looked at; `BadArgument` where every one of them was taught."""
        rows, test = languages_of(snapshot).rows("sum", self.spoken), snapshot.test_index
        kept = rows if test is None else rows[torch.isin(rows, test)]
        if not len(kept):
            raise BadArgument(
                f"Every sum spoken {self.spoken!r} was taught; choose others, such as spoken='BB'."
            )
        return kept

    def is_number(self, snapshot: Snapshot, dictionary: Dictionary, said: Tensor) -> Bool[Tensor, "input"]:
        """Whether words, one for each sum that is asked, are the number that it comes to."""
        p = languages_of(snapshot).p
        number = torch.cat([torch.arange(p), dictionary.argsort()])  # of every word of A and of B
        operands = number[snapshot.task.inputs[self.asked(snapshot), :2]]
        return number[said] == operands.sum(dim=1) % p


@dataclass(frozen=True)
class ConceptAccuracy(_OfSums, Family):
    """Share of sums answered with the correct number, in whichever language, in [0, 1].

    Of the test sums spoken in these languages (`"BB"`: both words are of B). 1 where the sum is known whatever it is
    called, 1/p by chance. See `LanguageAccuracy` for the language of the answer.

    >>> ConceptAccuracy(spoken="AB").__name__
    'concept_accuracy_spoken_AB'
    """

    spoken: str = "BB"
    shuffled: bool = False
    _about = About("concept accuracy", "accuracy", (0, 1), _OURS, "all", ("languages",))

    def by(self, snapshot: Snapshot, dictionary: Dictionary) -> float:
        """The share for this dictionary."""
        said = snapshot.logits[self.asked(snapshot)].argmax(dim=1)
        return float(self.is_number(snapshot, dictionary, said).double().mean())


@dataclass(frozen=True)
class LanguageAccuracy(_OfSums, Family):
    """Share of test sums answered with the correct number in one language, `answer`, in [0, 1].

    Of the sums spoken so, also `spoken="AA"`, it looks at those alone that were not trained on, where the split is
    known. Over both languages it adds up to `ConceptAccuracy`. With `within`, the largest logit among the words of
    that language alone is the answer: what the model would say if it spoke it. 1 for all, 1/p (within) by chance.
    """

    spoken: str = "BB"
    answer: str = "B"
    within: bool = False
    shuffled: bool = False
    _about = About("correct number", "accuracy", (0, 1), _OURS, "all", ("languages",))

    def by(self, snapshot: Snapshot, dictionary: Dictionary) -> float:
        """The share for this dictionary."""
        words, logits = _words(snapshot, self.answer), snapshot.logits[self.asked(snapshot)]
        said = words[logits[:, words].argmax(dim=1)]
        correct = self.is_number(snapshot, dictionary, said)
        spoken = torch.ones_like(correct) if self.within else said == logits.argmax(dim=1)
        return float((correct & spoken).double().mean())


@dataclass(frozen=True)
class LanguageShare(_OfSums, Family):
    """Probability that a sum is answered in one language, `answer`, whatever the word, in [0, 1]; its mean over sums.

    1 where only words of that language are expected, 0 where none is. No dictionary matters.
    """

    spoken: str = "BB"
    answer: str = "B"
    _about = About("probability of the language", "probability", (0, 1), _OURS, "all", ("languages",))

    def by(self, snapshot: Snapshot, dictionary: Dictionary) -> float:
        """The mean probability."""
        del dictionary
        likely = snapshot.logits[self.asked(snapshot)].double().softmax(dim=1)
        return float(likely[:, _words(snapshot, self.answer)].sum(dim=1).mean())


@dataclass(frozen=True)
class EmbeddingCKA(_ByDictionary, Family):
    """Linear CKA of the embeddings of the two vocabularies, word by word, in [0, 1] (Kornblith et al. 2019).

    1 where they are the same up to rotation and one scale, which says nothing of whether they are in the same place.
    Few words in many dimensions are alike by chance: with `shuffled`, how much.
    """

    shuffled: bool = False
    _about = About(
        "linear CKA of the embeddings",
        "CKA",
        (0, 1),
        "Kornblith et al. 2019, arXiv:1905.00414, equation 4 and section 3",
        "weights",
        ("languages", "embedding"),
    )

    def by(self, snapshot: Snapshot, dictionary: Dictionary) -> float:
        """The CKA where this dictionary pairs the words."""
        first, second = (each - each.mean(dim=0) for each in _embeddings(snapshot, dictionary))
        scale = (first.T @ first).norm() * (second.T @ second).norm()
        return min(1.0, float((first.T @ second).square().sum() / scale)) if scale > 0 else 0.0


@dataclass(frozen=True)
class WordTranslation(_ByDictionary, Family):
    """Share of words whose nearest word of the other language, by the cosine of embeddings, is their translation.

    The mean of both directions, in [0, 1], of embeddings less their language's mean. 1 where the vocabularies lie on
    each other, 1/p by chance: so does a rotated copy, whose CKA is 1.
    """

    shuffled: bool = False
    _about = About(
        "nearest-neighbour translation",
        "share of words",
        (0, 1),
        "Conneau et al. 2018, arXiv:1710.04087, section 2.3 (by cosine, without their correction for hubs)",
        "weights",
        ("languages", "embedding"),
    )

    def by(self, snapshot: Snapshot, dictionary: Dictionary) -> float:
        """The share where this dictionary says what is a translation."""
        first, second = (
            torch.nn.functional.normalize(each - each.mean(dim=0), dim=1)
            for each in _embeddings(snapshot, dictionary)
        )
        cosines, own = first @ second.T, torch.arange(len(first))
        both = [(cosines.argmax(dim=axis) == own).double().mean() for axis in (0, 1)]
        return float(sum(both) / 2)


def languages_of(snapshot: Snapshot) -> TwoLanguages:
    """The task of two languages that a snapshot is of."""
    return cast(TwoLanguages, snapshot.task)


def _words(snapshot: Snapshot, language: str) -> Int[Tensor, "number"]:
    return languages_of(snapshot).words["AB".index(language)]


def _embeddings(snapshot: Snapshot, dictionary: Dictionary) -> tuple[Float[Tensor, "number d_model"], ...]:
    """The embeddings of the words of A, and of what the dictionary calls them in B; float64."""
    first, second = languages_of(snapshot).words
    table = snapshot.weights["W_E"].double()
    return table[first], table[second[dictionary]]
