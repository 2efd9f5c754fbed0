"""Does a transformer learn Markov chains in context by stages, from unigrams to bigrams, and is it itself such a chain?

Prediction (Edelman et al. 2024, arXiv:2402.11004): trained on sequences that each have their own Markov chain, a
two-layer attention-only transformer predicts like the uniform, then the unigram, then the bigram predictor, in this
order for every vocabulary; the simpler solution delays the better one, so that chains whose states are all equally
frequent, of which unigrams say nothing, are learned sooner; the bigram is computed by an induction circuit, so that
without its previous-token head the model is at the unigram level; and one layer is not enough. Of one fixed chain,
a single layer with tied embeddings stays at the stationary distribution where switching is likelier than staying
(Makkuva et al. 2024, arXiv:2402.04161: p + q > 1), and learns the chain otherwise.

Refuted if the order is another, if no delay as large as a tenth is compatible with the seeds, if cutting the head
leaves the model nearer to the bigram, if one layer closes half of the gap, or if the switching chain is learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from analyses.models import trained
from torch import nn

import groklens as gl

RUNS = ()
VOCABULARIES = (2, 3, 5)
PRIORS = ("dirichlet", "doubly stochastic")
SEEDS = range(8)
#: A run has left the unigram plateau where it has closed this share of the gap to the bigram; the others say how much
#: hangs on it.
HALF, OTHERS = 0.5, (0.25, 0.75)
#: A claim about single runs holds where it does for this share of them, and fails where not even half do.
MOST = 0.9
#: A delay of less than this is none.
TENTH = 0.1
RECIPE = gl.Recipe(
    task=gl.tasks.MarkovChains(states=3, length=50),
    model=gl.Transformer(n_layers=2, d_model=16, n_heads=1, d_head=16, d_mlp=None, positions="rotary"),
    optimizer=gl.AdamW(lr=3e-3, weight_decay=0.0),
    batch_size=64,
    steps=1200,
    evaluate_every=None,
    keep=gl.Every(50),
)
#: Sequences that are written by running the model, and tokens of each.
WRITERS, WRITTEN = 4000, 24
#: Nats by which earlier tokens have to matter for it to be no chain of first order, and may at most for it to be one.
MATTERS, NOTHING = 0.01, 0.001
#: P(0→1) and P(1→0) of the one chain that a single layer is to learn, and whether its embeddings are tied.
SINGLE = {
    "switching, tied": (0.5, 0.8, True),
    "staying, tied": (0.2, 0.3, True),
    "switching": (0.5, 0.8, False),
}


#: How it is trained.
ONE_CHAIN = {
    "optimizer": gl.AdamW(lr=1e-3, weight_decay=1e-3),
    "batch_size": 16,
    "steps": 1600,
    "keep": gl.Every(200),
}


@dataclass(frozen=True)
class SingleLayer:
    """One layer of attention and an MLP, read out by its own embedding where that is tied (Makkuva et al. 2024)."""

    tied: bool = True
    width: int = 8

    def build(self, task: Any, seed: int, device: str = "cpu") -> Any:
        """The hooked module, every weight from N(0, 0.02²) as GPT-2 draws them."""
        return gl.hooked(_Layer(task.d_vocab, task.n_ctx, self.width, self.tied).to(device))


class _Layer(nn.Module):
    def __init__(self, states: int, length: int, width: int, tied: bool) -> None:
        super().__init__()
        self.embed, self.pos = nn.Embedding(states, width), nn.Embedding(length, width)
        self.attention = nn.MultiheadAttention(width, 1, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width))
        self.head = None if tied else nn.Linear(width, states)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        places = torch.arange(tokens.shape[1], device=tokens.device)
        hidden = self.embed(tokens) + self.pos(places)
        later = torch.ones(len(places), len(places), dtype=torch.bool, device=tokens.device).triu(1)
        hidden = hidden + self.attention(hidden, hidden, hidden, attn_mask=later, need_weights=False)[0]
        hidden = hidden + self.mlp(hidden)
        return hidden @ self.embed.weight.T if self.head is None else self.head(hidden)


def measure(smoke: bool = False) -> dict[str, Any]:
    """Distance to each reference over training, with and without each head, and what a single layer does."""
    seeds, vocabularies, folder = SEEDS, VOCABULARIES, Path(__file__).parent / "runs"
    recipe = RECIPE
    if smoke:
        task = gl.tasks.MarkovChains(states=3, length=8)
        recipe = replace(RECIPE, task=task, steps=20, keep=gl.Every(10), batch_size=8)
        seeds, vocabularies, folder = range(2), (2,), None
    kinds = [(states, prior) for states in vocabularies for prior in PRIORS]
    recipes = [of_kind(recipe, *kind, seed) for kind in kinds for seed in seeds]
    runs = trained(recipes, folder)
    by_kind = {kind: runs[i * len(seeds) : (i + 1) * len(seeds)] for i, kind in enumerate(kinds)}
    shallow = replace(recipe, model=replace(recipe.model, n_layers=1), keep=gl.Steps([]))
    one = trained([of_kind(shallow, vocabularies[-1], PRIORS[0], seed) for seed in seeds], folder)
    return {
        **{
            f"{states} {prior}": over_seeds([staged(run) for run in own])
            for (states, prior), own in by_kind.items()
        },
        **{f"cut {states}": over_seeds(map(cut, by_kind[states, PRIORS[0]])) for states in vocabularies},
        "one layer": over_seeds([staged(run) for run in one]),
        "single": single(recipe, seeds, folder),
        "chain": as_a_chain(by_kind[2, PRIORS[0]][0], window=4 if smoke else 8),
    }


def of_kind(recipe: gl.Recipe, states: int, prior: str, seed: int) -> gl.Recipe:
    """The recipe with so many states, that prior and that seed."""
    return replace(recipe, task=replace(recipe.task, states=states, prior=prior), seed=seed)


def over_seeds(tables: Any) -> xr.Dataset:
    """One table of several, an axis of seeds before all others."""
    return xr.concat(list(tables), dim="seed", data_vars="all")


def staged(run: gl.Run) -> xr.Dataset:
    """KL from each reference and loss, at every kept step."""
    return gl.measures.stages(run)[["mean_kl", "loss", "reference_loss"]]


def cut(run: gl.Run) -> xr.Dataset:
    """KL from each reference of the last model, of the same with the head of either layer at its mean, and with noise.

    The noise is added to what the first head gives, with the energy that holding it at its mean takes away.
    """
    final, first = run.final, "blocks.0.attn.hook_z"
    values = final.activations(first)
    varies = values - values.mean(dim=0)
    noise = torch.randn(values.shape, generator=torch.Generator().manual_seed(run.recipe.seed))
    again = (final.task.inputs[:, None] == final.task.inputs).all(dim=2).int().argmax(dim=1)
    noise = noise[again]  # the same for inputs that are the same
    seen = {
        "whole": final,
        "head 0.0": gl.interventions.remove(final, gl.hypotheses.Heads([(0, 0)]), at="heads"),
        "head 1.0": gl.interventions.remove(final, gl.hypotheses.Heads([(1, 0)]), at="heads"),
        "noise": gl.interventions.patch(final, first, values + noise * varies.norm() / noise.norm()),
    }
    found = [gl.measures.stages(each)[["mean_kl", "loss"]].isel(step=0, drop=True) for each in seen.values()]
    return xr.concat(found, dim=xr.Variable("cut", list(seen)))


def single(recipe: gl.Recipe, seeds: Sequence[int], folder: Path | None) -> xr.Dataset:
    """Of single layers on one chain: the share of the gap from its stationary distribution to it that is closed."""
    tables = []
    for up, down, tied in SINGLE.values():
        chain = [[[1 - up, up], [down, 1 - down]]]
        task = gl.tasks.MarkovChains(states=2, length=min(32, recipe.task.length), chains=chain)
        own = replace(recipe, task=task, model=SingleLayer(tied=tied), **ONE_CHAIN)
        own = replace(own, steps=recipe.steps, keep=recipe.keep) if folder is None else own
        runs = trained([replace(own, seed=seed) for seed in seeds], folder)
        tables.append(over_seeds(gl.measures.stages(run)[["loss", "reference_loss"]] for run in runs))
    shares = [closed(each, "unigram retrieval", "retrieval") for each in tables]
    coords = {"seed": list(seeds), "step": tables[0]["step"].values, "kind": list(SINGLE)}
    return xr.Dataset({"closed": (("seed", "step", "kind"), np.stack(shares, axis=-1))}, coords=coords)


def as_a_chain(run: gl.Run, window: int) -> dict[str, Any]:
    """Of the trained and the untrained model, whether they write as their chain says, and how far back they look."""
    found = {
        name: of_model(at.model, at.task, window)
        for name, at in (("trained", run.final), ("untrained", run.at(0)))
    }
    states = run.task.d_vocab
    contexts = torch.cartesian_prod(*[torch.arange(states)] * window)
    bigram = gl.theory.InContext(states, context=1).log_probabilities(contexts)[:, -1].exp()
    return {
        **found,
        "bigram": {"memory": gl.theory.entropy_given_last(bigram).tolist()},
        "window": window,
        "states": states,
    }


def of_model(model: Any, task: Any, window: int) -> dict[str, Any]:
    """The distance of what it writes from what its chain says, what chance would give, and `entropy_given_last`."""
    states = task.d_vocab
    contexts = torch.cartesian_prod(*[torch.arange(states)] * window)
    after = gl.Snapshot(model, gl.Probe(contexts, d_vocab=states)).logits.double().softmax(dim=1)
    expected = torch.zeros(len(contexts), dtype=torch.float64)
    expected[0] = 1.0
    chain = gl.theory.chain_on_contexts(after)
    for _ in range(WRITTEN):
        expected = expected @ chain
    counts = written(model, states, window)
    apart = float((counts / counts.sum() - expected).abs().sum() / 2)
    spread = (expected * (1 - expected) / counts.sum()).sqrt().sum() / 2
    by_chance = float(spread * (2 / torch.pi) ** 0.5)  # mean distance of a sample from its own distribution
    return {"apart": apart, "by_chance": by_chance, "memory": gl.theory.entropy_given_last(after).tolist()}


def written(model: Any, states: int, window: int) -> torch.Tensor:
    """How often each context is the last one, of many sequences written by running the model, token after token."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.zeros(WRITERS, window, dtype=torch.long)
    for _ in range(WRITTEN):
        logits = gl.Snapshot(model, gl.Probe(tokens, d_vocab=states)).logits.double()
        token = torch.multinomial(logits.softmax(dim=1), 1, generator=generator)
        tokens = torch.cat([tokens[:, 1:], token], dim=1)
    places = states ** torch.arange(window - 1, -1, -1)
    return torch.bincount((tokens * places).sum(dim=1), minlength=states**window).double()


