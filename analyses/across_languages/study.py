"""Does arithmetic taught in one language carry over to another, and are aligned embeddings enough for that?

Prediction (ours, an open experiment after K et al. 2020, arXiv:1912.07840, who found that transfer between languages
needs shared structure and not shared words): sums taught in A alone, with counting in both languages and a dictionary,
are not known in B. They come to be, and more of them, with the share of sums that are said with words of both. The
answer is then the right number in the language that answered where sums were taught: its language is another matter.
Words that mean the same may lie in the same place and sums still not be known, where the contexts that the languages
share are of another operation. What fails comes before the sum: put in from A, it is answered in the middle of B.

Refuted if sums are known in B as well without a shared context, if more of them do not help, if the answer is in the
language that was never taught to answer sums, or if networks of equally aligned words know equally many sums. The
monolingual control has everything but the mixed sentences; a dictionary of words paired at random is the control of
each measure. What is not known in A cannot carry over: claims about networks whose sums in A fail on test pairs are
undecided.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.models import trained
from analyses.result import of_run

import groklens as gl

RUNS = ()
SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)
#: Sizes, steps and rates were chosen on seed 0.
SEEDS = (1, 2, 3, 4, 5)
TASK = gl.tasks.TwoLanguages(p=23)
#: What is taught besides the networks along the shares, by name.
OTHERS = {
    "counting": {"code_switching": 0.0, "dictionary": "none"},
    "wrong_dictionary": {"code_switching": 0.0, "dictionary": "shuffled"},
    "mixed_without_dictionary": {"code_switching": 0.5, "dictionary": "none"},
    "mixed_against_dictionary": {"code_switching": 0.5, "dictionary": "shuffled"},
    "answered_as_begun": {"code_switching": 1.0, "answers": "first"},
    "maxima_apart": {"code_switching": 0.0, "switched": "max"},
    "maxima_mixed": {"code_switching": 1.0, "switched": "max"},
}
RECIPE = gl.Recipe(
    task=TASK,
    model=gl.Transformer(n_layers=1, d_model=64, n_heads=4, d_head=16, d_mlp=256, bias="mlp"),
    optimizer=gl.AdamW(lr=5e-3, weight_decay=1.0),
    train_fraction=0.8,
    batch_size=256,
    steps=2000,
    evaluate_every=None,
    keep=gl.Steps([]),
)
#: Where a sum is put in, and what is read before it: the MLP's output, and the stream that it reads.
SUM, BEFORE = "blocks.0.hook_mlp_out", "blocks.0.hook_resid_mid"
CALLED = {
    "concept": ("known in B", "share of sums"),
    "concept_shuffled": ("known in B, shuffled dictionary", "share of sums"),
    "known": ("known in A", "share of sums"),
    "in_a": ("answered in A", "share of sums"),
    "in_b": ("answered in B", "share of sums"),
    "cka": ("linear CKA of the embeddings", "CKA"),
    "cka_shuffled": ("linear CKA, shuffled dictionary", "CKA"),
    "translation": ("translated", "share of words"),
    "translation_shuffled": ("shuffled dictionary", "share of words"),
    "put_in": ("from A into B", "share of sums put in"),
    "put_in_third": ("a third sum", "share of sums put in"),
    "put_back": ("from B into A", "share of sums put in"),
    "b_before": ("words of B before the MLP", "probability"),
    "b_after": ("words of B at the end", "probability"),
}
MEASURES = {
    "concept": gl.measures.ConceptAccuracy(),
    "concept_shuffled": gl.measures.ConceptAccuracy(shuffled=True),
    "known": gl.measures.ConceptAccuracy(spoken="AA"),
    "in_a": gl.measures.LanguageAccuracy(answer="A"),
    "in_b": gl.measures.LanguageAccuracy(answer="B"),
    "cka": gl.measures.EmbeddingCKA(),
    "cka_shuffled": gl.measures.EmbeddingCKA(shuffled=True),
    "translation": gl.measures.WordTranslation(),
    "translation_shuffled": gl.measures.WordTranslation(shuffled=True),
    "b_after": gl.measures.LanguageShare(),
}
#: Of the test sums in A, so many have to be known on average for a claim about B to be decided.
KNOWN = 0.9
#: Networks whose words are translated as well, within this share of the words, are equally aligned.
ALIKE = 0.1


def measure(smoke: bool = False) -> dict[str, Any]:
    """What every network knows in either language, how its words lie, and what it answers where a sum is put in."""
    base, shares, seeds = RECIPE, SHARES, SEEDS
    if smoke:
        small = gl.Transformer(d_model=8, n_heads=1, d_head=8, d_mlp=16)
        base = replace(RECIPE, task=replace(TASK, p=5), model=small, batch_size=16, steps=5)
        shares, seeds = (0.0, 1.0), SEEDS[:2]
    kinds = {f"share {share:g}": {"code_switching": share} for share in shares} | OTHERS
    recipes = [
        replace(base, task=replace(base.task, seed=s, **kind), seed=s)
        for s in seeds
        for kind in kinds.values()
    ]
    runs = iter(trained(recipes, None if smoke else Path(__file__).parent / "runs"))
    rows, kept = [], {}
    for seed in seeds:
        found = {}
        for name in kinds:
            run = next(runs)
            found[name], kept[f"{name}, seed {seed}"] = looked_at(run), of_run(run)
        rows.append(found)
    axis = ("share", shares, "share of mixed sums")
    along = gl.theory.sweep_rows(
        axis, list(seeds), [[row[f"share {share:g}"] for share in shares] for row in rows], CALLED
    )
    others = {name: {each: [float(row[name][each]) for row in rows] for each in CALLED} for name in OTHERS}
    return {"along": along, "others": others, "runs": kept}


def looked_at(run: gl.Run) -> dict[str, float]:
    """All numbers of one network at its last step."""
    end = run.final
    found = {name: float(measure(end)) for name, measure in MEASURES.items()}
    into_b = gl.interventions.patched_sums(end, SUM)["share"]
    into_a = gl.interventions.patched_sums(end, SUM, given="BB", taken="AA")["share"]
    found["put_in"], found["put_in_third"] = (float(into_b.sel(source=each)) for each in ("put in", "third"))
    found["put_back"] = float(into_a.sel(source="put in"))
    found["b_before"] = float(gl.measures.LanguageShare()(gl.interventions.logit_lens(end, BEFORE)))
    return found


@dataclass(frozen=True)
class Kept:
    """The numbers by where they were taken: at one share, along them, or in the networks of another kind."""

    along: xr.Dataset
    others: dict[str, dict[str, list[float]]]

    def at(self, place: int, name: str) -> np.ndarray:
        """A number of every seed at one of the shares, by its place on the axis."""
        return self.along[name].values[:, place]

    def of(self, kind: str, name: str) -> np.ndarray:
        """A number of every seed in networks of another kind."""
        return np.array(self.others[kind][name])


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    kept = Kept(numbers["along"], numbers["others"])
    return [
        carries_over(kept),
        more_with_more(kept),
        answered_where_taught(kept),
        alignment_is_not_enough(kept),
        fails_before_the_sum(kept),
        needs_no_dictionary(kept),
        language_follows_contexts(kept),
    ]


def unless_unknown(verdict: str, *known: np.ndarray) -> tuple[Any, str]:
    """The verdict with no note, or undecided and why, where sums are not known in A to begin with."""
    least = min(float(each.mean()) for each in known)
    if least < KNOWN:
        return (
            "undecided",
            f"sums in A are known on {least:.3f} of the test pairs alone, of {KNOWN} asked for",
        )
    return verdict, ""


def compared(more: np.ndarray, *others: np.ndarray) -> str:
    """Supported where each number is beyond all of the others, refuted where their mean is not beyond another mean."""
    if all(more.min() > each.max() for each in others):
        return "supported"
    return "refuted" if any(more.mean() <= each.mean() for each in others) else "undecided"


def control(name: str, values: np.ndarray, key: str) -> gl.Control:
    """A control of a number for every seed."""
    return gl.Control.of(name, values.tolist(), key=key)


def carries_over(kept: Kept) -> gl.Finding:
    """Far more sums are known in B with shared contexts than without."""
    mixed, apart, shuffled = kept.at(-1, "concept"), kept.at(0, "concept"), kept.at(-1, "concept_shuffled")
    verdict, note = unless_unknown(
        compared(mixed, apart, shuffled), kept.at(-1, "known"), kept.at(0, "known")
    )
    if compared(apart, kept.at(0, "concept_shuffled")) == "supported":
        note = "; ".join(
            [*filter(None, [note]), "with a dictionary alone a little carries over, beyond chance"]
        )
    return gl.Finding(
        "far more of the sums taught in A are known in B where contexts are shared than with counting and a dictionary "
        "alone",
        float(mixed.mean()),
        "share of sums in B, all contexts shared, mean of the seeds",
        verdict,
        (
            control("monolingual, with a dictionary", apart, "monolingual"),
            control("monolingual, counting alone", kept.of("counting", "concept"), "counting"),
            control("judged by shuffled dictionaries", shuffled, "shuffled_dictionary"),
        ),
        note=note,
        key="carries_over",
    )


def more_with_more(kept: Kept) -> gl.Finding:
    """The more contexts are shared, the more sums are known in B."""
    each, by_chance = (rank_correlations(kept, name) for name in ("concept", "concept_shuffled"))
    verdict = "refuted" if each.mean() <= 0 else compared(each, by_chance) if each.min() > 0 else "undecided"
    verdict, note = unless_unknown(verdict, kept.along["known"].values)
    return gl.Finding(
        "the larger the share of mixed sums, the more sums are known in B",
        float(each.min()),
        "rank correlation of share and sums known, least of the seeds",
        verdict,
        (
            control("judged by shuffled dictionaries", by_chance, "shuffled_dictionary"),
            control("sums in A", rank_correlations(kept, "known"), "in_a"),
        ),
        note=note,
        key="more_with_more",
    )


def rank_correlations(kept: Kept, name: str) -> np.ndarray:
    """Spearman's rank correlation of the share with a number, by seed; 0 where the number is the same at each."""
    values = kept.along[name].values[:, :, None]
    smaller, equal = (each(values, values.swapaxes(1, 2)).sum(axis=2) for each in (np.greater, np.equal))
    ranks = smaller + equal / 2
    places = np.arange(ranks.shape[1], dtype=float)
    centred, places = ranks - ranks.mean(axis=1, keepdims=True), places - places.mean()
    scale = np.sqrt((centred**2).sum(axis=1) * (places**2).sum())
    return np.divide(centred @ places, scale, out=np.zeros(len(ranks)), where=scale > 0)


