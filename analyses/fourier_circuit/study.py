"""Does a transformer that groks addition compute it by a few Fourier components, formed before it shows?

Prediction (Nanda et al. 2023, arXiv:2301.05217): the final model uses a few frequencies, the same in logits,
neurons and readout; keeping only them keeps its accuracy and removing them takes it to chance, in the logits,
the neurons and the embeddings; and the loss of the circuit alone (restricted), and of the train inputs without it
(excluded), move before held-out accuracy does.

Refuted if most frequencies are key, if the model does without them, if random components serve as well, if
held-out accuracy rises first, or if runs that did not generalise are given a circuit too.
"""

import random

import plotly.graph_objects as go
import xarray as xr
from analyses.models import others, shipped

import groklens as gl

RUNS = ("mod113", "mod113-no-decay", "random-table")
#: How far along its way each curve is compared with the others.
SHARES = [tenth / 10 for tenth in range(1, 10)]
#: Few: at most this share of the frequencies there are.
FEW = 0.25


def analyse(smoke: bool = False) -> list[gl.Finding]:
    """The findings; with `smoke`, on planted models of a small modulus, which have no history."""
    if smoke:
        task = gl.ModularArithmetic(31, "add")
        final, nulls = planted(task, "clock"), {"lookup": planted(task, "lookup")}
        circuit = gl.find_circuit(final)
        return [few(final, circuit, nulls), *gl.examine(final, circuit), refused(nulls)]
    run = shipped("mod113")
    nulls = {name: shipped(name).final for name in RUNS[1:]} | {"untrained (step 0)": run.at(0)}
    circuit = gl.find_circuit(run.final)
    table = gl.track(run, gl.measures.PROGRESS, circuit)
    findings = [few(run.final, circuit, nulls), *gl.examine(run.final, circuit)]
    for name in ("restricted_loss", "excluded_loss"):
        others_ = [
            gl.track(run, [getattr(gl.measures, name)], other)[name] for other in random_circuits(circuit)
        ]
        findings.append(moved_first(table, name, others_))
    findings.append(refused(nulls))
    return findings + [of_others(name, gl.load(path).final) for name, path in others("nanda/*.pth").items()]


def few(final: gl.Snapshot, circuit: gl.Circuit, nulls: dict[str, gl.Snapshot]) -> gl.Finding:
    """The circuit is few of the group's components; models that memorised show many, or none."""
    available = circuit.group.order // 2
    controls = [
        gl.Control.of(
            f"key by the logits: {name}",
            [len(gl.measures.key_components(null)) / available],
            key=name.partition(" ")[0],
        )
        for name, null in nulls.items()
        if null.task.symmetry is not None
    ]
    share = len(circuit.components) / available
    return gl.Finding(
        "the circuit is a few of the components",
        share,
        f"share of {available}",
        "supported" if share <= FEW else "refuted",
        tuple(controls),
        source="Nanda et al. 2023, section 4",
        note=f"{final.task.name}: {circuit}",
        key="few_components",
    )


def moved_first(table: xr.Dataset, name: str, other: list[xr.DataArray]) -> gl.Finding:
    """A measure of the circuit has gone each tenth of its way, from memorising on, before held-out accuracy has."""
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
        f"{table[name].attrs['long_name']} moves before held-out accuracy does",
        min(certain for certain, _ in leads),
        "steps of lead, at least",
        verdict,
        (
            gl.Control.of(
                "change with random components, share",
                [float(r[-1] - r[start]) / change for r in other],
                key="random_components",
            ),
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


def refused(nulls: dict[str, gl.Snapshot]) -> gl.Finding:
    """None of the models that did not generalise by a circuit is given one."""
    given = [name for name, null in nulls.items() if gl.find_circuit(null) is not None]
    return gl.Finding(
        "models that memorised, or learned nothing, are given no circuit",
        len(given),
        f"of {len(nulls)} models",
        "refuted" if given else "supported",
        note=", ".join(nulls) + (f"; given one: {', '.join(given)}" if given else ""),
        key="no_circuit_in_nulls",
    )


def of_others(name: str, snapshot: gl.Snapshot) -> gl.Finding:
    """A model that the authors trained has such a circuit too, the same by three rules."""
    circuit = gl.find_circuit(snapshot)
    sets = {rule: gl.measures.key_components(snapshot, rule) for rule in ("logits", "clusters", "readout")}
    same = circuit is not None and all(found == list(circuit.components) for found in sets.values())
    blank = gl.measures.key_components(shipped("mod113").at(0), "clusters")
    return gl.Finding(
        "the authors' own run has a circuit, the same by logits, clusters of neurons and readout",
        None if circuit is None else len(circuit.components),
        "components",
        "supported" if same else "refuted",
        (gl.Control.of("components with a cluster, untrained model", [len(blank)], key="untrained"),),
        source="Nanda et al. 2023",
        note=f"{name}: {sets}",
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


def picture(smoke: bool = False) -> go.Figure:
    """Losses over training, with what the circuit alone gives and what is left without it."""
    run = shipped("mod113")
    table = gl.track(run, gl.measures.PROGRESS, steps=run.steps[::6] if smoke else None)
    names = ["train_loss", "test_loss", "restricted_loss", "excluded_loss", "train_accuracy", "test_accuracy"]
    return gl.views.curves(table, names)
