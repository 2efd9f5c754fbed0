"""What `skills` draws: a line for each skill with its numbers, the rarest the faintest, and the whole over them."""

import numpy as np
import pytest
import xarray as xr

import groklens as gl
from groklens.errors import BadArgument, UnknownName
from groklens.views import skills

STEPS = [0, 10, 20, 40, 80]


def table(count=4, **more):
    values = np.linspace(0.5, 1, len(STEPS))[:, None] ** np.arange(1, count + 1)
    return xr.Dataset(
        {
            "skill_accuracy": (
                ("step", "skill"),
                values,
                {"long_name": "accuracy on each skill", "units": "accuracy"},
            ),
            "all_accuracy": ("step", values.mean(axis=1), {"long_name": "accuracy", "units": "accuracy"}),
        }
        | more,
        coords={
            "step": ("step", STEPS, {"long_name": "training step", "units": "updates"}),
            "skill": list(range(1, count + 1)),
            "frequency": ("skill", np.full(count, 1 / count)),
        },
    )


def test_every_skill_is_a_line_at_its_values():
    found = table()
    figure = skills(found)
    assert len(figure.data) == 5
    for place in range(4):
        np.testing.assert_array_equal(figure.data[place].y, found["skill_accuracy"].isel(skill=place))
    np.testing.assert_array_equal(figure.data[-1].y, found["all_accuracy"])
    assert figure.data[0].name == "skill 1 (25 %)"
    assert "4 of them, and accuracy of all" in figure.text


def test_the_rarest_is_the_faintest_and_of_many_three_are_named():
    figure = skills(table(12))
    opacity = [float(trace.line.color.split(",")[-1].rstrip(")")) for trace in figure.data[:-1]]
    assert opacity == sorted(opacity, reverse=True)
    assert opacity[-1] >= 0.3
    assert [place for place, trace in enumerate(figure.data[:-1]) if trace.showlegend] == [0, 6, 11]


def test_the_whole_is_left_out_where_it_is_not_there_or_not_wanted():
    assert len(skills(table().drop_vars("all_accuracy")).data) == 4
    assert len(skills(table(), whole=None).data) == 4
    assert skills(table().drop_vars("frequency")).data[0].name == "skill 1"


def test_a_run_is_measured():
    task = gl.tasks.MultitaskParity(skills=3, n=4, k=2)
    model = gl.MLP(d_mlp=4, d_embed=None).build(task, seed=0)
    assert len(skills(gl.Run.of({0: model, 5: model}, task)).data) == 4


def test_what_is_not_by_skill_is_refused():
    with pytest.raises(BadArgument, match="step × skill"):
        skills(table(), "all_accuracy")
    with pytest.raises(UnknownName, match="skill_loss"):
        skills(table(), "skill_loss")
