"""Where one may look in a plain torch module: what its parts receive and give, by path, and the names given to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from groklens.errors import BadArgument, UnknownName, described, did_you_mean
from groklens.models.hooking.named_weights import (
    Source,
    is_weight_name,
    sources_of,
    tensors_of,
    weight_source,
)
from groklens.models.hooking.spelling import nearest_attention, nearest_hook, nearest_weight, weights_of

#: What `torch.nn.MultiheadAttention` computes inside, by TransformerLens' names.
INSIDE = ("hook_q", "hook_k", "hook_v", "hook_pattern", "hook_z")
#: What a part receives: after its path, this.
RECEIVED = "hook_input"
#: Parts that only hold others: nothing calls them.
_LISTS = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
#: Paths that an error lists.
_LISTED = 12


@dataclass(frozen=True)
class Point:
    """One place in a module: the path of a part, and what of it: what it gives, receives, or computes inside.

    `part` is "" for what it gives (of a tuple the first tensor), a number for that item of what it gives, `hook_input`
    for the first tensor that it receives, and one of `INSIDE` in a `torch.nn.MultiheadAttention`.

    >>> Point("encoder.layers.0.linear1").part
    ''
    """

    path: str
    part: str = ""


@dataclass(frozen=True)
class Named:
    """What names stand for: points of a module by hook name, and weights by TransformerLens' name and layer."""

    points: dict[str, Point] = field(default_factory=dict)
    weights: dict[str, dict[int, Source]] = field(default_factory=dict)


def points_of(module: nn.Module) -> dict[str, Point]:
    """Every point of a module by its own name: each path, and after it `.hook_input` and what attention has inside.

    >>> list(points_of(nn.Sequential(nn.Linear(2, 2))))
    ['0', '0.hook_input']
    """
    parts = {
        path: part
        for path, part in module.named_modules(remove_duplicate=False)
        if path and not isinstance(part, _LISTS)
    }
    points = {path: Point(path) for path in parts}
    for path, part in parts.items():
        points.setdefault(f"{path}.{RECEIVED}", Point(path, RECEIVED))
        for name in INSIDE if is_attention(part) else ():
            points.setdefault(f"{path}.{name}", Point(path, name))
    return points


def is_attention(part: nn.Module) -> bool:
    """Whether a part is torch's own attention, whose inside is known; a subclass may compute something else.

    >>> is_attention(nn.MultiheadAttention(8, 2)), is_attention(nn.Linear(8, 2))
    (True, False)
    """
    return isinstance(part, nn.MultiheadAttention) and type(part).forward is nn.MultiheadAttention.forward


def named(module: nn.Module, names: Mapping[str, str | Iterable[str]] | Any) -> Named:
    """What the names given to paths and parameters of a module stand for.

    Raises `UnknownName` for a path that the module does not have, `BadArgument` for a name that two paths are given,
    and for one of a weight in place of a hook, or the other way round.
    """
    found = Named(points=points_of(module))
    own = set(found.points)
    for path, name in _pairs(names):
        point = _point(module, path, found.points)
        if point is not None and _whole_attention(module, point, name):
            _add_attention(found, point.path, name)
        elif point is not None:
            if name not in own and not is_weight_name(name):
                _check_spelling(module, path, point, name)
            _add_hook(found, path, point, name, own)
        else:
            _add_weight(module, found, path, name, own)
    return found


def _pairs(names: Any) -> list[tuple[str, str]]:
    if names is None:
        return []
    if not isinstance(names, Mapping):
        raise BadArgument(f"names is {described(names)}; {_NAMES}")
    pairs = []
    for path, given in names.items():
        several = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
        for name in several:
            if not isinstance(path, str) or not isinstance(name, str) or not name:
                raise BadArgument(f"names has {described(path)}: {described(name)}; {_NAMES}")
            pairs.append((path, name))
    return pairs


def _point(module: nn.Module, path: str, points: dict[str, Point]) -> Point | None:
    """The point of that name, also `path.1` for an item of what a part gives; None where there is none."""
    if path in points:
        return points[path]
    owner, _, item = path.rpartition(".")
    return Point(owner, item) if item.isdigit() and owner in points and not points[owner].part else None


