"""Whether a language model adds, asked before anything is said of how; and whether a helix says its numbers."""

from typing import Any

import numpy as np
import torch
import xarray as xr

import groklens as gl

#: Sums that are shown before the one that is asked: none, or two.
SHOWN = {
    "one digit": ("{a}+{b}=", "2+3=5\n4+1=5\n{a}+{b}="),
    "two digits": ("{a}+{b}=", "12+35=47\n28+14=42\n{a}+{b}="),
}
#: Numbers that are added: all answers of the first have one digit, and of the second two.
NUMBERS = {
    "one digit": {"smallest": 0, "largest": 9},
    "two digits": {"smallest": 10, "largest": 49, "sample": 300, "seed": 1},
}
#: A model adds numbers where it is right more often than not.
ADDS = 1 / 2
#: What a first trial gave, which does not say how it asked: 34 of 55 sums of one digit; of two, 21 % of the last ones.
TRIAL = {"one digit": 34 / 55, "two digits": 0.21}
#: Prompts of numbers from 10 to 99 at whose first number a helix is fitted, and layers that are looked at: every third.
READ, THIRD = {"smallest": 10, "largest": 99, "sample": 600}, 3
#: Prompts whose logits, one for each of a language's tokens, are held at a time.
AT_A_TIME = 50
FITS = ("helix", "polynomial", "line", "shuffled: highest", "digits renamed: highest")
SOURCE = "Kantamneni & Tegmark 2025, arXiv:2502.00873"


def of_sums(model: Any, tokenizer: Any, d_vocab: int, smoke: bool) -> dict[str, Any]:
    """How often sums are right, and what a helix says of numbers by layer; nothing where sums cannot be written."""
    less = {"sample": 20} if smoke else {}
    try:
        asked = {
            kind: [written(tokenizer, template, numbers | less) for template in SHOWN[kind]]
            for kind, numbers in NUMBERS.items()
        }
        read = written(tokenizer, "{a}+{b}=", READ | less)["units"]
    except gl.GroklensError as error:
        return {"sums": {"refused": str(error)}}
    helix = helix_by_layer(gl.Snapshot(model, read.fitted(d_vocab)))
    return {"sums": accuracy(model, asked, d_vocab), "helix": helix}


#: The same sums by the digit that is asked for.
Digits = dict[str, gl.tasks.WrittenSums]


def written(tokenizer: Any, template: str, numbers: dict[str, int]) -> Digits:
    """The same sums by the digit that is asked for, those before it given; just `units` where answers are tokens."""
    digits = ("units",) if numbers["largest"] < 10 else ("units", "tens")
    try:
        return {
            each: gl.tasks.WrittenSums(tokenizer, template=template, digit=each, **numbers) for each in digits
        }
    except gl.GroklensError:
        return {"units": gl.tasks.WrittenSums(tokenizer, template=template, **numbers)}


def accuracy(model: Any, asked: dict[str, list[Digits]], d_vocab: int) -> xr.Dataset:
    """The share of sums of which the last digit is right, and all digits, by their kind and what is shown before."""
    found = {"last_digit": [], "right": []}
    for ways in asked.values():
        right = [{digit: answered(model, task, d_vocab) for digit, task in digits.items()} for digits in ways]
        found["last_digit"].append([float(each["units"].mean()) for each in right])
        found["right"].append([float(np.all(list(each.values()), axis=0).mean()) for each in right])
    counts = [len(ways[0]["units"].inputs) for ways in asked.values()]
    table = {name: (("kind", "shown"), values) for name, values in found.items()} | {
        "asked": ("kind", counts)
    }
    return xr.Dataset(table, coords={"kind": list(asked), "shown": ["none", "two"]})


def answered(model: Any, task: gl.tasks.WrittenSums, d_vocab: int) -> np.ndarray:
    """Whether the digit asked for is right, of each sum."""
    parts = [gl.Snapshot(model, gl.Probe(rows, d_vocab=d_vocab)) for rows in task.inputs.split(AT_A_TIME)]
    return (torch.cat([part.logits.argmax(dim=-1) for part in parts]) == task.labels).numpy()


def helix_by_layer(snapshot: gl.Snapshot) -> xr.Dataset:
    """Held-out R² of each shape at the first number's own token, by layer."""
    layers = range(0, snapshot.model.cfg.n_layers, THIRD)
    found = [gl.measures.HelixFit(f"blocks.{layer}.hook_resid_pre")(snapshot) for layer in layers]
    return xr.Dataset({"r2": xr.concat(found, dim=xr.Variable("layer", list(layers))).sel(fit=list(FITS))})


