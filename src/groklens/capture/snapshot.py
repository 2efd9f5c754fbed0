"""One model at one step, looked at on its whole task."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.models import check_model, matching_hooks, quick_applies, run_logits, weights
from groklens.models.engine import quick_forward
from groklens.models.protocol import rows_within
from groklens.tasks import Task

#: Bytes of activations that a snapshot may keep; beyond it they are recomputed, in row blocks.
CACHE_BUDGET = 512 * 2**20
#: Bytes that one forward block may take.
BLOCK_BUDGET = 256 * 2**20


class Snapshot:
    """One model at one step on its whole task: weights, logits and activations, computed when asked for.

    Args:
        model: any `HookedModel`; it is run without gradients, and no hook stays on it.
        task: what it was trained on.
        step: number of updates, or None where that is not known.
        train_index: the inputs it was trained on, or None where the split is not known.

    Logits and activations are float32 as the model gives them; measures take them to float64. Activations
    are cached up to `CACHE_BUDGET` bytes a snapshot. Raises `BadArgument` for a model that cannot be hooked,
    a task whose tokens it does not have, or outputs that are not finite.
    """

    def __init__(
        self,
        model: Any,
        task: Task,
        step: int | None = None,
        train_index: Int[Tensor, "train"] | None = None,
    ) -> None:
        check_model(model)
        self.model = model
        self.task = task
        self.step = step
        self.train_index = train_index
        self.derived: dict[str, Any] = {}  # what measures share of this snapshot, by name
        self._cache: dict[tuple[str, int | None], Tensor] = {}

    def __repr__(self) -> str:
        where = "unknown step" if self.step is None else f"step {self.step}"
        return f"Snapshot({self.task.name}, {where})"

    @cached_property
    def weights(self) -> dict[str, Tensor]:
        """Weights by TransformerLens name (`W_E`, `W_Q`, …), per-layer ones stacked; clone before writing."""
        return weights(self.model)

    @property
    def logits(self) -> Float[Tensor, "input answer"]:
        """Logits at the answer for every input, the task's classes only."""
        return self._at_answer[0]

    @cached_property
    @torch.no_grad()
    def _at_answer(self) -> tuple[Tensor, Tensor | None]:
        """Logits and neurons at the answer; the neurons only where the quick pass gives them in passing."""
        quick = quick_applies(self.model)
        run = quick_forward if quick else _plain
        try:
            parts = [run(self.model, tokens, self.task.d_vocab_out) for tokens in self._blocks()]
        except (IndexError, RuntimeError) as error:
            raise BadArgument(
                f"The model does not run on the inputs of {self.task.name} (shape "
                f"{tuple(self.task.inputs.shape)}, tokens up to {int(self.task.inputs.max())}): {error}"
            ) from error
        logits = torch.cat([part for part, _ in parts]).cpu()
        if not torch.isfinite(logits).all():
            raise BadArgument(
                f"{self!r} has logits that are not finite on {int((~logits.isfinite()).any(dim=1).sum())} "
                "inputs; the model has diverged. Look at an earlier step."
            )
        neurons = [part for _, part in parts if part is not None]
        fits = sum(part.nbytes for part in neurons) <= CACHE_BUDGET
        return logits, torch.cat(neurons).cpu() if neurons and fits else None

    @property
    def test_index(self) -> Int[Tensor, "test"] | None:
        """The inputs held out of training, or None where the split is not known."""
        if self.train_index is None:
            return None
        held_out = torch.ones(len(self.task.labels), dtype=torch.bool)
        held_out[self.train_index] = False
        return torch.nonzero(held_out)[:, 0]

    @torch.no_grad()
    def activations(self, name: str, pos: int | None = None) -> Tensor:
        """The activation at one hook for every input: input × pos × … (× head for `hook_z`, …).

        `pos` selects one position and drops the axis, -1 being the answer's; None keeps them all. Attention
        patterns are input × head × query × key, and `pos` selects the query. Raises `UnknownName` for a hook
        that the model does not have.
        """
        key = (name, pos)
        if key not in self._cache:
            (hook,) = matching_hooks(self.model, name)
            parts = [self._hooked(hook, tokens, pos) for tokens in self._blocks()]
            value = torch.cat(parts).cpu()
            if value.nbytes + sum(kept.nbytes for kept in self._cache.values()) > CACHE_BUDGET:
                return value
            self._cache[key] = value
        return self._cache[key]

    @property
    def neurons(self) -> Float[Tensor, "input neuron"] | None:
        """Last layer's MLP activations at the answer, after the non-linearity; None for a model without MLP."""
        n_layers = getattr(self.model.cfg, "n_layers", 1)
        name = f"blocks.{n_layers - 1}.mlp.hook_post"
        if name not in getattr(self.model, "hook_dict", {}):
            return None
        neurons = self._at_answer[1]
        return self.activations(name, pos=-1) if neurons is None else neurons

    @cached_property
    def neuron_logit_map(self) -> Float[Tensor, "neuron answer"] | None:
        """W_L: what each neuron of the last layer adds to each logit, W_out W_U (a final norm left out)."""
        if "W_U" not in self.weights:
            return None
        readout = self.weights["W_U"].double()[:, : self.task.d_vocab_out]
        if "W_out" in self.weights:
            return self.weights["W_out"][-1].double() @ readout
        return readout if "W_Q" not in self.weights else None

    def _hooked(self, name: str, tokens: Tensor, pos: int | None) -> Tensor:
        _, cache = self.model.run_with_cache(tokens, names_filter=name)
        value = cache[name]
        axis = 2 if name.endswith(("hook_pattern", "hook_attn_scores")) else 1
        return value if pos is None else value.select(axis, pos)

    @property
    def _row_bytes(self) -> int:
        cfg = self.model.cfg
        width = 8 * getattr(cfg, "d_model", 128) + 2 * (getattr(cfg, "d_mlp", None) or 0)
        return 4 * self.task.n_ctx * (width + self.task.d_vocab_out)

    def _blocks(self) -> list[Tensor]:
        inputs = self.task.inputs.to(_device(self.model))
        return list(inputs.split(rows_within(len(inputs), self._row_bytes, BLOCK_BUDGET)))


def _device(model: Any) -> torch.device:
    parameters = getattr(model, "parameters", None)
    return next(iter(parameters()), torch.zeros(0)).device if parameters else torch.device("cpu")


def _plain(model: Any, tokens: Tensor, d_vocab_out: int) -> tuple[Tensor, None]:
    return run_logits(model, tokens, d_vocab_out), None
