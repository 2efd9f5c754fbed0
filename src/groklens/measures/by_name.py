"""Choosing measures by name, by the name of a group of measures, or as functions."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import Any

from groklens.errors import BadArgument, UnknownName, described, did_you_mean
from groklens.measures.family import check_value, families_in
from groklens.measures.measure import Measure

#: One or several measures, each as it is or by name; the name of a tuple of them, such as `"PROGRESS"`.
AnyMeasures = Sequence[Measure | str] | Measure | str


def names_of_measures() -> dict[str, tuple[Measure, ...]]:
    """Every name that stands for measures: their own names, and those of the tuples in `groklens.measures`.

    >>> [each.__name__ for each in names_of_measures()["PERFORMANCE"]][:2]
    ['loss', 'all_accuracy']
    """
    from groklens import measures  # the package's own face, which imports this file

    found: dict[str, tuple[Measure, ...]] = {}
    for name, value in vars(measures).items():
        if isinstance(value, tuple) and all(isinstance(each, Measure) for each in value):
            found[name] = value
        elif isinstance(value, Measure) and not isinstance(value, type):
            found[name] = (value,)
    for name, value in families_in(vars(measures)).items():
        found[name] = found[value.__name__] = (value,)
    return found


def chosen_measures(given: AnyMeasures | Any) -> list[Measure]:
    """The measures that `given` names, without repetition.

    Raises `UnknownName` for a name that is no measure, with what is spelt nearly so; `BadArgument` for a function
    that does not say what its numbers mean, with how to declare it, or for two measures of one name.

    >>> [each.__name__ for each in chosen_measures(["test_loss", "ipr"])]
    ['test_loss', 'ipr']
    """
    single = isinstance(given, str) or callable(given) or not isinstance(given, Iterable)
    several: Any = [given] if single else given
    found: dict[str, Measure] = {}
    for each in several:
        for one in _named(each) if isinstance(each, str) else (_declared(each),):
            if found.setdefault(one.__name__, one) != one:
                raise BadArgument(f"Two measures are called {one.__name__!r}; give each a name of its own.")
    return list(found.values())


def _named(name: str) -> tuple[Measure, ...]:
    measures = importlib.import_module("groklens.measures")

    known = names_of_measures()
    if name in known:
        return known[name]
    if callable(getattr(measures, name, None)):
        raise UnknownName(
            f"gl.measures.{name} is a function and no measure; call it: gl.measures.{name}(snapshot)."
        )
    asked = did_you_mean(name, known)
    raise UnknownName(
        f"There is no measure {name!r}; {asked or 'there are ' + ', '.join(known) + '.'}"
        f"{' All names: dir(gl.measures).' if asked else ''}"
    )


def _declared(given: Any) -> Measure:
    check_value(given)
    if isinstance(given, Measure):
        return given
    if not callable(given) or isinstance(given, type):
        raise BadArgument(
            f"A measure is meant, and {described(given)} was given; give measures or their names, such as "
            "[gl.measures.test_loss, 'excluded_loss'], or gl.measures.PROGRESS."
        )
    name = getattr(given, "__name__", "mine")
    name = "mine" if name == "<lambda>" else name
    raise BadArgument(
        f"{described(given)} does not say what its numbers mean. Declare it: write @gl.measure(long_name='…', "
        f"units='…', valid_range=(0, float('inf')), source='…') above def {name}(snapshot), and give {name}."
    )
