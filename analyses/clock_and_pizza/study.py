"""Clock or pizza: can the algorithm that a model adds by be told from the outside, and which do ours use?

Prediction (Zhong et al. 2023, arXiv:2306.17844): gradient symmetricity and distance irrelevance together name the
algorithm of models where it is known, planted ones and the authors', and name neither where there is none; the
share of the logits that cosines explain does not tell them apart.

Refuted if a known algorithm is named otherwise, if a model without one is given a name, or if the logits'
explained share separates the two. An untrained model has symmetric gradients as well: each number stands beside
that control.
"""

import plotly.graph_objects as go
import xarray as xr
from analyses.models import others, shipped

import groklens as gl

RUNS = ("mod113", "mul97")
#: What the authors say of their own models.
AUTHORS = {"p99zdpze5l": "pizza", "l8k1hzciux": "clock", "h9m153uuh9": "pizza", "p71frej8t7": "pizza"}
INTERRUPTED = "n9n7h3p965"


def analyse(smoke: bool = False) -> list[gl.Finding]:
    """The findings; with `smoke`, on planted models alone."""
    findings = [named_as_planted(31 if smoke else 59)]
    if smoke:
        return findings
    zoo = {name: gl.load(path).final for name, path in others("pizza/model_*.pt").items()}
    findings += [named_in_runs(name) for name in RUNS]
    if AUTHORS.keys() <= zoo.keys():
        findings += [named_as_by_authors(zoo), logits_do_not_tell(zoo), circles_tell(zoo)]
    return findings


def named_as_planted(p: int) -> gl.Finding:
    """Planted models of three components are named rightly, and a lookup not at all."""
    task = gl.ModularArithmetic(p, "add")
    named = {
        algorithm: gl.explain(gl.Snapshot(gl.planted(task, [2, 5, 11], algorithm), task)).algorithm
        for algorithm in ("clock", "pizza", "lookup")
    }
    right = (named["clock"] == "clock") + (named["pizza"] == "pizza")
    return gl.Finding(
        "planted clocks and pizzas are named, and a lookup table is not",
        right,
        "of 2 models",
        "supported" if right == 2 and named["lookup"] == "undecided" else "refuted",
        (gl.Control.of("lookup tables named", [float(named["lookup"] in ("clock", "pizza"))], key="lookup"),),
        source="Zhong et al. 2023, section 4",
        note=f"mod {p}: {named}",
        key="planted",
    )


def named_in_runs(name: str) -> gl.Finding:
    """What a run of our own computes by, with the two numbers before and after training."""
    run = shipped(name)
    algorithm = gl.explain(run.final).algorithm
    first, last = numbers(run.at(0)), numbers(run.final)
    return gl.Finding(
        f"the discriminators agree on one algorithm for {name}",
        last["distance irrelevance"],
        "distance irrelevance",
        "supported" if algorithm in ("clock", "pizza") else "undecided",
        (gl.Control.of("the same at step 0", [first["distance irrelevance"]], key="untrained"),),
        source="Zhong et al. 2023, section 4",
        note=f"{run.task.name} is a {algorithm}; gradient symmetricity {last['gradient symmetricity']:.3f}, "
        f"at step 0 {first['gradient symmetricity']:.3f}",
        key=f"shipped.{name}",
    )


def named_as_by_authors(zoo: dict[str, gl.Snapshot]) -> gl.Finding:
    """The authors' models are named as the authors name them, and an interrupted one is not."""
    named = {name: gl.explain(zoo[name]).algorithm for name in (*AUTHORS, INTERRUPTED)}
    right = sum(named[name] == algorithm for name, algorithm in AUTHORS.items())
    blank = named[INTERRUPTED] in ("clock", "pizza", "irreps")
    return gl.Finding(
        "the authors' models are named as they name them",
        right,
        f"of {len(AUTHORS)} models",
        "supported" if right == len(AUTHORS) and not blank else "refuted",
        (gl.Control.of("interrupted models named", [float(blank)], key="interrupted"),),
        source="Zhong et al. 2023, table of runs",
        note=str(named),
        key="authors",
    )


def logits_do_not_tell(zoo: dict[str, gl.Snapshot]) -> gl.Finding:
    """Cosines of the answer explain a pizza's logits as well as a clock's."""
    shares = {name: gl.measures.logit_similarity_fve(zoo[name]) for name in AUTHORS}
    clocks = [shares[name] for name, algorithm in AUTHORS.items() if algorithm == "clock"]
    pizzas = [shares[name] for name, algorithm in AUTHORS.items() if algorithm == "pizza"]
    return gl.Finding(
        "the share of the logits that cosines of the answer explain does not tell pizza from clock",
        min(pizzas),
        "share, least of the pizzas",
        "refuted" if max(pizzas) < min(clocks) - 0.05 else "supported",
        (
            gl.Control.of("clock", clocks, key="clock"),
            gl.Control.of(
                "interrupted", [gl.measures.logit_similarity_fve(zoo[INTERRUPTED])], key="interrupted"
            ),
        ),
        source="groklens.measures.logit_similarity_fve",
        note=", ".join(f"{name} ({AUTHORS[name]}): {share:.4f}" for name, share in shares.items()),
        key="logits_do_not_tell",
    )


def circles_tell(zoo: dict[str, gl.Snapshot]) -> gl.Finding:
    """Run one circle at a time, a pizza's logits are a pizza's more than a clock's."""
    name = "p99zdpze5l"
    pizza, clock = gl.measures.circle_pizza_fve(zoo[name]), gl.measures.circle_clock_fve(zoo[name])
    accompanying = gl.measures.circle_accompanying_fve(zoo[name])
    main = [k for k in gl.measures.key_components(zoo[name]) if k in pizza["component"].values]
    least = min(float(pizza.sel(component=k) - clock.sel(component=k)) for k in main)
    return gl.Finding(
        "each main circle of a pizza, run alone, is explained by a pizza better than by a clock",
        least,
        "difference of explained shares, least",
        "supported" if least > 0 else "refuted",
        (gl.Control.of("explained by a clock", [float(clock.sel(component=k)) for k in main], key="clock"),),
        source="Zhong et al. 2023, circle isolation",
        note=f"{name}, circles {main}: pizza {[round(float(pizza.sel(component=k)), 4) for k in main]}; "
        f"accompanying circles {accompanying['component'].values.tolist()}: "
        f"{[round(float(v), 4) for v in accompanying.values]}",
        key="circles_tell",
    )


def numbers(snapshot: gl.Snapshot) -> dict[str, float]:
    """The two discriminators."""
    return {
        "gradient symmetricity": gl.measures.gradient_symmetricity(snapshot),
        "distance irrelevance": gl.measures.distance_irrelevance(snapshot),
    }


def picture(smoke: bool = False) -> go.Figure:
    """The two discriminators over the training of mod113."""
    run = shipped("mod113")
    measures = [gl.measures.gradient_symmetricity, gl.measures.distance_irrelevance]
    table: xr.Dataset = gl.track(run, measures, steps=run.steps[::6] if smoke else None)
    return gl.views.curves(table)
