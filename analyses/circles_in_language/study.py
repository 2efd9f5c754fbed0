"""Do a language model's states of the weekdays and months lie on circles, and is there a circuit of sums besides?

Prediction (Engels et al. 2024, arXiv:2405.14860, of models with 7 billion weights): the states of the seven weekdays
lie on a circle in C7, at most layers, and those of the twelve months in C12. That is two things. They are in their
*order*: no other cyclic order of them has as much of the variance in frequency 1. And the order *closes*: the last is
as near to the first as neighbours are, rather than as any pair, and a circle's two waves hold more of the variance than
the two slowest of a line that is cut open at its end. Unrelated nouns have no order; the numbers one to twelve have
one, and it does not close. Neither how frequent the words are nor the alphabet is what orders them. A model of 135
million weights does not add numbers of two digits, so that a circuit of sums (Kantamneni & Tegmark 2025,
arXiv:2502.00873) is not to be looked for.

Refuted if at half of the layers or more another order gives as much, with all templates, and so are order and circle; a
circle is supported if at more than half the order is ahead of all others and closes, whichever template is left out,
and undecided where the words are in order and it does not close. Refuted further: if half of the lists of nouns have an
order; if the numbers are found on a circle; if a twentieth of the orders give more once log frequency or the alphabet
is taken out, at half of the layers or more, and on average as many as with 19 of 20 random rankings of the words taken
out in its place; if the model adds. The control of an order is every other one: all 360 of seven words, 2,000 random
ones of twelve. Of these rules four were changed after first numbers; which, and what they gave before, stands in
README.md.

The model is SmolLM2-135M-Instruct, which `make smollm2` fetches. Of another model, a folder of transformers or a GGUF:
`python -m analyses circles_in_language --model PATH`.
"""

import math
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr
from analyses.circles_in_language.closing import numbers_lie_open, on_a_circle
from analyses.circles_in_language.findings import (
    TAKEN_OUT,
    TRIAL,
    as_in_the_trial,
    in_order,
    not_on_one,
    nothing_simpler,
    nouns_as_in_the_trial,
)
from analyses.circles_in_language.sums import of_sums, sums_findings
from analyses.models import scratch

import groklens as gl

RUNS = ()
#: Where `make smollm2` puts the model.
FETCHED = Path(__file__).parents[2] / "artifacts" / "smollm2"
#: They are not about days, months or things, but that the first tells of yesterday; the state is read at the last word.
TEMPLATES = (
    "Yesterday I read an article about {}",
    "My favourite word is {}",
    "We will talk about {}",
    "She wrote a poem called {}",
    "The first thing that comes to mind is {}",
)
#: As many unrelated nouns as there are of each, and how many lists of them at most.
NOUNS, LISTS = {"weekdays": "seven unrelated nouns", "months": "twelve unrelated nouns"}, 5

#: Random rankings of the words that are taken out in place of a simpler order.
RANDOM = 20


def measure(smoke: bool = False, model: str | None = None) -> dict[str, Any]:
    """Shares of variance by layer and by which templates were averaged, of every list of words; and sums."""
    path = Path(model) if model is not None else planted() if smoke else fetched()
    tokenizer = gl.tasks.tokenizer_of(path)
    words = {"weekdays": gl.tasks.WEEKDAYS, "months": gl.tasks.MONTHS}
    run = gl.load(path, task=gl.tasks.Words(TEMPLATES, words["weekdays"], tokenizer))
    language, size = run.final.model, run.task.d_vocab
    templates = TEMPLATES[:3] if smoke else TEMPLATES

    def shown(listed: Sequence[str]) -> gl.Snapshot:
        return gl.Snapshot(language, gl.tasks.Words(templates, listed, tokenizer).fitted(size))

    numbers: dict[str, Any] = {"model": {"file": path.name, "layers": language.cfg.n_layers}}
    for name, listed in words.items():
        numbers[name] = over_templates(shown(listed))
        lists = lists_of(len(listed), 2 if smoke else LISTS)
        numbers[NOUNS[name]] = xr.concat([over_templates(shown(nouns)) for nouns in lists], dim="list")
        numbers[f"{name}, taken out"] = without(shown(listed), tokenizer)
    numbers["one to twelve"] = over_templates(shown(gl.tasks.HOURS))
    return numbers | of_sums(language, tokenizer, size, smoke)


def fetched() -> Path:
    """The model that `make smollm2` fetched, or that $GROKLENS_SMOLLM2 names."""
    named = os.environ.get("GROKLENS_SMOLLM2")
    found = [Path(named)] if named else sorted(FETCHED.rglob("*.gguf"))
    if not found or not found[0].exists():
        raise SystemExit(
            f"There is no language model at {named or FETCHED}. Fetch one, `make smollm2`; or name yours, a GGUF or a "
            "folder that transformers saved: `python -m analyses circles_in_language --model PATH`."
        )
    return found[0]


