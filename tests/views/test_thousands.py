"""Numbers beside linear axes have separators, on the page and on stills, as those that we label on log axes."""

import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.figure import Figure as Canvas

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import Opened, browser, needs_chromium
from groklens.views import Figure
from groklens.views.drawing.axes import axis, layout
from groklens.views.renderers.still_picture import _finish


def chart(largest):
    figure = go.Figure()
    figure.add_scatter(x=np.linspace(0, largest, 5), y=np.linspace(0, 4_000, 5))
    figure.update_layout(layout(300))
    figure.update_xaxes(axis("step"))
    figure.update_yaxes(axis("loss"))
    return Figure(figure, "A line.")


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@needs_chromium
@pytest.mark.parametrize(
    ("largest", "labels"),
    [
        (40_000, ["0", "10,000", "20,000", "30,000", "40,000"]),
        (400_000, ["0", "100,000", "200,000", "300,000", "400,000"]),
        (0.4, ["0", "0.1", "0.2", "0.3", "0.4"]),
    ],
)
def test_on_the_page(chromium, tmp_path, largest, labels):
    seen = Opened(chromium, chart(largest).save(tmp_path / "chart.html"))
    seen.drawn(1)
    assert set(labels) <= set(seen.page.locator(".xtick text").all_text_contents())
    assert "3,000" in seen.page.locator(".ytick text").all_text_contents()
    seen.close()


@pytest.mark.parametrize("largest", [40_000.0, 0.4])
def test_on_stills(largest):
    figure = chart(largest).plotly
    place = Canvas().add_subplot()
    place.plot(figure.data[0].x, figure.data[0].y)
    _finish(place, figure, ("x", "y"))
    place.figure.draw_without_rendering()
    across, up = ([text.get_text() for text in each.get_ticklabels()] for each in (place.xaxis, place.yaxis))
    assert "3,000" in up
    assert ("30,000" if largest > 1 else "0.30") in across
    assert not [text for text in across + up if len(text.lstrip("\N{MINUS SIGN}")) > 3 and text.isdigit()]
