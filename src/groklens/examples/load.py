"""`gl.examples.load`: a run that comes with groklens, by its name."""

from __future__ import annotations

from pathlib import Path

from groklens.errors import BadArgument, UnknownName, described, did_you_mean
from groklens.examples.fetch import fetch
from groklens.examples.places import archives, cloned, fetched, shipped
from groklens.runs import Run
from groklens.runs import load as load_run


def names() -> list[str]:
    """The example runs that can be loaded by name: those installed first, then those of a clone or a release.

    >>> names()[:2]
    ['mod113', 'mod23']
    """
    return list(dict.fromkeys([*shipped(), *cloned(), *archives()]))


def load(name: str, *, whole: bool = False) -> Run:
    """Load an example run by its name; the installed ones need neither a clone nor a network.

    `mod113` is installed as the numbers of all its 22 steps and the weights of five, from which `gl.explain` gives what
    it gives of the whole run; `mod23` is installed whole. With `whole`, and of every other name, the run comes with all
    its weights from a clone of the repository, or from a release, where it is fetched once, checked and kept.

    Raises `UnknownName` for another name, and `GroklensError` where a run is not here and cannot be fetched.

    >>> load("mod113")
    Run(mod113: a+b mod 113, 5 steps to 15000, numbers alone of 17 more)
    """
    return load_run(path(name, whole=whole))


def path(name: str, *, whole: bool = False) -> Path:
    """The folder of an example run, as `load` opens it; what is not on this machine is fetched.

    >>> path("mod23").name
    'mod23'
    """
    if not isinstance(name, str):
        raise BadArgument(f"name is {described(name)}; give one of {', '.join(names())}.")
    if name not in names():
        asked = did_you_mean(name, names()) or f"there are {', '.join(names())}."
        raise UnknownName(f"{described(name)} is no example run; {asked}")
    here = cloned() | fetched()
    if not whole or name not in archives():
        here |= shipped()
    return here[name] if name in here else fetch(name)
