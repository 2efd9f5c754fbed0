"""What `logits` draws."""

import numpy as np
import pytest

from groklens.errors import BadArgument, UnknownName
from groklens.views import logits
from synthetic import snapshot


def test_the_logit_of_the_right_answer_over_both_operands():
    final = snapshot(7, (2,))
    z = np.asarray(logits(final).data[0].z)
    assert z.shape == (7, 7)
    assert z.dtype == np.float32
    assert z[3, 5] == final.logits[3 * 7 + 5, (3 + 5) % 7]


def test_the_logit_of_one_class():
    final = snapshot(7, (2,))
    figure = logits(final, answer=4)
    np.testing.assert_array_equal(np.asarray(figure.data[0].z).reshape(-1), final.logits[:, 4])
    assert "class 4" in figure.data[0].colorbar.title.text


def test_operands_name_the_axes_and_tokens_the_ticks():
    figure = logits(snapshot(3, (1,), names=["e", "(1 2)", "(1 3)", "="]))
    assert (figure.layout.yaxis.title.text, figure.layout.xaxis.title.text) == ("a", "b")
    assert list(figure.data[0].x) == ["e", "(1 2)", "(1 3)"]
    assert figure.layout.xaxis.type == "category"
    assert list(logits(snapshot(3, (1,))).data[0].x) == [0, 1, 2]


def test_a_torch_snapshot_is_the_same_picture():
    torch = pytest.importorskip("torch")
    final = snapshot(5, (1,))
    plain = np.asarray(logits(final).data[0].z)
    final.logits, final.task.labels = torch.tensor(final.logits), torch.tensor(final.task.labels)
    np.testing.assert_array_equal(np.asarray(logits(final).data[0].z), plain)


def test_the_scale_holds_zero_so_that_a_level_field_looks_level():
    final = snapshot(5, (1,))
    final.logits[:] = 60
    heat = logits(final).data[0]
    assert (heat.zmin, heat.zmax) == (0, 60)
    final.logits[:] = -3
    heat = logits(final).data[0]
    assert (heat.zmin, heat.zmax) == (-3, 0)


def test_inputs_that_are_no_square_are_refused():
    final = snapshot(5, (1,), grid=False)
    with pytest.raises(BadArgument, match="not all pairs"):
        logits(final)
    final.task.grid = (5, 5, 1)
    with pytest.raises(BadArgument, match="a grid of 3"):
        logits(final)


@pytest.mark.parametrize("answer", [-1, 5])
def test_a_class_that_is_not_there_is_an_unknown_name(answer):
    with pytest.raises(UnknownName, match="0 to 4"):
        logits(snapshot(5, (1,)), answer=answer)
