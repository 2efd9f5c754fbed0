"""One forward pass of a plain torch module with functions at some of its points, through torch's own hooks."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from groklens.models.hooking.attention import attended
from groklens.models.hooking.points import INSIDE, RECEIVED, Point

#: From what passes at a point to what passes on; the same where nothing is changed.
Function = Callable[[Tensor], Tensor]


@contextmanager
def placed(module: nn.Module, functions: Mapping[Point, Function]) -> Iterator[None]:
    """Within this block the module runs with `functions` at its points; torch's hooks are taken off at its end.

    torch's fused pass through attention calls no hooks, so it is switched off meanwhile
    (`torch.backends.mha.set_fastpath_enabled`) and then as it was.
    """
    by_path: dict[str, dict[str, Function]] = defaultdict(dict)
    for point, function in functions.items():
        by_path[point.path][point.part] = function
    fused, handles = torch.backends.mha.get_fastpath_enabled(), []
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        for path, parts in by_path.items():
            handles += _place(module.get_submodule(path), parts)
        yield
    finally:
        for handle in handles:
            handle.remove()
        torch.backends.mha.set_fastpath_enabled(fused)


def _place(part: nn.Module, functions: Mapping[str, Function]) -> list[RemovableHandle]:
    inside = {name: function for name, function in functions.items() if name in INSIDE}
    given = {name: f for name, f in functions.items() if name not in (*INSIDE, RECEIVED)}

    def on_output(part: nn.Module, args: tuple[Any, ...], options: dict[str, Any], output: Any) -> Any:
        if inside:
            output = attended(cast(nn.MultiheadAttention, part), args, options, output, inside)
        for item, function in given.items():
            output = _changed(output, item, function)
        return output

    def on_input(part: nn.Module, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        own = functions[RECEIVED]
        return (
            (_changed(args, "", own), options)
            if _first(args) is not None
            else (
                args,
                _changed(options, "", own),
            )
        )

    handles = []
    if RECEIVED in functions:
        handles.append(part.register_forward_pre_hook(on_input, with_kwargs=True))
    if inside or given:
        handles.append(part.register_forward_hook(on_output, with_kwargs=True))
    return handles


def _changed(output: Any, item: str, function: Function) -> Any:
    """The output with `function` applied to an item of it, or to its first tensor; itself where that is unchanged."""
    if isinstance(output, Tensor):
        return function(output) if item in ("", "0") else output
    place = int(item) if item else _first(output)
    value = _at(output, place)
    if not isinstance(value, Tensor):
        return output
    new = function(value)
    return output if new is value else _with(output, place, new)


def _first(output: Any) -> Any:
    """Where the first tensor of a tuple, list or mapping is; None where there is none."""
    items: Any = output.items() if isinstance(output, Mapping) else ()
    items = enumerate(output) if isinstance(output, (tuple, list)) else items
    return next((place for place, value in items if isinstance(value, Tensor)), None)


def _at(output: Any, place: Any) -> Any:
    if isinstance(output, Mapping):
        places = list(output)
        place = places[place] if isinstance(place, int) and place < len(places) else place
        return output.get(place)
    if isinstance(output, (tuple, list)) and isinstance(place, int) and place < len(output):
        return output[place]
    return None


def _with(output: Any, place: Any, value: Tensor) -> Any:
    if isinstance(output, tuple):
        items = (*output[:place], value, *output[place + 1 :])
        return type(output)(*items) if hasattr(output, "_fields") else items
    changed = copy.copy(output)
    if isinstance(output, Mapping) and isinstance(place, int):
        place = list(output)[place]
    cast(Any, changed)[place] = value
    return changed
