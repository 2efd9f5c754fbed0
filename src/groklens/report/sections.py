"""The sections of a report, each a picture or a table with its caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from groklens.claims import HEADINGS, PHASE_COLUMNS, named, number, percent
from groklens.errors import BadArgument, UnknownName
from groklens.report import captions
from groklens.report.captions import joined
from groklens.report.forecast_section import forecast_section
from groklens.report.latent import DRAWS, OTHERS, latent_table
from groklens.report.methods_section import methods_section
from groklens.views import (
    attention,
    bare_title,
    circuit,
    clusters,
    curves,
    embedding,
    findings_table,
    logits,
    neurons,
    spectrum,
    variable,
)
from groklens.views.renderers import STILL, Figure, Page, chart

if TYPE_CHECKING:
    import xarray as xr

    from groklens.explain import Explanation
    from groklens.harmonics import ComponentName

_BY_SPLIT = ("train_loss", "test_loss", "restricted_loss", "excluded_loss", "train_accuracy", "test_accuracy")
#: `loss` and `all_accuracy` are of all inputs: what there is where the split is not known.
_WITHOUT_SPLIT = ("loss", "restricted_loss", "all_accuracy")
#: More key components than this are not singled out where no circuit is known: nearly all would be.
_MANY = 12
#: Planes of the embedding that are shown.
_PANELS = 9
#: Sections of what only a task with a group has.
_OF_A_GROUP = {"latent", "embedding", "circles", "similarity", "clusters", "circuit"}


@dataclass(frozen=True)
class Section:
    """One section of the report: its anchor, its title, its HTML; or in place of that why it is left out."""

    anchor: str
    title: str
    body: str
    left_out: str = ""


def sections(explanation: Explanation) -> list[Section]:
    """Every section that there is of the report, in reading order; the last but one says what is left out, and why."""
    makers: list[tuple[str, str, Callable[[Explanation], str]]] = [
        ("learning", "When it learned", _learning),
        ("progress", "Progress measures", _progress),
        ("latent", "The latent algorithm", _latent),
        ("embedding", "Components in the embedding", _embedding),
        ("circles", "The embedding in each component's plane", _circles),
        ("similarity", "Components in the logits", _similarity),
        ("clusters", "Neurons by component", _clusters),
        ("neurons", "Single neurons over both operands", _neurons),
        ("attention", "What the heads attend to", _attention),
        ("circuit", "The circuit as a diagram", _circuit),
        ("answers", "Logits over both operands", _answers),
        ("evidence", HEADINGS["prediction"], _evidence),
        ("numbers", "The last step in numbers", _numbers),
        ("methods", "Methods and sources", methods_section),
    ]
    if explanation.forecast is not None:
        makers.insert(-1, ("forecast", "Whether it will still change", forecast_section))
    made = [_section(anchor, title, make, explanation) for anchor, title, make in makers]
    shown, missing = [each for each in made if not each.left_out], [each for each in made if each.left_out]
    if missing:
        shown.insert(len(shown) - 1, Section("left-out", "What is left out", _reasons(missing)))
    return shown


def _section(
    anchor: str, title: str, make: Callable[[Explanation], str], explanation: Explanation
) -> Section:
    task = explanation.final.task
    if anchor in _OF_A_GROUP and task.symmetry is None:
        return Section(anchor, title, "", f"A group is needed, and {task.name} has none.")
    try:
        return Section(anchor, title, make(explanation))
    except (UnknownName, BadArgument) as error:
        return Section(anchor, title, "", str(error))


def _reasons(missing: Sequence[Section]) -> str:
    """What is left out, those for one reason together."""
    titles: dict[str, list[str]] = {}
    for each in missing:
        titles.setdefault(each.left_out, []).append(each.title)
    rows = (f"<dt>{escape('; '.join(each))}</dt><dd>{escape(reason)}</dd>" for reason, each in titles.items())
    return f'<dl class="words">{"".join(rows)}</dl>'


def _learning(explanation: Explanation) -> str:
    known_split = "train_loss" in explanation.table.data_vars
    figure = _curves(explanation, _BY_SPLIT if known_split else _WITHOUT_SPLIT)
    steps = explanation.table["step"].values
    scale = captions.LOG_STEPS + (captions.STEP_ZERO if 0 in steps else "")
    stream = explanation.final.task.is_stream
    learning = (
        captions.LEARNING if known_split else captions.LEARNING_STREAM if stream else captions.LEARNING_ALL
    )
    caption = learning.format(scale=scale if sum(steps > 0) > 1 else "")
    shaded = captions.PHASES if explanation.phases else ""
    return _picture(figure, joined(caption, shaded)) + _phase_table(explanation)


def _progress(explanation: Explanation) -> str:
    shown = [said for name, said in captions.PROGRESS.items() if name in explanation.table.data_vars]
    caption = captions.PROGRESSING.format(shown="; ".join(shown))
    return _picture(_curves(explanation, list(captions.PROGRESS)), joined(caption))


def _latent(explanation: Explanation) -> str:
    table = latent_table(explanation)
    shuffled = percent(table.attrs["shuffled"])
    caption = joined(captions.LATENT.format(draws=DRAWS, others=OTHERS.draws, shuffled=shuffled))
    return _picture(curves(table, list(map(str, table.data_vars)), explanation.phases), caption)


def _curves(explanation: Explanation, names: Sequence[str]) -> Figure:
    table = explanation.table
    present = [name for name in names if name in table.data_vars]
    if not present:
        raise UnknownName(f"The table has none of {', '.join(names)}.")
    if table.sizes["step"] < 2:
        raise BadArgument("There is one step only, so nothing moves; its numbers end this page.")
    return curves(table, present, explanation.phases)


def _embedding(explanation: Explanation) -> str:
    return _spectrum(explanation, "embedding_spectrum", captions.EMBEDDING)


def _similarity(explanation: Explanation) -> str:
    return _spectrum(explanation, "logit_similarity", captions.SIMILARITY)


def _spectrum(explanation: Explanation, name: str, caption: str) -> str:
    figure = spectrum(explanation.table, name, _highlighted(explanation))
    found = variable(explanation.table, name)
    return _picture(figure, joined(caption, captions.BARS, *_over_steps(explanation, found)))


def _circles(explanation: Explanation) -> str:
    figure = embedding(explanation, _highlighted(explanation)[:_PANELS] or None)
    caption = captions.CIRCLES if _is_cyclic(explanation) else captions.PLANES
    return _picture(figure, joined(caption, _coloured(explanation)))


def _clusters(explanation: Explanation) -> str:
    figure = clusters(explanation.table, _highlighted(explanation))
    found = variable(explanation.table, "neuron_explained")
    return _picture(figure, joined(captions.CLUSTERS, *_over_steps(explanation, found)))


def _neurons(explanation: Explanation) -> str:
    return _picture(neurons(explanation), joined(captions.NEURONS, _explained(explanation), captions.MOVES))


def _explained(explanation: Explanation) -> str:
    """How to read the maps of neurons by components; nothing where the task has none."""
    if explanation.final.task.symmetry is None:
        return ""
    return captions.EXPLAINED.format(kind=captions.WAVES if _is_cyclic(explanation) else captions.BLOCKS)


def _attention(explanation: Explanation) -> str:
    return _picture(attention(explanation), joined(captions.ATTENTION))


def _circuit(explanation: Explanation) -> str:
    return _picture(circuit(explanation), joined(captions.CIRCUIT))


def _over_steps(explanation: Explanation, found: xr.DataArray) -> list[str]:
    """The end of the caption of every picture with a slider: steps, colours, split, source."""
    slider = captions.SLIDER if len(found) > 1 else ""
    whence = [
        f"{key.capitalize()}: {found.attrs[key]}." for key in ("split", "source") if found.attrs.get(key)
    ]
    return [slider, _coloured(explanation), *whence]


def _is_cyclic(explanation: Explanation) -> bool:
    """Whether the table's components are frequencies; true where it has no components."""
    found = explanation.table
    return "component" not in found.coords or found["component"].dtype.kind in "iu"


