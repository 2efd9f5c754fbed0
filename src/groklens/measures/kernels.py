"""`KernelMoved` and `KernelAlignment`: the empirical tangent kernel over training, from lazy to rich."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from groklens.errors import whole_fields
from groklens.measures.family import Family
from groklens.measures.measure import About
from groklens.measures.since import Since
from groklens.models import at_rest, device_of, run_logits, trained_of
from groklens.snapshots import Snapshot, judged_by, once_per_snapshot
from groklens.tasks import Task
from groklens.theory import neural_tangent_kernel
from groklens.value_checks import flag_fields

_PAPER = "Kumar et al. 2023, arXiv:2310.06110"
_SAMPLE = "on inputs drawn with their answers, of random ±1 sums of the logits in place of one output"


@dataclass(frozen=True)
class KernelMoved(Since):
    """Movement of the tangent kernel since the reference step, ‖K − K₀‖/‖K₀‖ in Frobenius norm.

    K(x, x′) is the product of the gradients of the outputs at x and x′. Near 0 the network is its linearisation at the
    reference still (lazy); far above it has learned features since (rich). A kernel also moves by its mere size, when
    weights grow or shrink: read it beside `KernelAlignment`, which does not.

    Args:
        since: the reference, a kept step of the run or a snapshot.
        inputs: how many inputs are looked at, from about √inputs answers as many each.
        outputs: how many random sums of the logits stand for the classes: one backward pass an input and output. The
            mean over all classes is approached as they grow.
        seed: of the inputs and the sums.
        by_answer: whether the inputs are drawn by their answers; without, the measure sees no answer at all, and what
            it shows of a network is answer-free, as `LargestMove` is.

    Raises `BadArgument` for a model without trained weights.
    """

    inputs: int = 64
    outputs: int = 4
    seed: int = 0
    by_answer: bool = True

    def __post_init__(self) -> None:
        """Refuse what is no number of inputs or outputs."""
        super().__post_init__()
        _check(self)
        flag_fields(self, "by_answer")

    @property
    def about(self) -> About:
        """Its source says whether inputs are drawn by their answers."""
        drawn = (
            _SAMPLE
            if self.by_answer
            else "answer-free: inputs and sums of outputs drawn by seed, without answers"
        )
        name = "movement of the tangent kernel" + ("" if self.by_answer else ", answer-free")
        source = f"{_PAPER} (‖K_t − K₀‖/‖K₀‖); {drawn}"
        return About(name, "share of the reference's norm", (0, float("inf")), source, "all")

    def value(self, snapshot: Snapshot, circuit: object) -> float:
        """The movement of the snapshot's kernel from that of the reference."""
        del circuit
        now, before = (_kernel(each, *_sizes(self), self.by_answer) for each in (snapshot, self.reference))
        return float((now - before).norm() / before.norm())


@dataclass(frozen=True)
class KernelAlignment(Family):
    """Alignment of the tangent kernel with the answers, ⟨K, YYᵀ⟩/(‖K‖‖YYᵀ‖), in [0, 1].

    Y is the answers as one-hots, centred over the inputs looked at; with one column it is yᵀKy/(‖K‖‖y‖²). Near 0 the
    gradients do not know which inputs have an answer in common, as before training; it rises while features are
    learned, and stays in a network that remains lazy. `inputs`, `outputs` and `seed` as in `KernelMoved`.
    """

    inputs: int = 64
    outputs: int = 4
    seed: int = 0
    about = About(
        "alignment of the tangent kernel",
        "cosine",
        (0, 1),
        f"{_PAPER} (yᵀKy/(‖K‖‖y‖²)), for several classes as by Cristianini et al. 2001 (⟨K, YYᵀ⟩); {_SAMPLE}",
        "all",
    )

    def __post_init__(self) -> None:
        """Refuse what is no number of inputs or outputs."""
        _check(self)

    def value(self, snapshot: Snapshot, circuit: object) -> float:
        """The alignment of the snapshot's kernel with the answers."""
        del circuit
        kernel, rows = _kernel(snapshot, *_sizes(self)), chosen(snapshot.task, self.inputs, self.seed)
        return alignment(kernel, judged_by(snapshot.task, "all")[rows])


def alignment(kernel: Float[Tensor, "input input"], labels: Int[Tensor, "input"]) -> float:
    """Cosine of a kernel with that of the centred one-hot labels; 0 where all labels are one."""
    hot = F.one_hot(labels).double()
    target = (hot - hot.mean(dim=0)) @ (hot - hot.mean(dim=0)).T
    scale = float(kernel.norm() * target.norm())
    return max(0.0, float((kernel * target).sum()) / scale) if scale > 0 else 0.0


def chosen(task: Task, inputs: int, seed: int, by_answer: bool = True) -> Int[Tensor, "input"]:
    """Inputs from about √inputs answers, drawn at random, and as many from each; all there are, if they are no more.

    Of inputs drawn without regard to answers (not `by_answer`) hardly two would have one in common, where answers are
    many.
    """
    generator, labels = torch.Generator().manual_seed(seed), judged_by(task, "all")
    if not by_answer:
        return torch.randperm(len(labels), generator=generator)[:inputs]
    answers = labels.unique()
    few = math.ceil(math.sqrt(inputs))
    drawn = answers[torch.randperm(len(answers), generator=generator)[:few]]
    each = math.ceil(inputs / len(drawn))
    found = []
    for answer in drawn:
        own = torch.nonzero(labels == answer)[:, 0]
        found.append(own[torch.randperm(len(own), generator=generator)[:each]])
    return torch.cat(found)[:inputs]


@once_per_snapshot
def _kernel(
    snapshot: Snapshot, inputs: int, outputs: int, seed: int, by_answer: bool = True
) -> Float[Tensor, "input input"]:
    rows = chosen(snapshot.task, inputs, seed, by_answer)
    with at_rest(snapshot.model):
        return neural_tangent_kernel(_Sums(snapshot, outputs, seed), snapshot.task.inputs[rows]).cpu()


class _Sums:
    """A model whose outputs are random sums of its logits, Σ ±f_c/√C."""

    def __init__(self, snapshot: Snapshot, outputs: int, seed: int) -> None:
        self._model, self._classes = snapshot.model, snapshot.task.d_vocab_out
        generator = torch.Generator().manual_seed(seed)
        signs = torch.randint(0, 2, (self._classes, outputs), generator=generator) * 2 - 1
        self._sums = signs / math.sqrt(self._classes)

    def parameters(self) -> Iterator[Tensor]:
        return iter(trained_of(self._model))

    def __call__(self, inputs: Tensor) -> Float[Tensor, "input output"]:
        device = device_of(self._model)
        logits = run_logits(self._model, inputs.to(device), self._classes)
        return logits @ self._sums.to(logits)


def _sizes(measure: KernelMoved | KernelAlignment) -> tuple[int, int, int]:
    return measure.inputs, measure.outputs, measure.seed


def _check(measure: KernelMoved | KernelAlignment) -> None:
    whole_fields(measure, "inputs", "outputs", least=1)
    whole_fields(measure, "seed", least=0)
