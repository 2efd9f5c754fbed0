"""`gl.views.neurons`: activations of single neurons over both operands, with a slider over training steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from groklens.claims import named
from groklens.errors import BadArgument, UnknownName, whole_number
from groklens.views.clusters import clusters
from groklens.views.drawing.labels import drawn
from groklens.views.drawing.operands import operand_values, square
from groklens.views.drawing.palette import HUES, component_colours, faded
from groklens.views.drawing.panels import label_edges, panels, place
from groklens.views.drawing.slider import add_slider
from groklens.views.inputs import components_of, final_of, is_table, run_of, shown_steps, table_of
from groklens.views.renderers.figure import Figure

if TYPE_CHECKING:
    from groklens.harmonics import ComponentName
    from groklens.runs import Run
    from groklens.snapshots import Snapshot

#: Cells of all maps at all steps, one byte each: what keeps a notebook that can be sent around.
_CELLS = 800_000
_MOST, _MOST_STEPS = 9, 24
#: Activations are drawn in hundredths of their range.
_LEVELS = 100


class Panel(NamedTuple):
    """The title of a neuron's map, and the component that explains it best, None where that was not asked."""

    title: str
    component: ComponentName | None = None


def neurons(
    source: Any, neurons: Sequence[int] | int | None = None, steps: Sequence[int] | None = None
) -> Figure:
    """Activations of single neurons for every pair of operands, with a slider over steps.

    One panel per neuron of the last MLP, at the answer's position, sorted by the component that explains it best;
    above each, the share of its variance that this component explains.
    The colour goes from the neuron's lowest to its highest activation at the last step shown, in hundredths;
    what lies beyond, earlier, has the colour of the end.
    Waves along the axes or diagonals are neurons that compute with one frequency, stripes and blocks that come
    again are what one irrep of another group looks like; noise is memorising. As many
    neurons are shown, the best explained of each component first, as make a picture of less than 1 MB. A table of
    measures has no activations: of it the picture is `clusters`, all neurons by their components.

    Args:
        source: a run, a snapshot or an explanation (or a table, see above).
        neurons: which, in this order.
        steps: kept steps; at most 24 spread over all when not given.

    Raises `BadArgument` for a model without neurons or inputs that are not all pairs of two operands, `UnknownName`
    for a neuron or a step that does not exist.

    >>> gl.views.neurons(run, [12, 240])  # doctest: +SKIP
    """
    if is_table(source):
        return clusters(source)
    run, final = run_of(source), final_of(source)
    if final.anatomy.neurons is None:
        raise BadArgument(f"There is nothing to show: {final.anatomy.no_neurons_in(final)}.")
    cells = int(np.prod(square(run.task)))
    kept = shown_steps(run, steps, _steps_within(cells))
    shown = _best(source, final, _count(len(kept), cells)) if neurons is None else _checked(final, neurons)
    values = _activations(run, final, list(shown), kept)
    figure = _figure(run, shown, values, [f"{step:,}" for step in kept], _colours(source, final, shown))
    return Figure(figure, f"{run.task.name}: neurons {', '.join(map(str, shown))} over both operands.")


