"""Does a transformer that groks addition compute it by a few Fourier components, formed before it shows?

Prediction (Nanda et al. 2023, arXiv:2301.05217): the final model uses a few frequencies, the same in logits,
neurons and readout; keeping only them keeps its accuracy and removing them takes it to chance, in the logits,
the neurons and the embeddings; and the loss of the circuit alone (restricted), and of the train inputs without it
(excluded), move before test accuracy does.

Refuted if most frequencies are key, if the model does without them, if random components serve as well, if
test accuracy rises first, or if runs that did not generalise are given a circuit too.
"""

import random
from typing import Any

import xarray as xr
from analyses.models import others, shipped

import groklens as gl

RUNS = ("mod113", "mod113-no-decay", "random-table")
#: How far along its way each curve is compared with the others.
SHARES = [tenth / 10 for tenth in range(1, 10)]
#: Few: at most this share of the frequencies there are.
FEW = 0.25


CURVES = ["train_loss", "test_loss", "restricted_loss", "excluded_loss", "train_accuracy", "test_accuracy"]
PROGRESS = ("restricted_loss", "excluded_loss")


def measure(smoke: bool = False) -> dict[str, Any]:
    """The circuit, the battery of it, its curves over training, and what models without one are given.

    With `smoke`, of planted models of a small modulus, and a few steps of a shipped run that is small.
    """
    run = shipped("mod23" if smoke else "mod113")
    if smoke:
        task = gl.ModularArithmetic(31, "add")
        final, nulls = planted(task, "clock"), {"lookup": planted(task, "lookup")}
        zoo, steps = {}, [run.steps[0], *run.steps[1::20], run.steps[-1]]
    else:
        final, steps = run.final, list(run.steps)
        nulls = {name: shipped(name).final for name in RUNS[1:]} | {"untrained (step 0)": run.at(0)}
        zoo = others("nanda/*.pth")
    circuit = gl.find_circuit(final)
    of_run = gl.find_circuit(run.final) if smoke else circuit
    return {
        "circuit": {"task": final.task.name, "said": str(circuit), "components": list(circuit.components)},
        "available": circuit.group.order // 2,
        "key_in_nulls": {
            name: len(gl.measures.key_components(null))
            for name, null in nulls.items()
            if null.task.symmetry is not None
        },
        "battery": [finding.to_dict() for finding in gl.examine(final, circuit)],
        "curves": gl.track(run, CURVES, of_run, steps=steps),
        "random": {
            name: [
                gl.track(run, [name], other, steps=steps)[name].values.tolist()
                for other in random_circuits(of_run)
            ]
            for name in PROGRESS
        },
        "given_a_circuit": {name: gl.find_circuit(null) is not None for name, null in nulls.items()},
        "authors": {name: of_others(gl.load(path).final) for name, path in zoo.items()},
        "untrained_clusters": len(gl.measures.key_components(run.at(0), "clusters")),
    }


def of_others(snapshot: gl.Snapshot) -> dict[str, Any]:
    """The circuit of a model that the authors trained, and its key components by three rules."""
    circuit = gl.find_circuit(snapshot)
    rules = {rule: gl.measures.key_components(snapshot, rule) for rule in ("logits", "clusters", "readout")}
    return {"circuit": None if circuit is None else list(circuit.components), "rules": rules}


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    authors = numbers["authors"].items()
    return [
        few(numbers),
        *(gl.Finding.from_dict(each) for each in numbers["battery"]),
        *(moved_first(numbers["curves"], name, numbers["random"][name]) for name in PROGRESS),
        refused(numbers["given_a_circuit"]),
        *(as_the_authors(name, found, numbers["untrained_clusters"]) for name, found in authors),
    ]


