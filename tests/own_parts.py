"""What a user might define in a notebook: every kind of part, and a measure, in one file outside the library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformer_lens.hook_points import HookPoint
from transformer_lens.HookedRootModule import HookedRootModule

import groklens as gl


@dataclass(frozen=True, eq=False)
class Maximum(gl.Task):
    """The larger of two numbers below n."""

    n: int = 7

    @property
    def name(self) -> str:
        return f"max(a, b) below {self.n}"

    @cached_property
    def inputs(self) -> Tensor:
        return torch.cartesian_prod(torch.arange(self.n), torch.arange(self.n))

    @cached_property
    def labels(self) -> Tensor:
        return self.inputs.amax(dim=1)

    @property
    def d_vocab(self) -> int:
        return self.n

    @property
    def d_vocab_out(self) -> int:
        return self.n


@dataclass(frozen=True)
class Hinge:
    """How far the target's logit is from beating every other by a margin."""

    margin: float = 1.0
    units = "margin missed"

    def each(self, logits: Tensor, targets: Tensor) -> Tensor:
        own = logits.gather(1, targets[:, None])
        return (self.margin + logits - own).clamp_min(0).double().sum(dim=1) - self.margin


@dataclass(frozen=True)
class SignDescent:
    """A step of one size along the sign of the gradient's running mean."""

    lr: float = 0.01
    momentum: float = 0.5

    def build(self, parameters: Any) -> torch.optim.Optimizer:
        return _SignDescent(list(parameters), {"lr": self.lr, "momentum": self.momentum})

    def rate(self, update: int) -> float:
        return self.lr / update**0.5


class _SignDescent(torch.optim.Optimizer):
    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                assert parameter.ndim < 3, "an optimiser of one's own sees the parameters as they are"
                state = self.state[parameter]
                mean = state.setdefault("mean", torch.zeros_like(parameter))
                state["updates"] = int(state.get("updates", 0)) + 1
                mean.mul_(group["momentum"]).add_(parameter.grad)
                parameter.add_(mean.sign(), alpha=-group["lr"])


@dataclass(frozen=True)
class Squares:
    """Square numbers of updates."""

    def keeps(self, step: int) -> bool:
        return int(step**0.5) ** 2 == step


@dataclass(frozen=True)
class Sum:
    """Two embeddings, added, and a linear layer; drawn from torch's global generator."""

    width: int = 8

    def build(self, task: gl.Task, seed: int, device: str = "cpu") -> Any:
        return _Sum(task.d_vocab, self.width, task.d_vocab_out).to(device)


class _Sum(HookedRootModule):
    def __init__(self, d_vocab: int, width: int, d_vocab_out: int) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(d_vocab, width), nn.Linear(width, d_vocab_out)
        self.hook_sum = HookPoint()
        self.cfg = {}
        self.setup()

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.hook_sum(self.embed(tokens).sum(dim=1)))


@gl.measure(
    long_name="largest weight", units="weight", valid_range=(0, float("inf")), source="here", split="weights"
)
def largest_weight(snapshot: gl.Snapshot) -> float:
    """The largest absolute parameter."""
    return max(float(parameter.detach().abs().max()) for parameter in snapshot.model.parameters())


@dataclass(frozen=True)
class WeightsAndNumbers:
    """A format of one's own: `UPDATES.mine`, weights as text."""

    name: str = "weights and numbers"

    def recognises(self, path: Path) -> bool:
        return path.suffix == ".mine"

    def read(self, path: Path, task: gl.Task | None) -> gl.Run:
        task = task or Maximum(5)
        model = _Sum(task.d_vocab, 4, task.d_vocab_out)
        state = {name: torch.tensor(values) for name, values in json.loads(path.read_text()).items()}
        model.load_state_dict(state)
        return gl.Run.of({int(path.stem): model}, task)


RECIPE = {
    "task": Maximum(5),
    "model": Sum(4),
    "optimizer": SignDescent(0.02),
    "loss": Hinge(0.5),
    "keep": Squares(),
    "steps": 30,
    "evaluate_every": 10,
    "train_fraction": 0.6,
}
