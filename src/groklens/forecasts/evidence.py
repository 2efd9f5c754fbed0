"""What is still moving in a run: the loss, the weights, the answers, the structure, each with the number for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from groklens.claims import number
from groklens.errors import GroklensError
from groklens.forecasts.ranking import interval
from groklens.forecasts.slope import theil_sen
from groklens.measures import Moved, gini_embedding, sum_squared_weights
from groklens.runs import Run
from groklens.snapshots import Snapshot
from groklens.tasks import TableTask

#: The last part of a run that is looked at: from this share of its steps on.
TAIL = 0.5
_DRAWS, _ROWS, _RANDOM = 200, 60, 512


@dataclass(frozen=True)
class Evidence:
    """One number that says whether a run moves: `value` in `units`, with its interval where there is one."""

    key: str
    says: str
    value: float
    units: str
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        between = (
            "" if self.low is None or self.high is None else f" ({number(self.low)} to {number(self.high)})"
        )
        return f"{self.says}: {number(self.value)}{between} {self.units}".rstrip()

    def to_dict(self) -> dict[str, Any]:
        """The evidence as JSON values."""
        return {
            "key": self.key,
            "says": self.says,
            "value": self.value,
            "units": self.units,
            "low": self.low,
            "high": self.high,
        }


def evidence_of(run: Run, step: int) -> tuple[Evidence, ...]:
    """What moves in a run up to a kept step, since half of it: losses, weights, answers, structure.

    What a run does not have is left out: losses of a run without history, motion of one with a single step.
    """
    found = [_loss_trend(run, column, step) for column in ("train_loss", "test_loss")]
    earlier = [each for each in run.steps if 0 < each <= TAIL * step] or [e for e in run.steps if e < step]
    if earlier:
        before, now = run.at(earlier[-1]), run.at(step)
        makers = (_moved, _norm_trend, _answers_change, partial(_answers_change, at_random=True), _structure)
        found += [_or_none(make, before, now) for make in makers]
    return tuple(each for each in found if each is not None and math.isfinite(each.value))


def _or_none(make: Any, before: Snapshot, now: Snapshot) -> Evidence | None:
    """What cannot be said of this model or task is left out."""
    try:
        found: Evidence | None = make(before, now)
    except GroklensError:
        return None
    return found


def loss_slope(steps: np.ndarray, losses: np.ndarray, seed: int = 0) -> tuple[float, float, float]:
    """The slope of ln loss over ln step in the last part of a curve, with a 95 % interval of a block bootstrap.

    Theil–Sen: the median slope between pairs of rows. Blocks of √n rows that follow one another are drawn with
    replacement (Künsch 1989), for rows beside each other err together. −1: the loss falls as 1/step; 0: it stands
    still. nan for fewer than three rows.
    """
    tail = np.flatnonzero((steps >= TAIL * steps.max(initial=0)) & (steps > 0) & (losses > 0))
    tail = (
        tail[np.unique(np.linspace(0, len(tail) - 1, min(len(tail), _ROWS)).astype(int))]
        if len(tail)
        else tail
    )
    x, y = np.log(steps[tail]), np.log(losses[tail])
    slope = theil_sen(x, y)
    if math.isnan(slope):
        return slope, slope, slope
    rng, length = np.random.default_rng(seed), max(2, round(math.sqrt(len(x))))
    between = np.arange(len(x) - length + 1)
    residual = y - slope * x
    draws = []
    for _ in range(_DRAWS):
        starts = rng.choice(between, size=math.ceil(len(x) / length))
        rows = (starts[:, None] + np.arange(length)).ravel()[: len(x)]
        draws.append(theil_sen(x, slope * x + residual[rows]))
    return slope, *interval(np.array(draws))


def _loss_trend(run: Run, column: str, step: int) -> Evidence | None:
    rows = run.history
    if column not in rows:
        return None
    rows = rows[column].dropna("step")
    rows = rows.isel(step=np.flatnonzero(rows["step"].values <= step))
    slope, low, high = loss_slope(rows["step"].values.astype(float), rows.values.astype(float))
    said = f"slope of the {column.replace('_', ' ')} since half of the steps"
    return Evidence(f"slope.{column}", said, slope, "ln loss per ln step", low, high)


def _moved(before: Snapshot, now: Snapshot) -> Evidence:
    return Evidence(
        "moved",
        f"weights moved since step {before.step}",
        Moved(since=before).value(now, None),
        "of their norm",
    )


def _norm_trend(before: Snapshot, now: Snapshot) -> Evidence:
    ratio = 0.5 * math.log(float(sum_squared_weights(now)) / float(sum_squared_weights(before)))
    return Evidence("norm", f"growth of the weights' norm since step {before.step}", ratio, "ln norm")


def _answers_change(before: Snapshot, now: Snapshot, at_random: bool = False) -> Evidence | None:
    """KL from the answers then to those now, mean of test inputs, or of random sequences of tokens."""
    if at_random:
        inputs = now.task.inputs
        if inputs.is_floating_point():
            return None
        generator = torch.Generator().manual_seed(0)
        tokens = now.task.d_vocab or int(inputs.max()) + 1
        drawn = torch.randint(tokens, (_RANDOM, inputs.shape[1]), generator=generator)
        nothing = [0] * _RANDOM  # is asked of the labels
        probe = TableTask(drawn, nothing, d_vocab=now.task.d_vocab, d_vocab_out=now.task.d_vocab_out)
        before, now = (Snapshot(each.model, probe, each.step) for each in (before, now))
    elif now.test_index is None:
        return None
    rows = slice(None) if at_random else now.test_index
    first, last = (F.log_softmax(each.logits[rows].double(), dim=1) for each in (before, now))
    kl = float((first.exp() * (first - last)).sum(dim=1).mean())
    where = "random inputs" if at_random else "test inputs"
    return Evidence(
        f"kl.{where.split()[0]}", f"KL of the answers to {where} from those at step {before.step}", kl, "nats"
    )


def _structure(before: Snapshot, now: Snapshot) -> Evidence:
    change = float(gini_embedding(now)) - float(gini_embedding(before))
    said = f"growth of the Gini coefficient of the embedding's spectrum since step {before.step}"
    return Evidence("structure.gini", said, change, "Gini")
