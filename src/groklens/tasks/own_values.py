"""Checking what a task of a user's own class gives, once, before anything is computed with it."""

from __future__ import annotations

import operator
import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.groups import FiniteGroup, Symmetry
from groklens.users_code import users_code

if TYPE_CHECKING:
    from groklens.tasks.task import Task

#: Tasks that were looked at, by their place in memory: what equal tasks compute may differ.
_known: dict[int, weakref.ref[Any]] = {}
_WHOLE = (torch.int64, torch.int32)


def check_values(task: Task) -> None:
    """Raise `BadArgument` unless the inputs, labels, sizes and symmetry of a task fit each other; once for each task.

    >>> check_values(MyTask())  # doctest: +SKIP
    """
    if (seen := _known.get(id(task))) is not None and seen() is task:
        return
    _check_name(task)
    _check_inputs(task)
    _check_labels(task)
    _check_symmetry(task)
    place = id(task)
    _known[place] = weakref.ref(task, lambda gone: _forget(place))


def _forget(place: int) -> None:
    _known.pop(place, None)


def _size(value: object) -> int:
    """A number of tokens or classes, whoever made it; 0 for what is none."""
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        return 0


def _given(task: Task, name: str) -> Any:
    """What the task has by a name; `BadArgument` where the user's own code raises."""
    with users_code(lambda said: f"{_of(task)}.{name} fails: {said}."):
        return getattr(task, name)


def _check_name(task: Task) -> None:
    name = _given(task, "name")
    if not isinstance(name, str) or not name.strip():
        raise BadArgument(
            f"{_of(task)}.name is {described(name)}; give a short text, such as name = 'a+b mod 7'."
        )


def _check_inputs(task: Task) -> None:
    inputs, d_in, d_vocab = _given(task, "inputs"), _given(task, "d_in"), _given(task, "d_vocab")
    if not isinstance(inputs, Tensor) or inputs.ndim != 2 or not len(inputs):
        raise BadArgument(
            f"{_of(task)}.inputs is {described(inputs)}; give a tensor, input × pos: torch.as_tensor(inputs)."
        )
    again = _given(task, "inputs")
    if again is not inputs and not _equal(again, inputs):
        raise BadArgument(
            f"{_of(task)}.inputs are others each time that they are asked for; make them once, and draw by a generator "
            "with a seed of its own."
        )
    if d_in is not None:
        if not inputs.is_floating_point() or inputs.shape[1] != d_in:
            raise BadArgument(
                f"{_of(task)}.inputs are {_said(inputs)} and d_in is {described(d_in)}; features are floating-point, "
                "input × d_in."
            )
        return
    if inputs.dtype not in _WHOLE:
        raise BadArgument(
            f"{_of(task)}.inputs are {_said(inputs)}; tokens are of type int64: inputs.long(). Of features say how "
            "many there are: d_in."
        )
    _check_numbered(f"{_of(task)}.inputs", inputs, "tokens", "d_vocab", d_vocab)


def _check_labels(task: Task) -> None:
    if not _given(task, "has_labels"):
        return
    n_inputs, reads, classes = len(task.inputs), _given(task, "reads"), _given(task, "d_vocab_out")
    shape = (n_inputs,) if len(reads) == 1 else (n_inputs, len(reads))
    for name in ("labels", "targets"):
        labels = _given(task, name)
        if not isinstance(labels, Tensor) or tuple(labels.shape) != shape or labels.dtype not in _WHOLE:
            said = _said(labels) if isinstance(labels, Tensor) else described(labels)
            raise BadArgument(
                f"{_of(task)}.{name} are {said} for {n_inputs} inputs; give a tensor of type int64 and shape {shape}, "
                f"one class for each: torch.as_tensor({name}).long()."
            )
        _check_numbered(f"{_of(task)}.{name}", labels, "classes", "d_vocab_out", classes)


def _check_numbered(where: str, values: Tensor, what: str, size: str, given: object) -> None:
    """Raise `BadArgument` for numbers of tokens, or of classes, that are not from 0 to below their count."""
    least, most = int(values.min()), int(values.max())
    if least < 0 or most >= _size(given):
        raise BadArgument(
            f"{where} are {what} from {least} to {most} and {size} is {described(given)}; {what} are numbered from 0 "
            f"on, and {size} is at least {most + 1}."
        )


def _check_symmetry(task: Task) -> None:
    symmetry, n_inputs = _given(task, "symmetry"), len(task.inputs)
    if symmetry is not None and not isinstance(symmetry, Symmetry):
        raise no_symmetry(task, symmetry)
    _check_group(task, None if symmetry is None else symmetry.group)
    if symmetry is None:
        return
    acting = n_inputs if symmetry.acts is None else int(symmetry.acts.sum())
    all_said = symmetry.acts is None or len(symmetry.acts) == n_inputs
    if not all_said or tuple(symmetry.elements.shape) != (acting, 2):
        raise BadArgument(
            f"{_of(task)}.symmetry has elements of shape {tuple(symmetry.elements.shape)}, and the task has {n_inputs} "
            f"inputs; give the two elements of every input where the group acts: ({acting}, 2)."
        )


def no_symmetry(task: Task, given: object) -> BadArgument:
    """The error that says how a task names its group, where its `symmetry` is none."""
    return BadArgument(
        f"{_of(task)}.symmetry is {described(given)}; give {_symmetry_of(given)}, with the two elements of every "
        "input, or None."
    )


def _check_group(task: Task, own: FiniteGroup | None) -> None:
    """Raise `BadArgument` where a class says its group by that name: it is never asked for by it."""
    group = _given(task, "group")
    if group is not own and group != own:
        raise BadArgument(
            f"{_of(task)}.group is {described(group)}, and a task's group is that of its symmetry, which is "
            f"{'None' if own is None else own.name}; leave group out and give symmetry = {_symmetry_of(group)}, with "
            "the two elements of every input."
        )


def _symmetry_of(said: object) -> str:
    """What to type for the symmetry of a group that was said in another way."""
    group = f"groklens.groups.as_group({said!r})" if isinstance(said, str) and len(said) < 20 else "group"
    return f"groklens.groups.Symmetry({group}, elements)"


def _equal(one: Any, other: Tensor) -> bool:
    same = isinstance(one, Tensor) and one.dtype == other.dtype
    return same and torch.equal(torch.nan_to_num(one), torch.nan_to_num(other))


def _of(task: Task) -> str:
    return type(task).__name__


def _said(values: Tensor) -> str:
    return f"of shape {tuple(values.shape)} and type {str(values.dtype).removeprefix('torch.')}"
