"""Why did a capability emerge when it did: was there progress before it showed, and was the jump the model's own?

Prediction (Barak et al. 2022, arXiv:2207.08799): while a network learns a sparse parity, ‖w − w₀‖_∞, which needs no
answer, grows before the accuracy leaves chance. It gives a causal alarm (beyond the largest of calibrating networks
on random labels, then or before, by as much as these differ at that step) earlier than the accuracy does under the
same rule, at n = 20, 30 and 40, and comes in fewer than one of four other networks on random labels. The jump in
accuracy (a transition shorter than the wait before it) is in every continuous metric too. Prediction (Michaud et al.
2023, arXiv:2303.13506): of many skills of power-law frequency most are learned in a jump, and the accuracy over all
rises without one, less suddenly than any of them. Prediction (Schaeffer et al. 2023, arXiv:2304.15004): an exam of
many questions jumps all the same, and that jump is its metric's.

Refuted if the alarm is later than the accuracy's at some n, if false alarms are more than one in four, if the
accuracy over all jumps, or as suddenly as a skill, if most skills do not, if the exam's jump is in every continuous
metric, or the parity's is not.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from analyses.models import trained

import groklens as gl

RUNS = ()
BITS, SEEDS, QUESTIONS = (20, 30, 40), 8, 100
#: Seeds of networks that learn, and of those on random labels; sizes and steps were chosen on others.
FIRST_SEED, NULL_SEED = 10, 200
#: The accuracy from which a parity is seen to be learned, of chance 1/2.
VISIBLE = 0.6
#: Inputs of a parity's probe; and exams, of which so many can tell as much as the inputs that questions are drawn from.
N_PROBE, N_EXAMS = 4096, 1000
#: More false alarms than one in so many networks make an alarm worthless.
TOO_OFTEN = 1 / 4
#: A claim on single networks holds for the study where it holds in so many of them, and fails where in at most half.
NEARLY_ALL = 7 / 8
ASIDE = "beside the question: "
PARITY = gl.Recipe(
    task=gl.tasks.SparseParity(n=40, k=3),
    model=gl.MLP(d_mlp=100, d_embed=None, init="uniform"),
    optimizer=gl.SGD(lr=0.1),
    batch_size=32,
    evaluate_every=None,
    keep=gl.Every(50),
)
#: Updates by which parities of so many bits are learned.
ENOUGH = {20: 1200, 30: 2000, 40: 2600}
MANY = gl.Recipe(
    task=gl.tasks.MultitaskParity(skills=6, n=20, k=3),
    model=gl.MLP(d_mlp=192, d_embed=None, init="uniform"),
    optimizer=gl.AdamW(lr=3e-3, weight_decay=0.0),
    batch_size=256,
    steps=1600,
    evaluate_every=None,
    keep=gl.Every(50),
)
#: What is watched: answer-free, oracle, and the scores themselves; and whether progress is up or down.
KERNEL = gl.measures.KernelMoved(inputs=16, outputs=1, by_answer=False)
WATCHED = {
    gl.measures.LargestMove(): 1,
    KERNEL: 1,
    gl.measures.SupportMove(): 1,
    gl.measures.fourier_gap: 1,
    gl.measures.test_loss: -1,
    gl.measures.brier_score: -1,
    gl.measures.test_accuracy: 1,
}
NAMES = [each.__name__ for each in WATCHED]
MOVE, SHOWS = NAMES[0], NAMES[-1]
CALLED = {each.__name__: (each.about.long_name, each.about.units) for each in WATCHED}


def measure(smoke: bool = False) -> dict[str, Any]:
    """Alarms of every measure in networks that learn and that cannot, and the audits' curves of many skills."""
    bits, seeds, folder = (BITS, SEEDS, Path(__file__).parent / "runs") if not smoke else ((6, 8), 2, None)
    alarms: dict[str, list[Any]] = {"parity": [], "null": []}
    curves: dict[str, Any] = {}
    for n in bits:
        curves = watched(n, seeds, 60 if smoke else ENOUGH[n], folder)
        calibrating = {name: rows[seeds:] for name, rows in curves["null"].items()}
        for kind in alarms:
            alarms[kind].append({name: raised(curves, kind, name, calibrating, seeds) for name in NAMES})
            alarms[kind][-1]["visible"] = first_steps(curves["step"], curves[kind][SHOWS][:seeds] >= VISIBLE)
    many = replace(MANY, task=gl.tasks.MultitaskParity(skills=2, n=4, k=1), steps=100) if smoke else MANY
    tables = {f"{kind}_alarms": by_bits(bits, seeds, found) for kind, found in alarms.items()}
    return tables | {"curves": kept_curves(curves, seeds), "skills": skills(many, seeds, folder)}