def _steps_within(cells: int) -> int:
    return int(np.clip(_CELLS // (6 * cells), 1, _MOST_STEPS))


def _count(n_steps: int, cells: int) -> int:
    return int(np.clip(_CELLS // ((n_steps + 1) * cells), 1, _MOST))


def _checked(final: Snapshot, wanted: Sequence[int] | int) -> dict[int, Panel]:
    assert final.neurons is not None
    width = final.neurons.shape[1]
    several = wanted if isinstance(wanted, Iterable) and not isinstance(wanted, str) else [wanted]
    chosen = [whole_number("neuron", each, such_as=0) for each in several]
    wrong = [each for each in chosen if not 0 <= each < width]
    if wrong:
        raise UnknownName(f"There is no neuron {wrong[0]}; the last MLP has 0 to {width - 1}.")
    if not chosen:
        raise BadArgument("neurons is empty; name some, such as neurons=[0, 1], or leave it out.")
    return {each: Panel(f"neuron {each}") for each in chosen}


def _best(source: Any, final: Snapshot, count: int) -> dict[int, Panel]:
    """The neurons shown by default and their panels: in turn, the best explained remaining neuron of each component."""
    assert final.neurons is not None
    if final.task.symmetry is None:
        return _checked(final, range(min(count, final.neurons.shape[1])))
    table = table_of(final, ["neuron_component", "neuron_explained"]).isel(step=-1)
    best, share = table["neuron_component"].values.tolist(), table["neuron_explained"].values
    wanted = components_of(source, None)
    queue = sorted(range(len(best)), key=lambda neuron: -share[neuron])
    turns: dict[Any, int] = {}
    ranked = []
    for neuron in queue:
        turns[best[neuron]] = turns.get(best[neuron], -1) + 1
        ranked.append((best[neuron] not in wanted, turns[best[neuron]], -share[neuron], neuron))
    chosen = sorted(ranked)[:count]
    place_of = {name: place for place, name in enumerate(wanted)}
    order = sorted(chosen, key=lambda each: (place_of.get(best[each[3]], len(wanted)), each[1]))
    return {n: Panel(f"{n}: {share[n]:.2f} by {named([best[n]])}", best[n]) for _, _, _, n in order}


def _colours(source: Any, final: Snapshot, shown: dict[int, Panel]) -> list[str]:
    colours = component_colours(components_of(source, None)) if final.task.symmetry is not None else {}
    return [
        HUES[0] if each.component is None else colours.get(each.component, HUES[0]) for each in shown.values()
    ]


def _activations(run: Run, final: Snapshot, shown: list[int], steps: list[int]) -> np.ndarray:
    """Activations (step × neuron × first × second operand) as bytes, in hundredths of each neuron's final range."""
    from groklens.models import draws_nothing
    from groklens.progress import each, progress_shown
    from groklens.snapshots import n_neurons
    from groklens.threads import each_beside, one_thread

    beside = each_beside if draws_nothing(final.anatomy.model) else map
    with one_thread(), progress_shown(None):
        found = np.stack(
            list(beside(partial(_of_step, run, shown, n_neurons(final)), each(steps, "capturing step")))
        )
    low, high = found[-1].min(axis=0), found[-1].max(axis=0)
    shares = (found - low) / np.maximum(high - low, 1e-12)
    hundredths = np.round(_LEVELS * shares.clip(0, 1)).astype(np.uint8)
    return hundredths.transpose(0, 2, 1).reshape(len(steps), len(shown), *square(run.task))


def _of_step(run: Run, shown: list[int], last: int, step: int) -> np.ndarray:
    """Activations (input × neuron) of some neurons at one step, which has as many as the last."""
    from groklens.snapshots import n_neurons, some_neurons

    snapshot = run.at(step)
    here = n_neurons(snapshot)
    if here != last:
        raise BadArgument(
            f"{run!r} has steps with {here} and with {last} neurons, which are not drawn together; choose steps that "
            "are alike: steps=[…]."
        )
    return some_neurons(snapshot, shown).numpy()


def _figure(
    run: Run, shown: dict[int, Panel], values: np.ndarray, steps: list[str], colours: list[str]
) -> Any:
    titles = [panel.title for panel in shown.values()]
    figure = panels(titles)
    rows, columns = (operand_values(run.task, size) for size in square(run.task))
    first, second = (drawn(name) for name in run.task.operand_names[:2])
    for index, (neuron, colour) in enumerate(zip(shown, colours, strict=True)):
        figure.add_heatmap(
            name=str(neuron),
            z=values[-1, index],
            x=columns,
            y=rows,
            zmin=0,
            zmax=_LEVELS,
            colorscale=[[0, faded(colour, 0.03)], [1, colour]],
            showscale=False,
            hovertemplate=f"{first} = %{{y}}, {second} = %{{x}}: %{{z}} % of its last range<extra></extra>",
            **place(index, titles),
        )
    # Names of elements are too long for small maps; hovering says them.
    named = {"type": "category", "showticklabels": False} if isinstance(rows[0], str) else {}
    label_edges(figure, titles, second, first, **named)
    versions = [[{"type": "heatmap", "z": z} for z in version] for version in values]
    add_slider(figure, versions, range(len(titles)), steps, drawn("training step"))
    return figure
