"""How far training had gone at a revision of a model on the hub, by its name: updates, tokens seen, or both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from groklens.errors import BadArgument, GroklensError, described, whole_number

_UPDATES = "step|checkpoint|ckpt|iteration|iter|update"
_STEP = re.compile(
    rf"(?<![a-z])(?:global[-_]?)?(?:{_UPDATES})s?[-_=]?(\d+)([KM])?(?![\dA-Z.])", re.IGNORECASE
)
_TOKENS = re.compile(r"(?<![a-z])tokens?[-_=]?(\d+(?:\.\d+)?)([KMBT])?(?![\dA-Z.])", re.IGNORECASE)
#: What is trained after the first stage counts its steps anew, or is a mean of several models.
_LATER = re.compile(
    r"stage[-_]?(?:[2-9]|1\d)|ingredient|soup|anneal|mid[-_]?train|cool[-_]?down|decay", re.IGNORECASE
)
_TIMES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


class Revision(NamedTuple):
    """How far training had gone: updates, and tokens seen, each None where it is not known.

    >>> Revision(step=1_000, tokens=2_097_152_000).tokens
    2097152000
    """

    step: int | None
    tokens: int | None = None

    @property
    def place(self) -> int:
        """Where it stands on the axis of steps: at its updates, or at its tokens where those alone are known."""
        return (self.tokens or 0) if self.step is None else self.step


def told_by(name: str) -> Revision:
    """What the name of a revision tells of its step and tokens; tokens are rounded as there.

    Known are `step1000` and `checkpoint-1000`, a number alone, and OLMo's `step1000-tokens4B` and
    `stage1-step1000-tokens5B`. Raises `BadArgument` for a name that tells neither, and for one of a later stage, whose
    steps and tokens begin anew.

    >>> told_by("stage1-step1000-tokens5B")
    Revision(step=1000, tokens=5000000000)
    """
    if _LATER.search(name):
        raise BadArgument(
            f"The revision {name!r} is of a later stage of training, or of several models, and steps and tokens begin "
            f"anew there, so that its name does not tell where it belongs. Say it by updates, or by tokens, over all "
            f"stages, for every revision: revisions={{{name!r}: 4_060_000_000_000}}."
        )
    steps, tokens = [_numbers(pattern, name) for pattern in (_STEP, _TOKENS)]
    if name.isdecimal():
        steps = [int(name)]
    if len(steps) > 1 or len(tokens) > 1 or not (steps or tokens):
        raise BadArgument(
            f"The revision {name!r} does not tell its step; say it: revisions={{{name!r}: 1000}}."
        )
    return Revision(steps[0] if steps else None, tokens[0] if tokens else None)


def placed(revisions: Sequence[str] | Mapping[str, Any] | Any) -> dict[str, Revision]:
    """Revisions in the order in which training passed them, by tokens where all of them tell theirs, else by step.

    Raises `BadArgument` for what is no list of names, a name that does not tell where it belongs, two of the same
    step, and where some tell steps and others tokens alone, or both are told and are in different orders.

    >>> list(placed(["step1000-tokens4B", "step0-tokens0B"]))
    ['step0-tokens0B', 'step1000-tokens4B']
    """
    if isinstance(revisions, str) or not isinstance(revisions, (Sequence, Mapping)) or not revisions:
        raise BadArgument(
            f"revisions is {described(revisions)}; give a list of names such as ['step0', 'step1000'], names with "
            "their steps, {'main': 143000}, or gl.revisions('EleutherAI/pythia-70m')."
        )
    if isinstance(revisions, Mapping):
        found = {str(name): _said(name, value) for name, value in revisions.items()}
    else:
        found = {str(name): told_by(str(name)) for name in revisions}
    steps = [each.step for each in found.values()]
    if None in steps and any(step is not None for step in steps):
        lone = next(name for name, each in found.items() if each.step is None)
        raise BadArgument(
            f"The revision {lone!r} tells its tokens alone, and others their steps; give names with their tokens: "
            f"revisions={{{lone!r}: {found[lone].tokens}, …}}."
        )
    if len({each.place for each in found.values()}) < len(revisions):
        raise BadArgument(
            f"Two of the revisions {', '.join(map(str, revisions))} are of the same step; give each its own."
        )
    return _in_order(found)


def _in_order(found: dict[str, Revision]) -> dict[str, Revision]:
    ordered = dict(sorted(found.items(), key=lambda item: item[1].place))
    if any(each.tokens is None for each in ordered.values()):
        return ordered
    names = list(ordered)
    for earlier, later in pairwise(names):
        if (ordered[earlier].tokens or 0) > (ordered[later].tokens or 0):
            raise BadArgument(
                f"By steps the revision {later!r} comes after {earlier!r}, and by tokens before it: they are not of "
                f"one count. Say each by its tokens over all of training: revisions={{{later!r}: …, {earlier!r}: …}}."
            )
    return ordered


def _said(name: object, value: Any) -> Revision:
    if isinstance(value, tuple):
        try:
            step, tokens = value
            return Revision(
                *(each if each is None else whole_number("it", each, 0) for each in (step, tokens))
            )
        except (GroklensError, ValueError):
            raise BadArgument(
                f"The revision {name!r} is at {value!r}; give its step, or its step and its tokens: (1000, "
                "2_097_152_000)."
            ) from None
    return Revision(whole_number(f"The step of revision {name!r}", value, least=0, such_as=1000))


def _numbers(pattern: re.Pattern[str], name: str) -> list[int]:
    found = [(match[1], _TIMES[(match[2] or "").upper()]) for match in pattern.finditer(name)]
    return [round(float(number) * times) if "." in number else int(number) * times for number, times in found]