def sums_findings(numbers: dict[str, Any]) -> list[gl.Finding]:
    """What is said of sums: accuracy first."""
    sums = numbers["sums"]
    if isinstance(sums, dict):
        return []
    return [
        does_not_add(sums),
        last_digit_aside(sums),
        *(as_in_the_trial(kind, sums) for kind in TRIAL),
        helix_aside(numbers["helix"]),
    ]


def spread(share: float, count: int) -> float:
    """Two standard errors of a share of so many."""
    return float(2 * (share * (1 - share) / count) ** 0.5)


def does_not_add(sums: xr.Dataset) -> gl.Finding:
    """Two-digit addition is not there to be explained: sums are mostly wrong."""
    of_two, count = sums.sel(kind="two digits"), int(sums["asked"].sel(kind="two digits"))
    best = float(of_two["right"].max())
    return gl.Finding(
        "the model does not add numbers of two digits, so that there is no circuit of addition to be explained",
        best,
        "accuracy, both digits of the sum right",
        judged(best, count),
        gl.Control.several(
            {
                "shown": ("with no sum shown before, and with two", of_two["right"]),
                "last_digit": ("the last digit alone, the first given, likewise", of_two["last_digit"]),
                "chance": ("chance for one digit", 0.1),
                "one_digit": ("sums of one digit, likewise", sums["right"].sel(kind="one digit")),
            }
        ),
        source="more often right than wrong is what is asked for before a circuit is spoken of",
        note=f"the better of two ways to ask; {count} sums",
        key="addition.absent",
    )


def last_digit_aside(sums: xr.Dataset) -> gl.Finding:
    """Beside the question: the rule written first, which asked for the last digit alone."""
    right, count = sums["last_digit"].sel(kind="two digits"), int(sums["asked"].sel(kind="two digits"))
    best = float(right.max())
    return gl.Finding(
        "beside the question: of sums of two digits the last digit alone, the first given, is mostly wrong",
        best,
        "accuracy, last digit",
        judged(best, count),
        gl.Control.several(
            {"shown": ("with no sum shown before, and with two", right), "chance": ("chance", 0.1)}
        ),
        note="the rule written first for whether the model adds; the better of two ways to ask",
        key="addition.last_digit",
        role="aside",
    )


def judged(best: float, count: int) -> str:
    """Whether sums are mostly wrong, two standard errors from half of them."""
    error = spread(best, count)
    return "supported" if best + error < ADDS else "refuted" if best - error > ADDS else "undecided"


def as_in_the_trial(kind: str, sums: xr.Dataset) -> gl.Finding:
    """Beside the question: accuracy on the last digit is what a trial gave."""
    right, count = sums["last_digit"].sel(kind=kind).values, int(sums["asked"].sel(kind=kind))
    agree = [abs(each - TRIAL[kind]) <= spread(TRIAL[kind], count) for each in right.tolist()]
    nearest = float(right[np.abs(right - TRIAL[kind]).argmin()])
    return gl.Finding(
        f"beside the question: of sums of {kind} the last digit is right as often as in a trial, {TRIAL[kind]:.2f} of "
        "the time",
        nearest,
        "accuracy, of the way to ask that is nearer",
        "supported" if any(agree) else "refuted",
        gl.Control.several({"shown": ("with no sum shown before, and with two", right)}),
        source="that trial does not say how it asked",
        key=f"addition.trial.{kind.replace(' ', '_')}",
        role="aside",
    )


def helix_aside(table: xr.Dataset) -> gl.Finding:
    """Beside the question: a helix says the states of numbers that it was not fitted to, better than simpler shapes."""
    r2 = {str(fit): table["r2"].sel(fit=fit).values for fit in table["fit"].values}
    helix = r2.pop("helix")
    ahead = float((helix > np.max(list(r2.values()), axis=0)).mean())
    named = {
        "polynomial": "polynomials as many",
        "line": "a line",
        "shuffled: highest": "the best of 20 shuffled helices",
        "digits renamed: highest": "the best of 20 helices of numbers with their digits renamed",
    }
    return gl.Finding(
        "beside the question, and no word on how it would add: a helix with periods 2, 5, 10 and 100 says numbers that "
        "it was not fitted to better than simpler shapes do, and than it does once their digits are renamed, at most "
        "layers",
        ahead,
        "share of the layers looked at",
        "supported" if ahead > 1 / 2 else "refuted",
        gl.Control.several(
            {"helix": ("held-out R² of the helix, by layer", helix)}
            | {
                fit.split(":")[0].replace(" ", "_"): (f"of {named[fit]}", values)
                for fit, values in r2.items()
            }
        ),
        source=f"{SOURCE}, section 4.2; held out by number",
        note="a digit is a token here, which any model tells apart, an untrained one too: of digits with other names a "
        "helix says as much then",
        key="helix",
        role="aside",
    )
