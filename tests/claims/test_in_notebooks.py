"""A notebook shows a finding and a forecast in their words, and markup in them as text."""

import pytest

from groklens.claims import Finding
from groklens.forecasts import Forecast
from groklens.forecasts.support import Support

REFUSED = Forecast(
    None, None, Support(False, 0, ("its loss is <mse>",)), (), "outside_support", 10, horizon=90
)


@pytest.mark.parametrize("said", [Finding("a < b", 0.5, "accuracy", "supported"), REFUSED])
def test_its_words_are_shown(said):
    shown = said._repr_mimebundle_()
    assert shown["text/plain"] == str(said)
    assert "&lt;" in shown["text/html"]
    assert " < b" not in shown["text/html"]
    assert "<mse>" not in shown["text/html"]


def test_its_fields_are_still_its_repr():
    assert repr(REFUSED).startswith("Forecast(p_change=None")
