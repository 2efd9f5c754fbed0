"""Does a network that groks a group's composition use a few of its irreps, and what survives of cosets?

Prediction (Chughtai et al. 2023, arXiv:2302.03025): a few irreps are key; embeddings, neurons and readout lie in
them, far beyond an untrained model's; keeping only them keeps the accuracy and removing them takes it to chance.

Refuted if embeddings or neurons lie elsewhere, or if the model does without the irreps. The rival reading (Stander
et al. 2023, arXiv:2312.06581): neurons sort the operands into cosets of subgroups. Both may be true. It is put to
the same test: every neuron's input from each operand is replaced by its means over the cosets of one subgroup.
"""

from collections.abc import Sequence
from typing import Any

import torch
import xarray as xr
from analyses.models import others, shipped

import groklens as gl

RUNS = ("a5",)
PRE = "blocks.0.mlp.hook_pre"
#: Cosets of subgroups smaller than this merge so little that most functions fit some of them.
LEAST_ORDER = 4
DRAWS = 20


HIDDEN = ("hidden_x_share", "hidden_y_share", "hidden_xy_share")
SHARES = (("x_embed_share",), ("y_embed_share",), ("unembed_share",), HIDDEN)


def measure(smoke: bool = False) -> dict[str, Any]:
    """The circuit, the battery of it, what lies in it, and what coset means keep.

    With `smoke`, of a planted model, where every answer is known, and a few steps of the shipped run.
    """
    run, final = shipped("a5"), None
    if smoke:
        task = gl.GroupComposition("S4")
        final = gl.Snapshot(gl.planted(task, ["standard", "standard_sign"]), task)
    circuit = gl.find_circuit(final or run.final)
    numbers = {
        "circuit": str(circuit),
        "battery": [finding.to_dict() for finding in gl.examine(final or run.final, circuit)],
        "curves": gl.track(run, ["x_embed_share"], steps=run.steps[::4] if smoke else None),
    }
    if smoke:
        return numbers
    zoo = {name: of_others(gl.load(path).final) for name, path in others("rep_theory/[ADS]*").items()}
    shares = {
        "+".join(names): [inside(snapshot, names, circuit) for snapshot in (run.final, run.at(0))]
        for names in SHARES
    }
    return numbers | {"shares": shares, "cosets": coset_means(run.final), "authors": zoo}


def inside(snapshot: gl.Snapshot, names: Sequence[str], circuit: gl.Circuit) -> float:
    """Sum of shares over the circuit's components."""
    values = (getattr(gl.measures, name)(snapshot) for name in names)
    return sum(float(value.sel(component=list(circuit.components)).sum()) for value in values)


def coset_means(snapshot: gl.Snapshot) -> dict[str, Any]:
    """Accuracy where neurons receive coset means alone, and the same of relabelled elements."""
    generator = torch.Generator().manual_seed(0)
    n = snapshot.task.symmetry.group.order
    value, orders = averaged(snapshot)
    controls = [averaged(snapshot, torch.randperm(n, generator=generator))[0] for _ in range(DRAWS)]
    return {
        "kept": value,
        "orders": orders,
        "relabelled": controls,
        "whole": gl.measures.all_accuracy(snapshot),
    }


def averaged(snapshot: gl.Snapshot, order: torch.Tensor | None = None) -> tuple[float, dict[int, int]]:
    """Accuracy with coset means in every neuron, and how many neurons have subgroups of each order."""
    symmetry = snapshot.task.symmetry
    pre = snapshot.activations(PRE, pos=-1).double()
    parts, orders = [], {}
    for operand, side in enumerate(("right", "left")):
        received = operand_means(pre, symmetry.elements[:, operand], symmetry.group.order)
        means, chosen = best_coset_means(received, symmetry.group, side, order)
        parts.append(means[symmetry.elements[:, operand]])
        orders = orders or {size: chosen.count(size) for size in sorted(set(chosen))}
    changed = gl.interventions.patch(snapshot, PRE, (sum(parts) - pre.mean(dim=0)).float(), pos=-1)
    return gl.measures.all_accuracy(changed), orders


def operand_means(pre: torch.Tensor, elements: torch.Tensor, n: int) -> torch.Tensor:
    """Mean pre-activation for each value of one operand (element × neuron)."""
    sums = torch.zeros(n, pre.shape[1], dtype=pre.dtype).index_add_(0, elements, pre)
    return sums / (len(elements) / n)