def _highlighted(explanation: Explanation) -> list[ComponentName]:
    if explanation.circuit is not None:
        return list(explanation.circuit.components)
    return list(explanation.key_components) if len(explanation.key_components) <= _MANY else []


def _coloured(explanation: Explanation) -> str:
    shown = _highlighted(explanation)
    if not shown:
        return "No component is singled out."
    if explanation.circuit is None:
        return f"In colour, {named(shown)}: key by the logits, though no circuit was found."
    return f"In colour, the circuit's {named(shown)}."


def _answers(explanation: Explanation) -> str:
    return _picture(logits(explanation.final), joined(captions.ANSWERS.format(step="the last step")))


def _evidence(explanation: Explanation) -> str:
    return f'<p class="caption">{joined(captions.EVIDENCE)}</p>{findings_table(explanation.findings)}'


def _numbers(explanation: Explanation) -> str:
    table = explanation.table
    names = [str(name) for name in table.data_vars if set(table[name].dims) <= {"step", "run"}]
    rows = [_number_row(variable(table, name)) for name in names]
    return f'<div class="scroll">{_table(("Measure", "Value", "Units", "Split", "Source"), rows)}</div>'


def _number_row(found: xr.DataArray) -> str:
    about = [escape(str(found.attrs.get(key) or "–")) for key in ("units", "split", "source")]
    cells = "".join(f"<td>{each}</td>" for each in about)
    return f"<td>{escape(bare_title(found))}</td>{_number(number(float(found.values[-1])))}{cells}"


def _phase_table(explanation: Explanation) -> str:
    if not explanation.phases:
        said = "No phases: they need losses and accuracies over several steps, by a split that shows in them."
        return f'<p class="note">{said}</p>'
    rows = [
        f"<td>{escape(name)}</td>{_number(start)}{_number(end)}"
        for name, start, end in (phase.row for phase in explanation.phases)
    ]
    table = _table([name.capitalize() for name in PHASE_COLUMNS], rows)
    return f'{table}<p class="caption">{captions.INTERVALS}</p>'


def _table(head: Sequence[str], rows: Sequence[str]) -> str:
    top = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<table class="plain"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _number(text: str) -> str:
    return f'<td class="number">{escape(text)}</td>'


def _picture(view: Figure | Page, caption: str) -> str:
    shown = view.body.replace(STILL, "") if isinstance(view, Page) else chart(view.spec, view.text)
    return f"<figure>{shown}<figcaption>{escape(caption)}</figcaption></figure>"