def answered_where_taught(kept: Kept) -> gl.Finding:
    """Sums of B are answered in A, the only language in which sums were ever answered."""
    in_a, in_b = kept.at(-1, "in_a"), kept.at(-1, "in_b")
    verdict, note = unless_unknown(compared(in_a, in_b), kept.at(-1, "known"))
    return gl.Finding(
        "sums of two words of B are answered in A, where sums were taught",
        float(in_a.mean()),
        "share of sums in B answered in A, mean of the seeds",
        verdict,
        (
            control("answered in B", in_b, "in_b"),
            control(
                "answered in A, mixed sums being answered as they began",
                kept.of("answered_as_begun", "in_a"),
                "answered_as_begun",
            ),
        ),
        note=note,
        key="answered_where_taught",
    )


def alignment_is_not_enough(kept: Kept) -> gl.Finding:
    """Of networks whose words are equally well translated, those that share other contexts know fewer sums."""
    aligned, known = kept.of("maxima_mixed", "translation"), kept.of("maxima_mixed", "concept")
    translated, concept = (kept.along[name].values.ravel() for name in ("translation", "concept"))
    alike = [concept[np.abs(translated - place) <= ALIKE] for place in aligned]
    gaps = np.array([each.mean() - own for each, own in zip(alike, known, strict=True) if len(each)])
    by_chance = kept.of("maxima_mixed", "translation_shuffled")
    if len(gaps) < len(aligned) / 2 or aligned.min() <= by_chance.max():
        verdict = "undecided"
    else:
        verdict = "supported" if gaps.min() > 0 else "refuted" if gaps.mean() <= 0 else "undecided"
    verdict, note = unless_unknown(verdict, kept.of("maxima_mixed", "known"))
    return gl.Finding(
        "aligned words are not enough: with contexts of another operation (max) shared, fewer sums are known in B than "
        "in networks of mixed sums whose words are as well translated",
        float(gaps.min()) if len(gaps) else None,
        f"share of sums known less, least of {len(gaps)} networks with equals among those of mixed sums",
        verdict,
        (
            control("words translated", aligned, "translation"),
            control("words translated, shuffled dictionaries", by_chance, "translation_by_chance"),
            control("sums known with maxima mixed", known, "maxima_mixed"),
            control("sums known with maxima apart", kept.of("maxima_apart", "concept"), "maxima_apart"),
        ),
        note=note,
        key="alignment_is_not_enough",
    )