def closed(table: xr.Dataset, low: str, high: str) -> np.ndarray:
    """The share of the gap in loss from one reference to a better one that is closed, at every step."""
    references = table["reference_loss"]
    first, best = (references.sel(reference=name).values for name in (low, high))
    if "seed" in references.dims:
        first, best = first[:, None], best[:, None]
    return (first - table["loss"].values) / (first - best)


def level(table: xr.Dataset) -> str:
    """What is known without bigrams: unigrams, or nothing where those are a hindrance."""
    losses = table["reference_loss"].isel(seed=0)
    return min("uniform", "unigram", key=lambda name: float(losses.sel(reference=name)))


def dates(table: xr.Dataset, share: float) -> np.ndarray:
    """The first kept step at which each seed has closed this share of the gap to the bigram; nan for never."""
    passed = closed(table, level(table), "bigram") >= share
    return np.where(passed.any(axis=1), table["step"].values[passed.argmax(axis=1)], np.nan)


def nearest(table: xr.Dataset) -> np.ndarray:
    """The name of the nearest reference."""
    kl = table["mean_kl"].transpose("seed", ..., "reference")
    return table["reference"].values[kl.values.argmin(axis=-1)]


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    vocabularies = [int(name.split()[1]) for name in numbers if name.startswith("cut ")]
    return [
        *(ordered(states, *(numbers[f"{states} {prior}"] for prior in PRIORS)) for states in vocabularies),
        delayed({states: [numbers[f"{states} {prior}"] for prior in PRIORS] for states in vocabularies}),
        *(without_the_head(states, numbers[f"cut {states}"]) for states in vocabularies),
        one_layer(numbers["one layer"]),
        *bad_minimum(numbers["single"]),
        *chain_findings(numbers["chain"]),
    ]


