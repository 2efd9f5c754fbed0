"""Labels above bars that stand beside each other where they would lie over each other, on a telephone too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import fmean

from groklens.views.drawing.axes import CHARACTER, PHONE

#: A space as wide as a digit; beside a word, whose middle stands above its bar, it moves the word by half of that.
_SPACE = "\u2007"
#: Pixels between two labels.
_BETWEEN = 4.0


def apart(words: Sequence[str]) -> list[str]:
    """The label of each bar, "" for none, moved by spaces away from those of near bars, and from near bars themselves.

    Bars move with a slider, so that labels keep apart whatever the bars' heights are.

    >>> [word.replace("\u2007", "_") for word in apart(["1", "2", *[""] * 98])[:2]]
    ['1_', '_2']
    """
    pitch, moved = PHONE / max(len(words), 1), list(words)
    labelled = {bar: bar * pitch for bar, word in enumerate(words) if word}
    places = _spread(list(labelled.values()), [CHARACTER * len(words[bar]) + _BETWEEN for bar in labelled])
    for (bar, own), place in zip(labelled.items(), places, strict=True):
        spaces = _SPACE * round(2 * abs(place - own) / CHARACTER)
        moved[bar] = words[bar] + spaces if place < own else spaces + words[bar]
    return moved


def _spread(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The places nearest to those wanted, in least squares, at which boxes of these widths lie beside each other."""
    offsets = list(accumulate(((a + b) / 2 for a, b in pairwise(widths)), initial=0.0))
    touching: list[list[float]] = []
    for place, offset in zip(wanted, offsets, strict=False):
        touching.append([place - offset])
        while len(touching) > 1 and fmean(touching[-2]) > fmean(touching[-1]):
            touching[-2:] = [touching[-2] + touching[-1]]
    places = [fmean(each) for each in touching for _ in each]
    return [place + offset for place, offset in zip(places, offsets, strict=False)]
