"""`gl.capture`: the activations of a run at every kept step, as a labelled xarray dataset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
import xarray as xr

from groklens.capture.activation_reader import ActivationReader
from groklens.capture.operand_index import by_operands
from groklens.capture.reductions import REDUCTIONS, Reduction, check_reduction
from groklens.capture.step_dataset import Labelled, step_dataset
from groklens.capture.store import MemoryStore, Store, ZarrStore
from groklens.errors import BadArgument
from groklens.models import NamesFilter, Site, site_of
from groklens.progress import each, progress_shown
from groklens.runs import AnyRun, as_run, kept_steps
from groklens.snapshots import Snapshot, reduced_names
from groklens.threads import one_thread


@one_thread()
def capture(
    run: AnyRun,
    names_filter: Site | Sequence[Site] | NamesFilter,
    *,
    pos: int | None = None,
    steps: Iterable[int] | int | None = None,
    reduce: str | Reduction | None = None,
    into: str | Path | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Activations of every input at every kept step of `run`, one variable per hook: step × input × ….

    Args:
        run: a `Run`, the path of one, a snapshot, or anything with `task`, `steps` and `at(step)`.
        names_filter: hooks by TransformerLens name: one, a list, or a function from name to bool; or a site, or several
            that share their position, such as `run.final.anatomy.neurons`.
        pos: one position, negative from the end (-1 is the answer's), which drops the axis; None keeps all.
            Of an attention pattern it selects the query.
        steps: which kept steps, by default all; the result has them ascending, once each.
        reduce: a statistic over the inputs, kept instead of the activations: `"mean"`, `"std"`, `"norm"`
            (ℓ2), `"min"`, `"max"`, gathered in float64 while blocks of inputs run, so that the activations of all
            inputs are never in memory; or a function. It is given the tensor (input, …) of one hook at one step, which
            is overwritten afterwards, and returns a tensor of the same shape at every step. From the last axis back,
            axes whose size it leaves alone keep their names; those in front are called `statistic_0`, ….
        into: a folder `x.zarr`, for results larger than memory (`pip install "groklens[zarr]"`): steps are
            written one at a time, and the dataset returned reads from there. After an error or a kill at any
            moment the folder opens with `xarray.open_zarr(path, consolidated=False)` and holds the steps that were
            written whole.
        progress: whether to show a bar; by default on a terminal and in a notebook.

    Axes: `step`, `input`, `pos`, `neuron`, `head`, `d_head`, `query`, `key`, `d_model`, `answer`; of two
    hooks that share a name but not a size, the later one's has its size appended (`pos_1`). `input` carries
    the operands under their names and `label`, by which inputs are chosen: `acts.sel(a=3, b=5)`. At most one
    checkpoint is in memory beside the result, and no hook stays on any model.

    Raises `UnknownName` for a hook or step that does not exist or a hook that nothing passes, `BadArgument`
    for a run without steps, a position outside the input, or an unusable `reduce` or `into`.

    >>> acts = capture(run, "blocks.0.mlp.hook_post", pos=-1)  # doctest: +SKIP
    """
    run = as_run(run)
    names_filter, pos = _named(names_filter, pos)
    chosen = kept_steps(run, steps)
    check_reduction(reduce)
    how = _how(pos, reduce)
    store: Store = MemoryStore(len(chosen)) if into is None else ZarrStore(Path(into).expanduser())
    reader: ActivationReader | None = None
    shapes: dict[str, tuple[int, ...]] = {}
    with progress_shown(progress), closing(store):
        for step in each(chosen, "capturing step"):
            snapshot = run.at(step)
            reader = reader or ActivationReader(snapshot, names_filter, pos)
            values = _values(reader, snapshot, reduce)
            del snapshot  # one model at a time
            _check_alike(shapes, values, step)
            store.append(step_dataset(run, step, values, how))
    return by_operands(store.open())


def _named(wanted: Site | Sequence[Site] | NamesFilter, pos: int | None) -> tuple[NamesFilter, int | None]:
    """Resolve what was asked for into hook names and one position; `BadArgument` for sites of several positions."""
    if isinstance(wanted, str) or not isinstance(wanted, (Site, list, tuple)):
        return wanted, pos  # type: ignore[return-value]  # whatever it is, `matching_hooks` says so
    sites = [site_of(each, pos) for each in ([wanted] if isinstance(wanted, Site) else wanted)]
    named = [site.pos for site in sites if isinstance(site.pos, str)]
    if named:
        raise BadArgument(
            f"capture takes positions by number, and a site has {named[0]!r}; take snapshot.activations(site) of one "
            "step, or the number."
        )
    positions = {site.pos for site in sites if not isinstance(site.pos, str)}
    if len(positions) > 1:
        raise BadArgument(
            f"The sites have positions {', '.join(map(str, positions))}; capture those of one position at a time."
        )
    return [site.hook for site in sites], positions.pop() if positions else pos


def _values(
    reader: ActivationReader, snapshot: Snapshot, reduce: str | Reduction | None
) -> dict[str, Labelled]:
    """What is kept of each hook at one step: all of its activations, or a statistic of them."""
    if isinstance(reduce, str):
        return _gathered(reader, snapshot, reduce)
    activations = reader.read(snapshot)
    if reduce is None:
        return {hook: (reader.names[hook], value.numpy()) for hook, value in activations.items()}
    reduced = {}
    for hook, value in activations.items():
        kept = torch.as_tensor(reduce(value)).detach().cpu()
        names = reduced_names(reader.names[hook], tuple(value.shape), tuple(kept.shape))
        reduced[hook] = (names, kept.numpy())
    return reduced


def _gathered(reader: ActivationReader, snapshot: Snapshot, name: str) -> dict[str, Labelled]:
    """A statistic of each hook's activations over the inputs, gathered block by block."""
    found = {hook: REDUCTIONS[name]() for hook in reader.names}
    for _, values in reader.blocks(snapshot):
        for hook, value in values.items():
            found[hook].add(value.double())
    return {hook: (reader.names[hook][1:], each.value.cpu().numpy()) for hook, each in found.items()}


def _how(pos: int | None, reduce: str | Reduction | None) -> dict[str, Any]:
    """Attributes that record how the activations were captured."""
    how: dict[str, Any] = {} if pos is None else {"pos": pos}
    if reduce is not None:
        how["reduce"] = reduce if isinstance(reduce, str) else getattr(reduce, "__name__", "a function")
    return how


def _check_alike(shapes: dict[str, tuple[int, ...]], values: dict[str, Labelled], step: int) -> None:
    for hook, (_, array) in values.items():
        if shapes.setdefault(hook, array.shape) != array.shape:
            raise BadArgument(
                f"reduce gave shape {array.shape} for {hook!r} at step {step}, and {shapes[hook]} "
                "at the first; it has to give the same shape at every step."
            )