def fails_before_the_sum(kept: Kept) -> gl.Finding:
    """In networks that do not know sums in B, the sum of A's words is answered when it is put into B's sentence."""
    put_in, own, third = (kept.at(0, name) for name in ("put_in", "concept", "put_in_third"))
    verdict, note = unless_unknown(compared(put_in, own, third), kept.at(0, "known"))
    return gl.Finding(
        "beside the question: without shared contexts it is the way to the sum that fails: with the MLP's output of a "
        "sum in A put in, sums in B are answered with that sum",
        float(put_in.mean()),
        "share of pairs answered with the sum put in, monolingual networks, mean of the seeds",
        verdict,
        (
            control("answered with a third pair's sum", third, "third"),
            control("known by itself", own, "own"),
            control("put into A from B", kept.at(0, "put_back"), "put_back"),
            control("put into A from B, all contexts shared", kept.at(-1, "put_back"), "put_back_shared"),
        ),
        note="; ".join(
            [*filter(None, [note]), "in one layer little else is on the way from there to the answer"]
        ),
        key="fails_before_the_sum",
        role="aside",
    )


def needs_no_dictionary(kept: Kept) -> gl.Finding:
    """With contexts shared, the dictionary does not matter: neither that there is none, nor that it is wrong."""
    none, wrong = (kept.of(f"mixed_{each}_dictionary", "concept") for each in ("without", "against"))
    apart = kept.at(0, "concept")
    return gl.Finding(
        "beside the question: with half of the sums mixed they are known in B without a dictionary, and against a "
        "wrong one",
        float(min(none.min(), wrong.min())),
        "share of sums in B, least of the seeds of both",
        compared(np.concatenate([none, wrong]), apart),
        (
            control("without a dictionary", none, "without"),
            control("against a wrong one", wrong, "against"),
            control("monolingual, with the true one", apart, "monolingual"),
        ),
        key="needs_no_dictionary",
        role="aside",
    )


def language_follows_contexts(kept: Kept) -> gl.Finding:
    """Where mixed sums are answered in the language of their first word, sums of B are answered in B."""
    in_b, in_a = kept.of("answered_as_begun", "in_b"), kept.of("answered_as_begun", "in_a")
    return gl.Finding(
        "beside the question: where mixed sums are answered in the language of their first word, sums of B are "
        "answered in B, though none was taught",
        float(in_b.mean()),
        "share of sums in B answered in B, mean of the seeds",
        compared(in_b, in_a),
        (
            control("answered in A", in_a, "in_a"),
            control("in B, mixed sums being answered in A", kept.at(-1, "in_b"), "always_in_a"),
        ),
        key="language_follows_contexts",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Sums known, words translated and sums answered where they are put in, by the share of mixed sums."""
    shown = [
        "concept",
        "known",
        "in_b",
        "translation",
        "translation_shuffled",
        "put_in",
        "put_back",
        "put_in_third",
    ]
    return gl.views.sweep(numbers["along"], shown, log_x=False)