def watched(n: int, seeds: int, steps: int, folder: Path | None) -> dict[str, Any]:
    """All measures at kept steps (seed × step) of networks on a parity, and of twice as many on random labels."""
    base = replace(PARITY, task=replace(PARITY.task, n=n), steps=steps)
    random = [gl.Corrupted(base.task, 1.0, seed=1000 + seed, uniform=True) for seed in range(2 * seeds)]
    recipes = [replace(base, seed=FIRST_SEED + seed) for seed in range(seeds)]
    recipes += [replace(base, seed=NULL_SEED + seed, task=task) for seed, task in enumerate(random)]
    found = [gl.track(run, list(WATCHED), progress=False) for run in trained(recipes, folder)]
    kinds = {"parity": found[:seeds], "null": found[seeds:]}
    return {"step": found[0]["step"].values} | {
        kind: {name: np.stack([table[name].values for table in tables]) for name in NAMES}
        for kind, tables in kinds.items()
    }


def raised(
    curves: dict[str, Any], kind: str, name: str, calibrating: dict[str, np.ndarray], seeds: int
) -> list[float]:
    """The step of the first alarm of each network that is judged, nan for none."""
    sign = next(sign for each, sign in WATCHED.items() if each.__name__ == name)
    return alarm_steps(curves["step"], sign * curves[kind][name][:seeds], sign * calibrating[name])


def alarm_steps(steps: np.ndarray, rows: np.ndarray, nulls: np.ndarray) -> list[float]:
    """The first step of each row at which it is beyond all nulls so far, by as much as these differ at that step.

    Causal: at each step the rule looks at the row there, and at the nulls there and before.
    """
    largest = np.maximum.accumulate(nulls.max(axis=0))
    return first_steps(steps, rows > largest + (nulls.max(axis=0) - nulls.min(axis=0)))


def first_steps(steps: np.ndarray, holds: np.ndarray) -> list[float]:
    """The first step at which each row holds, nan for none."""
    return [float(steps[np.argmax(row)]) if row.any() else float("nan") for row in holds]


def by_bits(bits: Sequence[int], seeds: int, found: list[dict[str, list[float]]]) -> xr.Dataset:
    """Alarms as a table seed × n, one variable a measure."""
    called = {name: f"first alarm of the {CALLED[name][0]}" for name in NAMES}
    called["visible"] = f"first test accuracy of {VISIBLE}"
    variables = {
        name: (np.array([each[name] for each in found]).T, said, "updates") for name, said in called.items()
    }
    return gl.theory.sweep_table(("n", bits, "number of bits"), range(seeds), variables)


def kept_curves(curves: dict[str, Any], seeds: int) -> xr.Dataset:
    """All that was watched at the last n, and the largest move on random labels (seed × step)."""
    shown = {name: (curves["parity"][name], *CALLED[name]) for name in NAMES}
    shown["on_random_labels"] = (
        curves["null"][MOVE][:seeds],
        f"{CALLED[MOVE][0]}, on random labels",
        "weight",
    )
    return gl.theory.sweep_table(("step", curves["step"], "training step"), range(seeds), shown)


