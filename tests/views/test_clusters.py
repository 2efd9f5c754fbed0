"""What `clusters` draws."""

import numpy as np
import pytest

from groklens.errors import UnknownName
from groklens.views import clusters
from groklens.views.drawing.palette import HUES, OTHER
from synthetic import KEYS, STEPS, table


def test_neurons_stand_by_component_and_then_by_share_at_the_last_step():
    bars = clusters(table(neurons=64)).data[0]
    colours = np.asarray(bars.marker.color)
    places = [[*HUES[: len(KEYS)], OTHER].index(colour) for colour in colours]
    assert (np.diff(places) >= 0).all()
    for hue in HUES[: len(KEYS)]:
        assert (np.diff(np.asarray(bars.y)[colours == hue]) <= 0).all()


def test_frames_hold_the_values_of_the_table_in_one_order():
    found = table(neurons=64)
    figure = clusters(found)
    assert len(figure.frames) == len(figure.layout.sliders[0].steps) == len(STEPS)
    order = [pair[0] for pair in figure.data[0].customdata]
    assert sorted(order) == list(range(64))
    for row, frame in enumerate(figure.frames):
        shown = found.isel(step=row, neuron=order)
        np.testing.assert_array_equal(frame.data[0].y, shown["neuron_explained"].values.astype(np.float32))
        assert [pair[1] for pair in frame.data[0].customdata] == shown["neuron_component"].values.tolist()


def test_colours_say_which_component():
    found = table(neurons=64)
    bars = clusters(found).data[0]
    for (_, component), colour in zip(bars.customdata, bars.marker.color, strict=True):
        assert colour == (HUES[KEYS.index(component)] if component in KEYS else OTHER)


def test_the_map_takes_a_byte_a_cell_and_tells_component_and_share():
    found = table(neurons=64)
    heat = clusters(found).data[1]
    z = np.asarray(heat.z)
    assert z.dtype == np.uint8
    order = [pair[0] for pair in clusters(found).data[0].customdata]
    levels = (heat.zmax + 1) // (len(KEYS) + 1)
    share = (z % levels) / (levels - 1)
    np.testing.assert_allclose(
        share, found["neuron_explained"].values[:, order], atol=0.5 / (levels - 1) + 1e-6
    )


def test_the_legend_names_components_and_the_axis_the_clusters():
    figure = clusters(table(neurons=64))
    names = [trace.name for trace in figure.data if trace.showlegend is not False and trace.type == "scatter"]
    assert names == [*(f"frequency {key}" for key in KEYS), "any other"]
    assert set(figure.layout.xaxis.ticktext) <= {str(key) for key in KEYS}


def test_many_components_in_colour_still_fit():
    found = table(neurons=64)
    figure = clusters(found, highlight=range(1, 57))
    assert set(figure.data[0].marker.color) <= {*HUES, OTHER}
    assert np.asarray(figure.data[1].z).max() <= figure.data[1].zmax


def test_irreps_dead_neurons_and_one_step():
    found = table(steps=[9], components=("sgn", "std"), keys=("std",), neurons=9)
    found["neuron_explained"][0, 0] = np.nan
    figure = clusters(found)
    assert not figure.frames
    assert not figure.layout.sliders
    assert figure.html
    assert "irrep %{customdata[1]}" in figure.data[0].hovertemplate
    assert "frequency %{customdata[1]}" in clusters(table(neurons=9)).data[0].hovertemplate


def test_an_absent_variable_is_an_unknown_name():
    with pytest.raises(UnknownName, match="neuron_explained"):
        clusters(table().drop_vars("neuron_explained"))
