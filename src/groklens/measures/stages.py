"""`gl.measures.stages`: to which reference predictor a model of sequences is nearest, at every step and position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, described
from groklens.progress import each, progress_shown
from groklens.runs import AnyRun, Run, as_run, kept_steps
from groklens.snapshots import Snapshot
from groklens.tasks import Task
from groklens.theory import Predictor
from groklens.threads import one_thread

_SOURCE = (
    "KL(reference‖model) on the probe at the positions read, mean over its examples; the stage is the reference with "
    "the least, Edelman et al. 2024, arXiv:2402.11004, section 2"
)


@one_thread()
def stages(
    run: AnyRun | Any,
    references: Sequence[Predictor] | Any = None,
    *,
    steps: Iterable[int] | int | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """The stages of a model of sequences: the reference predictor that it is nearest to in KL, over training.

    Args:
        run: a run, a snapshot or a lone model's run, of a task whose inputs are tokens of a sequence.
        references: predictors to compare with; None takes the task's own (`task.references`).
        steps: some of the kept steps; None takes all.
        progress: shows or hides the bar.

    Gives a table with `kl` (step × reference × pos; nats, 0 where the model predicts as the reference, float64),
    `mean_kl` (step × reference, over positions) and `kl_error` (its standard error over examples), `stage` (step: the
    name of the nearest), `stage_at` (step × pos), `loss` (step: the model's own cross-entropy) and `reference_loss`
    (reference: cross-entropy of the reference on the same labels). The nearest is a relative word: what a model has
    learned is one of these only where its KL is small beside the distance from one reference to the next, which is
    `between` (reference × nearest: KL of the one from the other).

    Raises `BadArgument` for no references, a name twice, or a predictor that gives other shapes.

    >>> table = gl.measures.stages(run)  # doctest: +SKIP
    >>> table["stage"].values  # doctest: +SKIP
    array(['uniform', 'unigram', 'unigram', 'bigram'], dtype=object)
    """
    run = as_run(run)
    compared = [_Compared(run.task, one) for one in checked_references(run.task, references)]
    chosen = kept_steps(run, steps)
    with progress_shown(progress):
        rows = [_row(run, step, compared) for step in each(chosen, "comparing step")]
    return _table(run, chosen, compared, rows)


def checked_references(task: Task, given: Any) -> list[Predictor]:
    """The references given, or the task's own; `BadArgument` for none, what is no predictor, or a name twice."""
    found = getattr(task, "references", None) if given is None else given
    if isinstance(found, Predictor) or not isinstance(found, Iterable):
        found = [] if found is None else [found]
    found = list(found)
    names = [getattr(one, "name", None) for one in found]
    if not found or not all(isinstance(one, Predictor) for one in found) or len(set(names)) < len(names):
        raise BadArgument(
            f"references are {described(given)}{'' if found else f', and {task.name} names none'}; give predictors of "
            "different names, such as [gl.theory.Uniform(3), gl.theory.InContext(3, context=0), "
            "gl.theory.InContext(3, context=1)]."
        )
    return found


class _Compared:
    """A reference's log-probabilities on a task's examples, at the positions read."""

    def __init__(self, task: Task, reference: Predictor) -> None:
        self.name = reference.name
        found = reference.log_probabilities(task.inputs)
        expected = (*task.inputs.shape, task.d_vocab_out)
        if not isinstance(found, Tensor) or found.shape != torch.Size(expected):
            raise BadArgument(
                f"The predictor {self.name!r} gives {described(found)} for tokens of shape {tuple(task.inputs.shape)}; "
                f"it has to give {expected}: a log-probability for every token at every position."
            )
        self.log = found[:, list(task.reads)].double()

    def kl(
        self, log_model: Float[Tensor, "example pos d_vocab"], rows: slice
    ) -> Float[Tensor, "example pos"]:
        """KL(reference‖other) of some examples, 0 where the reference's probability is 0."""
        log, share = self.log[rows], self.log[rows].exp()
        return torch.where(share > 0, share * (log - log_model), 0.0).sum(dim=-1)

    def loss(self, task: Task) -> float:
        """The reference's cross-entropy on the labels."""
        labels = by_read(task.labels)
        return float(-self.log.gather(-1, labels[..., None]).mean())


def by_read(labels: Tensor) -> Tensor:
    """Labels or logits with an axis of reads, also where there is one."""
    return labels if labels.ndim > 1 else labels[:, None]


def log_model(logits: Tensor, n_reads: int) -> Float[Tensor, "example pos d_vocab"]:
    """A model's log-probabilities at the positions read, float64."""
    values = logits if n_reads > 1 else logits[:, None]
    return values.double().log_softmax(dim=-1)


def _row(run: Run, step: int, compared: Sequence[_Compared]) -> dict[str, Any]:
    """KL from each reference by position and its error, and the model's loss."""
    snapshot: Snapshot = run.at(step)
    task = snapshot.task
    labels, parts, losses = by_read(task.labels), [], []
    for block in snapshot.blocks():
        model = log_model(block.logits, len(task.reads))
        parts.append(torch.stack([one.kl(model, block.rows) for one in compared]))
        losses.append(-model.gather(-1, labels[block.rows][..., None])[..., 0])
    every = torch.cat(parts, dim=1)  # reference × example × pos
    of_example = every.mean(dim=2)
    return {
        "kl": every.mean(dim=1).numpy(),
        "kl_error": (of_example.std(dim=1, correction=0) / of_example.shape[1] ** 0.5).numpy(),
        "loss": float(torch.cat(losses).mean()),
    }


def _table(
    run: Run, steps: list[int], compared: Sequence[_Compared], rows: list[dict[str, Any]]
) -> xr.Dataset:
    names = np.array([one.name for one in compared], dtype=object)
    kl = np.stack([row["kl"] for row in rows])
    mean = kl.mean(axis=2)
    nats = {"units": "nats", "source": _SOURCE}
    by = ("step", "reference")
    return xr.Dataset(
        {
            "kl": ((*by, "pos"), kl, {"long_name": "KL from the reference", **nats}),
            "mean_kl": (by, mean, {"long_name": "KL from the reference, mean over positions", **nats}),
            "kl_error": (
                by,
                np.stack([row["kl_error"] for row in rows]),
                {"long_name": "standard error", **nats},
            ),
            "stage": (
                "step",
                names[mean.argmin(axis=1)],
                {"long_name": "nearest reference", "source": _SOURCE},
            ),
            "stage_at": (
                ("step", "pos"),
                names[kl.argmin(axis=1)],
                {"long_name": "nearest reference by position", "source": _SOURCE},
            ),
            "loss": ("step", [row["loss"] for row in rows], {"long_name": "loss", "units": "nats"}),
            "reference_loss": (
                "reference",
                [one.loss(run.task) for one in compared],
                {"long_name": "loss of the reference", "units": "nats"},
            ),
            "between": (
                ("reference", "nearest"),
                _between(compared),
                {"long_name": "KL of one reference from another", "units": "nats"},
            ),
        },
        coords={
            "step": ("step", steps, {"long_name": "training step", "units": "updates"}),
            "reference": names,
            "nearest": names,
            "pos": ("pos", list(run.task.reads), {"long_name": "position"}),
        },
        attrs={"run": run.name, "task": run.task.name},
    )


def _between(compared: Sequence[_Compared]) -> Float[np.ndarray, "reference nearest"]:
    """KL(one‖other) of every pair of references, mean over examples and positions."""
    whole = slice(None)
    return np.array([[float(one.kl(other.log, whole).mean()) for other in compared] for one in compared])