def best_coset_means(
    received: torch.Tensor, group: gl.FiniteGroup, side: str, order: torch.Tensor | None
) -> tuple[torch.Tensor, list[int]]:
    """Each neuron's means over the cosets, on one side, of the subgroup that loses least of its variance."""
    cosets_of = gl.harmonics.right_cosets if side == "right" else gl.harmonics.left_cosets
    classes = gl.harmonics.subgroup_classes(group)
    subgroups = [h for each in classes if LEAST_ORDER <= each.order < group.order for h in each.members]
    best, left = received.clone(), torch.full((received.shape[1],), float("inf"), dtype=received.dtype)
    sizes = torch.zeros(received.shape[1], dtype=torch.long)
    for subgroup in subgroups:
        cosets = cosets_of(group, subgroup)
        cosets = cosets if order is None else cosets[order]
        means = torch.zeros(int(cosets.max()) + 1, received.shape[1], dtype=received.dtype)
        means.index_add_(0, cosets, received)
        fit = (means / int(subgroup.sum()))[cosets]
        lost = (received - fit).square().sum(dim=0)
        better = lost < left
        best[:, better], left[better], sizes[better] = fit[:, better], lost[better], int(subgroup.sum())
    return best, sizes.tolist()


def of_others(snapshot: gl.Snapshot) -> dict[str, Any]:
    """Whether a model that the authors trained generalised, and the circuit found in it."""
    circuit = gl.find_circuit(snapshot)
    components = None if circuit is None else list(circuit.components)
    return {"generalised": gl.measures.test_accuracy(snapshot) >= 0.99, "circuit": components}


def judge(numbers: dict[str, Any]) -> list[gl.Finding]:
    """The findings that these numbers make."""
    findings = [gl.Finding.from_dict(each) for each in numbers["battery"]]
    if "shares" in numbers:
        findings += [lies_in(name, *both, numbers["circuit"]) for name, both in numbers["shares"].items()]
        findings.append(rival(**numbers["cosets"]))
    return findings + ([where_they_generalise(numbers["authors"])] if numbers.get("authors") else [])


def lies_in(name: str, after: float, before: float, circuit: str) -> gl.Finding:
    """Embeddings, readout and neurons lie in the circuit's irreps, against the same model at step 0."""
    return gl.Finding(
        f"{name.replace('+', ' + ')} lies in the circuit's irreps",
        after,
        "share of power",
        "supported" if after > 0.5 and after > before + 0.1 else "refuted",
        gl.Control.several({"untrained": ("untrained (step 0)", before)}),
        source="Chughtai et al. 2023",
        note=circuit,
        key=f"inside.{name}",
    )


def rival(kept: float, orders: dict[str, int], relabelled: list[float], whole: float) -> gl.Finding:
    """The rival reading: coset means of what each neuron receives keep the accuracy."""
    listed = ", ".join(f"{order}: {count}" for order, count in orders.items())
    return gl.Finding(
        "rival reading: neurons that receive coset means alone keep the accuracy",
        kept,
        "accuracy",
        "supported" if kept >= whole - 0.01 and kept > max(relabelled) else "refuted",
        gl.Control.several({"relabelled": ("cosets of relabelled elements", relabelled)}),
        source="Stander et al. 2023; subgroups of order 4 and more, the best of them for each neuron",
        note=f"the whole model has {whole:.4f}; neurons by order of the subgroup for x: {{{listed}}}",
        key="coset_means",
        role="aside",
    )


def where_they_generalise(zoo: dict[str, dict[str, Any]]) -> gl.Finding:
    """Of the authors' models every one that generalised has a circuit, the one that did not has none."""
    found = {name: each["circuit"] is not None for name, each in zoo.items()}
    fits = sum(found[name] == each["generalised"] for name, each in zoo.items())
    astray = sum(found[name] and not each["generalised"] for name, each in zoo.items())
    return gl.Finding(
        "the authors' models have a circuit of irreps exactly where they generalise",
        fits,
        f"of {len(zoo)} models",
        "supported" if fits == len(zoo) else "refuted",
        gl.Control.several({"not_generalised": ("circuits in models that did not generalise", astray)}),
        source="Chughtai et al. 2023",
        note="; ".join(f"{name}: {each['circuit'] or 'none'}" for name, each in zoo.items()),
        key="authors",
    )


def picture(numbers: dict[str, Any]) -> gl.views.Figure:
    """Share of the x embedding in each irrep, over the training of A5."""
    shares = numbers["curves"]["x_embed_share"]
    table = xr.Dataset(
        {str(name): shares.sel(component=name, drop=True) for name in shares["component"].values}
    )
    for name, each in table.items():
        each.attrs = {"long_name": f"share of {name}", "units": "share of power"}
    return gl.views.curves(table)