def skills(recipe: gl.Recipe, seeds: int, folder: Path | None) -> xr.Dataset:
    """The accuracy of each skill, scores of all by their frequencies, and an exam of many questions (seed × step).

    A question is drawn as the stream draws it, from as many inputs of each skill; an exam's are independent, so that
    the share of exams passed is the accuracy of one question to the power of their number.
    """
    runs = trained([replace(recipe, seed=FIRST_SEED + seed) for seed in range(seeds)], folder)
    found = [gl.track(run, gl.measures.SKILLS, progress=False) for run in runs]
    each, frequency = (
        np.stack([table["skill_accuracy"].values for table in found]),
        found[0]["frequency"].values,
    )
    shown: dict[str, Any] = {
        f"skill_{skill + 1}": (each[..., skill], f"accuracy on skill {skill + 1}", "accuracy")
        for skill in range(each.shape[-1])
    }
    for score, units in (("accuracy", "accuracy"), ("loss", "nats"), ("brier", "squared probability")):
        every = np.stack([table[f"skill_{score}"].values for table in found]) @ frequency
        shown[f"all_{score}"] = (every, f"{score} on all", units)
    shown["exact_match"] = (shown["all_accuracy"][0] ** QUESTIONS, f"exams of {QUESTIONS} passed", "accuracy")
    return gl.theory.sweep_table(("step", found[0]["step"].values, "training step"), range(seeds), shown)


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make, and nothing else: each with its number, a control and a key."""
    free, *rest = said = {
        MOVE: "the largest move of a weight, which needs no answer,",
        KERNEL.__name__: "the tangent kernel's drift, which needs no answer,",
        "support_move": "movement on the hidden bits, which needs them,",
        "fourier_gap": "the Fourier gap, which needs the hidden bits,",
        "test_loss": "the test loss, which is not hidden,",
    }
    return [
        before_accuracy(numbers, free, said[free]),
        false_alarms(numbers, free),
        genuine(numbers["curves"]),
        *skills_and_sum(numbers["skills"]),
        artefact(numbers["skills"]),
        *(before_accuracy(numbers, name, said[name], "aside") for name in rest),
        *(before_accuracy(numbers, name, said[name], "aside", "visible") for name in said),
        *(false_alarms(numbers, name, "aside") for name in rest),
    ]


def leads(numbers: dict[str, Any], name: str, shows: str = SHOWS) -> xr.DataArray:
    """Updates by which a measure's alarm was earlier than the accuracy shows (seed × n); nan where that never did.

    A measure without an alarm counts as one at the last alarm of any: late, as it is.
    """
    table = numbers["parity_alarms"]
    latest = float(max(table[each].max() for each in NAMES))
    return table[shows] - table[name].fillna(latest)


def before_accuracy(
    numbers: dict[str, Any], name: str, said: str, role: str = "prediction", shows: str = SHOWS
) -> gl.Finding:
    """A measure's alarm is before the accuracy shows, by more than two standard errors, at every n."""
    found = leads(numbers, name, shows)
    mean, error = gl.theory.mean_and_error(found)
    every, any_later = bool((mean > 2 * error).all()), bool((mean < -2 * error).any())
    unknown = bool(np.isnan(found).any())  # where the accuracy never showed
    seen = numbers["parity_alarms"][shows].mean("seed")
    at = [f"{at:,.0f} (n = {n:.0f})" for n, at in zip(seen["n"].values, seen.values, strict=True)]
    event = "the accuracy does by the same rule" if shows == SHOWS else f"the accuracy is {VISIBLE}"
    return gl.Finding(
        f"{ASIDE if role == 'aside' else ''}{said} gives its alarm before {event}",
        None if unknown else float(mean.min()),
        "updates before, least of the means over seeds",
        "undecided" if unknown else "supported" if every else "refuted" if any_later else "undecided",
        by_bits_controls(found),
        source="Barak et al. 2022, arXiv:2207.08799; the rule is ours",
        note=f"the accuracy's comes at {', '.join(at)} on average",
        key=f"before_{'accuracy' if shows == SHOWS else shows}.{short(name)}",
        role=role,
    )


def short(name: str) -> str:
    """A measure's name without its parameters."""
    return name.split("_inputs")[0]


def by_bits_controls(found: xr.DataArray) -> tuple[gl.Control, ...]:
    """What was found at each n."""
    rows = zip(found["n"].values.astype(int).tolist(), found.transpose("n", ...).values, strict=True)
    return controls_of({f"n{n}": (f"n = {n}", row) for n, row in rows})


def false_alarms(numbers: dict[str, Any], name: str, role: str = "prediction") -> gl.Finding:
    """How many of the networks on random labels that did not calibrate the rule raise an alarm."""
    raised = numbers["null_alarms"][name].notnull()
    low, high = gl.theory.wilson(int(raised.sum()), raised.size)
    return gl.Finding(
        f"{ASIDE if role == 'aside' else ''}the alarm of the {CALLED[name][0]} is false in fewer than one of four "
        "networks on random labels",
        float(raised.mean()),
        "share of networks that learn nothing",
        "supported" if high < TOO_OFTEN else "refuted" if low > TOO_OFTEN else "undecided",
        by_bits_controls(raised.mean("seed")),
        source="ours",
        note=f"{int(raised.sum())} of {raised.size}; 95 % interval {low:.2f} to {high:.2f}",
        key=f"false_alarms.{short(name)}",
        role=role,
    )


def audits(
    table: xr.Dataset, n_test: int, sharp: str, continuous: Sequence[str]
) -> list[tuple[gl.Finding, float]]:
    """The audit of a jump in each network, with the sharp metric's width over wait; infinite where nothing is seen."""
    found = [
        gl.measures.audit_emergence(table.isel(seed=seed), n_test, sharp, continuous)
        for seed in range(table.sizes["seed"])
    ]
    held = [{each.key: each.mean for each in finding.controls} for finding in found]
    return [
        (finding, each.get("sharp_metric", float("inf"))) for finding, each in zip(found, held, strict=True)
    ]


