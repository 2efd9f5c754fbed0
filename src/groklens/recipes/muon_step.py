"""`MuonStep`: the torch optimiser that `Muon` builds, and the iteration that makes a matrix nearly orthogonal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

#: Coefficients of one Newton–Schulz step, chosen by Jordan et al. for the slope at 0, and how many there are.
_STEP = (3.4445, -4.7750, 2.0315)
_STEPS = 5


class MuonStep(torch.optim.Optimizer):
    """Muon on hidden matrices and AdamW on the rest; which is which is said by names and axes, in `param_groups`."""

    def __init__(
        self, named: Sequence[tuple[str, nn.Parameter]], settings: dict[str, Any], by_adam: tuple[str, ...]
    ) -> None:
        # The count of updates is on the device, and what is captured there reads it anew each time.
        super().__init__([parameter for _, parameter in named], settings | {"capturable": True})
        self.param_groups[0]["to_adam"] = [_is_called(name, by_adam) for name, _ in named]

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update; the loss of the closure, where one is given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            n_own = 1 if group.get("stacked") else 0
            for parameter, to_adam in zip(group["params"], group["to_adam"], strict=True):
                if parameter.grad is not None:
                    update = _by_adam if to_adam or parameter.ndim - n_own < 2 else _by_muon
                    update(parameter, parameter.grad, self.state[parameter], group)
        return loss


def newton_schulz(matrix: Float[Tensor, "*run row column"]) -> Float[Tensor, "*run row column"]:
    """The matrix with its singular values brought to about 1 (0.7 to 1.2), in its own precision.

    >>> bool((torch.linalg.svdvals(newton_schulz(torch.diag(torch.tensor([5.0, 1.0])))) > 0.6).all())
    True
    """
    a, b, c = _STEP
    is_tall = matrix.shape[-2] > matrix.shape[-1]
    found = matrix.mT if is_tall else matrix
    found = found / (found.square().sum(dim=(-2, -1), keepdim=True).sqrt() + 1e-7)
    for _ in range(_STEPS):
        square = found @ found.mT
        found = a * found + (b * square + c * (square @ square)) @ found
    return found.mT if is_tall else found


def _is_called(name: str, words: Sequence[str]) -> bool:
    """Whether a part of a dotted name is one of these words, or ends with one: `lm_head` with `head`."""
    return any(part == word or part.endswith(f"_{word}") for part in name.split(".") for word in words)


def _by_muon(parameter: Tensor, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    if not state:
        state["momentum"] = torch.zeros_like(parameter)
    mean = state["momentum"].lerp_(gradient, 1 - group["momentum"])
    rows, columns = parameter.shape[-2:]
    update = newton_schulz(gradient.lerp(mean, group["momentum"])) * max(1.0, rows / columns) ** 0.5
    parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=group["lr"])


def _by_adam(parameter: Tensor, gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    if not state:
        state["step"] = torch.zeros((), device=parameter.device)
        state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
    (beta, beta_of_squares), rate = group["betas"], group["lr"] * group["adam_rate"]
    count = state["step"].add_(1).double()
    mean = state["exp_avg"].lerp_(gradient, 1 - beta)
    square = state["exp_avg_sq"].mul_(beta_of_squares).addcmul_(gradient, gradient, value=1 - beta_of_squares)
    scale = (square / (1 - beta_of_squares**count)).sqrt_().add_(group["eps"])
    update = (mean / (1 - beta**count)).div_(scale)
    parameter.mul_(1 - rate * group["adam_weight_decay"]).sub_(update, alpha=rate)
