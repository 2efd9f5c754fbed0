"""Colours for components, curves and phases, distinct for colour-blind readers on white and near-black.

`tests/views/test_palette.py` measures both: the distances of all pairs as people with each of the three colour
blindnesses see them, and the contrast with both grounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groklens.harmonics import ComponentName

#: Okabe and Ito's hues, moved no further than the distances and contrasts of the test ask for.
HUES = ("#3465EA", "#E06711", "#0F8864", "#B253A1", "#B08D50", "#3A9DD7", "#7661C9", "#895836")
#: Whatever is not singled out.
OTHER = "#8B929C"
#: Text in charts, where the page has not chosen a colour for its own background.
INK = "#7A828C"
GRID = "rgba(128,136,146,0.22)"
AXIS = "rgba(128,136,146,0.55)"

VERDICTS = {"supported": "#128057", "refuted": "#C24E00", "undecided": "#77705C"}
_BANDS = (HUES[0], HUES[4], HUES[2], HUES[6])
_CURVES = {"train": HUES[0], "test": HUES[1], "restricted": HUES[2], "excluded": HUES[3]}


def component_colours(components: Sequence[ComponentName]) -> dict[ComponentName, str]:
    """One colour per component, the same in all pictures of the same components."""
    return {name: HUES[i % len(HUES)] for i, name in enumerate(components)}


def curve_colours(names: Sequence[str]) -> list[str]:
    """Colours for the curves of a panel, by the beginning of the variables' names, each used once."""
    chosen: list[str] = []
    for name in names:
        free = [hue for hue in HUES if hue not in chosen] or list(HUES)
        usual = _CURVES.get(name.split("_")[0], "")
        chosen.append(usual if usual in free else free[0])
    return chosen


def band_colour(place: int) -> str:
    """The colour of a phase by its position in the list."""
    return _BANDS[place % len(_BANDS)]


def faded(colour: str, opacity: float) -> str:
    """A #rrggbb colour with the given opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"
