"""How numbers, steps and components are written, the same in a shell, a report, a notebook and the command line."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: What units of numbers from 0 to 1, read in per cent, begin with …
_PER_CENT = ("accuracy", "share")
#: … and those that are the name of the quantity, and stand before its number.
_NAMES = ("accuracy", "cosine", "ratio")
#: Units of which there are several, and one is called by a letter less: no `series`, `classes`, `axis`.
_PLURAL = re.compile("[a-z]+([^eius]|[^chiosxz]e)s")
#: Below this a change of a loss is not told from none.
LEAST_CHANGE = 0.001


def number(value: float | None) -> str:
    """A number to three significant digits as text; whole digits are kept, small numbers are powers of ten.

    >>> number(0.12345), number(7.02e-5), number(1234.5), number(None)
    ('0.123', '7.02 × 10⁻⁵', '1,234', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if value < 0:
        return f"−{number(-value)}"
    if value == 0 or math.isinf(value):
        return "∞" if value else "0"
    size = abs(float(f"{value:.3g}"))
    if size < 1e-3 or size >= 1e6:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    return f"{value:,.0f}" if size >= 1e3 else f"{value:.3g}"


def percent(share: float) -> str:
    """A number from 0 to 1 as a percentage; 0 % and 100 % are written for exactly none and exactly all.

    Three significant digits; from 98 % on hundredths, or as many as show what is missing, and cut, not rounded, so
    that no number is taken over a threshold by its writing.

    >>> percent(0.5), percent(1.0), percent(0.98995), percent(0.999921), percent(0.00673)
    ('50 %', '100 %', '98.99 %', '99.9921 %', '0.673 %')
    """
    if not 0.98 <= share < 1:
        return "–" if math.isnan(share) else f"{number(100 * share)} %"
    if share > 1 - 1e-6:
        return "over 99.9999 %"
    decimals = 2 if share < 0.9999 else 4
    # The small addition undoes what binary fractions take from 0.99.
    cut = math.floor(100 * share * 10**decimals + 1e-6) / 10**decimals
    return f"{cut:.{decimals}f}".rstrip("0").rstrip(".") + " %"


def quantity(value: float | None, units: str) -> str:
    """A number with its units: `accuracy 99.2 %`, `0.61 nats`; shares and accuracies in per cent.

    >>> quantity(0.992, "accuracy"), quantity(0.25, "share of power"), quantity(0.61, "nats"), quantity(1, "neurons")
    ('accuracy 99.2 %', '25 % of power', '0.61 nats', '1 neuron')
    """
    if value is None:
        return "–"
    kind, _, rest = units.partition(" ")
    shown = in_units(value, units)
    if kind in _NAMES:
        return f"{units} {shown}"
    if shown == "1" and _PLURAL.fullmatch(units):
        return f"1 {units[:-1]}"
    return f"{shown} {rest if kind == 'share' else units}".strip()


def in_units(value: float | None, units: str) -> str:
    """A number as text beside others of the same units, which are not repeated."""
    per_cent = units.partition(" ")[0] in _PER_CENT
    return percent(value) if per_cent and value is not None else number(value)


def how_many(count: int, what: str) -> str:
    """A count of things as text: one of them, or as many.

    >>> how_many(1, "neuron"), how_many(0, "neuron"), how_many(4096, "input")
    ('1 neuron', '0 neurons', '4,096 inputs')
    """
    return f"{count:,} {what}{'s' * (count != 1)}"


def change(value: float, units: str) -> str:
    """A signed rise or fall with its units, as text; one too small to be told from zero says so.

    >>> change(0.61, "nats"), change(-0.25, "nats"), change(0.0001, "nats")
    ('+0.61 nats', '−0.25 nats', 'under 0.001 nats')
    """
    if abs(value) < LEAST_CHANGE:
        return f"under {LEAST_CHANGE} {units}"
    return f"{'+' if value > 0 else ''}{number(value)} {units}"


def interval(ends: tuple[int, int] | None) -> str:
    """A moment of training as text: a step, or the two kept steps between which it lies.

    >>> interval((4800, 5600)), interval((0, 0)), interval(None)
    ('4,800–5,600', '0', 'not reached')
    """
    if ends is None:
        return "not reached"
    low, high = ends
    return f"{high:,}" if low == high else f"{low:,}–{high:,}"


def named(components: Sequence[int | str]) -> str:
    """Components as a phrase: `frequencies 14, 35` of a cyclic group, `irrep standard` of any other.

    More than twelve are only counted.
    """
    kind = kind_of(components[0], many=len(components) > 1)
    if len(components) == 1 and str(components[0]).startswith(kind):
        return str(components[0])  # irrep_6 of a group whose irreps have no names
    if len(components) > 12:
        return f"{len(components)} {kind}"
    return f"{kind} {', '.join(map(str, components))}"


def kind_of(component: int | str, many: bool = False) -> str:
    """What components of this group are called: frequencies of a cyclic group, irreps of any other.

    >>> kind_of(14), kind_of("standard", many=True)
    ('frequency', 'irreps')
    """
    if isinstance(component, str):
        return "irreps" if many else "irrep"
    return "frequencies" if many else "frequency"
