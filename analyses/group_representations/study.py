"""Does a network that groks a group's composition use a few of its irreps, and what survives of cosets?

Prediction (Chughtai et al. 2023, arXiv:2302.03025): a few irreps are key; embeddings, neurons and readout lie in
them, far beyond an untrained model's; keeping only them keeps the accuracy and removing them takes it to chance.

Refuted if embeddings or neurons lie elsewhere, or if the model does without the irreps. The rival reading (Stander
et al. 2023, arXiv:2312.06581): neurons sort the operands into cosets of subgroups. Both may be true. It is put to
the same test: every neuron's input from each operand is replaced by its means over the cosets of one subgroup.
"""

import plotly.graph_objects as go
import torch
import xarray as xr
from analyses.models import others, shipped

import groklens as gl

RUNS = ("a5",)
PRE = "blocks.0.mlp.hook_pre"
#: Cosets of subgroups smaller than this merge so little that most functions fit some of them.
LEAST_ORDER = 4
DRAWS = 20


def analyse(smoke: bool = False) -> list[gl.Finding]:
    """The findings; with `smoke`, on a planted model, where every answer is known."""
    if smoke:
        task = gl.GroupComposition("S4")
        final = gl.Snapshot(gl.planted(task, ["standard", "standard_sign"]), task)
        circuit = gl.find_circuit(final)
        return [*gl.examine(final, circuit)]
    run = shipped("a5")
    circuit = gl.find_circuit(run.final)
    findings = [*gl.examine(run.final, circuit), *shares(run, circuit), coset_means(run.final)]
    return findings + of_others()


def shares(run: gl.Run, circuit: gl.Circuit) -> list[gl.Finding]:
    """Embeddings, readout and neurons lie in the circuit's irreps, against the same model at step 0."""
    found = []
    for names in (("x_embed_share",), ("y_embed_share",), ("unembed_share",), HIDDEN):
        after, before = (inside(snapshot, names, circuit) for snapshot in (run.final, run.at(0)))
        found.append(
            gl.Finding(
                f"{' + '.join(names)} lies in the circuit's irreps",
                after,
                "share of power",
                "supported" if after > 0.5 and after > before + 0.1 else "refuted",
                (gl.Control.of("untrained (step 0)", [before], key="untrained"),),
                source="Chughtai et al. 2023",
                note=f"{circuit}",
                key=f"inside.{'+'.join(names)}",
            )
        )
    return found


HIDDEN = ("hidden_x_share", "hidden_y_share", "hidden_xy_share")


def inside(snapshot: gl.Snapshot, names: tuple[str, ...], circuit: gl.Circuit) -> float:
    """Sum of shares over the circuit's components."""
    values = (getattr(gl.measures, name)(snapshot) for name in names)
    return sum(float(value.sel(component=list(circuit.components)).sum()) for value in values)


def coset_means(snapshot: gl.Snapshot) -> gl.Finding:
    """The rival reading: coset means of what each neuron receives keep the accuracy."""
    generator = torch.Generator().manual_seed(0)
    n = snapshot.task.symmetry.group.order
    value, orders = averaged(snapshot)
    controls = [averaged(snapshot, torch.randperm(n, generator=generator))[0] for _ in range(DRAWS)]
    whole = gl.measures.all_accuracy(snapshot)
    verdict = "supported" if value >= whole - 0.01 and value > max(controls) else "refuted"
    return gl.Finding(
        "rival reading: neurons that receive coset means alone keep the accuracy",
        value,
        "accuracy",
        verdict,
        (gl.Control.of("cosets of relabelled elements", controls, key="relabelled"),),
        source="Stander et al. 2023; subgroups of order 4 and more, the best of them for each neuron",
        note=f"the whole model has {whole:.4f}; neurons by order of the subgroup for x: {orders}",
        key="coset_means",
        role="aside",
    )


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


def of_others() -> list[gl.Finding]:
    """Models that the authors trained: every one that generalised has a circuit, the one that did not has none."""
    zoo = {name: gl.load(path).final for name, path in others("rep_theory/[ADS]*").items()}
    if not zoo:
        return []
    right = {name: generalised(snapshot) for name, snapshot in zoo.items()}
    found = {name: gl.find_circuit(snapshot) for name, snapshot in zoo.items()}
    fits = sum((found[name] is not None) == right[name] for name in zoo)
    listed = "; ".join(f"{name}: {list(c.components) if c else 'none'}" for name, c in found.items())
    return [
        gl.Finding(
            "the authors' models have a circuit of irreps exactly where they generalise",
            fits,
            f"of {len(zoo)} models",
            "supported" if fits == len(zoo) else "refuted",
            (
                gl.Control.of(
                    "circuits in models that did not generalise",
                    [sum(found[n] is not None for n in zoo if not right[n])],
                    key="not_generalised",
                ),
            ),
            source="Chughtai et al. 2023",
            note=listed,
            key="authors",
        )
    ]


def generalised(snapshot: gl.Snapshot) -> bool:
    """Accuracy of at least 0.99 on held-out inputs."""
    return gl.measures.test_accuracy(snapshot) >= 0.99


def picture(smoke: bool = False) -> go.Figure:
    """Share of what neurons receive of x in each irrep, over the training of A5."""
    run = shipped("a5")
    table: xr.Dataset = gl.track(run, [gl.measures.x_embed_share], steps=run.steps[::4] if smoke else None)
    share = table["x_embed_share"]
    figure = go.Figure(layout={"template": "plotly_white", "width": 760, "height": 380})
    for name in share["component"].values:
        figure.add_scatter(
            x=share["step"].values, y=share.sel(component=name).values, name=str(name), mode="lines+markers"
        )
    figure.update_xaxes(title="step")
    figure.update_yaxes(title="share of the x embedding", range=[0, 1])
    return figure
