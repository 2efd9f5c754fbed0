"""Clock or pizza: can the algorithm that a model adds by be told from the outside, and which do ours use?

Prediction (Zhong et al. 2023, arXiv:2306.17844): gradient symmetricity and distance irrelevance together name the
algorithm of models where it is known, planted ones and the authors', and name neither where there is none; the
share of the logits that cosines explain does not tell them apart.

Refuted if a known algorithm is named otherwise, if a model without one is given a name, or if the logits'
explained share separates the two. An untrained model has symmetric gradients as well: each number stands beside
that control.
"""

from typing import Any

from analyses.models import others, shipped

import groklens as gl

RUNS = ("mod113", "mul97")
#: What the authors say of their own models.
AUTHORS = {"p99zdpze5l": "pizza", "l8k1hzciux": "clock", "h9m153uuh9": "pizza", "p71frej8t7": "pizza"}
INTERRUPTED, PIZZA = "n9n7h3p965", "p99zdpze5l"


DISCRIMINATORS = ["gradient_symmetricity", "distance_irrelevance"]


def measure(smoke: bool = False) -> dict[str, Any]:
    """What planted models, shipped runs and the authors' are named; with `smoke`, planted ones and one curve alone."""
    run = shipped("mod113")
    return {
        "planted": named_as_planted(31 if smoke else 59),
        "shipped": {} if smoke else {name: named_in_runs(name) for name in RUNS},
        "authors": {} if smoke else of_authors(),
        "curves": gl.track(run, DISCRIMINATORS, steps=[run.steps[0], *run.steps[1::6]] if smoke else None),
    }


def named_as_planted(p: int) -> dict[str, Any]:
    """What planted models of three components, and a lookup, are named."""
    task = gl.ModularArithmetic(p, "add")
    named = {
        algorithm: gl.explain(gl.Snapshot(gl.planted(task, [2, 5, 11], algorithm), task)).algorithm
        for algorithm in ("clock", "pizza", "lookup")
    }
    return {"p": p, "named": named}


def named_in_runs(name: str) -> dict[str, Any]:
    """What a run of our own computes by, with the two numbers before and after training."""
    run = shipped(name)
    algorithm = gl.explain(run.final).algorithm
    both = [
        {each: getattr(gl.measures, each)(snapshot) for each in DISCRIMINATORS}
        for snapshot in (run.at(0), run.final)
    ]
    return {"task": run.task.name, "algorithm": algorithm, "first": both[0], "last": both[1]}


def of_authors() -> dict[str, Any]:
    """The authors' models: their names here, what cosines explain of the logits, and one pizza's circles."""
    zoo = {name: gl.load(path).final for name, path in others("pizza/model_*.pt").items()}
    if not AUTHORS.keys() <= zoo.keys():
        return {}
    names, pizza = (*AUTHORS, INTERRUPTED), zoo[PIZZA]
    by_pizza, by_clock = gl.measures.circle_pizza_fve(pizza), gl.measures.circle_clock_fve(pizza)
    accompanying = gl.measures.circle_accompanying_fve(pizza)
    main = [k for k in gl.measures.key_components(pizza) if k in by_pizza["component"].values]
    return {
        "named": {name: gl.explain(zoo[name]).algorithm for name in names},
        "explained": {name: gl.measures.logit_similarity_fve(zoo[name]) for name in names},
        "main": main,
        "by_pizza": [float(by_pizza.sel(component=k)) for k in main],
        "by_clock": [float(by_clock.sel(component=k)) for k in main],
        "accompanying": accompanying["component"].values.tolist(),
        "by_accompanying": accompanying.values.tolist(),
    }


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    findings = [planted_are_named(**numbers["planted"])]
    findings += [runs_are_named(name, found) for name, found in numbers["shipped"].items()]
    if authors := numbers["authors"]:
        findings += [authors_are_named(authors["named"]), logits_do_not_tell(authors["explained"])]
        findings.append(circles_tell(authors))
    return findings


