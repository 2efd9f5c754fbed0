"""What is said of the order of words, from shares of variance by layer and templates."""

from collections.abc import Callable

import numpy as np
import xarray as xr

import groklens as gl

#: More than this share of the layers are most of them.
MOST = 1 / 2
#: An order is found where fewer than this share of the other orders give as much.
FEW = 0.05
#: What is taken out does more than random rankings do where it does as much as this share of them, or more.
RARE = 19 / 20
#: Shares of variance in frequency 1, over layers, of a first trial with three other templates: lowest and highest.
TRIAL = {"weekdays": (0.49, 0.52), "months": (0.32, 0.38), "nouns": (0.31, 0.34)}
SOURCE = "Engels et al. 2024, arXiv:2405.14860"
#: What could order words besides, and is regressed out of their states.
TAKEN_OUT = {"frequency": "how frequent they are", "alphabet": "the alphabet"}


def alone(table: xr.Dataset) -> xr.DataArray:
    """The share of layers at which no other order gives as much, by which templates were averaged."""
    return (table["orders_above"] == 0).mean("layer")


def each_left_out(share: xr.DataArray) -> np.ndarray:
    """A share from all templates but one, of each."""
    return share.sel(templates=[each for each in share["templates"].values if "without" in each]).values


def in_order(name: str, group: str, table: xr.Dataset, nouns: xr.Dataset) -> gl.Finding:
    """At most layers no other cyclic order has more of the variance, whichever template is left out."""
    share, all_of_them = alone(table), table.sel(templates="all")
    whole, left_out = float(share.sel(templates="all")), each_left_out(share)
    held = "supported" if left_out.min() > MOST else "undecided"
    orders = int(all_of_them["orders"].max())
    return gl.Finding(
        f"the {name} are in their order, on a circle or along a line: at most layers no other order of them has as "
        f"much variance in frequency 1 of {group}",
        whole,
        f"share of the layers at which none of {orders:,} orders gives more",
        held if whole > MOST else "refuted",
        gl.Control.several(
            {
                "left_out": ("the same, each template left out in turn", left_out),
                "nouns": (
                    f"the same of as many unrelated nouns, {nouns.sizes['list']} lists",
                    of_lists(nouns),
                ),
                "tokens": (
                    "share of the orders that give as much by the words' tokens alone",
                    table.attrs["orders_above_by_tokens"] / orders,
                ),
                "share": ("share of variance in frequency 1, by layer", all_of_them["share"].values),
                "median": ("of the median order, by layer", all_of_them["median_of_orders"].values),
            }
        ),
        source=SOURCE,
        key=f"{name}.order",
    )


def of_lists(nouns: xr.Dataset, share: Callable[[xr.Dataset], xr.DataArray] = alone) -> np.ndarray:
    """A share of layers from all templates, of each list of nouns: at which no other order gives as much."""
    return np.atleast_1d(share(nouns).sel(templates="all").values)


def not_on_one(name: str, nouns: xr.Dataset) -> gl.Finding:
    """Unrelated nouns have no cyclic order of their own."""
    share = of_lists(nouns)
    found = float((share > MOST).mean())
    return gl.Finding(
        f"{name} have no cyclic order: that in which they are listed is none",
        found,
        "share of the lists whose own order is the best of all at most layers",
        "supported" if found == 0 else "refuted" if found >= 1 / 2 else "undecided",
        gl.Control.several(
            {
                "above": (
                    "share of the orders that give more, by list and layer",
                    (nouns["orders_above"] / nouns["orders"]).sel(templates="all").values,
                )
            }
        ),
        key=f"{name.replace(' ', '_')}.none",
    )


def nothing_simpler(name: str, control: str, table: xr.Dataset) -> gl.Finding:
    """What orders the words is not how frequent they are, nor the alphabet."""
    above = table["orders_above"] / table["orders"]
    found = (above < FEW).mean("layer")
    drawn = [each for each in table["taken_out"].values if each not in TAKEN_OUT]
    share, draws = float(found.sel(taken_out=control)), found.sel(taken_out=drawn).values
    every = above.mean("layer")
    beyond = float((every.sel(taken_out=control) >= every.sel(taken_out=drawn)).mean())
    return gl.Finding(
        f"the order of the {name} is more than {TAKEN_OUT[control]}: with that regressed out of the states, it still "
        "is among the best at most layers",
        share,
        "share of the layers at which fewer than a twentieth of the orders give more",
        "supported" if share > MOST else "refuted" if beyond >= RARE else "undecided",
        gl.Control.several(
            {
                "random": ("the same with random rankings of the words regressed out", draws),
                "beyond": (
                    "share of those with which no more of the orders are above, mean of layers",
                    beyond,
                ),
                "above": ("share of the orders that give more, by layer", above.sel(taken_out=control)),
                "above_random": ("the same with random rankings regressed out", above.sel(taken_out=drawn)),
                "share": (
                    "share of variance in frequency 1, by layer",
                    table["share"].sel(taken_out=control),
                ),
            }
        ),
        note="by the rule written first, without random rankings: "
        + ("supported" if share > MOST else "refuted at half of the layers or fewer"),
        key=f"{name}.{control}",
    )


def jackknife(table: xr.Dataset) -> np.ndarray:
    """The standard error of the share over templates, from leaving out each, by layer."""
    each = table["share"].sel(templates=[one for one in table["templates"].values if "without" in one])
    spread = each.std("templates").transpose("layer").values
    return spread * (each.sizes["templates"] - 1) ** 0.5


def as_in_the_trial(name: str, table: xr.Dataset, trial: tuple[float, float]) -> gl.Finding:
    """Beside the question: the share is that of an earlier trial, within what the templates leave open."""
    share, error = table["share"].sel(templates="all").values, 2 * jackknife(table)
    agree = float(((share + error >= trial[0]) & (share - error <= trial[1])).mean())
    return gl.Finding(
        f"beside the question: of the {name} about as much variance is in frequency 1 as with three other templates, "
        f"{trial[0]} to {trial[1]}, at most layers",
        agree,
        "share of the layers at which two standard errors over templates reach it",
        "supported" if agree > MOST else "refuted",
        gl.Control.several({"share": ("share of variance, by layer", share), "error": ("two errors", error)}),
        key=f"{name}.trial",
        role="aside",
    )


def nouns_as_in_the_trial(nouns: xr.Dataset) -> gl.Finding:
    """Beside the question: of unrelated nouns about a third is in frequency 1, which is what chance gives."""
    share = nouns["share"].sel(templates="all").mean("layer").values
    low, high = TRIAL["nouns"]
    return gl.Finding(
        f"beside the question: of seven unrelated nouns about a third of the variance is in frequency 1, as in a trial "
        f"of one list, {low} to {high}",
        float(np.mean(share)),
        "share of variance, mean of lists and layers",
        "supported" if share.min() <= high and share.max() >= low else "refuted",
        gl.Control.several({"lists": ("each list", share), "chance": ("a third of six dimensions", 1 / 3)}),
        key="nouns.trial",
        role="aside",
    )
