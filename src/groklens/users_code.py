"""Calling code of a user's own, which raises whatever it raises: what it says becomes one clear line of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from groklens.errors import BadArgument, GroklensError

#: Characters of another's message that are handed on.
_LONGEST = 300


@contextmanager
def users_code(say: Callable[[str], str]) -> Iterator[None]:
    """Context for a call of a user's own code: whatever it raises becomes the `BadArgument` that `say` words.

    `say` is given the error's class and message in one line of bounded length. Errors of groklens' own pass as they
    are.

    >>> with users_code(lambda said: f"answer= fails ({said}); give another."):
    ...     {}["logits"]
    Traceback (most recent call last):
    groklens.errors.BadArgument: answer= fails (KeyError: 'logits'); give another.
    """
    try:
        yield
    except GroklensError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:_LONGEST]
        raise BadArgument(say(f"{type(error).__name__}: {said}")) from error
