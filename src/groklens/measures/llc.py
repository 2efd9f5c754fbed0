"""`LLC`: the local learning coefficient, how singular the train loss is about a model's weights, with its health."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from groklens.errors import BadArgument, described, is_number, whole_number
from groklens.hypotheses import Circuit
from groklens.measures.chain_health import ChainHealth, chain_health
from groklens.measures.family import Family, column_name
from groklens.measures.llc_chains import Chains
from groklens.measures.llc_estimate import ABOUT, LLCEstimate
from groklens.measures.sgld import Sampler, Walk
from groklens.recipes import Loss
from groklens.runs import AnyRun, Run, as_run
from groklens.snapshots import Snapshot

#: How much an estimate may change, as a share of itself, when the step size is halved; its bias is about twice that.
PLATEAU = 0.1


@dataclass(frozen=True)
class LLC(Family):
    """The local learning coefficient λ̂ = nβ (E[L] − L(w*)) of the train loss, with its health beside it.

    E is the mean over weights drawn about the model's own from ∝ exp(−nβ L − (γ/2)‖w − w*‖²), by Langevin chains that
    start there (`measures.sgld`). High: many directions matter to the loss, as in a model that memorises; low: few do.
    d/2 for d weights that all matter, less where the loss is flat or singular; compare at equal ε, γ and nβ alone. In
    a table it is an array by `quantity`: `value` (missing where the chains are not healthy), `stderr`, `r_hat`, `ess`,
    `healthy`. Unhealthy are chains that leave, disagree, drift or are too dependent, an estimate below 0 by more than
    its error (the model stands at no minimum), or one that changes by more than a tenth when ε is halved;
    `learning_coefficient` says which.

    Args:
        epsilon, gamma, n_beta: step size, pull towards the model, inverse temperature; nβ = n/ln n of n examples where
            it is None.
        chains, draws, burn_in: how many, steps that count, and steps before them.
        sampler: `"sgld"`, or `"rmsprop"`, which scales each weight by its own gradients.
        weights: parameters that are sampled, by TransformerLens name (`"W_E"`) or a part of their own; all where empty.
        batch_size: examples of a chain's gradient, drawn for each chain; all where None. Losses are over all.
        loss: `"cross_entropy"`, `"mse"` or a loss of your own; if None that of the recipe, where it is taken of a run,
            and cross-entropy of a snapshot, which does not know its run.
        seed: of the noise.

    What 300 steps of Adam gain in loss from the model, times nβ, is no volume about a minimum: it must be less than a
    tenth of the estimate, or than two standard errors.

    Source: Lau et al. 2023 (arXiv:2308.12108); departures: the loss at w* is over the same examples as those of the
    draws, batches are no chain's neighbour's, draws before `burn_in` do not count. Held to
    `theory.tempered_learning_coefficient`.

    >>> gl.measures.LLC(chains=4, draws=400)(run.final)  # doctest: +SKIP
    """

    epsilon: float = 1e-3
    gamma: float = 5.0
    n_beta: float | None = None
    chains: int = 4
    draws: int = 400
    burn_in: int = 100
    sampler: Sampler | str = "sgld"
    weights: tuple[str, ...] = ()
    batch_size: int | None = None
    loss: str | Loss | None = None
    seed: int = 0

    about = ABOUT
    #: Its value may be missing: an estimate that is not healthy is no number.
    may_be_missing = True

    def __post_init__(self) -> None:
        """Refuse what no chain can walk by."""
        for name in ("epsilon", "gamma", "n_beta"):
            value = getattr(self, name)
            if (value is not None or name != "n_beta") and not (is_number(value) and 0 < value < math.inf):
                raise BadArgument(f"{name} is {described(value)}; give a positive number, such as 1e-3.")
        if isinstance(self.weights, str):
            object.__setattr__(self, "weights", (self.weights,))
        object.__setattr__(self, "weights", tuple(self.weights))
        if self.batch_size is not None:
            whole_number("batch_size", self.batch_size, 1, such_as=64)
        whole_number("seed", self.seed, such_as=0)
        for name, least in (("chains", 2), ("draws", 20), ("burn_in", 0)):
            whole_number(name, getattr(self, name), least, such_as=400)
        if self.sampler not in ("sgld", "rmsprop"):
            raise BadArgument(f"sampler is {described(self.sampler)}; choose 'sgld' or 'rmsprop'.")

    def in_run(self, run: Run) -> LLC:
        """The measure with the loss that the run was trained with, where the run says one."""
        said = getattr(run.recipe, "loss", None) if self.loss is None else None
        return self if said is None else replace(self, loss=said)

    @property
    def __name__(self) -> str:
        """The column's name, in which the loss taken from a run is not spelt."""
        return column_name(replace(self, loss=None))

    def value(self, snapshot: Snapshot, circuit: Circuit | None) -> xr.DataArray:
        """The estimate by quantity."""
        return learning_coefficient(snapshot, self).array


