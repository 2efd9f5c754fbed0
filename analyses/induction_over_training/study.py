"""Do induction heads form while a transformer learns, and does it come to use its context when they do?

Prediction (Olsson et al. 2022, arXiv:2209.11895, of language models with two layers of attention or more): in training
there come to be heads that attend to what followed the present token before, beyond any random head and any shuffled
sequence; a head that looks one token back, beyond any random head, is there no later; and what the context is worth,
the loss late in a sequence less the loss early, grows within a factor of two of updates of when they come.

Refuted if, of a run, no head is above these nulls at its end; if the head that looks one back comes later; if less than
half of what the context comes to be worth is gained around that time. Undecided if as much is gained around most of the
other kept steps. A head comes when it is above its null, and stays so to the end. The control of a run is its first
step, before anything is learned, and of the study a run that has to learn from its context: Markov chains, each
sequence its own.

Runs: `examples/runs/language`, characters of Python's sources, and `examples/runs/markov`, both two layers of attention
without MLPs. Of another model, a folder of checkpoints or a name with revisions, of which fifteen are fetched, each let
go once it is looked at: `python -m analyses induction_over_training --model EleutherAI/pythia-70m`.
"""

import argparse
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from analyses.models import shipped

import groklens as gl

RUNS = ("language", "markov")
#: Updates from when heads form, as a factor either way, within which the context comes to be worth something.
AROUND = 2
#: Of a model of somebody else's: revisions, tokens of a window of text (512, as Olsson et al. have) and windows.
REVISIONS, WINDOW, WINDOWS = 15, 512, 16
#: Sequences of Markov chains; of Python's sources, all that there are.
SEQUENCES = 4096
#: Parts of the windows that each say what the context is worth.
PARTS = 8
SOURCE = "Olsson et al. 2022, arXiv:2209.11895"
SCORES = ("score", "null", "previous_token", "previous_token_null", "first_token", "copying", "copying_null")


def measure(smoke: bool = False, model: str | None = None) -> dict[str, Any]:
    """Of each run, scores and nulls by step and head, and what the context is worth."""
    if model is not None:
        return {Path(model).name: over_steps(loaded(model), smoke)}
    return {name: over_steps(of_study(name, smoke), smoke) for name in RUNS}


