"""`gl.measures.stages`: to which reference predictor a model of sequences is nearest, at every step and position."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.measures.compared import Compared, agreement, by_read, in_parts, kl_from, log_model
from groklens.progress import each, progress_shown
from groklens.runs import AnyRun, Run, as_run, kept_steps, steps_count
from groklens.snapshots import Snapshot
from groklens.tasks import Task
from groklens.theory import Predictor
from groklens.threads import one_thread

_SOURCE = (
    "KL(reference‖model) on the probe at the positions read, mean over its examples; the stage is the reference with "
    "the least, Edelman et al. 2024, arXiv:2402.11004, section 2"
)

_AGREEMENT = {
    "long_name": "share of positions with the likeliest token of the reference",
    "units": "share",
    "source": "Nguyen 2024, arXiv:2407.12034: top-1 agreement; of n tokens equally likely to the reference, 1/n",
}


@one_thread()
def stages(
    run: AnyRun | Any,
    references: Sequence[Predictor] | Any = None,
    *,
    steps: Iterable[int] | int | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """The stages of a model of sequences: the reference predictor that it is nearest to in KL, over training.

    The direction is the source's, KL(reference‖model): what the model misses of what the reference expects. That of
    `sampled_stages` is the other one, KL(model‖reference): numbers of the two are not to be compared.

    Args:
        run: a run, a snapshot or a lone model's run, of a task whose inputs are tokens of a sequence.
        references: predictors to compare with; None takes the task's own (`task.references`).
        steps: some of the kept steps; None takes all.
        progress: shows or hides the bar.

    Gives a table with `kl` (step × reference × pos; nats, 0 where the model predicts as the reference, float64),
    `mean_kl` (step × reference, over positions) and `kl_error` (its standard error over examples), `lead` (step ×
    reference: how much nearer it is than the nearest other, below 0 for all but the nearest) and `lead_error`,
    `agreement` (step × reference: share of positions where the model's likeliest token is the reference's), `stage`
    (step: the name of the nearest), `stage_at` (step × pos), `loss` (step: the model's own cross-entropy) and
    `reference_loss` (reference: cross-entropy of the reference on the same labels). Nearest is a relative word: a model
    has learned one of these only where its KL is small beside the distance from one reference to the next, `between`
    (reference × nearest: KL of the one from the other).

    Raises `BadArgument` for no references, a name twice, or a predictor that gives other shapes.

    >>> table = gl.measures.stages(run)  # doctest: +SKIP
    >>> table["stage"].values  # doctest: +SKIP
    array(['uniform', 'unigram', 'unigram', 'bigram'], dtype=object)
    """
    run = as_run(run)
    given = checked_references(run.task, references)
    compared = [Compared(run.task, one, beside=len(given)) for one in given]
    chosen = kept_steps(run, steps)
    with progress_shown(progress):
        rows = [_row(run, step, compared) for step in each(chosen, "comparing step")]
    return _table(run, chosen, compared, rows)


def checked_references(task: Task, given: Any) -> list[Predictor]:
    """The references given, or the task's own; `BadArgument` for none, what is no predictor, or a name twice."""
    found = task.references if given is None else given
    if isinstance(found, Predictor) or not isinstance(found, Iterable):
        found = [found]
    found = list(found)
    names = [getattr(one, "name", None) for one in found]
    if not found or not all(isinstance(one, Predictor) for one in found) or len(set(names)) < len(names):
        raise BadArgument(
            f"references are {described(given)}{'' if found else f', and {task.name} names none'}; give predictors of "
            "different names, such as [gl.theory.Uniform(3), gl.theory.InContext(3, context=0), "
            "gl.theory.InContext(3, context=1)]."
        )
    return found


def _row(run: Run, step: int, compared: Sequence[Compared]) -> dict[str, Any]:
    """KL from each reference by position and its error, how often it agrees, and the model's loss."""
    snapshot: Snapshot = run.at(step)
    task = snapshot.task
    labels, parts, losses = by_read(task.labels), [], []
    for block in snapshot.blocks():
        for rows in in_parts(task, block.rows):
            within = slice(rows.start - block.rows.start, rows.stop - block.rows.start)
            model = log_model(block.logits[within], len(task.reads))
            parts.append(_compare(compared, model, rows))
            losses.append(-model.gather(-1, labels[rows][..., None])[..., 0])
    kl, agree = torch.cat(parts, dim=2)  # reference × example × pos, each
    of_example = kl.mean(dim=2)
    return {
        "kl": kl.mean(dim=1).numpy(),
        "kl_error": _error(of_example),
        **_leads(of_example),
        "agreement": agree.mean(dim=(1, 2)).numpy(),
        "loss": float(torch.cat(losses).mean()),
    }


def _compare(
    compared: Sequence[Compared], model: Float[Tensor, "example pos d_vocab"], rows: slice
) -> Float[Tensor, "quantity reference example pos"]:
    """KL from each reference, and whether the likeliest token is the same."""
    found = []
    for one in compared:
        log = one.log(rows)
        found.append(torch.stack([kl_from(log, model), agreement(log, model)]))
    return torch.stack(found, dim=1)


def _error(of_example: Float[Tensor, "reference example"]) -> np.ndarray:
    return (of_example.std(dim=1, correction=0) / of_example.shape[1] ** 0.5).numpy()


def _leads(of_example: Float[Tensor, "reference example"]) -> dict[str, np.ndarray]:
    """How much nearer each reference is than the nearest other, and the standard error of that over examples."""
    means, leads = of_example.mean(dim=1), []
    for place in range(len(means)):
        others = means.clone()
        others[place] = math.inf
        leads.append(of_example[int(others.argmin())] - of_example[place])
    each = torch.stack(leads)
    return {"lead": each.mean(dim=1).numpy(), "lead_error": _error(each)}


def _table(
    run: Run, steps: list[int], compared: Sequence[Compared], rows: list[dict[str, Any]]
) -> xr.Dataset:
    names = np.array([one.name for one in compared], dtype=object)
    kl, error, lead, lead_error = (
        np.stack([row[name] for row in rows]) for name in ("kl", "kl_error", "lead", "lead_error")
    )
    mean, by = kl.mean(axis=2), ("step", "reference")
    variables = {
        "kl": _nats((*by, "pos"), kl, "KL(reference‖model)"),
        "mean_kl": _nats(by, mean, "KL(reference‖model), mean over positions"),
        "kl_error": _nats(by, error, "standard error of that"),
        "lead": _nats(by, lead, "how much nearer than the nearest other"),
        "lead_error": _nats(by, lead_error, "standard error of the lead"),
        "stage": ("step", names[mean.argmin(axis=1)], {"long_name": "nearest reference"}),
        "stage_at": (
            ("step", "pos"),
            names[kl.argmin(axis=1)],
            {"long_name": "nearest reference by position"},
        ),
        "agreement": (by, np.stack([row["agreement"] for row in rows]), _AGREEMENT),
        "loss": _nats(("step",), np.array([row["loss"] for row in rows]), "loss"),
        "reference_loss": _nats(("reference",), _losses(run.task, compared), "loss of the reference"),
        "between": _nats(
            ("reference", "nearest"),
            _between(run.task, compared),
            "KL(reference‖nearest), of one reference from another",
        ),
    }
    coords = {
        "step": ("step", steps, {"long_name": "training step", "units": steps_count(run)}),
        "reference": ("reference", names, {"long_name": "reference"}),
        "nearest": names,
        "pos": ("pos", list(run.task.reads), {"long_name": "position"}),
    }
    attributes = {"run": run.name, "task": run.task.name, "source": _SOURCE}
    return xr.Dataset(variables, coords=coords, attrs=attributes)


def _nats(dims: tuple[str, ...], values: np.ndarray, called: str) -> tuple[Any, ...]:
    return dims, values, {"long_name": called, "units": "nats", "source": _SOURCE}


def _losses(task: Task, compared: Sequence[Compared]) -> Float[np.ndarray, "reference"]:
    """The references' own cross-entropy on the labels."""
    labels, totals = by_read(task.labels), torch.zeros(len(compared), dtype=torch.float64)
    for rows in in_parts(task, slice(0, len(labels))):
        totals -= torch.stack([one.log(rows).gather(-1, labels[rows][..., None]).sum() for one in compared])
    return (totals / labels.numel()).numpy()


def _between(task: Task, compared: Sequence[Compared]) -> Float[np.ndarray, "reference nearest"]:
    """KL(one‖other) of every pair of references, mean over examples and positions."""
    total, count = np.zeros((len(compared), len(compared))), len(task.inputs) * len(task.reads)
    for rows in in_parts(task, slice(0, len(task.inputs))):
        logs = [one.log(rows) for one in compared]
        total += [[float(kl_from(log, other).sum()) for other in logs] for log in logs]
    return total / count
