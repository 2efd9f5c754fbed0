"""How far training had gone at a revision of a model on the hub, by its name: updates, tokens seen, or both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from groklens.errors import BadArgument, GroklensError, described, whole_number

#: Whole names, as Pythia, stanford-crfm, BLOOM, OLMo and SmolLM have them. Any word more may say a stage, a branch or a
#: seed that counts anew; a `ckpt_100` is the hundredth file, not the hundredth update.
_STEP = r"(?:global[-_]?)?(?:step|checkpoint|iteration|iter|update)s?[-_=]?(?P<step>\d+)(?P<k>[KM])?"
_TOKENS = r"tokens?[-_=]?(?P<tokens>\d+(?:\.\d+)?)(?P<b>[KMBT])?"
_KNOWN = [
    re.compile(rf"(?:stage[-_]?0*1[-_])?{each}", re.IGNORECASE | re.ASCII)
    for each in (rf"{_STEP}(?:[-_]{_TOKENS})?", _TOKENS)
]
_BARE = re.compile(r"(?P<step>\d+)", re.ASCII)
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

    Known are whole names: `step1000`, `checkpoint-1000`, `global_step1000`, a number alone, `tokens4B`, and with tokens
    OLMo's `step1000-tokens4B` and `stage1-step1000-tokens5B`. Raises `BadArgument` for all others: of a later stage,
    a part or a branch steps and tokens may begin anew.

    >>> told_by("stage1-step1000-tokens5B")
    Revision(step=1000, tokens=5000000000)
    """
    match = next((found for each in (*_KNOWN, _BARE) if (found := each.fullmatch(name))), None)
    if match is None:
        raise BadArgument(
            f"The revision {name!r} does not tell its step as 'step1000', 'checkpoint-1000' and "
            "'stage1-step1000-tokens5B' do, and steps of a stage or branch of its own may begin anew. Say where it "
            f"belongs over all of training, for every revision alike, by updates: revisions={{{name!r}: 1000}}, or by "
            f"tokens seen: revisions={{{name!r}: (None, 4_060_000_000_000)}}."
        )
    told = match.groupdict()
    return Revision(_number(told.get("step"), told.get("k")), _number(told.get("tokens"), told.get("b")))


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
            "their updates, {'main': 143000}, or tokens, {'main': (None, 300_000_000_000)}, or "
            "gl.revisions('EleutherAI/pythia-70m')."
        )
    if isinstance(revisions, Mapping):
        found = {str(name): _said(name, value) for name, value in revisions.items()}
    else:
        found = {str(name): told_by(str(name)) for name in revisions}
    steps = [each.step for each in found.values()]
    if None in steps and any(step is not None for step in steps):
        lone = next(name for name, each in found.items() if each.step is None)
        raise BadArgument(
            f"The revision {lone!r} tells its tokens alone, and others their steps; give every name with its tokens: "
            f"revisions={{{lone!r}: (None, {found[lone].tokens}), …}}."
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
                f"one count. Say each by its tokens over all of training: revisions={{{later!r}: (None, …), "
                f"{earlier!r}: (None, …)}}."
            )
    return ordered


def _said(name: object, value: Any) -> Revision:
    if isinstance(value, tuple):
        try:
            step, tokens = value
            if step is None is tokens:
                raise ValueError(value)
            return Revision(
                *(each if each is None else whole_number("it", each, 0) for each in (step, tokens))
            )
        except (GroklensError, ValueError):
            raise BadArgument(
                f"The revision {name!r} is at {value!r}; give its updates, 1000, its updates and its tokens, (1000, "
                "2_097_152_000), or its tokens alone, (None, 2_097_152_000)."
            ) from None
    return Revision(whole_number(f"The step of revision {name!r}", value, least=0, such_as=1000))


def _number(number: str | None, times: str | None) -> int | None:
    if number is None:
        return None
    scale = _TIMES[(times or "").upper()]
    return round(float(number) * scale) if "." in number else int(number) * scale
