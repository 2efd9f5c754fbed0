"""What `circle` draws: words in their own plane, and in that of the best other order."""

import numpy as np
import pytest
import xarray as xr

from groklens.tasks import COMPASS, WEEKDAYS
from groklens.views import circle


def planes(words=WEEKDAYS, closed=1):
    n = len(words)
    turn = 2 * np.pi * np.arange(n) / n
    own = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    other = [words[place] for place in (0, 2, 1, *range(3, n))]
    columns = {
        "point": (("order", "position", "axis"), np.stack([own, 0.5 * own])),
        "word": (("order", "position"), [list(words), other]),
        "share": ("order", [0.52, 0.41]),
    }
    said = {"task": "seven words", "layer": 4, "frequency": 1, "orders_above": 2, "orders": 360}
    said |= {"closing": 0.42, "neighbours": 0.33, "open_line": 0.47, "closed": closed}
    coordinates = {"order": ["own", "best other"], "axis": ["cosine", "sine"]}
    return xr.Dataset(columns, coords=coordinates, attrs={**said, "median_of_orders": 0.33})


def test_points_are_those_of_the_table_and_closed():
    figure = circle(planes())
    assert len(figure.data) == 2
    for trace, radius in zip(figure.data, (1.0, 0.5), strict=True):
        np.testing.assert_allclose(np.hypot(trace.x, trace.y), radius, rtol=1e-6)
        assert (trace.x[0], trace.y[0]) == (trace.x[-1], trace.y[-1])
    assert list(figure.data[0].customdata[:7]) == list(WEEKDAYS)
    assert figure.data[1].customdata[1] == "Wednesday"
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range


def test_words_stand_outside_the_circle_and_are_shortened_where_they_can_be():
    figure = circle(planes())
    assert list(figure.data[0].text[:3]) == ["Mon", "Tue", "Wed"]
    assert figure.data[0].textposition[0] == "middle right"
    assert circle(planes(COMPASS)).data[0].textposition[:3] == ("middle right", "top right", "top center")
    assert list(circle(planes(COMPASS)).data[0].text[:2]) == ["north", "northeast"]


def test_shares_and_counts_are_said():
    figure = circle(planes())
    assert [note.text for note in figure.layout.annotations] == [
        "own order: 0.52",
        "best other<br>order: 0.41",
    ]
    assert figure.text == (
        "States of seven words, at layer 4: in their own order 0.52 of the variance is in frequency 1, in the best "
        "other order 0.41, in the median one 0.33; 2 of 360 orders give as much or more. The own order closes, as a "
        "circle does: from the last to the first the squared distance is 0.42 of the mean of all pairs, between "
        "neighbours 0.33, and as many waves of a line hold 0.47 of the variance."
    )
    assert "The own order is not told from an open line: from the last" in circle(planes(closed=0)).text


@pytest.mark.slow
def test_the_still_picture_has_every_word():
    assert circle(planes()).png[:4] == b"\x89PNG"
