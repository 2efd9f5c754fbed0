"""Checking that kept weights reproduce a recorded model's outputs, when loaded into a copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from groklens.errors import BadArgument, GroklensError, described
from groklens.models import at_rest, device_of, rebuild_model, run_logits
from groklens.snapshots import Snapshot, copied_model
from groklens.tasks import Task
from groklens.users_code import users_code

#: Inputs that are compared, and by how much of the largest logit they may differ.
_INPUTS, _TOLERANCE = 8, 1e-5

_SAID = (
    "{}, so the checkpoints are not the model's: a part of it is in no state_dict (a closure, modules in a plain list, "
    "a number that the loop changes). Make every trained part a parameter, a buffer or a submodule of the model."
)


class Witness:
    """A copy of a model to load kept weights into, and the outputs that the model gave with them.

    A part that is in no state dictionary is trained on and kept nowhere. Of one that the copy has for itself (modules
    in a plain list, a number that the loop changes) the newest weights give something else in the copy than in the
    model; of one that the copy shares (a closure) the first weights no longer give what they gave. Raises
    `BadArgument` for a model that cannot be copied or does not run on the task.
    """

    def __init__(self, model: Any, task: Task) -> None:
        look = Snapshot(model, task)
        look.logits  # noqa: B018 (raises where model and task do not fit)
        self.copy = copied_model(look)
        for clear in ("zero_grad", "eval"):
            getattr(self.copy, clear, lambda: None)()
        self._inputs = task.inputs[:: max(1, len(task.inputs) // _INPUTS)][:_INPUTS]
        self._n_classes = task.d_vocab_out
        self._first: tuple[dict[str, Tensor], Tensor] | None = None
        self._checked = False

    def look(self, model: Any, weights: Mapping[str, Tensor]) -> None:
        """Raise `BadArgument` unless `weights`, which are to be kept, give in the copy what the model gives now."""
        now = self._logits(model)
        if not _alike(now, self._logits(self.with_weights(weights))):
            raise BadArgument(
                _SAID.format("The weights to be kept give other logits in a copy than the model does")
            )
        if self._first is None:
            self._first = (dict(weights), now)
        elif not self._checked:
            self.check()
            self._checked = True

    def check(self) -> None:
        """Raise `BadArgument` unless the first weights kept still give what the model gave then."""
        if self._first is None:
            return
        weights, then = self._first
        if not _alike(then, self._logits(self.with_weights(weights))):
            raise BadArgument(
                _SAID.format("The first weights kept give other logits now than the model gave then")
            )

    def agrees_with(self, description: Mapping[str, Any]) -> bool:
        """Whether the model that groklens would build from its description gives what the model itself gives.

        A configuration does not hold everything: patched parts, hooks, or fields that no description of ours has.
        """
        if not {"config", "transformers"} & set(description):
            return True
        try:
            built = rebuild_model(dict(description))
            built.load_state_dict(self.copy.state_dict())
            return _alike(self._logits(self.copy), self._logits(built))
        except (GroklensError, RuntimeError, KeyError):
            return False

    def with_weights(self, weights: Mapping[str, Tensor]) -> Any:
        """The copy, with these weights."""
        with users_code(
            lambda said: (
                f"The model has other weights now than when the recording began ({said}); a run is of one "
                "model: record what it has become into a folder of its own."
            )
        ):
            self.copy.load_state_dict({name: value.clone() for name, value in weights.items()})
        return self.copy

    @torch.no_grad()
    def _logits(self, model: Any) -> Tensor:
        with at_rest(model):
            return (
                run_logits(model, self._inputs.to(device_of(model)), self._n_classes).detach().cpu().clone()
            )


def weights_of(model: Any) -> dict[str, Tensor]:
    """The tensors of a model's state dictionary, copied; `BadArgument` names one that cannot be stored."""
    found = {}
    for name, value in model.state_dict().items():
        if not isinstance(value, Tensor):
            raise BadArgument(
                f"The model's state_dict holds {name!r}, {described(value)}, which no checkpoint can hold; leave it "
                "out of state_dict, or make it a tensor."
            )
        try:
            found[name] = value.detach().clone()
            torch.empty(0).to(value.dtype)
            if value.layout != torch.strided or value.is_meta or value.is_quantized:
                raise ValueError(f"{value.layout} on {value.device}")
        except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
            raise BadArgument(
                f"The weight {name!r} cannot be stored ({' '.join(str(error).split())[:200]}); checkpoints take dense "
                "tensors that hold numbers."
            ) from error
    return found


def _alike(then: Tensor, now: Tensor) -> bool:
    """Equal within rounding; what is not finite is no news here."""
    if not (then.isfinite().all() and now.isfinite().all()):
        return True
    return bool((then - now).abs().max() <= _TOLERANCE * then.abs().max())
