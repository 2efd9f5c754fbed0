"""What is said of none, of one and of two: counts, moments and phases."""

import pytest

from groklens.claims import Phase, how_many, quantity


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 inputs"), (1, "1 input"), (2, "2 inputs"), (4096, "4,096 inputs")]
)
def test_one_is_no_plural(count, said):
    assert how_many(count, "input") == said


@pytest.mark.parametrize(
    ("value", "units", "said"),
    [
        (0, "neurons", "0 neurons"),
        (1, "neurons", "1 neuron"),
        (1.0, "nats", "1 nat"),
        (1.2, "nats", "1.2 nats"),
        (2, "updates", "2 updates"),
        (1, "squared norm", "1 squared norm"),
        (1, "loss", "1 loss"),
        (1, "classes", "1 classes"),  # a unit of a user's own, which is not cut to no word
        (1, "series", "1 series"),
        (1, "updates", "1 update"),
        (1, "ratio of standard deviations", "ratio of standard deviations 1"),
        (1, "share of neurons", "100 % of neurons"),
    ],
)
def test_nor_is_a_number_of_one(value, units, said):
    assert quantity(value, units) == said


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ((0, 0), (100, 200), "from step 0 to step 100–200"),
        ((0, 0), (0, 100), "from step 0, over by step 100"),
        ((0, 0), (0, 0), "over at step 0"),
        ((200, 300), (200, 300), "begun and over between steps 200 and 300"),
        ((200, 300), (300, 400), "from step 200–300 to step 300–400"),
        ((0, 0), None, "from step 0, not over at the last step"),
        (None, None, "not seen"),
    ],
)
def test_a_phase_that_no_kept_step_lies_within_is_not_dated_from_a_step_to_itself(start, end, said):
    assert Phase("memorisation", start, end).when == said