def planted_are_named(p: int, named: dict[str, str]) -> gl.Finding:
    """Planted models are named correctly, and a lookup not at all."""
    right = (named["clock"] == "clock") + (named["pizza"] == "pizza")
    return gl.Finding(
        "planted clocks and pizzas are named, and a lookup table is not",
        right,
        "of 2 models",
        "supported" if right == 2 and named["lookup"] == "undecided" else "refuted",
        gl.Control.several({"lookup": ("lookup tables named", named["lookup"] in ("clock", "pizza"))}),
        source="Zhong et al. 2023, section 4",
        note=f"mod {p}: {named}",
        key="planted",
    )


def runs_are_named(name: str, found: dict[str, Any]) -> gl.Finding:
    """The two numbers agree on what a run of our own computes by."""
    algorithm, first, last = found["algorithm"], found["first"], found["last"]
    return gl.Finding(
        f"the discriminators agree on one algorithm for {name}",
        last["distance_irrelevance"],
        "distance irrelevance",
        "supported" if algorithm in ("clock", "pizza") else "undecided",
        gl.Control.several({"untrained": ("the same at step 0", first["distance_irrelevance"])}),
        source="Zhong et al. 2023, section 4",
        note=f"{found['task']} is a {algorithm}; gradient symmetricity {last['gradient_symmetricity']:.3f}, "
        f"at step 0 {first['gradient_symmetricity']:.3f}",
        key=f"shipped.{name}",
    )


def authors_are_named(named: dict[str, str]) -> gl.Finding:
    """The authors' models are named as the authors name them, and an interrupted one is not."""
    right = sum(named[name] == algorithm for name, algorithm in AUTHORS.items())
    blank = named[INTERRUPTED] in ("clock", "pizza", "irreps")
    return gl.Finding(
        "the authors' models are named as they name them",
        right,
        f"of {len(AUTHORS)} models",
        "supported" if right == len(AUTHORS) and not blank else "refuted",
        gl.Control.several({"interrupted": ("interrupted models named", blank)}),
        source="Zhong et al. 2023, table of runs",
        note=str(named),
        key="authors",
    )


def logits_do_not_tell(shares: dict[str, float]) -> gl.Finding:
    """Cosines of the answer explain a pizza's logits as well as a clock's."""
    clocks, pizzas = (
        [shares[name] for name, kind in AUTHORS.items() if kind == each] for each in ("clock", "pizza")
    )
    return gl.Finding(
        "the share of the logits that cosines of the answer explain does not tell pizza from clock",
        min(pizzas),
        "share, least of the pizzas",
        "refuted" if max(pizzas) < min(clocks) - 0.05 else "supported",
        gl.Control.several({"clock": ("clock", clocks), "interrupted": ("interrupted", shares[INTERRUPTED])}),
        source="groklens.measures.logit_similarity_fve",
        note=", ".join(f"{name} ({kind}): {shares[name]:.4f}" for name, kind in AUTHORS.items()),
        key="logits_do_not_tell",
    )


def circles_tell(authors: dict[str, Any]) -> gl.Finding:
    """Run one circle at a time, a pizza's logits are a pizza's more than a clock's."""
    by_pizza, by_clock = authors["by_pizza"], authors["by_clock"]
    least = min(pizza - clock for pizza, clock in zip(by_pizza, by_clock, strict=True))
    return gl.Finding(
        "each main circle of a pizza, run alone, is explained by a pizza better than by a clock",
        least,
        "difference of explained shares, least",
        "supported" if least > 0 else "refuted",
        gl.Control.several({"clock": ("explained by a clock", by_clock)}),
        source="Zhong et al. 2023, circle isolation",
        note=f"{PIZZA}, circles {authors['main']}: pizza {[round(each, 4) for each in by_pizza]}; "
        f"accompanying circles {authors['accompanying']}: {[round(each, 4) for each in authors['by_accompanying']]}",
        key="circles_tell",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """The two discriminators over the training of mod113."""
    return gl.views.curves(numbers["curves"])
