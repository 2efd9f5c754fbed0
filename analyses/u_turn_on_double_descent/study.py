"""Is double descent over the number of parameters one axis, or two laid end to end?

Prediction (Curth, Jeffares and van der Schaar 2023, arXiv:2310.18988): the peak over the raw number of random features
stands where one way of growing (more principal components used) ends and another begins (more features, as many
components). Along either way, the other held, there is no second descent; nor is there against the effective
parameters at unseen inputs. The same for trees (leaves, then trees) and for boosting (rounds, then ensembles).

Refuted if the peak is not at as many features as examples, if the effective parameters at the train inputs are not
the number of examples beyond it, if the error rises beyond its spread along the second axis, or if it rises and
falls again within an axis. What is at issue is the reading of the raw axis as complexity; that the error on it falls
twice is a measured fact and stays one. And the effective parameters do not settle the error: two models of the
same number may differ in bias.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

import groklens as gl

RUNS = ()
N = 400
RAW = (50, 100, 200, 300, 350, 380, 400, 420, 450, 500, 600, 800, 1200, 2000, 4000, 8000)
COMPONENTS = (10, 25, 50, 100, 200, 300, 350, 380, 400)
EXCESS = (0, 50, 100, 200, 400, 800, 1600, 3600, 7600)
LEAVES, TREES = (2, 5, 10, 20, 50, 100, 200, None), (1, 2, 5, 10, 20, 50, 100)
ROUNDS, BOOSTED = (1, 2, 5, 10, 20, 50, 100), (1, 2, 5, 10, 20)
WRONG, RATE = 0.2, 0.85
#: Two models have as many effective parameters where these differ by at most this share.
ALIKE = 0.25


def measure(smoke: bool = False) -> dict[str, Any]:
    """Errors and effective parameters along each axis, for random features, trees and boosted trees."""
    if smoke:
        seeds = range(2)
        return {
            "raw": raw((20, 40, 60, 80, 200), 60, seeds),
            "excess": grid((10, 60), (0, 20, 200), 60, seeds),
            "trees": trees((2, 5, None), (1, 3), 60, seeds),
            "boosting": boosting((1, 3, 5), (1, 2), 60, seeds),
        }
    seeds = range(5)
    return {
        "raw": raw(RAW, N, seeds),
        "excess": grid(COMPONENTS, EXCESS, N, seeds),
        "trees": trees(LEAVES, TREES, N, seeds),
        "boosting": boosting(ROUNDS, BOOSTED, N, seeds),
    }


def digits(n: int, wrong: float, seed: int) -> tuple[gl.tasks.Examples, gl.tasks.Examples]:
    """Train and test digits; the wrong labels are chosen apart from the split."""
    task = gl.Corrupted(gl.tasks.Digits(n_train=n), wrong, seed=1000 + seed)
    return tuple(gl.tasks.split_examples(task, seed).values())


def scored(smoother: Any, train: gl.tasks.Examples, test: gl.tasks.Examples) -> dict[str, float]:
    """Squared error and effective parameters at the test digits."""
    error, _ = gl.theory.class_errors(smoother, train.targets, test.labels)
    return {"error": error, "unseen": gl.theory.effective_parameters(smoother)}


def raw(sizes: Sequence[int], n: int, seeds: range) -> xr.Dataset:
    """The axis of the papers: the number of random features, least-norm regression on all of them."""
    called = {
        "error": ("test error", "squared error"),
        "unseen": ("effective parameters, test inputs", "parameters"),
        "seen": ("effective parameters, train inputs", "parameters"),
    }
    rows = [[of_features(size, size, n, seed, True) for size in sizes] for seed in seeds]
    table = gl.theory.sweep_rows(("size", sizes, "random features"), list(seeds), rows, called)
    return table.assign_attrs(examples=n)


def of_features(size: int, components: int, n: int, seed: int, seen: bool = False) -> dict[str, float]:
    """Error, effective parameters at test inputs and, where asked, at the train inputs."""
    train, test = digits(n, 0.0, seed)
    at_train, at_test = (gl.theory.random_fourier_features(part.inputs, size, seed) for part in (train, test))
    kept = min(components, n)
    found = scored(gl.theory.least_squares(at_train, at_test, components=kept), train, test)
    if seen:
        at_itself = gl.theory.least_squares(at_train, at_train, components=kept)
        found["seen"] = gl.theory.effective_parameters(at_itself)
    return found


def grid(components: Sequence[int], excess: Sequence[int], n: int, seeds: range) -> xr.Dataset:
    """The two axes apart: principal components kept, and features beyond them."""
    table = xr.Dataset(coords={"seed": list(seeds), "components": list(components), "excess": list(excess)})
    found = [[[of_features(c + e, c, n, seed) for e in excess] for c in components] for seed in seeds]
    for name, called in (("error", "test error"), ("unseen", "effective parameters")):
        values = [[[each[name] for each in row] for row in rows] for rows in found]
        table[name] = (("seed", "components", "excess"), np.array(values), {"long_name": called})
    return table


def chain(first: int, rows: list[list[dict[str, float]]], seeds: range) -> xr.Dataset:
    """Two axes end to end: error and effective parameters of each seed at every place; `first` are of the first."""
    called = {
        "error": ("test error", "squared error"),
        "unseen": ("effective parameters, test inputs", "parameters"),
    }
    places = ("place", range(1, len(rows[0]) + 1), "place along both axes, one after the other")
    return gl.theory.sweep_rows(places, list(seeds), rows, called).assign_attrs(first=first)


def trees(leaves: Sequence[int | None], counts: Sequence[int], n: int, seeds: range) -> xr.Dataset:
    """One tree of more and more leaves; then more and more full trees, averaged."""
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.tree import DecisionTreeRegressor

    rows = []
    for seed in seeds:
        train, test = digits(n, WRONG, seed)
        x, y, common = train.inputs.numpy(), one_hot(train), {"max_features": 0.3, "random_state": seed}
        first = [DecisionTreeRegressor(max_leaf_nodes=count, **common).fit(x, y) for count in leaves]
        second = [ExtraTreesRegressor(count, **common).fit(x, y) for count in counts]
        smoothers = [gl.theory.tree(each, train.inputs, test.inputs) for each in first]
        smoothers += [gl.theory.forest(each, train.inputs, test.inputs) for each in second]
        rows.append([scored(smoother, train, test) for smoother in smoothers])
    return chain(len(leaves), rows, seeds)


def one_hot(train: gl.tasks.Examples) -> np.ndarray:
    """What trees are fitted to: the given classes, a column each."""
    return np.eye(10)[train.targets.numpy()]


def boosting(rounds: Sequence[int], counts: Sequence[int], n: int, seeds: range) -> xr.Dataset:
    """More and more rounds of boosting; then more and more models of the most rounds, averaged."""
    rows = []
    for seed in seeds:
        train, test = digits(n, WRONG, seed)
        stages = [boosted(train, max(rounds), 1000 * seed + i) for i in range(max(counts))]
        parts = [(stages[0][:count], RATE, train.inputs, test.inputs) for count in rounds]
        whole = [gl.theory.boosting(each, RATE, train.inputs, test.inputs) for each in stages]
        smoothers = [gl.theory.boosting(*each) for each in parts]
        smoothers += [sum(whole[:count]) / count for count in counts]
        rows.append([scored(smoother, train, test) for smoother in smoothers])
    return chain(len(rounds), rows, seeds)


def boosted(train: gl.tasks.Examples, rounds: int, seed: int) -> list[Any]:
    """Trees of ten leaves, each fitted to what those before have left; a split sees a third of the pixels."""
    from sklearn.tree import DecisionTreeRegressor

    x, left, stages = train.inputs.numpy(), one_hot(train), []
    left = left - left.mean(axis=0)
    for i in range(rounds):
        tree = DecisionTreeRegressor(max_leaf_nodes=10, max_features=0.3, random_state=100_000 * seed + i)
        stages.append(tree.fit(x, left))
        left = left - RATE * tree.predict(x)
    return stages


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    raw_, excess = numbers["raw"], numbers["excess"]
    return [
        peak(raw_),
        interpolates(raw_),
        monotone(excess, raw_),
        within(excess, raw_),
        chained("trees", numbers["trees"], "trees (leaves, then trees)"),
        chained("boosting", numbers["boosting"], "boosting (rounds, then models)"),
        not_a_function(excess),
    ]


def peak(table: xr.Dataset) -> gl.Finding:
    """The raw axis has its peak at as many features as examples."""
    n, sizes = table.attrs["examples"], table["size"].values
    mean, _ = gl.theory.mean_and_error(
        np.log(table["error"])
    )  # heights differ by orders of magnitude between seeds
    each = sizes[table["error"].argmax("size").values]
    found = gl.theory.descends_twice(np.log(table["error"]))
    return gl.Finding(
        "over the raw number of features the error falls twice, with its peak at as many as examples",
        float(sizes[mean.argmax()]),
        "features at the peak",
        "supported" if found and sizes[mean.argmax()] == n else "refuted",
        gl.Control.several({"each_seed": ("peak of each seed", each)}),
        source="Belkin et al. 2019, figure 2",
        note=f"{n} examples, {table.sizes['seed']} seeds; judged on the logarithm of the error; "
        "a measured fact, which nothing below refutes",
        key="raw_peak",
    )


def interpolates(table: xr.Dataset) -> gl.Finding:
    """From there on the effective parameters at the train inputs are the number of examples."""
    n = table.attrs["examples"]
    beyond = table["seen"].sel(size=table["size"] >= n)
    before = table["seen"].sel(size=table["size"] < n)
    worst = float(abs(beyond / n - 1).max())
    return gl.Finding(
        "from as many features as examples on, the effective parameters at train inputs are the examples, exactly",
        worst,
        "relative difference, largest",
        "supported" if worst < 1e-6 else "refuted",
        gl.Control.several({"fewer_features": ("effective parameters with fewer features", before.values)}),
        source="Curth et al. 2023, section 4",
        note="so at train inputs nothing tells these models apart; at test inputs they differ",
        key="effective_parameters",
    )


def monotone(table: xr.Dataset, raw_: xr.Dataset) -> gl.Finding:
    """At each number of components the error does not rise with more features, beyond its error."""
    rises = {}
    for count in table["components"].values:
        error = np.log(table["error"].sel(components=count))
        steps = error.diff("excess")
        mean, stderr = gl.theory.mean_and_error(steps)
        rises[int(count)] = float((mean - 2 * stderr).max())
    raw_steps, raw_error = gl.theory.mean_and_error(np.log(raw_["error"]).diff("size"))
    worst = max(rises, key=rises.get)
    return gl.Finding(
        "with the principal components held, more features never raise the error",
        rises[worst],
        "largest certain rise of log error from one place to the next (below 0: none)",
        "supported" if rises[worst] <= 0 else "refuted",
        gl.Control.several({"raw_axis": ("the same on the raw axis", (raw_steps - 2 * raw_error).max())}),
        source="Curth et al. 2023, section 3",
        note="by components, of differences within a seed less two standard errors: "
        + ", ".join(f"{count}: {rise:.3f}" for count, rise in rises.items()),
        key="monotone",
    )


def within(table: xr.Dataset, raw_: xr.Dataset) -> gl.Finding:
    """Within either axis there is no second descent, by place or by effective parameters at test inputs."""
    error, unseen = np.log(table["error"]), table["unseen"].mean("seed")
    found = []
    for dim, other in (("excess", "components"), ("components", "excess")):
        for value in table[other].values:
            line, parameters = error.sel({other: value}), unseen.sel({other: value}).values
            if gl.theory.descends_twice(line) or gl.theory.descends_twice(line, along=parameters):
                found.append(f"{dim} at {other} {value}")
    total = table.sizes["components"] + table.sizes["excess"]
    on_raw = gl.theory.descends_twice(np.log(raw_["error"]))
    return gl.Finding(
        "within either axis the error does not fall twice, by place or by effective parameters at test inputs",
        len(found),
        f"of {total} lines",
        "refuted" if found else "supported" if on_raw else "undecided",
        gl.Control.several({"raw_axis": ("the same test on the raw axis", on_raw)}),
        source="Curth et al. 2023, section 5",
        note=f"lines that do: {', '.join(found) or 'none'}; so what is refuted is to read the raw axis as one "
        "growing complexity, on which error descends twice",
        key="within_axes",
    )


def chained(on: str, table: xr.Dataset, what: str) -> gl.Finding:
    """Two axes end to end fall twice, each of them alone does not."""
    first = int(table.attrs["first"])
    error, unseen = table["error"], table["unseen"].mean("seed").values
    parts = {"the first axis": slice(None, first), "the second": slice(first, None)}
    falls = {}
    for name, part in parts.items():
        line = error.isel(place=part)
        falls[name] = gl.theory.descends_twice(line) or gl.theory.descends_twice(line, along=unseen[part])
    together = gl.theory.descends_twice(error)
    mean, _ = gl.theory.mean_and_error(error)
    return gl.Finding(
        f"the error falls twice over both axes end to end, and not within one: {what}",
        gl.theory.tallest_peak(mean)[1],
        "squared error, height of the peak above the higher of its two lows",
        "refuted" if any(falls.values()) else "supported" if together else "undecided",
        gl.Control.several(
            {
                "end_to_end": ("both axes end to end fall twice", together),
                "first_end": ("effective parameters at the end of the first", unseen[first - 1]),
                "second_end": ("at the end of the second", unseen[-1]),
            }
        ),
        source="Curth et al. 2023, sections 3 and 5",
        note=f"errors {', '.join(f'{each:.3f}' for each in mean)}; the first axis has {first} places",
        key=f"chained.{on}",
    )


def not_a_function(table: xr.Dataset) -> gl.Finding:
    """Models of as many effective parameters may differ in error: bias is not in them."""
    error, unseen = (table[name].mean("seed").values.ravel() for name in ("error", "unseen"))
    stderr = (table["error"].std("seed", ddof=1) / table.sizes["seed"] ** 0.5).values.ravel()
    alike = abs(np.log(unseen[:, None] / unseen)) < np.log(1 + ALIKE)
    ratio = np.where(alike, error[:, None] / error, 1.0)
    i, j = np.unravel_index(ratio.argmax(), ratio.shape)
    certain = error[i] - error[j] > 2 * np.hypot(stderr[i], stderr[j])
    return gl.Finding(
        "beside the question: the effective parameters do not settle the error",
        float(ratio[i, j]),
        "ratio of errors of two models whose effective parameters are alike",
        "supported" if certain and ratio[i, j] > 1.5 else "undecided",
        gl.Control.several(
            {
                "spread": (
                    "spread of the error over seeds, relative",
                    [float(stderr[i] / error[i]), float(stderr[j] / error[j])],
                )
            }
        ),
        source="ours",
        note=f"effective parameters {unseen[i]:.0f} and {unseen[j]:.0f} (alike: within {ALIKE:.0%}), errors "
        f"{error[i]:.3f} and {error[j]:.3f}: 'error is a function of the effective parameters' is not what is claimed",
        key="not_a_function",
        role="aside",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """The raw axis: error and effective parameters at test inputs, each seed a line."""
    table = numbers["raw"]
    return gl.views.sweep(table, marks={"features = examples": table.attrs["examples"]}, log_y=True)