def ordered(states: int, table: xr.Dataset, balanced: xr.Dataset) -> gl.Finding:
    """The unigram stage comes before the bigram stage; of balanced chains it need not come at all."""
    there, before = stages_of(table)
    control_there, control_before = stages_of(balanced)
    share = float(before[there].mean()) if there.any() else 0.0
    blank = float(control_before[control_there].mean()) if control_there.any() else 0.0
    return gl.Finding(
        f"with {states} states a model is at the unigram level before it is at the bigram level",
        share,
        "share of the runs that reach the bigram level",
        by_share(share) if there.mean() >= 1 / 2 else "undecided",
        (
            gl.Control.of(
                f"the same of doubly stochastic chains, {_apart(balanced)}", [blank], key="doubly_stochastic"
            ),
        ),
        source="Edelman et al. 2024, section 4: the nearest reference in KL, at two kept steps in a row",
        note=f"{there.sum()} of {len(there)} runs reach it; half of the gap closed at {_listed(dates(table, HALF))}",
        key=f"order.{states}",
    )


def _apart(table: xr.Dataset) -> str:
    """How much the unigram predictor knows beyond nothing, in words: where that is little the two stages are one."""
    losses = table["reference_loss"].isel(seed=0)
    gain = float(losses.sel(reference="uniform") - losses.sel(reference="unigram"))
    return f"where unigrams gain {gain:.3f} nats over nothing"