def of_study(name: str, smoke: bool) -> gl.Run:
    """A shipped run, looked at on many sequences that nothing was trained on; of the language, on those here."""
    run = shipped(name)
    if name == "language":
        text = gl.tasks.StandardLibrary(length=run.task.length)
        every = text.test_tokens[: len(text.test_tokens) // text.length * text.length].view(-1, text.length)
    else:
        every = run.task.batch(0, seed=run.recipe.seed + 1000, size=SEQUENCES).inputs
    task = gl.tasks.NextTokens(every[:: 64 if smoke else 1], d_vocab=run.task.d_vocab)
    return gl.Run.of({step: run.at(step).model for step in run.steps}, task, name=name)


def loaded(model: str) -> gl.Run:
    """Checkpoints of a folder, or revisions of a name, on windows of text by the model's own tokenizer."""
    if Path(model).exists():
        return gl.load(model, task=on_text(gl.tasks.tokenizer_of(model)))
    from transformers import AutoTokenizer

    task = on_text(AutoTokenizer.from_pretrained(model))
    return gl.load(model, revisions=some_of(gl.revisions(model)), task=task, keep_downloads=False)


def some_of(known: Mapping[str, Any]) -> dict[str, Any]:
    """Fifteen revisions, the first and the last among them, closer together where training is young."""
    places = np.geomspace(1, len(known), REVISIONS).round().astype(int) - 1
    return {name: known[name] for place, name in enumerate(known) if place in places}


def on_text(tokenizer: Any) -> gl.tasks.NextTokens:
    """The first windows of the source of a module of Python, in a model's own tokens."""
    text = inspect.getsource(argparse)
    every = gl.tasks.NextTokens.of_text(text, tokenizer, length=WINDOW).inputs
    return gl.tasks.NextTokens(every[:WINDOWS])


def over_steps(run: gl.Run, smoke: bool) -> xr.Dataset:
    """Scores of heads beside their nulls, and what the context is worth, at every kept step."""
    steps = run.steps[:: len(run.steps) - 1] if smoke else run.steps
    draws = {"sequences": 4, "draws": 4} if smoke else {}
    rows = []
    for step in steps:
        snapshot = run.at(step)
        heads = gl.measures.induction_heads(snapshot, **draws)
        copying = gl.measures.copying_heads(snapshot, **draws)
        heads["copying"], heads["copying_null"] = copying["score"], copying["null"]
        rows.append(heads.assign(by_part=("part", worth(snapshot))))
    table = xr.concat(rows, dim=xr.Variable("step", list(steps)), combine_attrs="override")
    named = {"long_name": "loss late in a sequence less loss early", "units": "nats"}
    table["in_context"] = table["by_part"].mean("part").assign_attrs(named)
    return table[[*SCORES, "above", "by_part", "in_context"]]


def worth(snapshot: gl.Snapshot) -> list[float]:
    """Loss in the last half of a window less that in its second eighth, of each of a few parts, for the error.

    Of 512 tokens these are means around the 384th and the 96th; the published score is of the 500th and the 50th.
    """
    task, found = snapshot.task, []
    for part in range(PARTS):
        some = gl.tasks.NextTokens(task.inputs[part::PARTS], d_vocab=task.d_vocab)
        loss = gl.measures.loss_by_position(gl.Snapshot(snapshot.model, some))
        n_pos = len(loss)
        found.append(float(loss[n_pos // 2 :].mean() - loss[n_pos // 8 : n_pos // 4].mean()))
    return found


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make, of each run."""
    return [finding for name, table in numbers.items() for finding in of_run(name, table)]


def of_run(name: str, table: xr.Dataset) -> list[gl.Finding]:
    """What is said of one run."""
    table = table.transpose("step", "head", ...)
    formed = first_head(table["above"])
    return [
        heads_form(name, table, formed),
        one_back_first(name, table, formed),
        context_with_them(name, table, formed),
        they_copy(name, table),
        context_is_used(name, table),
        rest_on_the_first(name, table),
    ]


def first_kept(holds: xr.DataArray) -> float:
    """The first kept step from which on something holds to the end; nan where it does not at the end."""
    steps, held = holds["step"].values, holds.values.astype(bool)
    if not held[-1]:
        return float("nan")
    return float(steps[0] if held.all() else steps[np.flatnonzero(~held)[-1] + 1])


def first_head(holds: xr.DataArray) -> float:
    """The first kept step from which on something holds of one and the same head to the end; nan where of none."""
    found = [first_kept(of_head) for of_head in holds.transpose("head", "step")]
    return min((step for step in found if step == step), default=float("nan"))


def heads_form(name: str, table: xr.Dataset, formed: float) -> gl.Finding:
    """At the end some head does induction, and at first none."""
    above = table["above"].sum("head").values
    verdict = "refuted" if above[-1] == 0 else "undecided" if above[0] > 0 else "supported"
    best, found = int(table["score"].values[-1].argmax()), table["above"].values[-1].astype(bool)
    named, scores = (
        ", ".join(map(str, table["head"].values[found])) or "none",
        table["score"].values[-1][found],
    )
    return gl.Finding(
        f"{name}: in training heads come to attend to what followed the present token before",
        float(above[-1]),
        f"heads of {table.sizes['head']} above random heads and shuffled sequences at the end",
        verdict,
        gl.Control.several(
            {
                "untrained": ("the same at the first step", above[0]),
                "score": (
                    "score of the best head at the end, a share of attention",
                    table["score"][-1, best],
                ),
                "null": ("the highest that this head has without induction", table["null"][-1, best]),
                **({"named": ("scores of all the heads above", scores)} if len(scores) else {}),
            }
        ),
        source=SOURCE,
        note=f"heads {named}; from step {formed:,.0f} on" if formed == formed else "",
        key=f"{name}.induction",
    )


def one_back_first(name: str, table: xr.Dataset, formed: float) -> gl.Finding:
    """A head that looks one token back, the first half of the circuit, is there no later."""
    back = first_head(table["previous_token"] > table["previous_token_null"])
    known = formed == formed
    verdict = "undecided" if not known else "supported" if back <= formed else "refuted"
    return gl.Finding(
        f"{name}: a head that looks one token back more than random heads do is there no later than induction",
        back / formed if known and back == back and formed else None,
        "its step, as a multiple of that of induction",
        verdict,
        gl.Control.several(
            {
                "first": ("the most any head looks back at the first step", table["previous_token"][0].max()),
                "last": ("and at the end, share of attention", table["previous_token"][-1].max()),
                "random": ("the most that any random head does at the end", table["previous_token_null"][-1]),
            }
        ),
        source=SOURCE,
        note="no induction heads form"
        if not known
        else f"from step {back:,.0f} on"
        if back == back
        else "never",
        key=f"{name}.previous_token",
    )


def context_with_them(name: str, table: xr.Dataset, formed: float) -> gl.Finding:
    """What the context is worth is gained around the time at which induction heads form, more than around others."""
    gained = -(table["in_context"] - table["in_context"][0]).to_series()
    known, share, others = formed == formed, None, []
    if known and gained.iloc[-1] > 0:
        share = gained_around(formed, gained)
        others = [gained_around(step, gained) for step in gained.index[1:] if step != formed]
    little = share is None or share <= 1 / 2
    told_apart = not little and 2 * sum(other < share for other in others) > len(others)
    return gl.Finding(
        f"{name}: the context comes to be worth something within a factor of {AROUND} of when induction heads form",
        share,
        "share of the gain in loss late less loss early",
        "undecided" if not known else "refuted" if little else "supported" if told_apart else "undecided",
        gl.Control.several({"others": ("the same around each other kept step", others)}) if others else (),
        source=SOURCE,
        note=f"{gained.iloc[-1]:.3f} nats by the end" if known else "no induction heads form",
        key=f"{name}.context",
    )


def gained_around(step: float, gained: pd.Series) -> float:
    """The share of all that was gained which was so within a factor of two of a step."""
    before, after = (gained[gained.index <= end] for end in (step / AROUND, step * AROUND))
    return float((after.iloc[-1] - (before.iloc[-1] if len(before) else 0.0)) / gained.iloc[-1])


def they_copy(name: str, table: xr.Dataset) -> gl.Finding:
    """Beside the question: the heads that attend so speak for the token that they attend to, beyond random heads."""
    last = table.isel(step=-1)
    above = last["above"].values.astype(bool)
    found, null = last["copying"].values, float(last["copying_null"])
    low = float(found[above].min()) if above.any() else None
    others = found[~above] if (~above).any() else np.zeros(1)
    decided = low is not None and (low > null or low <= 0)
    return gl.Finding(
        f"beside the question, {name}: the heads that do induction copy what they attend to, beyond random heads",
        low,
        "share of other tokens that they raise it above, less those below, least of these heads",
        "undecided" if not decided else "supported" if low > null else "refuted",
        gl.Control.several(
            {"others": ("the other heads", others), "random": ("the highest of random heads", null)}
        ),
        source=SOURCE,
        key=f"{name}.copying",
        role="aside",
    )


def context_is_used(name: str, table: xr.Dataset) -> gl.Finding:
    """Beside the question: at the end the loss is lower late in a sequence than early, more so than at first."""
    last, since = table["by_part"].values[-1], (table["by_part"][-1] - table["by_part"][0]).values
    within = [2 * float(each.std(ddof=1)) / len(each) ** 0.5 for each in (last, since)]
    used = last.mean() + within[0] < 0 and since.mean() + within[1] < 0
    not_used = last.mean() - within[0] > 0 or since.mean() - within[1] > 0
    return gl.Finding(
        f"beside the question, {name}: the context is of use, with induction heads or without",
        float(last.mean()),
        "nats, loss in the last half of a sequence less loss in its second eighth",
        "supported" if used else "refuted" if not_used else "undecided",
        gl.Control.several(
            {
                "untrained": ("at the first step", table["in_context"][0]),
                "parts": ("parts of the windows", last),
            }
        ),
        source=SOURCE,
        note=f"less than two standard errors ({within[0]:.2g}) from 0 or from the first step decides nothing",
        key=f"{name}.in_context",
        role="aside",
    )


def rest_on_the_first(name: str, table: xr.Dataset) -> gl.Finding:
    """Beside the question: a head rests on the first token."""
    most = table["first_token"].max("head").values
    return gl.Finding(
        f"beside the question, {name}: a head rests on the first token, looking there more than anywhere else",
        float(most[-1]),
        "share of attention, the most of any head",
        "supported" if most[-1] > 1 / 2 else "refuted",
        gl.Control.several({"untrained": ("at the first step", most[0])}),
        source="Xiao et al. 2023, arXiv:2309.17453, 'attention sinks'",
        key=f"{name}.first_token",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Induction by the head that does it most, beside its null, looking one back, and the worth of the context."""
    return gl.views.curves({name: drawn(table) for name, table in numbers.items()})


def drawn(table: xr.Dataset) -> xr.Dataset:
    """One number a step: of the best head how far its score is above its null, and the most of the others."""
    share = {"units": "share of attention"}
    over = (table["score"] - table["null"]).max("head")
    found = {
        "induction": over.assign_attrs(share, long_name="induction above its null, best head"),
        "one_back": table["previous_token"]
        .max("head")
        .assign_attrs(share, long_name="attention one token back, best head"),
        "in_context": table["in_context"],
    }
    return xr.Dataset(found)
