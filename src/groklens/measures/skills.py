"""What a model can do of each skill of a task of many: accuracy, loss and Brier score, skill by skill."""

from __future__ import annotations

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.measures.measure import measure
from groklens.models import at_rest, cross_entropy_each, device_of, run_logits
from groklens.snapshots import Snapshot, once_per_snapshot
from groklens.tasks import MultitaskParity

_PAPER = "Michaud et al. 2023, arXiv:2303.13506 §3 (subtasks)"
#: Inputs of one pass: an MLP holds inputs × operands × neurons on the way.
_AT_ONCE = 1024
_SAMPLE = "on as many inputs of every skill, not by its frequency"


@measure(
    long_name="accuracy on each skill",
    units="accuracy",
    valid_range=(0, 1),
    source=f"{_PAPER}; {_SAMPLE}",
    needs=("skills",),
)
def skill_accuracy(snapshot: Snapshot) -> xr.DataArray:
    """Share of each skill's inputs that is answered correctly (skill), in [0, 1]; 1/2 at chance.

    Over `task.each_skill`, 4,096 inputs of every skill. Skills are in the order of their frequencies, from 1.
    """
    logits, labels = _at_each_skill(snapshot)
    return _by_skill(snapshot, (logits.argmax(dim=1) == labels).double())


@measure(
    long_name="loss on each skill",
    units="nats",
    valid_range=(0, float("inf")),
    source=f"float64 cross-entropy; {_PAPER}; {_SAMPLE}",
    needs=("skills",),
)
def skill_loss(snapshot: Snapshot) -> xr.DataArray:
    """Mean cross-entropy over each skill's inputs (skill), in nats: log 2 at chance, 0 certain and correct.

    Over `task.each_skill`. The continuous companion of `skill_accuracy`: the correct answer's log-probability.
    """
    return _by_skill(snapshot, cross_entropy_each(*_at_each_skill(snapshot)))


@measure(
    long_name="Brier score on each skill",
    units="squared probability",
    valid_range=(0, 2),
    source=f"Brier 1950; {_PAPER}; {_SAMPLE}",
    needs=("skills",),
)
def skill_brier(snapshot: Snapshot) -> xr.DataArray:
    """Brier score of each skill's inputs (skill), in [0, 2]: 1/2 at chance of two classes, 0 certain and correct.

    Over `task.each_skill`. The sum over the classes of the squared distance of probability from 0 or 1.
    """
    logits, labels = _at_each_skill(snapshot)
    return _by_skill(snapshot, brier_each(logits, labels))


def brier_each(logits: Float[Tensor, "*row answer"], labels: Tensor) -> Float[Tensor, "*row"]:
    """Σ over the classes of (probability − (1 for the label, else 0))², for each row, float64."""
    probabilities = logits.double().softmax(dim=-1)
    hot = torch.nn.functional.one_hot(labels, logits.shape[-1])
    return (probabilities - hot).square().sum(dim=-1)


@once_per_snapshot
def _at_each_skill(snapshot: Snapshot) -> tuple[Float[Tensor, "input answer"], Tensor]:
    task, model = snapshot.task, snapshot.model
    assert isinstance(task, MultitaskParity)  # by the need `skills`
    examples, device = task.each_skill, device_of(model)
    with at_rest(model):
        blocks = [
            run_logits(model, block.to(device), task.d_vocab_out).double().cpu()
            for block in examples.inputs.split(_AT_ONCE)
        ]
    return torch.cat(blocks), examples.labels


def _by_skill(snapshot: Snapshot, each: Float[Tensor, "input"]) -> xr.DataArray:
    task = snapshot.task
    assert isinstance(task, MultitaskParity)
    skills = xr.DataArray(range(1, task.skills + 1), dims="skill", attrs={"long_name": "skill"})
    frequencies = xr.DataArray(task.frequencies.numpy(), dims="skill", attrs={"long_name": "frequency"})
    means = each.reshape(task.skills, -1).mean(dim=1).numpy()
    return xr.DataArray(means, dims="skill", coords={"skill": skills, "frequency": frequencies})
