"""`patch` and `resample`: a model with other values in place of an activation."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.interventions.dead_hooks import check_used
from groklens.interventions.edited_model import Edit, check_equal_inputs, edited
from groklens.models import Site, device_of, matching_hooks, site_of
from groklens.runs import AnyRun, as_snapshot
from groklens.snapshots import Snapshot, activation, axis_names, position_axis, positions_of, taken_at

#: Where the logits at the answer can be patched, in any model.
LOGITS = "logits"


def patch(
    snapshot: AnyRun, hook: Site | str, values: Float[Tensor, "input ..."], pos: int | str | None = None
) -> Snapshot:
    """The snapshot with `values` in place of the activation at a hook or site.

    `values` are as `snapshot.activations(hook, pos)` gives them, one row per input: with `pos` only that
    position is replaced, -1 being the answer's (of attention patterns: that query), a name each input's own. `hook`
    may be `"logits"`: then the task's logits are replaced. Everything that is computed after the hook follows. Raises
    `BadArgument` when the shapes do not agree, inputs that are the same are given different values, or the model does
    not use what a hook there gives back; `UnknownName` for a hook that the model does not have.

    >>> from groklens.hypotheses import planted
    >>> from groklens.tasks import ModularArithmetic
    >>> task = ModularArithmetic(13, "add")
    >>> snapshot = Snapshot(planted(task, [2, 5]), task)
    >>> silent = patch(snapshot, "blocks.0.mlp.hook_post", 0 * snapshot.neurons, pos=-1)
    >>> bool((silent.logits == silent.logits[0]).all())
    True
    """
    snapshot, site = as_snapshot(snapshot), site_of(hook, pos)
    if not isinstance(values, Tensor) or not values.ndim or len(values) != len(snapshot.task.inputs):
        raise BadArgument(
            f"values is {described(values)}, and {snapshot.task.name} has {len(snapshot.task.inputs)} inputs; "
            f"give one row per input, as snapshot.activations({site.hook!r}, pos={site.pos}) does."
        )
    found = patched(snapshot, site, values)
    _check_shape(snapshot, site, values)
    if site.hook != LOGITS:
        check_used(snapshot, site.hook)
    return found


def patched(
    snapshot: Snapshot, where: Site | str, values: Float[Tensor, "input ..."], pos: int | str | None = None
) -> Snapshot:
    """As `patch`, of values whose shape is known to be right: nothing runs before logits are asked for."""
    site = site_of(where, pos)
    if site.hook == LOGITS:
        found = edited(snapshot, {}, _at_answer(values, snapshot.anatomy.answered_at))
    else:
        named = positions_of(snapshot.task, site.pos) if isinstance(site.pos, str) else None
        found = edited(snapshot, {site.hook: at_site(site, values, named)})
    check_equal_inputs(found.model, snapshot.task, values)
    return found


def resample(snapshot: AnyRun, hook: Site | str, seed: int = 0, pos: int | str | None = None) -> Snapshot:
    """The snapshot with the activation at `hook` taken from inputs drawn at random, which destroys its information.

    Its distribution over the inputs stays as it is, but for inputs that a probe holds several times: all of them take
    what one of them does. With `pos` only that position is resampled. Raises `BadArgument` as `patch` does.
    """
    snapshot = as_snapshot(snapshot)
    values = snapshot.activations(hook, pos)
    check_used(snapshot, site_of(hook, pos).hook)
    order = torch.randperm(len(values), generator=torch.Generator().manual_seed(seed))
    order = order[edited(snapshot, {}).model.row_of(snapshot.task.inputs)]
    return patched(snapshot, hook, values[order], pos)


def _check_shape(snapshot: Snapshot, site: Site, values: Tensor) -> None:
    """Raise `BadArgument` where values have another shape than what they replace, by a look at the first input."""
    task = snapshot.task
    if site.hook == LOGITS:
        if len(task.reads) == 1 and tuple(values.shape[1:]) != (task.d_vocab_out,):
            raise BadArgument(
                f"The logits are ({task.d_vocab_out},) an input and values are {tuple(values.shape[1:])}; give them as "
                "snapshot.logits does."
            )
        return
    named = isinstance(site.pos, str)
    (hook,) = matching_hooks(snapshot.anatomy.model, site.hook)
    first = task.inputs[:1].to(device_of(snapshot.anatomy.model))
    here = activation(snapshot.anatomy, Site(hook, None if named else site.pos), first)
    if named:
        here = taken_at(hook, here, positions_of(task, str(site.pos))[:1])
    if here.shape[1:] != values.shape[1:]:
        raise _of_another_shape(site, here, values)


def _of_another_shape(site: Site, here: Tensor, values: Tensor) -> BadArgument:
    return BadArgument(
        f"{site.hook} is {tuple(here.shape[1:])} an input and values are {tuple(values.shape[1:])}; give "
        f"them as snapshot.activations({site.hook!r}, pos={site.pos!r}) does."
    )


def at_site(site: Site, values: Tensor, named: Int[Tensor, "input"] | None = None) -> Edit:
    """The edit that puts `values` (input × …) in place of what passes at a site; `named` is each input's place."""
    hook, pos = site.hook, site.pos

    def edit(value: Tensor, rows: Tensor) -> Tensor:
        new = values[rows].to(value)
        changed = value.clone()
        place, axis = changed, position_axis(axis_names(hook, value.ndim))
        own = None if named is None else (torch.arange(len(rows)), named[rows])
        if own is not None:
            place = changed[own]
        elif isinstance(pos, int) and not (
            axis is None and pos == -1
        ):  # without positions, all is the answer's
            place = changed.select(1 if axis is None else axis, pos)
        if place.shape != new.shape:
            raise _of_another_shape(site, place, new)
        if own is None:
            place.copy_(new)
        else:  # what is indexed so is a copy
            changed[own] = new
        return changed

    return edit


def _at_answer(values: Tensor, pos: int) -> Edit:
    def edit(output: Tensor, rows: Tensor) -> Tensor:
        changed = output.clone()
        last = changed[:, pos] if changed.ndim == 3 else changed
        last[:, : values.shape[1]] = values[rows].to(output)
        return changed

    return edit
