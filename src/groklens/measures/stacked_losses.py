"""Train losses of copies of a model whose weights stand on a leading axis, as chains of a sampler need them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from groklens.errors import BadArgument
from groklens.models import (
    LOSSES_EACH,
    Workspace,
    as_float,
    at_rest_with_gradients,
    device_of,
    own_model,
    run_logits,
)
from groklens.models.fast_pass import entering, folded_forward, quick_holds
from groklens.recipes import Loss
from groklens.snapshots import Snapshot
from groklens.tasks import LAST

#: Parts of parameters' own names that TransformerLens' names stand for.
_NAMED = {
    "W_E": ("tok_embed", "W_E"), "W_pos": ("pos", "W_pos"), "W_Q": ("q", "W_Q"), "W_K": ("k", "W_K"),
    "W_V": ("v", "W_V"), "W_O": ("o", "W_O"), "W_in": ("fc_in", "W_in"), "W_out": ("fc_out", "W_out"),
    "W_U": ("head", "W_U"),
}  # fmt: skip


class StackedLosses:
    """The mean train loss of `n_chains` copies of a snapshot's model, each with weights of its own, with gradients.

    By the quick pass where it holds, all copies at once; else the model itself, one after another, its parameters
    exchanged for the while. `start` are the weights, chain × …, and `names` what the model calls them. Raises
    `BadArgument` for a model without trainable weights, or a loss that is none of the recipes'.
    """

    def __init__(self, snapshot: Snapshot, n_chains: int, loss: str | Loss = "cross_entropy") -> None:
        if not isinstance(loss, Loss) and loss not in LOSSES_EACH:
            raise BadArgument(f"loss is {loss!r}; choose {', '.join(map(repr, LOSSES_EACH))}.")
        task, index = snapshot.task, snapshot.train_index
        assert index is not None  # asked of the measure
        self.model, self._n_chains = snapshot.model, n_chains
        self._module = _module_of(snapshot.model)
        named = {name: each for name, each in self._module.named_parameters() if each.requires_grad}
        if not named:
            raise BadArgument(
                f"A {snapshot.anatomy.kind} has no weights that require a gradient, so none to sample."
            )
        self.names, self._parameters = list(named), list(named.values())
        self._each, self._task, self._workspace = _each_of(loss), task, Workspace()
        device = device_of(snapshot.model)
        self._inputs, self._targets = task.inputs[index].to(device), task.targets[index].to(device)
        self.is_quick = task.reads == LAST and quick_holds(snapshot.model, self._inputs, task.d_vocab_out)
        stacked = self._inputs.expand(n_chains, *self._inputs.shape)
        self._entering = entering(stacked) if self.is_quick else None

    @property
    def n_examples(self) -> int:
        """How many examples the loss is the mean of."""
        return len(self._inputs)

    @property
    def start(self) -> list[Tensor]:
        """The model's weights, once for every chain; in float32 where they are kept in half precision."""
        return [
            as_float(each.detach()).expand(self._n_chains, *each.shape).clone() for each in self._parameters
        ]

    def __call__(self, values: list[Tensor]) -> Float[Tensor, "chain"]:
        """The loss of every chain, over all train inputs."""
        n_chains = len(values[0])
        inputs, targets = (each.expand(n_chains, *each.shape) for each in (self._inputs, self._targets))
        same = self._entering if n_chains == self._n_chains else None
        return self._losses(values, inputs, targets, self._workspace, same)

    def over(self, values: list[Tensor], rows: Int[Tensor, "chain example"]) -> Float[Tensor, "chain"]:
        """The loss of every chain over train inputs of its own, by their place among them."""
        rows = rows.to(self._inputs.device)
        return self._losses(values, self._inputs[rows], self._targets[rows], Workspace())

    def masks(self, weights: tuple[str, ...]) -> list[Tensor] | None:
        """For every parameter 1 if it is among the weights named, else 0; None where none is named."""
        if not weights:
            return None
        meant = {name: [each for each in self.names if _is_meant(each, name)] for name in weights}
        missing = [name for name, found in meant.items() if not found]
        if missing:
            raise BadArgument(
                f"weights names {missing[0]!r}; the model's parameters are {', '.join(self.names)}."
            )
        walking = {each for found in meant.values() for each in found}
        return [torch.tensor(float(name in walking)) for name in self.names]

    def of_batches(
        self, size: int, generator: torch.Generator, n_chains: int | None = None, chains: slice = slice(None)
    ) -> Any:
        """The loss of every chain over a batch of its own, drawn anew at each call: shared ones would bind chains.

        Of `n_chains` chains, for all of which batches are drawn, these are `chains`.
        """
        # Full losses are taken between a batch's loss and its gradient, and would overwrite what that still needs.
        workspace = Workspace()

        def losses(values: list[Tensor]) -> Tensor:
            every = range(n_chains or len(values[0]))
            drawn = [torch.randperm(self.n_examples, generator=generator)[:size] for _ in every]
            rows = torch.stack(drawn[chains]).to(self._inputs.device)
            return self._losses(values, self._inputs[rows], self._targets[rows], workspace)

        return losses

    def _losses(
        self, values: list[Tensor], inputs: Tensor, labels: Tensor, workspace: Workspace, read: Any = None
    ) -> Tensor:
        """The loss of every chain over inputs and labels of its own (chain × input × …)."""
        quick = self.is_quick
        logits = self._quick(values, inputs, workspace, read) if quick else self._plain(values, inputs)
        if labels.ndim > 2:  # several reads, as so many inputs
            logits, labels = logits.flatten(1, 2), labels.flatten(1)
        return self._each(logits, labels, workspace if quick else None).mean(dim=-1)

    def _quick(self, values: list[Tensor], inputs: Tensor, workspace: Workspace, read: Any) -> Tensor:
        by_parameter = dict(zip(map(id, self._parameters), values, strict=True))
        n_chains, n_inputs = inputs.shape[:2]

        def of(parameter: nn.Parameter) -> Tensor:
            frozen = parameter.detach()[None].expand(n_chains, *parameter.shape)
            return by_parameter.get(id(parameter), frozen)

        logits, _ = folded_forward(self.model, of, read or entering(inputs), workspace)
        return logits.expand(n_chains, n_inputs, -1)[..., : self._task.d_vocab_out]

    def _plain(self, values: list[Tensor], inputs: Tensor) -> Tensor:
        """The logits of the model itself, its parameters exchanged for each chain's while it runs."""
        found = []
        for own, seen in zip(zip(*values, strict=True), inputs, strict=True):
            swapped = dict(zip(self.names, own, strict=True))
            found.append(
                torch.func.functional_call(_Around(self._module, self._run), _within(swapped), (seen,))
            )
        return torch.stack(found)

    def _run(self, inputs: Tensor) -> Tensor:
        with at_rest_with_gradients(self.model):
            return run_logits(self.model, inputs, self._task.d_vocab_out, self._task.reads)


