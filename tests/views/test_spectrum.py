"""What `spectrum` draws."""

import numpy as np
import pytest

from groklens.errors import BadArgument, UnknownName
from groklens.views import clusters, spectrum
from groklens.views.drawing.palette import OTHER
from synthetic import KEYS, STEPS, table


def test_the_slider_has_one_step_for_every_kept_step_and_stands_at_the_last():
    figure = spectrum(table())
    slider = figure.layout.sliders[0]
    assert [step.label for step in slider.steps] == [f"{step:,}" for step in STEPS]
    assert [step.args[0][0] for step in slider.steps] == [frame.name for frame in figure.frames]
    assert slider.active == len(STEPS) - 1


def test_frames_hold_the_values_of_the_table():
    found = table()
    figure = spectrum(found, "logit_similarity")
    for frame, row in zip(figure.frames, found["logit_similarity"].values, strict=True):
        np.testing.assert_array_equal(frame.data[0].y, row.astype(np.float32))
        assert list(frame.traces) == [0, 2]
        assert set(frame.data[1].y) == {frame.name}
    np.testing.assert_array_equal(figure.data[0].y, figure.frames[-1].data[0].y)
    np.testing.assert_array_equal(figure.data[1].z, found["logit_similarity"].values.astype(np.float32))


def test_the_circuit_is_coloured_and_labelled_and_nothing_else():
    bars = spectrum(table()).data[0]
    coloured = [name for name, colour in zip(bars.x, bars.marker.color, strict=True) if colour != OTHER]
    assert tuple(coloured) == KEYS
    assert [text.strip() for text in bars.text if text] == [str(key) for key in KEYS]


def test_without_a_circuit_nothing_is_coloured_unless_asked_for():
    found = table(circuit=False)
    assert set(spectrum(found).data[0].marker.color) == {OTHER}
    assert len(set(spectrum(found, highlight=[3]).data[0].marker.color)) == 2


def test_a_component_has_one_colour_in_every_view():
    found = table()
    bars = spectrum(found).data[0]
    by_spectrum = dict(zip(bars.x, bars.marker.color, strict=True))
    by_neurons = {trace.name: trace.marker.color for trace in clusters(found).data if trace.type == "scatter"}
    assert all(by_neurons[f"frequency {key}"] == by_spectrum[key] for key in KEYS)


def test_titles_come_from_the_attributes():
    found = table()
    found["component"].attrs.update(long_name="wave", units="turns")
    layout = spectrum(found).layout
    assert layout.yaxis.title.text.replace("<br>", " ") == "share of the embedding's power (share)"
    assert layout.xaxis2.title.text == "wave (turns)"
    assert layout.yaxis2.title.text == "training step (updates)"


def test_one_step_has_no_slider():
    figure = spectrum(table(steps=[15000]))
    assert not figure.frames
    assert not figure.layout.sliders
    assert len(figure.data) == 1
    assert figure.layout.xaxis.title.text == "frequency"


def test_irreps_are_categories():
    figure = spectrum(table(components=("sgn", "std", "V"), keys=("std",), neurons=9))
    assert figure.layout.xaxis.type == "category"
    assert list(figure.data[0].x) == ["sgn", "std", "V"]


def test_negative_values_stay_in_the_picture():
    found = table()
    found["logit_similarity"][3, 4] = -0.5
    assert spectrum(found, "logit_similarity").layout.yaxis.range[0] < -0.5


def test_an_absent_spectrum_is_an_unknown_name_and_a_scalar_is_refused():
    with pytest.raises(UnknownName, match="embedding_spectrum"):
        spectrum(table().drop_vars("embedding_spectrum"))
    with pytest.raises(BadArgument, match=r"gl\.views\.curves"):
        spectrum(table(), "test_loss")
