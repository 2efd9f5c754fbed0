"""`CapturedStack`: a stack of runs on a card, whose training step is captured as CUDA graphs and replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from groklens.models import check_device
from groklens.parts import is_ours, parts_in
from groklens.recipes import Recipe
from groklens.tasks import LAST
from groklens.training.optimizers import set_learning_rate
from groklens.training.stack import Stack


def stack_on(recipes: Sequence[Recipe], device: str) -> Stack:
    """The models that these recipes build, stacked on a device; on a card with their step captured."""
    kind = CapturedStack if check_device(device).type == "cuda" else Stack
    return kind(recipes, device)


class CapturedStack(Stack):
    """A stack whose losses and update are two CUDA graphs: small kernels take a card less time than asking for them.

    Two, for whoever trains looks at the losses before they change any weights. A graph repeats the kernels that it was
    captured from, on the same memory, and so gives the same bits. Learning rates are part of it: the first update at
    given rates is made as any other, and leaves buffers, moments and the libraries' own memory behind; then the step is
    captured; updates at other rates, those of a warm-up, are made one by one. So are all where the batch changes, the
    quick pass does not apply, several positions are answered, or loss or optimiser are a user's own, who may ask for
    numbers in between.
    """

    def __init__(self, recipes: Sequence[Recipe], device: str) -> None:
        super().__init__(recipes, device)
        self._device = self._inputs.device
        self._stream = _stream(self._device)
        self._graphs: list[torch.cuda.CUDAGraph] = []
        self._rates: list[float] = []  # those of the last update, or of the graphs
        self._found: Tensor | None = None
        parts = (*parts_in(recipes[0].optimizer), recipes[0].loss_part)
        at_the_end = recipes[0].task.reads == LAST
        self._repeats = self.is_quick and at_the_end and self._is_whole and all(map(is_ours, parts))

    def losses(self, update: int) -> Float[Tensor, "run"]:
        """Loss of each run for update number `update`; the next call may overwrite them."""
        if not self._repeats or self._rates_of(update) != self._rates:
            return self._beside(super().losses, update)
        if not self._graphs:
            self._capture(super().losses, super().step, update)
        assert self._found is not None  # captured with the graphs
        self._graphs[0].replay()
        return self._found

    def step(self, losses: Float[Tensor, "run"], update: int) -> None:
        """Update number `update` of every run, by the losses that were given for it."""
        if losses is self._found:
            self._graphs[1].replay()
            return
        self._beside(super().step, losses, update)
        if self._repeats and not self._graphs:
            self._rates = self._rates_of(update)

    def _rates_of(self, update: int) -> list[float]:
        set_learning_rate(self._optimizer, self._specs, update)
        return [group["lr"] for group in self._optimizer.param_groups]

    def _capture(
        self, losses: Callable[[int], Tensor], step: Callable[[Tensor, int], None], update: int
    ) -> None:
        """Record what losses and step do, which does none of it."""
        graphs = [torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()]
        with torch.cuda.device(self._device), _capturable(self._optimizer):
            with torch.cuda.graph(graphs[0], stream=self._stream):
                found = losses(update)
            with torch.cuda.graph(graphs[1], pool=graphs[0].pool(), stream=self._stream):
                step(found, update)
        self._graphs, self._found = graphs, found

    def _beside(self, work: Callable[..., Any], *given: Any) -> Any:
        """What `work` gives on the stream that is captured, in order with all that is asked before and after it."""
        here = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(here)
        with torch.cuda.stream(self._stream):
            found = work(*given)
        here.wait_stream(self._stream)
        return found


@cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """The stream of a card on which steps are captured, and made before: gradients remember where they were made.

    One for all stacks, since cuBLAS keeps memory for each stream that it has ever worked on.
    """
    return torch.cuda.Stream(device)


@contextmanager
def _capturable(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Context in which torch lets Adam be captured; told so all the time, it warns of every update that is not."""
    groups = [group for group in optimizer.param_groups if group.get("capturable") is False]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False