def learning_coefficient(snapshot: AnyRun, llc: LLC | None = None) -> LLCEstimate:
    """The local learning coefficient of a snapshot, or of the last of a run, with its verdict, error and traces.

    Half as many chains walk at ε/2 beside those at ε: their difference shows the bias of the step size. Raises
    `BadArgument` where the split is not known, or no weight is named that the model has.

    >>> learning_coefficient(run.final, LLC(epsilon=3e-3)).verdict  # doctest: +SKIP
    'supported'
    """
    llc = llc or LLC()
    if not isinstance(snapshot, Snapshot):
        run = as_run(snapshot)
        snapshot, llc = run.final, llc.in_run(run)
    if snapshot.train_index is None or not len(snapshot.train_index):
        raise BadArgument(
            "A learning coefficient is of the train loss, and which inputs were trained on is not known. Give "
            "train_index to the Recorder or Snapshot."
        )
    beside = max(2, llc.chains // 2)  # as many at half the step size: they need to show a difference, no more
    n = len(snapshot.train_index)
    n_beta = n / math.log(max(n, 2)) if llc.n_beta is None else float(llc.n_beta)
    sizes = (llc.chains, beside)
    epsilon = torch.tensor([llc.epsilon] * llc.chains + [llc.epsilon / 2] * beside)
    walk = Walk(epsilon, n_beta, llc.gamma, llc.sampler, llc.burn_in)  # type: ignore[arg-type]  # checked above
    chains = Chains(snapshot, llc.loss or "cross_entropy", llc.weights, llc.batch_size, llc.seed)
    traces, gained = chains.side_by_side(walk, sizes, llc.burn_in + llc.draws)
    whole, half = (chain_health(_estimates(trace, llc, n_beta)) for trace in traces)
    reasons = [*whole.reasons, *_unlikely(whole, n_beta * gained), *_no_plateau(whole, half)]
    return LLCEstimate(
        whole.mean,
        whole.stderr,
        whole.r_hat,
        whole.ess,
        "undecided" if reasons else "supported",
        tuple(reasons),
        n_beta,
        half.mean,
        traces[0],
    )


def _estimates(trace: Tensor, llc: LLC, n_beta: float) -> Float[Tensor, "chain draw"]:
    """nβ (L − L(w*)) of every draw after burn-in."""
    return n_beta * (trace[:, 1 + llc.burn_in :] - trace[:, :1])


def _unlikely(found: ChainHealth, gained: float) -> list[str]:
    """The reasons that the model stands at no minimum: an estimate below 0, or a loss that descent alone lowers."""
    if math.isfinite(found.mean) and gained > max(PLATEAU * abs(found.mean), 2 * found.stderr):
        return [f"descent gains {gained:.2g} from here, beside an estimate of {found.mean:.2g}: no minimum"]
    if found.mean < -2 * found.stderr:
        return [
            f"the estimate is below 0 ({found.mean:.2g} ± {found.stderr:.2g}): the model stands at no minimum"
        ]
    return []


def _no_plateau(whole: ChainHealth, half: ChainHealth) -> list[str]:
    """The reason that the estimate depends on the step size, where it does by more than a tenth and two errors."""
    if not math.isfinite(whole.mean):
        return []
    # Not their sum: an estimate that is noisy as well would hide a bias behind its error.
    allowed = max(PLATEAU * abs(whole.mean), 2 * math.hypot(whole.stderr, half.stderr))
    if math.isfinite(half.mean) and abs(whole.mean - half.mean) <= allowed:
        return []
    return [f"it depends on the step size: {whole.mean:.3g}, and {half.mean:.3g} at half of it"]
