"""Cyclic orders of words in the residual stream, layer by layer, whether they close, and the planes they lie in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, whole_number
from groklens.harmonics import components
from groklens.measures.closure import Closure
from groklens.measures.shared_tokens import tokens_alone, warn_of_shared_tokens
from groklens.measures.word_orders import Compared, Without, compared, on_circle, place_of_word
from groklens.measures.word_states import layer_values, words_of
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot
from groklens.tasks import Words

#: What the variables are called on pictures, and their units.
_ABOUT = {
    "share": ("variance of the words' states in frequency {}", "share of variance"),
    "orders_above": ("other orders that give as much or more", "orders"),
    "orders": ("orders compared", "orders"),
    "median_of_orders": ("variance in frequency {}, median order", "share of variance"),
    "highest_of_others": ("variance in frequency {}, best of the other orders", "share of variance"),
    "alphabetical": ("variance in frequency {}, alphabetical order", "share of variance"),
    "open_line": ("variance in the slowest waves of a line, the order cut open", "share of variance"),
    "closing": ("squared distance from the last to the first word", "share of the mean of all pairs"),
    "neighbours": ("squared distance of neighbours", "share of the mean of all pairs"),
    "closed": ("whether a circle says more than a line", ""),
}
#: Where a warning points that is given here: at the user.
_CALLER = 2


def circles_by_layer(
    snapshot: AnyRun,
    frequency: int = 1,
    without: Without = None,
    templates: Sequence[int] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """The cyclic order of words in the residual stream that enters each layer, and that leaves the last (layer).

    `share` is the share of variance in `frequency`, as in `gl.measures.CircleShare`, which says how to read it; beside
    it how many `orders` were compared, the own one among them where they are all (360 of seven words), how many other
    ones are above (`orders_above`: 0 where no order of the words gives as much), and the median, the highest and the
    alphabetical order's share. That says the order, and not yet a circle: a line has one too. `closed` says that it
    comes back to its first element: `open_line`, the share in as many waves of a line, is below `share`, and `closing`,
    the last element's squared distance to the first, is nearer to that of `neighbours` than to the mean of all pairs,
    1. Of unordered words one in six is closed by chance, so ask both. The cut is before the first element. The model is
    run once; other calls for the same snapshot use its states again.

    `attrs` have the words that end in one token (`shared_tokens`, also warned of), and what their counts of tokens give
    in place of states: `share_by_tokens`, `orders_above_by_tokens`, which is all other orders where no token is shared.

    Args:
        snapshot: a snapshot, or a run, whose last one is taken, on `gl.tasks.Words`.
        frequency: how often the order goes round.
        without: a number for every word whose linear part is taken out, or `"alphabet"`.
        templates: which templates are averaged, by their place; None for all.
        seed: of the random orders of more than eight words.

    Raises `BadArgument` as `CircleShare` does, and for a model whose residual stream has no hooks at some layer.

    >>> gl.measures.circles_by_layer(gl.load(path, task=days))["orders_above"]  # doctest: +SKIP
    """
    snapshot = as_snapshot(snapshot)
    task, chosen = words_of(snapshot), _chosen(templates, words_of(snapshot))
    found = _compared(snapshot, frequency, without, chosen, seed)
    columns = {
        "share": [each.own for each in found],
        "orders_above": [each.above for each in found],
        "orders": [each.orders for each in found],
        "median_of_orders": [each.median for each in found],
        "highest_of_others": [float(each.others.max()) for each in found],
        "alphabetical": [each.alphabetical for each in found],
    } | {name: [getattr(each.closure, name) for each in found] for name in Closure._fields}
    table = xr.Dataset({name: ("layer", values) for name, values in columns.items()})
    for name, (long_name, units) in _ABOUT.items():
        table[name].attrs.update(long_name=long_name.format(frequency), units=units)
    about = {"long_name": "layer that the residual stream enters; the last leaves the model's last"}
    tokens = tokens_alone(task, frequency, seed, without, chosen)
    return table.assign_coords(layer=("layer", list(range(len(found))), about)).assign_attrs(
        task=task.name,
        shared_tokens=warn_of_shared_tokens(task, _CALLER),
        share_by_tokens=tokens.own,
        orders_above_by_tokens=tokens.above,
    )


def _compared(
    snapshot: Snapshot, frequency: int, without: Without, templates: list[int] | None, seed: int
) -> list[Compared]:
    """The orders of the words compared, layer by layer."""
    task = words_of(snapshot)
    return [
        compared(on_circle(values, task, without, templates), task, frequency, seed)
        for values in layer_values(snapshot)
    ]


def circle_planes(
    snapshot: AnyRun, layer: int | None = None, frequency: int = 1, without: Without = None, seed: int = 0
) -> xr.Dataset:
    """Words' centred states in the plane that one frequency of their order spans, beside that of the best other order.

    The plane is spanned by the frequency's cosine and sine, as directions of the residual stream. `point` (order ×
    position × axis) has the states' coordinates along an orthonormal basis of it, in the units of the residual stream,
    turned so that the first element stands near (1, 0) and the next ones go round against the clock; `word` says which
    word stands at each position of the `own` order and of the `best other` one, `share` how much of the variance the
    frequency has in it; `attrs` say whether the own order closes, as in `circles_by_layer`. With more features than
    words any order looks round in its own plane where the words' states are unlike each other: that is what the best
    other order is for. `layer` None takes that of the highest share.

    Raises `BadArgument` for a layer that the model does not have, and as `circles_by_layer` does.

    >>> gl.measures.circle_planes(snapshot, layer=7)["point"].sel(order="own")  # doctest: +SKIP
    """
    snapshot = as_snapshot(snapshot)
    task, values = words_of(snapshot), layer_values(snapshot)
    layer = _strongest(snapshot, frequency, without, seed) if layer is None else _layer(layer, len(values))
    states = on_circle(values[layer], task, without)
    found = compared(states, task, frequency, seed)
    orders = {"own": torch.arange(len(states)), "best other": found.best}
    points = np.stack([_points(states[order], frequency).numpy() for order in orders.values()])
    columns = {
        "point": (("order", "position", "axis"), points),
        "word": (("order", "position"), [_names(task, order) for order in orders.values()]),
        "share": ("order", [found.own, float(found.others.max())]),
    }
    about = {"orders_above": found.above, "orders": found.orders, "median_of_orders": found.median}
    about |= found.closure._asdict() | {"closed": int(found.closure.closed)}
    said = {"task": task.name, "shared_tokens": warn_of_shared_tokens(task, _CALLER)}
    attributes = {**said, "layer": layer, "frequency": frequency, **about}
    return xr.Dataset(columns, coords={"order": list(orders), "axis": ["cosine", "sine"]}, attrs=attributes)


def _strongest(snapshot: Snapshot, frequency: int, without: Without, seed: int) -> int:
    return int(np.argmax([each.own for each in _compared(snapshot, frequency, without, None, seed)]))


def _points(states: Float[Tensor, "position feature"], frequency: int) -> Float[Tensor, "position axis"]:
    """Coordinates of the centred states along the orthonormal directions nearest to the frequency's waves in them."""
    basis = components(f"C{len(states)}")[frequency].basis
    centred = states - states.mean(dim=0)
    left, _, right = torch.linalg.svd(basis.T @ centred, full_matrices=False)
    points = centred @ (left @ right).T
    return points if points.shape[1] == 2 else torch.cat([points, torch.zeros_like(points)], dim=1)


def _names(task: Words, order: Int[Tensor, "position"]) -> list[str]:
    """What stands at every position of an order: the word, or the element where several words are one."""
    places = place_of_word(task).tolist()
    alone = len(set(places)) == len(places)
    return [task.words[places.index(place)] if alone else str(place) for place in order.tolist()]


def _layer(layer: int, count: int) -> int:
    found = whole_number("layer", layer, such_as=0)
    if not -count <= found < count:
        raise BadArgument(
            f"layer is {found}; the residual stream is looked at where it enters layers 0 to {count - 2}, and where it "
            f"leaves the last: {count - 1}."
        )
    return found % count


def _chosen(templates: Sequence[int] | None, task: Words) -> list[int] | None:
    if templates is None:
        return None
    count = len(task.templates)
    chosen = [
        whole_number("one of templates", each, least=0, such_as=0, most=count - 1) for each in templates
    ]
    if not chosen:
        raise BadArgument(f"templates names none; {task.name} has 0 to {count - 1}, and None takes all.")
    return chosen
