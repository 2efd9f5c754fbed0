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
_COUNTED = re.compile(rf"(?:({_UPDATES}|{_SHORT})|({_EPOCHS}))[-_= ]?{_NUMBER}", re.IGNORECASE)
_ALONE = re.compile(r"(?:^|/)(\d+)(?=/|\.(?:pt|pth|ckpt|bin|tar|safetensors|npz)$|$)")
#: Where a name is no more than what every model is called, and a number: model_100.pt.
_OF_A_MODEL = re.compile(
    r"(?:^|/)(?:model|net|network|weights|state|params|snapshot)[-_](\d+)(?=/|\.(?:pt|pth|ckpt|bin|tar|safetensors|npz)$|$)",
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
    found = sorted(_found(name))
    kind = name
    for _, _, start, end in sorted(found, key=lambda place: -place[2]):
        kind = f"{kind[:start]}*{kind[end:]}"
    return kind, [number for _, number, _, _ in found]


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
