"""What `curves` draws."""

import numpy as np
import pytest

from groklens.errors import BadArgument, UnknownName
from groklens.views import curves
from synthetic import STEPS, phases, table


def _bands(figure):
    return {shape.name: (shape.x0, shape.x1) for shape in figure.layout.shapes if shape.type == "rect"}


def test_every_kept_step_is_drawn_at_its_value():
    found = table()
    line = curves(found, ["test_loss"]).data[0]
    np.testing.assert_array_equal(line.y, found["test_loss"].values)
    np.testing.assert_array_equal(line.customdata, STEPS)
    assert list(line.x[1:]) == STEPS[1:]


def test_step_zero_stands_apart_and_is_labelled():
    figure = curves(table(), ["test_loss"])
    axis, x = figure.layout.xaxis, figure.data[0].x
    assert axis.type == "log"
    assert (axis.tickvals[0], axis.ticktext[0]) == (x[0], "0")
    assert axis.ticktext[-1] == "10,000"
    assert axis.range[0] < np.log10(x[0]) < np.log10(STEPS[1])


def test_few_steps_are_named_by_themselves_and_step_zero_is_on_no_tick():
    """Steps 0, 200, 300: half of 200 is 100, which once was the tick that step 0 stood on."""
    figure = curves(table(steps=[0, 200, 300]), ["test_loss"])
    assert list(figure.layout.xaxis.ticktext) == ["0", "200", "300"]
    assert figure.data[0].x[0] < 200 == figure.data[0].x[1]


def test_linear_steps_are_where_they_are():
    figure = curves(table(), ["test_loss"], phases(), log_steps=False)
    assert list(figure.data[0].x) == STEPS
    assert figure.layout.xaxis.type is None
    assert _bands(figure)["cleanup"] == (6000, 10000)


def test_phases_are_shaded_between_the_steps_at_which_they_are_seen():
    figure = curves(table(), ["train_loss", "train_accuracy"], phases())
    start = figure.data[0].x[0]
    assert _bands(figure) == {
        "memorisation": (start, 300),
        "circuit formation": (300, 6000),
        "cleanup": (6000, 10000),
    }
    assert [note.text.split("</span> ")[1] for note in figure.layout.annotations] == list(_bands(figure))
    # On a log axis plotly takes an annotation's exponent.
    assert figure.layout.annotations[1].x == pytest.approx(np.log10(300))


def test_a_phase_without_end_reaches_the_last_step_and_one_that_never_began_is_left_out():
    unfinished = phases(formation=((200, 300), None), cleanup=(None, None))
    figure = curves(table(), ["test_loss"], unfinished)
    start = figure.data[0].x[0]
    assert _bands(figure) == {"memorisation": (start, 300), "circuit formation": (300, 15000)}


def test_axis_titles_come_from_the_attributes():
    found = table()
    found["gini_embedding"].attrs.update(long_name="narrowness", units="furlongs")
    found["step"].attrs.update(long_name="update", units="thousands")
    layout = curves(found, ["gini_embedding", "train_loss", "test_loss"]).layout
    assert layout.yaxis.title.text == "narrowness (furlongs)"
    assert layout.yaxis2.title.text == "loss on inputs (nats)"
    assert layout.xaxis2.title.text == "update (thousands)"


def test_a_shared_title_is_not_said_twice():
    found = table()
    for name in ("train_accuracy", "test_accuracy"):
        found[name].attrs["units"] = "accuracy"
    for name, what in (("gini_embedding", "embedding"), ("gini_neuron_logit", "map")):
        found[name].attrs.update(long_name=f"narrowness of the {what}", units="nepers")
    layout = curves(found, ["train_accuracy", "test_accuracy", "gini_embedding", "gini_neuron_logit"]).layout
    assert layout.yaxis.title.text == "accuracy"
    assert layout.yaxis2.title.text == "narrowness (nepers)"


def test_curves_of_one_panel_differ_in_colour():
    found = table()
    found["restricted_loss_train"] = found["restricted_loss"]
    figure = curves(found, ["train_loss", "test_loss", "restricted_loss", "restricted_loss_train"])
    assert len({trace.yaxis for trace in figure.data}) == 1
    assert len({trace.line.color for trace in figure.data}) == 4


def test_long_titles_are_broken_and_text_is_not_markup():
    found = table()
    found["gini_embedding"].attrs.update(
        long_name="a <b>very</b> long name that has no end in sight", units=""
    )
    text = curves(found, ["gini_embedding"]).layout.yaxis.title.text
    assert "&lt;b&gt;" in text
    assert "<br>" in text