def _each_of(loss: str | Loss) -> Callable[..., Tensor]:
    """The loss of each input of stacked logits; a user's, which takes those of one model, chain by chain."""
    if isinstance(loss, str):
        return LOSSES_EACH[loss]
    return lambda logits, labels, _: torch.stack(list(map(loss.each, logits, labels)))


class _Around(nn.Module):
    """A module that runs a function and holds the parameters which that function reads."""

    def __init__(self, inner: nn.Module, run: Any) -> None:
        super().__init__()
        self.inner, self._run = inner, run

    def forward(self, inputs: Tensor) -> Tensor:
        return self._run(inputs)


def _within(swapped: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"inner.{name}": value for name, value in swapped.items()}


def _module_of(model: Any) -> nn.Module:
    """The torch module that holds the model's parameters."""
    found = own_model(model)
    if not isinstance(found, nn.Module):
        raise BadArgument(
            f"A {type(found).__name__} is no torch module, so its weights cannot be sampled; give a TransformerBridge, "
            "a HookedRootModule, or what gl.hooked makes of a torch module."
        )
    return found


def _is_meant(parameter: str, name: str) -> bool:
    """Whether a parameter is the one of this name, or of a part of this name; of a weight's name not its bias."""
    if parameter == name or parameter.endswith(f".{name}"):
        return True
    parts = parameter.split(".")
    return parts[-1] != "bias" and any(part in parts for part in _NAMED.get(name, (name,)))
