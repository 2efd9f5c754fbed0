"""Whether the order of words closes, as a circle does, or a line says it as well."""

import numpy as np
import xarray as xr
from analyses.circles_in_language.findings import MOST, SOURCE, alone, each_left_out, of_lists

import groklens as gl


def closed(table: xr.Dataset) -> xr.DataArray:
    """The share of layers at which no other order gives as much and the own one closes, by templates averaged."""
    return (table["closed"] & (table["orders_above"] == 0)).mean("layer")


def on_a_circle(name: str, table: xr.Dataset, nouns: xr.Dataset) -> gl.Finding:
    """At most layers the words are in their order and it closes; in their order alone, a line does as well."""
    both, whole = closed(table), float(closed(table).sel(templates="all"))
    left_out = each_left_out(both)
    held = whole > MOST and left_out.min() > MOST
    ordered = float(alone(table).sel(templates="all")) > MOST
    return gl.Finding(
        f"the {name} lie on a circle: at most layers they are in their order and it closes, the last one near the "
        "first, which a line does not do",
        whole,
        "share of the layers at which no other order gives more and the own one closes",
        "supported" if held else "undecided" if ordered else "refuted",
        gl.Control.several(
            {
                "left_out": ("the same, each template left out in turn", left_out),
                "nouns": ("the same of lists of as many unrelated nouns", of_lists(nouns, closed)),
                **distances(table),
            }
        ),
        source=SOURCE,
        note="undecided where the words are in their order and it does not close: a line says as much",
        key=f"{name}.circle",
    )


def distances(table: xr.Dataset) -> dict[str, tuple[str, np.ndarray]]:
    """What tells a circle from a line, by layer, from all templates."""
    said = {
        "closing": "squared distance from the last to the first over the mean of all pairs, by layer",
        "neighbours": "the same between neighbours",
        "share": "share of variance in frequency 1",
        "open_line": "share in the two slowest waves of a line",
    }
    return {name: (text, table[name].sel(templates="all").values) for name, text in said.items()}


def numbers_lie_open(table: xr.Dataset) -> gl.Finding:
    """The numbers one to twelve have an order and no circle: the rule must tell."""
    ordered, both = float(alone(table).sel(templates="all")), closed(table)
    whole, left_out = float(both.sel(templates="all")), each_left_out(both)
    told = ordered > MOST and max(whole, left_out.max()) <= MOST
    return gl.Finding(
        "the numbers one to twelve, which are in their order too, are not taken for a circle: at most layers that "
        "order does not close",
        whole,
        "share of the layers at which no other order gives more and the own one closes",
        "supported" if told else "refuted" if whole > MOST else "undecided",
        gl.Control.several(
            {
                "left_out": ("the same, each template left out in turn", left_out),
                "ordered": ("share of the layers at which none of the other orders gives more", ordered),
                **distances(table),
            }
        ),
        note="a control of the rule: it says nothing where the numbers are in no order",
        key="numbers.open",
    )
