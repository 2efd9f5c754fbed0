"""States of the words of a `gl.tasks.Words`: what passes at a hook at each word's own token, by site or by layer."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.capture import capture
from groklens.errors import BadArgument, described
from groklens.groups import FiniteGroup
from groklens.models import Site
from groklens.snapshots import Snapshot, axis_names, position_axis
from groklens.tasks import Probe, Words

#: By so much of its size a word's state may move when what stands behind it is changed: rounding, and no look ahead.
_ROUNDING = 1e-4

_NO_STREAM = (
    "{!r} shows no residual stream by TransformerLens' names; say which hook is looked at, "
    "gl.measures.CircleShare('HOOK'), or name yours: gl.hooked(module, names={{'PATH': 'blocks.0.hook_resid_post'}})."
)


def words_of(snapshot: Snapshot) -> Words:
    """The words that a snapshot is looked at with; `BadArgument` for any other task."""
    if not isinstance(snapshot.task, Words):
        raise BadArgument(
            f"{snapshot.task.name} has no words on a circle; look at the model with those of a language: "
            "gl.tasks.Words(templates, gl.tasks.WEEKDAYS, tokenizer)."
        )
    return snapshot.task


def group_of_words(snapshot: Snapshot) -> FiniteGroup:
    """The group that the words are elements of; `BadArgument` for numbers on a line."""
    task = words_of(snapshot)
    if task.group is None:
        raise BadArgument(
            f"{task.name} are numbers on a line and elements of no group; give one, such as group='C10'."
        )
    return task.group


def word_values(snapshot: Snapshot, hook: str) -> Float[Tensor, "input feature"]:
    """What passes at a hook at the word's last token, every input (all further axes as features).

    Raises `BadArgument` for a hook without positions, or where shorter inputs are filled up and the model sees it.
    """
    return snapshot.remembered(_word_values, hook)


def layer_values(snapshot: Snapshot) -> Float[Tensor, "layer input feature"]:
    """The residual stream at the word's last token, entering each layer and leaving the last, in one run."""
    return snapshot.remembered(_layer_values)


def residual_site(snapshot: Snapshot) -> str:
    """The hook where the last layer leaves the residual stream; `BadArgument` where the model has none of that name."""
    if snapshot.anatomy.residual is None:
        raise BadArgument(_NO_STREAM.format(snapshot))
    return snapshot.anatomy.residual.hook


def _word_values(snapshot: Snapshot, hook: str) -> Tensor:
    task = words_of(snapshot)
    _check_looks_back(snapshot, hook)
    return _at(hook, snapshot.activations(hook), task.word_positions)


def _layer_values(snapshot: Snapshot) -> Tensor:
    task, hooks = words_of(snapshot), [site.hook for site in snapshot.anatomy.residual_stream]
    if not hooks:
        raise BadArgument(_NO_STREAM.format(snapshot))
    _check_looks_back(snapshot, hooks[-1])
    found = capture(snapshot, hooks, progress=False)
    return torch.stack(
        [_at(hook, torch.as_tensor(found[hook].values[0]), task.word_positions) for hook in hooks]
    )


def _at(hook: str, values: Tensor, positions: Tensor) -> Tensor:
    if position_axis(axis_names(hook, values.ndim)) != 1:
        raise BadArgument(
            f"{hook!r} gives {described(values)}, whose second axis is no position of a token, so that it has no state "
            "of a word; give a hook of the residual stream, of an MLP or of the heads' values."
        )
    return values[torch.arange(len(values)), positions].flatten(1)


def _check_looks_back(snapshot: Snapshot, hook: str) -> None:
    """Raise `BadArgument` where inputs are filled up and a word's state depends on what stands behind it."""
    task = words_of(snapshot)
    if not task.padded:
        return
    row = int(task.word_positions.argmin())
    place = int(task.word_positions[row])
    changed = task.inputs[row].clone()
    changed[place + 1 :] = (changed[place + 1 :] + 1) % task.d_vocab
    pair = Probe(torch.stack([task.inputs[row], changed]), d_vocab=task.d_vocab)
    one, other = Snapshot(snapshot.model, pair).activations(Site(hook, place)).flatten(1).double()
    if float((one - other).norm()) > _ROUNDING * float(one.norm()):
        raise BadArgument(
            f"Inputs of {task.name} are of different lengths, the shorter ones filled up, and at {hook!r} the model "
            "sees what stands behind a word: it looks ahead. Give texts of one length: templates with as many "
            "tokens, and words of as many."
        )
