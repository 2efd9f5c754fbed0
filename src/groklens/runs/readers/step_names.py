"""Recognising step numbers in the names of files and of entries."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Words that count updates, and words that count passes over the data; the first are believed before the second.
_UPDATES = r"global[-_ ]?steps?|steps?|iterations?|iters?|updates?|checkpoints?|ckpts?"
_EPOCHS = r"epochs?"
#: Two letters are a word only where no letter stands before them: "unit3" counts nothing.
_SHORT = r"(?<![A-Za-z])(?:it|ep)"
#: A whole number: no part of 0.25, of 1e-3, of 10k or of v2b.
_NUMBER = r"(?<![\d.])(\d+)(?!\d|\.\d|[A-Za-z])"
#: What Python writes for a number by thousands (f"{step:_}"), and others for two numbers.
_TWO_WAYS = re.compile(r"(?<!\d)[1-9]\d{0,2}(?:_\d{3})+(?![\dA-Za-z])")
#: A number that was measured at a step: val_loss=2.31, acc0.97.
_MEASURED = re.compile(
    r"(?:(?:val|valid|train|test|dev)[-_]?)?(?:loss|acc|accuracy|err|error|ppl|perplexity|f1|score)[-_=]?\d+\.\d+",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"(?:({_UPDATES}|{_SHORT})|({_EPOCHS}))[-_= ]?{_NUMBER}", re.IGNORECASE)
_ALONE = re.compile(r"(?:^|/)(\d+)(?=/|\.(?:pt|pth|ckpt|bin|tar|safetensors|npz)$|$)")
#: Where a name is no more than what every model is called, and a number: model_100.pt.
_OF_A_MODEL = re.compile(
    r"(?:^|/)(?:model|net|network|weights|state|params|snapshot)[-_.](\d+)(?=/|\.(?:pt|pth|ckpt|bin|tar|safetensors|npz)$|$)",
    re.IGNORECASE,
)
#: Before such a word they say how many there were to be: n_steps100, max-epochs=50.
_TOTAL = re.compile(r"(?<![a-z])(n|num|max|total|warmup|every|per|eval|log|save)[-_ ]?$", re.IGNORECASE)
_MOST_DIGITS = 18


def counted_in(name: str) -> tuple[str, list[int]]:
    """A name with a star for each step number, and those numbers, updates first.

    >>> counted_in("run3_epoch=2-step=400.ckpt")
    ('run3_epoch=*-step=*.ckpt', [400, 2])
    >>> counted_in("model_lr0.1_wd1e-3_v2.pt")
    ('model_lr0.1_wd1e-3_v2.pt', [])
    """
    name = _MEASURED.sub(_hidden, name)
    found = sorted(_found(name))
    kind = name
    for _, _, start, end in sorted(found, key=lambda place: -place[2]):
        kind = f"{kind[:start]}*{kind[end:]}"
    return kind, [number for _, number, _, _ in found]


def in_epochs(name: str, step: int) -> bool:
    """Whether a name counts epochs to this number, and not updates.

    >>> in_epochs("epoch_050.pt", 50), in_epochs("ep7.pt", 7), in_epochs("epoch=2-step=400.ckpt", 400)
    (True, True, False)
    """
    words = [word for word in _COUNTED.finditer(name) if int(word[3]) == step]
    return bool(words) and all(word[2] or word[1].lower() == "ep" for word in words)


def two_ways(name: str) -> str | None:
    """The part of a name that is one number by thousands or two numbers, where it follows a word that counts.

    >>> two_ways("step_1_000.pt"), two_ways("step1_000.pt"), two_ways("step_100_seed_300.pt")
    ('1_000', '1_000', None)
    >>> two_ways("step_1000_000.pt") is None
    True
    """
    counted = {match.start(3) for match in _COUNTED.finditer(name)}
    return next((found[0] for found in _TWO_WAYS.finditer(name) if found.start() in counted), None)


def _hidden(match: re.Match[str]) -> str:
    """What was measured, without digits and in a form of its own: names that differ in it alone are of one kind."""
    return re.sub(r"\d+\.\d+$", "#", match[0])


def _found(name: str) -> Iterator[tuple[int, int, int, int]]:
    """Each step number in a name: its rank, its value, its position."""
    for match in _COUNTED.finditer(name):
        group = 3
        if not _TOTAL.search(name[: match.start()]) and len(match[group]) <= _MOST_DIGITS:
            yield (0 if match[1] else 2), int(match[group]), match.start(group), match.end(group)
    for rank, pattern in ((1, _ALONE), (3, _OF_A_MODEL)):
        for match in pattern.finditer(name):
            if len(match[1]) <= _MOST_DIGITS:
                yield rank, int(match[1]), match.start(1), match.end(1)
