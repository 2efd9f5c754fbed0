"""Runs of one shape, trained as one: their weights, inputs and optimiser on a leading axis of runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from groklens.errors import BadArgument, described
from groklens.memory import BUDGETS, on_device, rows_within
from groklens.models import Workspace, build_model, run_logits
from groklens.models.fast_pass import (
    Entering,
    Positions,
    entering,
    folded_forward,
    quick_applies,
    sequence_logits,
    sequences_apply,
    stacked_pass,
)
from groklens.parts import is_ours, parts_in
from groklens.recipes import Recipe
from groklens.runs import Row
from groklens.snapshots import judged_on_its_side
from groklens.tasks import LAST
from groklens.training.batches import batch_for, batch_of
from groklens.training.optimizers import (
    build_optimizer,
    optimizer_tensors,
    restore_optimizer,
    set_learning_rate,
)

#: What the update of a weight takes, in multiplications with an input.
_UPDATE = 100


class Stack:
    """The models that `recipes` build, stacked; a stack of one is that model, sharing its memory.

    Recipes may differ in seed, split, task and optimiser values; everything that decides a tensor's shape is
    the same. Runs never mix: a run's loss depends on its own weights alone, so the sum over runs has every
    run's own gradient. Recipes of equal optimiser are best beside each other: each change starts a group.
    """

    def __init__(self, recipes: Sequence[Recipe], device: str) -> None:
        self.recipes = list(recipes)
        models = [build_model(recipe.model, recipe.task, recipe.seed, device) for recipe in recipes]
        self.model = models[0]
        self._reads = recipes[0].task.reads
        self.is_quick = (quick_applies if self._reads == LAST else sequences_apply)(self.model)
        self.is_stream = recipes[0].task.is_stream
        self._values = {p: v.requires_grad_(p.requires_grad) for p, v in _stacked(models).items()}
        # An optimiser of a user's own sees the parameters of its one run as they are, without an axis of runs.
        self._is_bare = not all(map(is_ours, parts_in(recipes[0].optimizer)))
        self._specs, self._runs = _equal_neighbours([recipe.optimizer for recipe in recipes])
        self._gradients = self._give_gradients()
        named = self.model.named_parameters()
        names = [name for name, parameter in named if self._values[parameter].grad is not None]
        groups = [self._group(runs) for runs in self._runs]
        self._optimizer = build_optimizer(self._specs, groups, names, not self._is_bare)
        tasks, splits = zip(*((r.task, _split(r)) for r in recipes), strict=True)
        self._inputs = torch.stack([task.inputs for task in tasks]).to(device)
        judged = [judged_on_its_side(task, train) for task, (train, _) in zip(tasks, splits, strict=True)]
        self._labels = torch.stack(judged).to(device)
        self._train, self._test = (torch.stack(parts).to(device) for parts in zip(*splits, strict=True))
        self._training, self._evaluating = Workspace(), Workspace()

    @property
    def engine(self) -> str:
        """What runs the models: `quick` or `plain`, and how many are stacked."""
        name = "quick" if self.is_quick else "plain"
        return name if len(self.recipes) == 1 else f"{name}, {len(self.recipes)} stacked"

    @property
    def work(self) -> float:
        """Multiplications of a step, about: of every weight with every position that is computed, and its update.

        A user's own model may use a weight anywhere, as a convolution does; of its work nothing is known but that.
        """
        recipe = self.recipes[0]
        if not is_ours(recipe.model):
            return math.inf
        n_positions = 1 if self.is_quick and self._reads == LAST else recipe.task.n_ctx
        n_inputs = self._train.shape[1] if self._is_whole else recipe.batch_size or 0
        return sum(map(Tensor.numel, self._values.values())) * (n_inputs * n_positions + _UPDATE)

    def losses(self, update: int) -> Float[Tensor, "run"]:
        """Loss of each run's batch for update number `update` (from 1)."""
        inputs, labels, read = self._batch(update)
        logits = self._logits(inputs, read, self._training)
        return self._scores(logits, labels, self._training).mean(dim=-1)

    def step(self, losses: Float[Tensor, "run"], update: int) -> None:
        """Update number `update` of every run."""
        set_learning_rate(self._optimizer, self._specs, update)
        torch._foreach_zero_(self._gradients)
        losses.sum().backward()
        self._optimizer.step()

    @torch.no_grad()
    def evaluate(self) -> list[Row]:
        """Loss and accuracy on train and test inputs, by each recipe's own loss.

        What `snapshots.scores` would say, for many runs at once and without a snapshot of each: the optimiser waits.
        """
        losses, correct = [], []
        for inputs, labels, read in self._blocks:
            logits = self._logits(inputs, read, self._evaluating)
            losses.append(self._scores(logits, labels))
            right = (logits.argmax(dim=-1) == labels).double()
            correct.append(right if right.ndim == 2 else right.mean(dim=-1))
        rows: list[Row] = [{} for _ in self.recipes]
        for name, parts in (("loss", losses), ("accuracy", correct)):
            whole = torch.cat(parts, dim=1)
            for split, index in (("train", self._train), ("test", self._test)):
                if index.shape[1]:
                    means = whole.gather(1, index).mean(dim=1).tolist()
                    for row, mean in zip(rows, means, strict=True):
                        row[f"{split}_{name}"] = mean
        return rows

    @torch.no_grad()
    def state(self, run: int) -> dict[str, Tensor]:
        """The weights of one run by the model's own names; the next call may overwrite them."""
        if len(self.recipes) > 1:
            for parameter, value in self._values.items():
                parameter.copy_(value[run])
        return self.model.state_dict()

    def resume_state(self, run: int) -> dict[str, Tensor]:
        """Weights and optimiser of one run, as one flat dictionary."""
        group, row = (0, None) if self._is_bare else self._place(run)
        state = {f"model/{name}": tensor for name, tensor in self.state(run).items()}
        own = optimizer_tensors(self._optimizer, group, row)
        return state | {f"optimizer/{name}": tensor for name, tensor in own.items()}

    @torch.no_grad()
    def restore(self, states: Sequence[dict[str, Tensor]]) -> None:
        """Put back what `resume_state` gave, for every run in order."""
        optimizers: list[dict[str, Tensor]] = []
        for run, state in enumerate(states):
            parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}}
            for key, tensor in state.items():
                part, name = key.split("/", 1)
                parts[part][name] = tensor
            self.model.load_state_dict(parts["model"])
            for parameter, value in self._values.items():
                value[run].copy_(parameter)
            optimizers.append(parts["optimizer"])
        restore_optimizer(
            self._optimizer, [[optimizers[run] for run in runs] for runs in self._runs], self._is_bare
        )

    def _scores(
        self,
        logits: Float[Tensor, "run input *read answer"],
        labels: Int[Tensor, "run input *read"],
        workspace: Workspace | None = None,
    ) -> Float[Tensor, "run input"]:
        """The loss of every input of every run, its mean over reads; a user's own scores one run at a time."""
        if labels.ndim > 2:  # input × read, as so many inputs
            return self._scores(logits.flatten(1, 2), labels.flatten(1)).view(labels.shape).mean(dim=-1)
        loss: Any = self.recipes[0].loss_part
        if is_ours(loss):
            return loss.each(logits, labels, workspace)
        scores = [loss.each(*run) for run in zip(logits, labels, strict=True)]
        if any(not isinstance(one, Tensor) or one.shape != labels.shape[1:] for one in scores):
            raise BadArgument(
                f"The loss {described(loss)} gives {described(scores[0])} for {labels.shape[1]} inputs; `each` has to "
                "give one number per input: torch's losses do with reduction='none'."
            )
        return torch.stack(scores)

    def _batch(self, update: int) -> tuple[Tensor, Tensor, Entering]:
        """Inputs and targets of update number `update`: fresh ones of a stream, else of the train inputs."""
        if self.is_stream:
            fresh = [batch_of(each, update) for each in self.recipes]
            inputs = torch.stack([examples.inputs for examples in fresh]).to(self._inputs.device)
            targets = torch.stack([examples.targets for examples in fresh]).to(self._inputs.device)
            return inputs, targets, self._entering(inputs)
        if self._is_whole:
            return self._whole_batch
        batches = [batch_for(r, i.cpu(), update) for r, i in zip(self.recipes, self._train, strict=True)]
        return self._select(torch.stack(batches).to(self._train.device))

    @property
    def _is_whole(self) -> bool:
        """Whether every update trains on all of the train inputs."""
        size = self.recipes[0].batch_size
        return not self.is_stream and (size is None or size >= self._train.shape[1])

    @cached_property
    def _whole_batch(self) -> tuple[Tensor, Tensor, Entering]:
        return self._select(self._train)

    @cached_property
    def _blocks(self) -> list[tuple[Tensor, Tensor, Entering]]:
        cfg = self.model.cfg
        d_model, d_mlp = (getattr(cfg, name, None) or 0 for name in ("d_model", "d_mlp"))
        widths = 4 * (d_model + self.recipes[0].task.d_vocab_out) + 2 * d_mlp
        n_inputs = self._inputs.shape[1]
        row = 4 * widths * self._inputs.shape[2] * len(self.recipes)
        size = rows_within(n_inputs, row, on_device(BUDGETS.evaluation, self._inputs.device))
        every = torch.arange(n_inputs, device=self._inputs.device).expand(len(self.recipes), -1)
        return [self._select(rows) for rows in every.split(size, dim=1)]

    def _select(self, rows: Int[Tensor, "run input"]) -> tuple[Tensor, Tensor, Entering]:
        inputs = torch.take_along_dim(self._inputs, rows[:, :, None], dim=1)
        several = self._labels.ndim > 2
        labels = torch.take_along_dim(self._labels, rows[:, :, None] if several else rows, dim=1)
        return inputs, labels, self._entering(inputs)

    def _entering(self, inputs: Tensor) -> Entering:
        """Inputs as the quick pass takes them; of whole sequences they are taken as they are."""
        return entering(inputs) if self._reads == LAST else Positions()

    def _logits(
        self, inputs: Tensor, read: Entering, workspace: Workspace
    ) -> Float[Tensor, "run input *read answer"]:
        n_classes = self.recipes[0].task.d_vocab_out
        if not self.is_quick:  # never stacked
            return run_logits(self.model, inputs[0], n_classes, self._reads)[None]
        if self._reads != LAST:
            every = sequence_logits(self.model, self._values.__getitem__, inputs)
            found = every[:, :, list(self._reads), :n_classes]
            return found if len(self._reads) > 1 else found[:, :, 0]
        if len(self.recipes) > 1:
            logits = self._pass(read, workspace)
        else:
            logits, _ = folded_forward(self.model, self._values.__getitem__, read, workspace)
        return logits.expand(-1, inputs.shape[1], -1)[..., :n_classes]  # one row where inputs are alike

    @cached_property
    def _pass(self) -> Callable[[Entering, Workspace], Tensor]:
        return stacked_pass(self.model, self._values.__getitem__)

    def _give_gradients(self) -> list[Tensor]:
        """Room for gradients that stays where it is, so that groups of runs can look at their part of it."""
        for parameter, value in self._values.items():
            if parameter.requires_grad and self.is_quick:
                value.grad = torch.zeros_like(value)
            elif parameter.requires_grad:
                parameter.grad = torch.zeros_like(parameter)
                value.grad = parameter.grad[None]
        return [value.grad for value in self._values.values() if value.grad is not None]

    def _group(self, runs: range) -> list[nn.Parameter]:
        """What the optimiser sees of neighbouring runs: views of their weights and gradients."""
        group = []
        for value in self._values.values():
            if value.grad is not None:
                own = 0 if self._is_bare else slice(runs.start, runs.stop)
                view = nn.Parameter(value.detach()[own])
                view.grad = value.grad[own]
                group.append(view)
        return group

    def _place(self, run: int) -> tuple[int, int]:
        group = next(i for i, runs in enumerate(self._runs) if run in runs)
        return group, run - self._runs[group].start


def _split(recipe: Recipe) -> tuple[Int[Tensor, "train"], Int[Tensor, "test"]]:
    """The inputs trained on, and the test inputs: of a stream's probe all."""
    if recipe.task.is_stream:
        return torch.zeros(0, dtype=torch.long), torch.arange(len(recipe.task.labels))
    return recipe.task.split(recipe.train_fraction, recipe.seed)


def _stacked(models: Sequence[Any]) -> dict[nn.Parameter, Tensor]:
    """The values of each of the first model's parameters in every model, run × …."""
    parameters = zip(*(model.parameters() for model in models), strict=True)
    if len(models) == 1:
        return {parameter: parameter.detach()[None] for (parameter,) in parameters}
    return {alike[0]: torch.stack([p.detach() for p in alike]) for alike in parameters}


def _equal_neighbours(specs: Sequence[Any]) -> tuple[list[Any], list[range]]:
    chosen, runs, start = [], [], 0
    for spec, members in groupby(specs):
        stop = start + len(list(members))
        chosen.append(spec)
        runs.append(range(start, stop))
        start = stop
    return chosen, runs
