"""Tables and explanations made up for the tests of views: plausible, and known to the last digit."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import xarray as xr

STEPS = [0, 1, 3, 10, 30, 100, 200, 300, 600, 1000, 1500, 2500, 3500, 4500, 5500]
STEPS += [6000, 7000, 8000, 9000, 10000, 12000, 15000]
KEYS = (14, 35, 41, 42, 52)


def _attrs(long_name, units, valid_range, split="all inputs"):
    source = "Nanda et al. 2023, arXiv 2301.05217"
    return {
        "long_name": long_name,
        "units": units,
        "valid_range": valid_range,
        "source": source,
        "split": split,
    }


def _sigmoid(steps, middle, width):
    return 1 / (1 + np.exp(-(np.log10(steps + 1) - np.log10(middle)) / width))


def _curves(steps):
    memorised, circuit = _sigmoid(steps, 120, 0.12), _sigmoid(steps, 2500, 0.2)
    clean = _sigmoid(steps, 8000, 0.035)
    share, loss = [0.0, 1.0], [0.0, float("inf")]
    test_loss = 4.75 + 12 * memorised * (1 - 0.1 * circuit)
    restricted = 4.75 * (1 - circuit) * (1 - clean) + 1e-6
    excluded = 4.75 * (1 - memorised) + 6 * circuit + 1e-4
    accuracy = lambda part: 1 / 113 + part * 112 / 113  # noqa: E731
    gini = "Gini coefficient of the {}'s spectrum"
    explained = "variance of the logits that the circuit explains"
    weights = 3000 + 2000 * memorised - 3200 * clean
    return {
        "train_loss": (
            4.75 * (1 - memorised) + 1e-7,
            _attrs("loss on training inputs", "nats", loss, "train"),
        ),
        "test_loss": (
            test_loss * (1 - clean) + 3e-7,
            _attrs("loss on test inputs", "nats", loss, "test"),
        ),
        "train_accuracy": (
            accuracy(memorised),
            _attrs("accuracy on training inputs", "share", share, "train"),
        ),
        "test_accuracy": (accuracy(clean), _attrs("accuracy on test inputs", "share", share, "test")),
        "restricted_loss": (restricted, _attrs("loss restricted to the circuit", "nats", loss)),
        "excluded_loss": (
            excluded,
            _attrs("loss on training inputs without the circuit", "nats", loss, "train"),
        ),
        "gini_embedding": (0.15 + 0.75 * circuit, _attrs(gini.format("embedding"), "Gini", share)),
        "gini_neuron_logit": (0.2 + 0.7 * clean, _attrs(gini.format("neuron-logit map"), "Gini", share)),
        "logit_fve": (0.05 + 0.9 * clean, _attrs(explained, "share", [-float("inf"), 1.0])),
        "sum_squared_weights": (weights, _attrs("sum of squared weights", "weight²", loss)),
    }


def _labelled(steps, components, keys, neurons, rng):
    circuit = _sigmoid(steps, 2500, 0.2)[:, None] if keys else np.zeros((len(steps), 1))
    noise = rng.dirichlet(np.full(len(components), 30.0), size=len(steps))
    peaks = np.array([0.05 + rng.random() if name in keys else 0.0 for name in components])
    peaks = peaks / (peaks.sum() or 1.0)
    power = noise * (1 - 0.97 * circuit) + peaks * 0.97 * circuit
    locked = rng.random(neurons)[None] < circuit * 0.97
    last = np.array(rng.choice(keys or components, size=neurons))
    best = np.where(locked, last, rng.choice(components, size=(len(steps), neurons)))
    explained = np.where(locked, 0.35 + 0.6 * circuit, 0.15) + 0.06 * rng.standard_normal(best.shape)
    share, by_component, by_neuron = [0.0, 1.0], ("step", "component"), ("step", "neuron")
    of_neuron = "share of the neuron that its component explains"
    alike = _attrs("similarity of the logits to the component", "cosine", [-1.0, 1.0])
    best_attrs = _attrs("component that explains most of the neuron", "component", None)
    return {
        "embedding_spectrum": (by_component, power, _attrs("share of the embedding's power", "share", share)),
        "logit_similarity": (by_component, power * 0.9, alike),
        "neuron_component": (by_neuron, best, best_attrs),
        "neuron_explained": (by_neuron, explained.clip(0, 1), _attrs(of_neuron, "share", share)),
    }


def _planes(steps, components):
    turns = 2 * np.pi * np.arange(113) * np.arange(1, len(components) + 1)[:, None] / 113
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    return np.broadcast_to(circle, (len(steps), *circle.shape))


def table(steps=STEPS, components=tuple(range(1, 57)), keys=KEYS, neurons=512, circuit=True):
    """A table that grokks on `keys`; with `circuit=False` it memorises, and lacks what needs a circuit."""
    rng = np.random.default_rng(0)
    at = np.asarray(steps, dtype=float)
    scalars = _curves(at)
    if not circuit:
        for name in ("restricted_loss", "excluded_loss", "logit_fve"):
            del scalars[name]
        values, attrs = scalars["test_accuracy"]
        scalars["test_accuracy"] = (np.full(len(values), 0.01), attrs)
        values, attrs = scalars["test_loss"]
        scalars["test_loss"] = (4.75 + 12 * _sigmoid(at, 120, 0.12), attrs)
    variables = {name: (("step",), values, attrs) for name, (values, attrs) in scalars.items()}
    variables |= _labelled(at, list(components), list(keys) if circuit else [], neurons, rng)
    planes = _planes(steps, components)
    by = ("step", "component", "element", "axis")
    variables["embedding_plane"] = (by, planes, _attrs("embedding", "norm", [-9.0, 9.0], "weights"))
    spec = {"group": "C113", "components": list(keys)}
    found = xr.Dataset(
        variables,
        coords={"step": list(steps), "component": list(components), "neuron": np.arange(neurons)},
        attrs={"run": "mod113", "task": "a+b mod 113", "circuit": json.dumps(spec) if circuit else ""},
    )
    found["step"].attrs = {"long_name": "training step", "units": "updates"}
    word = "irrep" if isinstance(components[0], str) else "frequency"
    found["component"].attrs = {"long_name": word, "units": ""}
    return found


def snapshot(n=113, keys=KEYS, names=None, grid=True):
    """What views use of a snapshot: logits of a clock on `keys` over all pairs, and the task."""
    a, b = (each.reshape(-1) for each in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    angle = 2 * np.pi * ((a + b)[:, None] - np.arange(n)[None]) / n
    values = sum(np.cos(key * angle) for key in keys) * 5 + np.random.default_rng(1).standard_normal(
        (n * n, n)
    )
    task = SimpleNamespace(
        name=f"a+b mod {n}",
        operand_names=("a", "b"),
        grid=(n, n) if grid else None,
        labels=(a + b) % n,
        token_names=names or [str(i) for i in range(n)],
        symmetry=SimpleNamespace(elements=range(n)),
        is_stream=False,
        reference=None,
        kinds={},
    )
    model = SimpleNamespace(cfg=SimpleNamespace(n_layers=1))
    anatomy = SimpleNamespace(
        lacks_a_count=lambda *inside: False,
        neurons=None,
        heads=(),
        no_neurons_in=lambda whose: "no MLP neurons are found in a made-up model",
    )
    return SimpleNamespace(
        logits=values.astype(np.float32), task=task, model=model, step=15000, neurons=None, anatomy=anatomy
    )


class Run:
    """What views use of a run: one snapshot."""

    finished = True

    def __init__(self, final):
        self.task, self.steps, self.final = final.task, [final.step], final

    def at(self, step):
        return self.final


def phases(**changed):
    """The phases of a run that grokked; `changed` gives some another start and end, by the words of their names."""
    from groklens.claims import Phase

    known = {
        "memorisation": ((0, 0), (200, 300)),
        "circuit formation": ((200, 300), (5500, 6000)),
        "cleanup": ((5500, 6000), (9000, 10000)),
    }
    return [Phase(name, *changed.get(name.split()[-1], ends)) for name, ends in known.items()]


def control(name, mean, low, high, draws=20, key=""):
    from groklens.claims import Control

    return Control(name, mean, low, high, draws, key)


def finding(claim, value, units="accuracy", verdict="supported", controls=(), **more):
    from groklens.claims import Finding

    return Finding(claim, value, units, verdict, tuple(controls), **more)


def findings():
    random, energy = "random subspaces of the same dimension", "random perturbations of equal energy"
    nanda = "Nanda et al. 2023, section 4"
    kept = [control(random, 0.031, 0.012, 0.064), control(energy, 0.08, 0.02, 0.15)]
    removed = [control(random, 0.997, 0.981, 0.9998), control(energy, 0.94, 0.86, 0.98)]
    return [
        finding(
            "The model generalises",
            0.9998,
            controls=[control("guessing", 1 / 113, 1 / 113, 1 / 113, 1, "commonest_answer")],
            source=nanda,
            note="Accuracy on 8,939 test inputs; the rule asks for 0.99.",
            key="generalises",
        ),
        finding(
            "Keeping only the circuit's projections keeps the accuracy", 0.9996, controls=kept, source=nanda
        ),
        finding(
            "Removing the circuit brings accuracy to chance", 0.0092, controls=removed, note="Chance: 0.0088."
        ),
        finding("Attention is uniform", None, "nats", "undecided", note="The two discriminators disagree."),
        finding("Loss rises without it", 12.4, "nats", controls=[control(random, 0.02, -0.01, 0.09)]),
        finding(
            "Neurons are <all> pure & simple", 0.61, "share", "refuted", [control("shuffled", 0.55, 0.4, 0.7)]
        ),
    ]


#: What a headline asks of the last snapshot: that its split is known, and its task has a group, acting everywhere.
SPLIT = SimpleNamespace(
    train_index=range(2),
    test_index=range(100),
    train_share=None,
    task=SimpleNamespace(
        symmetry=SimpleNamespace(elements=range(4)),
        labels=range(4),
        is_stream=False,
        reference=None,
        kinds={},
    ),
)


def explanation(found=None, final=None, **more):
    """An explanation of a made-up run that grokked, by a model without neurons or heads."""
    import groklens as gl
    from groklens.claims import bibliography
    from groklens.explain.headline import headline
    from groklens.runs.source import Source

    final = snapshot() if final is None else final
    made = SimpleNamespace(
        **{
            "run": "mod113",
            "task": "a+b mod 113",
            "generalised": True,
            "generalised_at": None,
            "algorithm": "clock",
            "verdict": "supported",
            "key_components": list(KEYS),
            "circuit": SimpleNamespace(
                components=KEYS, group=SimpleNamespace(name="C113"), is_everything=False
            ),
            "about": {"Model": "1 layer, d_model 128", "Report": "today"},
            "methods": lambda: "It was trained on <a+b> & looked at.",
            "bibtex": lambda: bibliography(["Nanda et al. 2023, section 5"]),
            "phases": phases(),
            "findings": findings(),
            "forecast": None,
            "table": table() if found is None else found,
            "final": final,
            "source": Run(final) if hasattr(final, "task") else SimpleNamespace(finished=True),
            **more,
        }
    )
    known = {"final": SPLIT, "source": gl.Run.over(Source()), "findings": findings()}
    made.headline = headline(SimpleNamespace(**{**vars(made), **known}))
    return made