def few(numbers: dict[str, Any]) -> gl.Finding:
    """The circuit is few of the group's components; models that memorised show many, or none."""
    available, circuit = numbers["available"], numbers["circuit"]
    share = len(circuit["components"]) / available
    return gl.Finding(
        "the circuit is a few of the components",
        share,
        f"share of {available}",
        "supported" if share <= FEW else "refuted",
        tuple(
            gl.Control.of(f"key by the logits: {name}", [count / available], key=name.partition(" ")[0])
            for name, count in numbers["key_in_nulls"].items()
        ),
        source="Nanda et al. 2023, section 4",
        note=f"{circuit['task']}: {circuit['said']}",
        key="few_components",
    )


def moved_first(table: xr.Dataset, name: str, other: list[list[float]]) -> gl.Finding:
    """A measure of the circuit has gone each tenth of its way, from memorising on, before test accuracy has."""
    start = int((table["train_accuracy"].values >= 0.99).argmax())
    leads = []
    for share in SHARES:
        own = crossed(table[name][start:], share)
        shown = crossed(table["test_accuracy"][start:], share)
        leads.append((shown[0] - own[1], shown[1] - own[0]))
    verdict = "undecided"
    if min(certain for certain, _ in leads) >= 0:
        verdict = "supported"
    elif max(possible for _, possible in leads) <= 0:
        verdict = "refuted"
    change = float(table[name][-1] - table[name][start])
    return gl.Finding(
        f"{table[name].attrs['long_name']} moves before test accuracy does",
        min(certain for certain, _ in leads),
        "steps of lead, at least",
        verdict,
        gl.Control.several(
            {
                "random_components": (
                    "change with random components, share",
                    [(each[-1] - each[start]) / change if change else 0.0 for each in other],
                )
            }
        ),
        source="Nanda et al. 2023, section 5: progress measures",
        note="lead between kept steps, for each tenth of the way: "
        + ", ".join(f"{certain} to {possible}" for certain, possible in leads),
        key=f"moves_first.{name}",
    )


def crossed(values: xr.DataArray, share: float) -> tuple[int, int]:
    """The interval of steps in which a curve has gone `share` of the way from its first to its last value."""
    first, last = float(values[0]), float(values[-1])
    gone = (values.values - first) / (last - first) >= share
    steps, at = values["step"].values, int(gone.argmax())
    return int(steps[max(at - 1, 0)]), int(steps[at])


def refused(given: dict[str, bool]) -> gl.Finding:
    """None of the models that did not generalise by a circuit is given one."""
    those = [name for name, found in given.items() if found]
    return gl.Finding(
        "models that memorised, or learned nothing, are given no circuit",
        len(those),
        f"of {len(given)} models",
        "refuted" if those else "supported",
        note=", ".join(given) + (f"; given one: {', '.join(those)}" if those else ""),
        key="no_circuit_in_nulls",
    )


def as_the_authors(name: str, found: dict[str, Any], untrained: int) -> gl.Finding:
    """A model that the authors trained has such a circuit too, the same by three rules."""
    circuit, rules = found["circuit"], found["rules"]
    same = circuit is not None and all(components == circuit for components in rules.values())
    return gl.Finding(
        "the authors' own run has a circuit, the same by logits, clusters of neurons and readout",
        None if circuit is None else len(circuit),
        "components",
        "supported" if same else "refuted",
        gl.Control.several({"untrained": ("components with a cluster, untrained model", untrained)}),
        source="Nanda et al. 2023",
        note=f"{name}: {rules}",
        key=f"authors.{name}",
    )


def random_circuits(circuit: gl.Circuit, draws: int = 3) -> list[gl.Circuit]:
    """As many other components, at random (seed 0)."""
    rng = random.Random(0)
    others = sorted(set(range(1, circuit.group.order // 2 + 1)) - set(circuit.components))
    return [gl.Circuit(circuit.group, rng.sample(others, len(circuit.components))) for _ in range(draws)]


def planted(task: gl.Task, algorithm: str) -> gl.Snapshot:
    """A planted model of three components."""
    return gl.Snapshot(gl.planted(task, [2, 5, 11], algorithm), task)


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Losses over training, with what the circuit alone gives and what is left without it."""
    return gl.views.curves(numbers["curves"], CURVES)