def test_panels_are_by_units_and_losses_are_logarithmic():
    figure = curves(table())
    names = {trace.name: trace.yaxis for trace in figure.data}
    assert names["loss on training inputs"] == names["loss on test inputs"]
    assert names["loss on training inputs"] != names["accuracy on training inputs"]
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis2.type != "log"
    assert figure.layout.yaxis2.range[0] < 0 < 1 < figure.layout.yaxis2.range[1]


def test_losses_that_hardly_differ_have_numbers_beside_their_axis():
    """Of a language model's loss, from 4.6 to 1.9 nats, a log scale labelled 2 alone."""
    for largest, kind in ((2.0, None), (4.9, None), (5.1, "log"), (100.0, "log")):
        assert _scaled(np.linspace(1.0, largest, len(STEPS)), (0, np.inf), "my_loss").type == kind


def test_below_one_curve_a_panel_there_is_no_room_for_a_legend():
    found = table()
    one, two = curves(found, ["train_loss"]), curves(found, ["train_loss", "test_loss"])
    assert two.layout.height - one.layout.height == two.layout.margin.b - one.layout.margin.b == 50


def test_all_scalars_are_drawn_when_none_are_named():
    found = table()
    scalars = [name for name in found.data_vars if found[name].dims == ("step",)]
    assert len(curves(found).data) == len(scalars)


def test_an_absent_variable_is_an_unknown_name():
    with pytest.raises(UnknownName, match=r"no 'restricted_loss'; it has train_loss"):
        curves(table(circuit=False), ["restricted_loss"])


def test_a_variable_that_was_left_out_is_missed_with_the_reason():
    found = table(circuit=False)
    found.attrs["left_out"] = '{"restricted_loss": ["circuit"]}'
    with pytest.raises(UnknownName, match=r"no 'restricted_loss'; this run lacks what it needs: circuit"):
        curves(found, ["restricted_loss"])


def test_a_variable_by_component_is_refused_with_the_view_to_use():
    with pytest.raises(BadArgument, match=r"gl\.views\.spectrum"):
        curves(table(), ["embedding_spectrum"])


def test_nothing_to_draw_is_refused():
    with pytest.raises(BadArgument, match="no variable to draw"):
        curves(table()[["embedding_spectrum"]])


def test_a_table_of_several_runs_is_refused_and_of_one_is_drawn():
    found = table()[["test_loss"]].expand_dims(run=["x"])
    assert len(curves(found, ["test_loss"]).data) == 1
    import xarray as xr

    with pytest.raises(BadArgument, match="2 runs"):
        curves(xr.concat([found, found], "run"), ["test_loss"])


def test_a_single_step_is_a_dot():
    figure = curves(table(steps=[15000]), ["test_loss"])
    assert list(figure.data[0].x) == [15000]
    assert "markers" in figure.data[0].mode


def _scaled(values, ends, name="mine"):
    found = table()
    found[name] = ("step", values, {"long_name": name, "units": "x", "valid_range": list(ends)})
    return curves(found, [name]).layout.yaxis


RISING = np.linspace(3.0, 30.0, len(STEPS))


def test_a_valid_range_far_wider_than_the_data_is_not_the_axis():
    """The example of `gl.measures.measure` declares ±10⁹ and stays at some dozens."""
    assert _scaled(RISING, (-1e9, 1e9)).range is None
    assert _scaled(RISING / 1000, (0, 1)).range is None
    assert _scaled(RISING, (0, 1e9)).rangemode == "tozero"
    assert _scaled(RISING + 1000, (0, 1e9)).rangemode == "normal"


@pytest.mark.parametrize(("ends", "shape"), [((0, 1), 1 / 30), ((-1, 1), -1 / 30), ((0, 100), 1)])
def test_a_valid_range_of_the_order_of_the_data_is_the_axis(ends, shape):
    low, high = _scaled(RISING * shape, ends).range
    assert low < ends[0] < ends[1] < high
    assert high - low < 1.2 * (ends[1] - ends[0])


def test_data_outside_their_valid_range_are_not_cut_off():
    assert _scaled(RISING, (0, 20)).range is None


def test_a_loss_below_zero_is_not_on_a_log_axis():
    assert _scaled(RISING, (0, np.inf), "my_loss").type == "log"
    assert _scaled(RISING - 10, (-np.inf, np.inf), "my_loss").type is None
