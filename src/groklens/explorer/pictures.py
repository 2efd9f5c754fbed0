"""The pictures of one step of a run: those of the report's views that fit it, each still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groklens.claims import named
from groklens.errors import BadArgument, UnknownName
from groklens.explorer.looked_at import LookedAt
from groklens.explorer.parts import FREQUENCY, HEAD, NEURON, component_id
from groklens.explorer.stills import at_first, called, on_scale_of
from groklens.harmonics import nontrivial
from groklens.report import captions
from groklens.views import Figure, clusters, embedding, logits, mean_attention, neurons, spectrum

#: Planes of the embedding that are shown.
_PANELS = 9


@dataclass(frozen=True)
class Picture:
    """One picture: its kind and title, what it shows and how to read it, and what a click on it means.

    `of` is the kind of part that its points stand for, and `by` where a point's id is: its `x`, or the `name` of its
    trace; None where points stand for none.
    """

    kind: str
    title: str
    figure: Figure
    caption: str
    of: str | None = None
    by: str = "x"


def pictures_of(looked: LookedAt, step: int) -> list[Picture]:
    """The pictures of one step that fit the run; those of a step before the last hold the last one's scale."""
    return looked.once(_pictures, step)


def _pictures(looked: LookedAt, step: int) -> list[Picture]:
    makers: tuple[Callable[[LookedAt, int], Picture], ...] = (
        _spectrum,
        _similarity,
        _embedding,
        _clusters,
        _neurons,
        _attention,
        _logits,
    )
    found = []
    for make in makers:
        try:
            found.append(make(looked, step))
        except (BadArgument, UnknownName):  # the view is of something that this run has not
            continue
    return found


def _last(looked: LookedAt, step: int, kind: str, figure: Figure) -> Figure:
    """The picture of this kind at the last step, or this one where it is."""
    if step == looked.last:
        return figure
    return next((each.figure for each in pictures_of(looked, looked.last) if each.kind == kind), figure)


def _spectrum(looked: LookedAt, step: int) -> Picture:
    kind, title = "spectrum", "Components in the embedding"
    return _by_component(looked, step, (kind, title, "embedding_spectrum", captions.EMBEDDING))


def _similarity(looked: LookedAt, step: int) -> Picture:
    kind, title = "similarity", "Components in the logits"
    return _by_component(looked, step, (kind, title, "logit_similarity", captions.SIMILARITY))


def _by_component(looked: LookedAt, step: int, said: tuple[str, str, str, str]) -> Picture:
    kind, title, measure, caption = said
    figure = spectrum(looked.table(step), measure)
    components = looked.table(step)["component"].values.tolist()
    called(figure, 0, [component_id(looked, name) for name in components])
    figure = on_scale_of(figure, _last(looked, step, kind, figure))
    return Picture(kind, title, figure, _joined(caption, captions.BARS, _coloured(looked)), FREQUENCY)


def _embedding(looked: LookedAt, step: int) -> Picture:
    figure = embedding(looked.table(step), _circuit(looked)[:_PANELS] or None)
    for trace in figure.plotly.data:
        trace.name = component_id(looked, _component(looked, trace.name))
    figure = on_scale_of(figure, _last(looked, step, "embedding", figure))
    caption = _joined(captions.CIRCLES if _is_cyclic(looked) else captions.PLANES, _coloured(looked))
    return Picture("embedding", "The embedding in each component's plane", figure, caption, FREQUENCY, "name")


def _clusters(looked: LookedAt, step: int) -> Picture:
    figure = clusters(looked.table(step))
    last = _last(looked, step, "clusters", figure)
    if last is not figure:
        order = [int(neuron) for neuron, _ in last.plotly.data[0].customdata]
        figure = clusters(looked.table(step), order=order)
    caption = _joined(captions.CLUSTERS, _coloured(looked))
    return Picture("clusters", "Neurons by component", figure, caption, NEURON)


def _neurons(looked: LookedAt, step: int) -> Picture:
    figure = at_first(neurons(looked.source, steps=sorted({step, looked.last})))
    title, caption = "Single neurons over both operands", _joined(captions.NEURONS, _explained(looked))
    return Picture("neurons", title, figure, caption, NEURON, "name")


def _explained(looked: LookedAt) -> str:
    """How to read the maps of neurons by components; nothing where the task has none."""
    if looked.task.symmetry is None:
        return ""
    return captions.EXPLAINED.format(kind=captions.WAVES if _is_cyclic(looked) else captions.BLOCKS)


def _attention(looked: LookedAt, step: int) -> Picture:
    figure = mean_attention(looked.source, step)
    return Picture("attention", "What the heads attend to", figure, _joined(captions.MAPS), HEAD, "name")


def _logits(looked: LookedAt, step: int) -> Picture:
    figure = logits(looked.at(step))
    figure = on_scale_of(figure, _last(looked, step, "logits", figure))
    when = f"step {step:,}" if looked.step_known else "the only step"
    caption = _joined(captions.ANSWERS.format(step=when))
    return Picture("logits", "Logits over both operands", figure, caption)


def _circuit(looked: LookedAt) -> list[int | str]:
    return [] if looked.circuit is None else list(looked.circuit.components)


def _is_cyclic(looked: LookedAt) -> bool:
    """Whether components are frequencies, be it that none makes a circuit."""
    symmetry = looked.task.symmetry
    return symmetry is not None and all(isinstance(name, int) for name in nontrivial(symmetry.group))


def _component(looked: LookedAt, name: str) -> int | str:
    """The component that a trace is called by, which has it as text."""
    return next(each for each in looked.table(looked.last)["component"].values.tolist() if str(each) == name)


def _coloured(looked: LookedAt) -> str:
    shown = _circuit(looked)
    return f"In colour, the circuit's {named(shown)}." if shown else "No circuit was found at the last step."


def _joined(*parts: str) -> str:
    return captions.joined(*parts)