def stages_of(table: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Of each seed, whether it reaches the bigram level, and whether it stays at the unigram level before."""
    names = nearest(table)
    there = (names == "bigram").any(axis=1)
    first = np.where(there, (names == "bigram").argmax(axis=1), names.shape[1])
    stays = (names[:, :-1] == "unigram") & (names[:, 1:] == "unigram")
    return there, np.array([row[: max(0, at - 1)].any() for row, at in zip(stays, first, strict=True)])


def by_share(share: float) -> str:
    """The verdict on a claim about single runs that holds for this share of them."""
    return "supported" if share >= MOST else "refuted" if share <= 0.5 else "undecided"


def delayed(tables: dict[int, list[xr.Dataset]]) -> gl.Finding:
    """Where unigrams help, bigrams come later: the ratio of the times at which half of each prior's gap is closed."""
    ratios = {share: log_ratios(tables, share) for share in (HALF, *OTHERS)}
    means, errors, missing = ratios[HALF]
    mean, error = float(np.mean(means)), float(np.hypot.reduce(errors) / len(errors))
    verdict = "undecided"
    if missing <= 1 / 4 and np.isfinite([mean, error]).all():
        if mean - 2 * error > 0 and min(means) > 0:
            verdict = "supported"
        elif mean + 2 * error < np.log1p(TENTH):
            verdict = "refuted"
    said = ", ".join(f"{np.exp(m):.2f} with {k} states" for k, m in zip(tables, means, strict=True))
    others = {
        f"at_{share:g}": (f"ratio at {share:.0%} of the gap", np.exp(ratios[share][0]))
        for share in OTHERS
        if np.isfinite(ratios[share][0]).all()
    }
    return gl.Finding(
        "unigrams delay bigrams: doubly stochastic chains, of which unigrams say nothing, are learned sooner",
        float(np.exp(mean)) if np.isfinite(mean) else None,
        "times as long, geometric mean",
        verdict,
        gl.Control.several(others),
        source="Edelman et al. 2024, section 4.2; each prior's own gap, from what is known without bigrams",
        note=f"± {error:.2f} of its logarithm; {said}; {missing:.0%} of the runs never close half of the gap",
        key="delay",
    )


def log_ratios(tables: dict[int, list[xr.Dataset]], share: float) -> tuple[list[float], list[float], float]:
    """By vocabulary, mean log ratio of the times of the two priors and its error; and the share of runs without."""
    means, errors, lacking = [], [], []
    for with_unigrams, without in tables.values():
        times = [np.log(dates(each, share)) for each in (with_unigrams, without)]
        lacking += [np.isnan(each).mean() for each in times]
        kept = [each[~np.isnan(each)] for each in times]
        few = min(len(each) for each in kept) < 2
        means.append(float("nan") if few else float(kept[0].mean() - kept[1].mean()))
        errors.append(
            float("nan") if few else float(np.hypot(*(each.std(ddof=1) / len(each) ** 0.5 for each in kept)))
        )
    return means, errors, float(np.mean(lacking))


def without_the_head(states: int, table: xr.Dataset) -> gl.Finding:
    """Cutting the previous-token head sends a bigram model to the unigram level."""
    names = dict(zip(table["cut"].values.tolist(), nearest(table).T, strict=True))
    there = names["whole"] == "bigram"
    count = int(there.sum())
    share = {name: float((own[there] == "unigram").mean()) if count else 0.0 for name, own in names.items()}
    kl = table["mean_kl"].sel(cut="head 0.0", reference="unigram").values[there]
    return gl.Finding(
        f"with {states} states, a bigram model whose head of the first layer is held at its mean is a unigram model",
        share["head 0.0"],
        "share of bigram models",
        by_share(share["head 0.0"]) if count >= len(there) / 2 else "undecided",
        gl.Control.several(
            {
                "second_head": ("with the head of the second layer at its mean", share["head 1.0"]),
                "equal_energy": ("with a random change of equal energy", share["noise"]),
            }
        ),
        source="ours, after Edelman et al. 2024, section 5",
        note=f"{count} of {len(there)} runs are bigram models; KL from the unigram then {_listed(kl, '.3f')} nats",
        key=f"cut.{states}",
    )


def one_layer(table: xr.Dataset) -> gl.Finding:
    """One layer of attention stays at the unigram level."""
    share = closed(table, level(table), "bigram")[:, -1]
    return gl.Finding(
        "one layer of attention does not learn bigrams in context within the updates that two take",
        float(share.max()),
        "share of the gap closed, most of the seeds",
        "supported" if share.max() < OTHERS[0] else "refuted" if share.min() > HALF else "undecided",
        gl.Control.several({"each_seed": ("each seed", share)}),
        source="Edelman et al. 2024, section 4; Sanford et al. 2024",
        note="the gap from the unigram to the bigram predictor, in loss",
        key="one_layer",
    )


def bad_minimum(table: xr.Dataset) -> list[gl.Finding]:
    """A single tied layer is stuck at the stationary distribution of a chain that mostly switches; or is it slow?"""
    kinds = {name: table["closed"].sel(kind=name) for name in SINGLE}
    stuck = {name: float((share.isel(step=-1) < HALF).mean()) for name, share in kinds.items()}
    switching, staying, untied = (stuck[name] for name in SINGLE)
    verdict = "undecided"
    if switching >= 0.5 and max(staying, untied) <= 1 - MOST:
        verdict = "supported"
    elif switching <= 1 - MOST:
        verdict = "refuted"
    last, at = int(table["step"].values[-1]), {name: over_half(share) for name, share in kinds.items()}
    tied, free = (at[name] for name in ("switching, tied", "switching"))
    return [
        gl.Finding(
            "a single layer with tied embeddings is stuck at the stationary distribution of a chain where p + q > 1",
            switching,
            f"share of the seeds that close less than half of the gap in {last:,} updates",
            verdict,
            gl.Control.several(
                {"staying": ("p + q < 1", staying), "untied": ("p + q > 1, embeddings not tied", untied)}
            ),
            source="Makkuva et al. 2024, figure 1 and theorem 2",
            note="; ".join(f"{name}: half of it by {_listed(times)}" for name, times in at.items()),
            key="bad_minimum",
        ),
        gl.Finding(
            "beside the question: tied embeddings make it slower there",
            float(tied.mean()) if np.isfinite(tied).all() else None,
            "updates to half of the gap, mean",
            "supported"
            if _least(tied) > _most(free)
            else "refuted"
            if _most(tied) <= _least(free)
            else "undecided",
            gl.Control.several({"untied": ("embeddings not tied", free)}) if np.isfinite(free).all() else (),
            source="ours; every seed of the one beyond every seed of the other",
            key="slow_when_tied",
            role="aside",
        ),
    ]


def over_half(share: xr.DataArray) -> np.ndarray:
    """The first kept step at which each seed has closed half of the gap; nan for never."""
    passed = share.transpose("seed", "step").values >= HALF
    return np.where(passed.any(axis=1), share["step"].values[passed.argmax(axis=1)], np.nan)


def _least(times: np.ndarray) -> float:
    """The earliest, where never is later than all."""
    return float(np.nan_to_num(times, nan=np.inf).min())


def _most(times: np.ndarray) -> float:
    """The latest, where never is later than all."""
    return float(np.nan_to_num(times, nan=np.inf).max())


def chain_findings(numbers: dict[str, Any]) -> list[gl.Finding]:
    """Beside the question: the reading that is exact, and the one that is not."""
    trained, untrained = numbers["trained"], numbers["untrained"]
    apart, chance = trained["apart"], trained["by_chance"]
    window, states = numbers["window"], numbers["states"]
    matters = trained["memory"][1] - trained["memory"][-1]
    own = numbers["bigram"]["memory"]
    return [
        gl.Finding(
            f"a transformer that reads {window} tokens writes as a Markov chain on the {states}^{window} contexts",
            apart,
            "total variation",
            "supported" if apart <= 2 * chance else "refuted",
            gl.Control.several(
                {
                    "by_chance": ("a sample from the chain itself, mean", chance),
                    "untrained": ("the untrained model, from its own chain", untrained["apart"]),
                }
            ),
            source="Zekri et al. 2024, arXiv:2410.02724, section 3",
            note="true of every model that reads so many tokens, trained or not: it says nothing of what is learned",
            key="chain.literal",
            role="aside",
        ),
        gl.Finding(
            "what it writes after a token does not depend on the tokens before: a chain of first order",
            matters,
            "nats by which earlier tokens matter",
            "refuted" if matters > MATTERS else "supported" if matters < NOTHING else "undecided",
            gl.Control.several(
                {
                    "untrained": ("the untrained model", untrained["memory"][1] - untrained["memory"][-1]),
                    "bigram": (
                        "the bigram predictor, which learns its chain from the context",
                        own[1] - own[-1],
                    ),
                }
            ),
            source="ours: entropy of the next token given the last one, less that given all",
            note="entropy given 0, 1, … tokens: " + ", ".join(f"{each:.3f}" for each in trained["memory"]),
            key="chain.first_order",
            role="aside",
        ),
    ]


def _listed(values: np.ndarray, written: str = ".0f") -> str:
    return ", ".join(f"{value:{written}}" for value in values)


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """KL from each reference and loss over training with three states, each seed a line; the first step left out.

    What an untrained model is nearest to is chance, and so far from all that the rest could not be seen beside it.
    """
    shown = next(numbers[name] for name in (f"3 {PRIORS[0]}", f"2 {PRIORS[0]}") if name in numbers)
    shown = shown.isel(step=slice(1, None)).sel(reference=["uniform", "unigram", "bigram"])
    levels = shown["reference_loss"].isel(seed=0)
    return gl.views.stages(shown.assign(reference_loss=levels), log_steps=False)
