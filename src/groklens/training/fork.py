"""`gl.fork`: another life of a run from a kept step on, with something changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from groklens.errors import BadArgument, described, whole_number
from groklens.models import build_model
from groklens.recipes import Recipe, Start, before_change, changed
from groklens.runs import AnyRun, Run, as_path
from groklens.training.going_on import (
    digest_of,
    has_lost_its_beginning,
    is_new,
    new_header,
    parent_of,
    place_of,
    prepare,
    state_at,
)
from groklens.training.train import train

#: Fields of a recipe that a fork cannot change, and why.
_FIXED = {
    "seed": "it decides which inputs are trained on: those known already would be test inputs. For another order of "
    "batches give order=1",
    "model": "the weights of the step are of the model that was trained",
    "start": "the fork makes it",
}


def fork(
    run: AnyRun,
    step: int,
    into: str | Path,
    *,
    optimizer_state: bool = True,
    order: int | None = None,
    weights: Mapping[str, Tensor] | None = None,
    device: str = "cpu",
    progress: bool | None = None,
    resume_every: float = 30.0,
    keep_optimizer: Iterable[int] | None = (),
    **changes: Any,
) -> Run:
    """Train a run from one of its kept steps on with something changed: what if decay were removed here?

    The fork is a run of its own in the folder `into`, whose steps count on from `step` to the parent's last, or to
    `steps=`; its recipe says what it left (`run.recipe.start`), and the parent is as it was. Without any change it
    follows its parent, bit by bit; one of a run that was trained in a stack follows within rounding. The same call
    goes on after a kill.

    Args:
        step: a step at which the parent kept its optimiser's state (`gl.train(…, keep_optimizer=[5_000])`; the last
            always), or, without that state, any kept step.
        optimizer_state: whether the optimiser goes on from its state there, or begins anew; updates count on.
        order: the seed of another order of batches, of a stream of other examples.
        weights: other weights to begin with, by the model's own names: the parent's with something taken out.
        changes: fields of the recipe, or of its parts by dotted names in a dictionary: `optimizer=replace(…)`,
            `train_fraction=0.2`, `task=…`, `**{"optimizer.weight_decay": 0.0}`. Of fewer train inputs those that are
            left are among the parent's; the others are test inputs from then on, though they were trained on.

    Raises `BadArgument` for a run that `gl.train` did not make, a step whose state was not kept, a change that a fork
    cannot make (`seed`, `model`), or weights of another shape; and what `gl.train` raises.

    >>> gl.fork(run, 5_000, "runs/no-decay", **{"optimizer.weight_decay": 0.0})  # doctest: +SKIP
    """
    parent = parent_of(run)
    folder = place_of(parent, as_path(into, "a folder for the fork"))
    number = whole_number("step", step, 0, such_as=5_000)
    tensors = _tensors(parent, number, optimizer_state, weights)
    recipe = _recipe(parent, changes)
    own = {name.removeprefix("model/"): each for name, each in tensors.items() if name.startswith("model/")}
    _check_fits(recipe, own)
    assert parent.recipe is not None
    kept = None if parent.recipe.start is None else parent.recipe.start.order
    start = Start(parent.recipe.id, number, digest_of(own), optimizer_state, kept if order is None else order)
    recipe = replace(recipe, start=start)
    if is_new(folder) or has_lost_its_beginning(folder, recipe):
        changed_there = _changed(parent.recipe, recipe, kept, weights is not None)
        prepare(folder, new_header(parent, recipe, number, changed_there), tensors, parent)
    return train(
        recipe,
        folder,
        device=device,
        progress=progress,
        resume_every=resume_every,
        keep_optimizer=keep_optimizer,
    )


def _recipe(parent: Run, changes: Mapping[str, Any]) -> Recipe:
    """The parent's recipe with the changes."""
    assert parent.recipe is not None
    for name in changes:
        if name.partition(".")[0] in _FIXED:
            raise BadArgument(f"A fork cannot change {name}: {_FIXED[name.partition('.')[0]]}.")
    return changed(replace(parent.recipe, start=None), changes)


def _changed(parent: Recipe, recipe: Recipe, order: int | None, other_weights: bool) -> dict[str, Any]:
    """What a fork changes, for its header: the parent's values of fields that are others, and what else is new."""
    start = recipe.start
    assert start is not None
    new = {"weights": other_weights, "optimizer_state": not start.optimizer, "order": start.order != order}
    return before_change(parent, recipe) | {name: "new" for name, is_new in new.items() if is_new}


def _tensors(
    parent: Run, step: int, optimizer_state: bool, weights: Mapping[str, Tensor] | None
) -> dict[str, Tensor]:
    """What the fork begins with: weights as `model/…`, and the optimiser's state as `optimizer/…` where it goes on."""
    found = state_at(parent, step)
    if found is None and optimizer_state:
        anew = ", or begin the optimiser anew: optimizer_state=False" if step in parent.steps else ""
        raise BadArgument(
            f"{parent.name} has not kept its optimiser's state at step {step}; train it into another folder "
            f"with keep_optimizer=[{step}]{anew}."
        )
    if found is None:
        tensors = {f"model/{name}": each.clone() for name, each in parent.at(step).model.state_dict().items()}
    else:
        tensors = {k: v for k, v in found[1].items() if optimizer_state or k.startswith("model/")}
    if weights is None:
        return tensors
    own = {name for name in tensors if name.startswith("model/")}
    if not isinstance(weights, Mapping) or {f"model/{name}" for name in weights} != own:
        raise BadArgument(
            f"weights is {described(weights)}; give all of the model's by its own names, as run.at({step}).model."
            "state_dict() has them."
        )
    return tensors | {f"model/{name}": each.detach().clone() for name, each in weights.items()}


def _check_fits(recipe: Recipe, weights: Mapping[str, Tensor]) -> None:
    """Raise `BadArgument` where the model that the recipe builds does not take the weights: another task's, perhaps."""
    model = build_model(recipe.model, recipe.task, recipe.seed)
    try:
        model.load_state_dict(dict(weights))
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        said = " ".join(str(error).split())[:300]
        raise BadArgument(
            f"The weights do not fit the model for {recipe.task.name} ({said}); a fork's task has as many tokens, "
            "positions and classes as its parent's."
        ) from error