def genuine(curves: xr.Dataset) -> gl.Finding:
    """The jump of a parity is in every continuous metric too."""
    found = audits(curves, N_PROBE, SHOWS, ["test_loss", "brier_score"])
    return audited(
        found, "supported", "a parity's jump in accuracy is in every continuous metric too", "genuine"
    )


def artefact(table: xr.Dataset) -> gl.Finding:
    """An exam of many questions jumps where what it is made of does not."""
    found = audits(table, N_EXAMS, "exact_match", ["all_accuracy", "all_loss", "all_brier"])
    claim = f"an exam of {QUESTIONS} questions jumps, and the jump is its metric's"
    return audited(found, "refuted", claim, "artefact")


def audited(found: Sequence[tuple[gl.Finding, float]], verdict: str, claim: str, key: str) -> gl.Finding:
    """In how many networks the sharp metric jumps and the audit ends in this verdict."""
    holds = [finding.verdict == verdict and ratio < 1 for finding, ratio in found]
    widest = [float("inf") if each.value is None else each.value for each, _ in found]
    said = ", ".join(sorted(each.verdict for each, _ in found))
    source = "Schaeffer et al. 2023, arXiv:2304.15004; the rule is ours"
    return of_networks(
        claim, widest, holds, {"sharp": ("of the sharp metric", [r for _, r in found])}, source, key, said
    )


def of_networks(
    claim: str,
    values: Any,
    holds: Any,
    controls: dict[str, tuple[str, Any]],
    source: str,
    key: str,
    said: str = "",
) -> gl.Finding:
    """A claim on width over wait, its number the median, judged by the share of networks in which it holds."""
    share, middle = float(np.mean(holds)), float(np.median(values))
    return gl.Finding(
        claim,
        middle if np.isfinite(middle) else None,
        "width over wait, median over networks",
        "supported" if share >= NEARLY_ALL else "refuted" if share <= 1 / 2 else "undecided",
        controls_of({"networks": ("each network", values)} | controls),
        source=source,
        note="; ".join([f"holds in {int(np.sum(holds))} of {len(values)} networks", *filter(None, [said])]),
        key=key,
    )


def skills_and_sum(table: xr.Dataset) -> list[gl.Finding]:
    """The accuracy over all rises without a jump, less suddenly than any skill's, and most skills' in a jump."""
    every = ratios(table["all_accuracy"])
    each = np.stack([ratios(table[name]) for name in skill_names(table)])
    median, slowest = np.median(each, axis=0), each.max(axis=0)
    source = "Michaud et al. 2023, arXiv:2303.13506; the rule is ours"
    return [
        of_networks(
            "the accuracy over all skills rises without a jump, less suddenly than that on any skill",
            every,
            (every > 1) & (every > slowest),
            {"slowest": ("of single skills, the largest", slowest)},
            source,
            "sum_is_smooth",
        ),
        of_networks(
            "most skills by themselves are learned in a jump",
            median,
            median < 1,
            {"all": ("of all skills", every), "rarest": ("of the rarest skill", each[-1])},
            source,
            "skills_jump",
        ),
    ]


def skill_names(table: xr.Dataset) -> list[str]:
    """The variables of single skills, the most frequent first."""
    return [str(name) for name in table.data_vars if str(name).startswith("skill_")]


def ratios(found: xr.DataArray) -> np.ndarray:
    """Width over wait in each network; infinite for none."""
    passages = [gl.measures.Transition.of(found["step"], row) for row in found.values]
    return np.array([float("inf") if each is None else each.ratio for each in passages])


def controls_of(named: dict[str, tuple[str, Any]]) -> tuple[gl.Control, ...]:
    """Controls of those that have finite draws."""
    finite = {
        key: (name, [float(each) for each in np.ravel(values) if each is not None and np.isfinite(each)])
        for key, (name, values) in named.items()
    }
    return gl.Control.several({key: each for key, each in finite.items() if each[1]})


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Hidden progress of a parity, and below the rarest skill, all skills and the exam, each seed a line."""
    above = numbers["curves"][[SHOWS, MOVE, "on_random_labels", "fourier_gap"]]
    names = {
        "all_accuracy": "all skills",
        skill_names(numbers["skills"])[-1]: "rarest skill",
        "exact_match": f"exams of {QUESTIONS}",
    }
    above["on_random_labels"].attrs["long_name"] = "largest move on random labels"
    below = xr.Dataset(
        {
            name: numbers["skills"][name].assign_attrs(long_name=said, units="share correct, many skills")
            for name, said in names.items()
        }
    )
    parts = xr.align(above, below, join="outer")
    return gl.views.sweep(xr.merge(parts, combine_attrs="override"), log_x=False)
