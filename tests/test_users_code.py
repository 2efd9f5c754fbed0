"""What a user's own code raises becomes one line of ours; what groklens raises in it passes as it is."""

import pytest

from groklens.errors import BadArgument, UnknownName
from groklens.users_code import users_code


def test_whatever_is_raised_is_said_in_one_line():
    with (
        pytest.raises(BadArgument, match=r"^fails \(RuntimeError: sizes differ: 3 and 4\)$") as told,
        users_code(lambda said: f"fails ({said})"),
    ):
        raise RuntimeError("sizes differ:\n   3 and 4")
    assert isinstance(told.value.__cause__, RuntimeError)


def test_an_error_of_groklens_passes_as_it_is():
    with pytest.raises(UnknownName, match="no hook"), users_code(str.upper):
        raise UnknownName("no hook")


def test_what_nobody_means_to_catch_is_not_caught():
    with pytest.raises(KeyboardInterrupt), users_code(str.upper):
        raise KeyboardInterrupt