def _whole_attention(module: nn.Module, point: Point, name: str) -> bool:
    if not name.endswith(".attn"):
        return False
    if not point.part and is_attention(module.get_submodule(point.path)):
        return True
    raise BadArgument(
        f"{name!r} names all that an attention layer computes, which is known of torch.nn.MultiheadAttention alone, "
        f"and {point.path!r} is {described(module.get_submodule(point.path))}; name its hooks, such as "
        f"'{name}.hook_pattern'."
    )


def _add_attention(found: Named, path: str, name: str) -> None:
    for inside in INSIDE:
        _put(found.points, f"{name}.{inside}", Point(path, inside), f"{path}.{inside}", f"{name}.{inside}")
    for weight, layer, source in sources_of(path, name):
        _put(found.weights.setdefault(weight, {}), layer, source, path, name)


def _add_hook(found: Named, path: str, point: Point, name: str, own: set[str]) -> None:
    if is_weight_name(name):
        raise BadArgument(
            f"{name!r} is the name of a weight, and {path!r} a part that has weights: name its parameter, such as "
            f"names={{'{path}.weight': {name!r}}}."
        )
    if name in own and found.points[name] != point:
        raise BadArgument(
            f"{name!r} is the path of another part than {path!r}; give a name that no path has."
        )
    _put(found.points, name, point, path, name)
    found.points.setdefault(path, point)  # an item of a tuple


def _check_spelling(module: nn.Module, path: str, point: Point, name: str) -> None:
    """Raise `BadArgument` for a name that is nearly TransformerLens': nothing would be found by it."""
    weight, hook = nearest_weight(name), nearest_hook(name)
    if not point.part and is_attention(module.get_submodule(point.path)):
        hook = nearest_attention(name) or hook
    if weight is not None:
        raise BadArgument(
            f"{name!r} is no name of a weight; did you mean {weight!r}, of a parameter: "
            f"names={{'{point.path}.weight': {weight!r}}}?"
        )
    if hook is not None:
        raise BadArgument(
            f"{name!r}, given to {path!r}, is no name of TransformerLens'; did you mean {hook!r}? A name of your own "
            "is less like one of them, such as 'mine'."
        )


def _add_weight(module: nn.Module, found: Named, path: str, name: str, own: set[str]) -> None:
    if path.removesuffix(".T") not in tensors_of(module):
        raise UnknownName(_unknown(module, path, name, own))
    if not is_weight_name(name):
        number, nearest = re.search(r"\d+", name), nearest_weight(name)
        known = weights_of(int(number[0]) if number else 0)
        asked = f"did you mean {nearest!r}?" if nearest else did_you_mean(name, known)
        asked = asked or "give one such as 'W_E', 'W_U' or 'blocks.0.mlp.W_in'."
        raise BadArgument(f"{path!r} is a weight, and {name!r} is no TransformerLens name of one; {asked}")
    weight, layer, source = weight_source(module, path, name)
    _put(found.weights.setdefault(weight, {}), layer, source, path, name)


def _put(into: dict[Any, Any], key: Any, value: Any, path: str, name: str) -> None:
    if into.setdefault(key, value) != value:
        raise BadArgument(
            f"Two paths are given one name, {name!r}: {into[key].path!r} and {path!r}; give each its own."
        )


def _unknown(module: nn.Module, path: str, name: str, own: set[str]) -> str:
    if name in own or name in tensors_of(module):
        return f"The module has no {path!r}; names go from its own paths to further names: {{{name!r}: {path!r}}}."
    known = [*own, *tensors_of(module)]
    parts = [path for path, _ in module.named_modules() if path] or list(tensors_of(module)) or ["none"]
    listed = ", ".join(map(repr, parts[:_LISTED])) + ", …" * (len(parts) > _LISTED)
    asked = did_you_mean(path, known) or "its paths are its submodules and weights."
    return f"The module has no {path!r}; {asked} It has {listed}."


_NAMES = "give further names by path, such as names={'encoder.layers.0.linear1': 'blocks.0.mlp.hook_pre'}."