def planted() -> Path:
    """A tiny Llama whose first MLP writes the weekdays on to a circle, months and numbers on to none."""
    others = [*gl.tasks.MONTHS, *gl.tasks.HOURS, *gl.tasks.UNRELATED]
    return gl.hypotheses.save_planted_circle(scratch(), gl.tasks.WEEKDAYS, others, layer=0)


def lists_of(size: int, count: int) -> list[Sequence[str]]:
    """As many lists of unrelated nouns, or fewer: no noun is in two."""
    nouns = list(gl.tasks.UNRELATED)
    return [nouns[place : place + size] for place in range(0, len(nouns) - size + 1, size)][:count]


def over_templates(snapshot: gl.Snapshot) -> xr.Dataset:
    """Circles by layer from all templates averaged, from all but each, and from each alone."""
    places = range(len(snapshot.task.templates))
    chosen: dict[str, Sequence[int]] = {"all": places}
    chosen |= {f"without {i}": [place for place in places if place != i] for i in places}
    chosen |= {f"only {i}": [i] for i in places}
    found = [gl.measures.circles_by_layer(snapshot, templates=some) for some in chosen.values()]
    return xr.concat(found, dim=xr.Variable("templates", list(chosen)), combine_attrs="override")


def without(snapshot: gl.Snapshot, tokenizer: Any) -> xr.Dataset:
    """Circles by layer from all templates, once each simpler order is regressed out of the states, or random ranks."""
    words = snapshot.task.words
    shuffled, ranks = random.Random(0), [float(rank) for rank in range(len(words))]
    taken = {"frequency": log_frequency(words, tokenizer), "alphabet": "alphabet"}
    taken |= {f"random {draw}": tuple(shuffled.sample(ranks, len(ranks))) for draw in range(RANDOM)}
    found = [gl.measures.circles_by_layer(snapshot, without=each) for each in taken.values()]
    return xr.concat(found, dim=xr.Variable("taken_out", list(taken)), combine_attrs="override")


def log_frequency(words: Sequence[str], tokenizer: Any) -> tuple[float, ...]:
    """Minus the log of the number of each word's token, which is its rank: what is frequent is merged first.

    Of a word of several tokens the rarest. By Zipf's law minus log rank is log frequency, but for a factor.
    """
    found = [tokenizer.encode(f" {word}", add_special_tokens=False).ids for word in words]
    return tuple(-math.log(1 + max(tokens)) for tokens in found)


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    named = {"weekdays": "C7", "months": "C12"}
    return [
        *(in_order(name, group, numbers[name], numbers[NOUNS[name]]) for name, group in named.items()),
        *(on_a_circle(name, numbers[name], numbers[NOUNS[name]]) for name in named),
        numbers_lie_open(numbers["one to twelve"]),
        *(not_on_one(NOUNS[name], numbers[NOUNS[name]]) for name in named),
        *(
            nothing_simpler(name, control, numbers[f"{name}, taken out"])
            for name in named
            for control in TAKEN_OUT
        ),
        *(as_in_the_trial(name, numbers[name], TRIAL[name]) for name in named),
        nouns_as_in_the_trial(numbers[NOUNS["weekdays"]]),
        *sums_findings(numbers),
    ]


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Shares of variance over layers, of days and months beside other orders, a line, and nouns; templates left out."""
    return gl.views.sweep(drawn(numbers), log_x=False)


def drawn(numbers: dict[str, Any]) -> xr.Dataset:
    """What is drawn: each with a line for every template left out, of which seeds are the axis; nouns list by list."""
    found = {}
    for name, nouns in NOUNS.items():
        table, units = numbers[name], f"share, {NOUNS[name].split()[0]} words"
        left_out = [each for each in table["templates"].values if "without" in each]
        for column, key, said in (
            ("share", name, name),
            ("highest_of_others", f"other {name}", f"{name}, best other order"),
            ("open_line", f"open {name}", f"{name}, along a line"),
        ):
            found[key] = line(table[column].sel(templates=left_out), "templates", said, units)
        found[nouns] = line(numbers[nouns]["share"].sel(templates="all"), "list", nouns, units)
    table = xr.Dataset(found)
    table["layer"].attrs = {"long_name": "layer entered"}
    return table


def line(found: xr.DataArray, along: str, name: str, units: str) -> xr.DataArray:
    """A variable of a sweep over layers, its other axis as seeds."""
    found = (
        found.rename({along: "seed"})
        .drop_vars("seed", errors="ignore")
        .drop_vars("templates", errors="ignore")
    )
    return found.assign_coords(seed=range(found.sizes["seed"])).assign_attrs(long_name=name, units=units)
