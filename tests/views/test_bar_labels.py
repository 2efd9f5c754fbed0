"""Labels above bars keep apart from each other and from taller neighbours."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import Opened, browser, needs_chromium
from groklens.views import spectrum
from groklens.views.drawing.bar_labels import apart
from groklens.views.renderers import chart, document
from synthetic import table

SPACE = "\u2007"


@pytest.mark.parametrize(
    ("labelled", "moved"),
    [
        ([], []),
        ([7, 30], ["7", "30"]),
        ([20, 21], ["20__", "__21"]),
        ([20, 21, 22], ["20____", "21", "____22"]),
        ([20, 23], ["20_", "_23"]),
        ([20, 24], ["20", "24"]),
    ],
)
def test_labels_of_neighbours_move_apart_and_others_stay(labelled, moved):
    words = [str(bar) if bar in labelled else "" for bar in range(56)]
    assert [word.replace(SPACE, "_") for word in apart(words) if word] == moved


def test_names_of_irreps_stay_above_their_bars_where_there_is_room():
    assert apart(["standard", "a5_3d_a", "", "a5_3d_b"]) == ["standard", "a5_3d_a", "", "a5_3d_b"]


_OVER_BARS = """() => Array.from(document.querySelectorAll(".js-plotly-plot")).map(function (chart) {
  const bars = Array.from(chart.querySelectorAll(".barlayer .point"));
  const ink = bars.map(bar => bar.querySelector("path").getBoundingClientRect());
  return bars.flatMap(function (bar, i) {
    const word = (bar.querySelector("text") || {}).firstChild;
    if (!word) return [];
    const shown = document.createRange(), start = word.data.length - word.data.trimStart().length;
    shown.setStart(word, start);
    shown.setEnd(word, start + word.data.trim().length);
    const box = shown.getBoundingClientRect();
    return ink.flatMap((other, j) => j !== i && other.height > 2 && Math.min(box.right, other.right) -
      Math.max(box.left, other.left) > 0.5 && Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 0.5
      ? [[word.data, j]] : []); }); })"""


HEIGHTS = [(0.9, 0.2), (0.2, 0.9), (0.5, 0.5)]


def _bars(heights, moved):
    found = table(steps=[15000])
    found["embedding_spectrum"][-1] = 0.001
    for component, height in zip((20, 21), heights, strict=True):
        found["embedding_spectrum"].loc[{"component": component}] = height
    view = spectrum(found, highlight=[7, 20, 21, 42])
    if not moved:
        view.data[0].text = [text.strip() for text in view.data[0].text]
    return chart(view.spec, view.text)


@needs_chromium
def test_a_label_lies_over_no_other_and_over_no_bar(tmp_path):
    """Frequencies 20 and 21 of `mod113`: 21 was printed over the bar of 20, as the last three still are."""
    path = tmp_path / "bars.html"
    bars = [_bars(heights, moved) for moved in (True, False) for heights in HEIGHTS]
    path.write_text(document("bars", "".join(bars)), "utf-8")
    with browser() as chromium:
        seen = Opened(chromium, path, width=390)
        seen.drawn(6)
        for width in (390, 700, 1280):
            seen.resize(width)
            assert [seen.overlapping(place) for place in range(3)] == [[], [], []]
            lying = seen.page.evaluate(_OVER_BARS)
            assert lying[:3] == [[], [], []]
            if width == 390:
                assert [bool(each) for each in lying[3:]] == [True, True, False]
                assert seen.overlapping(5) == [["20", "21"]]
        seen.close()
