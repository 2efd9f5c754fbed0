"""`predictor_of` and `sampled_stages`: a model as a predictor, and how far its own samples are from the references'."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import whole_number
from groklens.measures.stages import checked_references
from groklens.models import at_rest, device_of, run_logits
from groklens.progress import each, progress_shown
from groklens.runs import AnyRun, as_run, as_snapshot, kept_steps, steps_count
from groklens.snapshots import Snapshot
from groklens.theory import Predictor, sample
from groklens.threads import one_thread

_SOURCE = "ours: KL(what samples‖reference) along sequences that it samples itself, per token; the chain rule"


@dataclass(frozen=True, eq=False)
class _Model:
    """A model's own prediction of the next token at every position."""

    snapshot: Snapshot
    name = "model"

    def log_probabilities(self, tokens: Int[Tensor, "example pos"]) -> Float[Tensor, "example pos d_vocab"]:
        """Log-softmax, float64, of the model's logits; its mode, hooks and the random state stay as they were."""
        model, task = self.snapshot.model, self.snapshot.task
        n_pos = tokens.shape[1]
        missing = tokens.new_zeros(len(tokens), max(task.n_ctx - n_pos, 0))
        padded = torch.cat([tokens, missing], dim=1).to(device_of(model))  # what comes later is not seen
        with at_rest(model):
            logits = run_logits(model, padded, task.d_vocab_out, tuple(range(padded.shape[1])))
        return logits[:, :n_pos].cpu().double().log_softmax(dim=-1)


def predictor_of(run: AnyRun) -> Predictor:
    """A causal model of sequences as a predictor of the next token, to be compared with and sampled from.

    Of a run it is the model at the last kept step. Sequences shorter than the task's inputs are padded behind, which a
    model that looks ahead would see: give causal ones.

    >>> gl.theory.sample(gl.measures.predictor_of(run), task.inputs[:4, :1], length=64)  # doctest: +SKIP
    """
    return _Model(as_snapshot(run))


@one_thread()
def sampled_stages(
    run: AnyRun | Any,
    references: Sequence[Predictor] | None = None,
    *,
    steps: Iterable[int] | int | None = None,
    sequences: int = 64,
    seed: int = 0,
    progress: bool | None = None,
) -> xr.Dataset:
    """Whether a model *says* what its stage says: the divergence of its own samples from each reference predictor.

    `stages` asks about the next token of given text; here the model goes on by itself. At each step it samples
    sequences from the first tokens of the task's inputs, and along each the mean over positions of
    KL(model‖reference) is taken: in expectation, the divergence between the two distributions of whole sequences,
    per token. The chain rule holds along what the model itself samples in this direction alone, which is the opposite
    of that of `stages`, KL(reference‖model): numbers of the two are not to be compared. 0 where the model speaks
    exactly as the reference does. The same is asked of every
    reference against every other: below a quarter of what parts neighbouring references, as far as an even mixture
    of two is from each, a model's samples are clearly those of one stage.

    Args:
        run: a run, a snapshot or a lone model's run, of a task whose inputs are tokens of a sequence.
        references: predictors to compare with; None takes the task's own (`task.references`).
        steps: some of the kept steps; None takes all.
        sequences: how many are sampled, at most as many as the task has inputs.
        seed: of the draws, the same at every step.
        progress: shows or hides the bar.

    Gives a table with `kl` (step × reference × example, nats per token), an example each for bootstraps, and `between`
    (nearest × reference × example): the same of what the reference `nearest` samples. Raises `BadArgument` as `stages`.

    >>> gl.measures.sampled_stages(run, steps=[100, 1_000])["kl"].mean("example")  # doctest: +SKIP
    """
    run = as_run(run)
    compared, chosen = checked_references(run.task, references), kept_steps(run, steps)
    count = min(whole_number("sequences", sequences, 2, such_as=64), len(run.task.inputs))
    starts, length = run.task.inputs[:count, :1], run.task.n_ctx
    with progress_shown(progress):
        kl = [
            _divergences(_Model(run.at(step)), compared, starts, length, seed)
            for step in each(chosen, "sampling at step")
        ]
    between = [_divergences(one, compared, starts, length, seed) for one in compared]
    names = np.array([one.name for one in compared], dtype=object)
    about = {"units": "nats per token", "source": _SOURCE}
    return xr.Dataset(
        {
            "kl": (
                ("step", "reference", "example"),
                np.stack(kl),
                {"long_name": "KL(model‖reference) along the model's own samples", **about},
            ),
            "between": (
                ("nearest", "reference", "example"),
                np.stack(between),
                {"long_name": "KL(nearest‖reference) along samples of the nearest", **about},
            ),
        },
        coords={
            "step": ("step", chosen, {"long_name": "training step", "units": steps_count(run)}),
            "reference": names,
            "nearest": names,
        },
        attrs={"run": run.name, "task": run.task.name, "seed": seed},
    )


def _divergences(
    one: Predictor, others: Sequence[Predictor], starts: Tensor, length: int, seed: int
) -> Float[np.ndarray, "reference example"]:
    """Mean over positions of KL(one‖other), along what `one` samples."""
    tokens = sample(one, starts, length, seed)
    log = one.log_probabilities(tokens)[:, :-1]
    found = []
    for other in others:
        gap = torch.where(log > -torch.inf, log - other.log_probabilities(tokens)[:, :-1], 0.0)
        found.append((log.exp() * gap).sum(dim=-1).mean(dim=-1))
    return torch.stack(found).numpy()
