"""`gl.views.attention`: the attention patterns of every head over steps, by CircuitsVis with a slider."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from groklens.claims import how_many
from groklens.errors import BadArgument, UnknownName, whole_number
from groklens.views.drawing.labels import drawn
from groklens.views.drawing.lay_out import lay_out_up
from groklens.views.drawing.palette import HUES, faded
from groklens.views.drawing.panels import label_edges, panels, place
from groklens.views.inputs import run_of, shown_steps
from groklens.views.renderers.figure import STILL, Figure, Page
from groklens.views.renderers.html_document import in_script
from groklens.views.renderers.still_picture import still

if TYPE_CHECKING:
    from groklens.runs import Run
    from groklens.tasks import Task

#: Where the heads are drawn: as on a white page, since CircuitsVis draws for one, until the script knows better.
_BOX = "max-width:720px;overflow:auto;background:#fff;color:#1d2127"
#: The choice of an input, whose names are as long as a text may be.
_CHOICE = "display:inline-flex;gap:6px;max-width:100%;white-space:nowrap;margin-right:16px"
#: What CircuitsVis draws masked cells in, and full attention unless told otherwise.
_MASKED, _FULL = "rgb(200,200,200)", HUES[0]
#: The same grey on white, which on a dark page is no brighter than what is seen.
_VEILED = "rgba(133,133,133,0.45)"
#: Inputs that can be chosen where nobody named some.
_EXAMPLES = 4
#: Heads whose maps stand in a still picture.
_MOST = 9


def attention(
    source: Any,
    inputs: Sequence[int | Sequence[int]] | None = None,
    *,
    layer: int | None = None,
    steps: Sequence[int] | None = None,
) -> Page:
    """The attention pattern of every head, with a slider over steps and a choice of inputs.

    Drawn by CircuitsVis: a small map for each head (query down, key across), and a large one of the head chosen;
    hover over a cell for its number. The scale is that of shares, from 0 to 1; keys that a causal model does not
    let a query see are grey, which is not on it. Below, in numbers, what the answer's position attends to. The
    last choice is the mean over all inputs. Nothing is loaded from a network.

    Args:
        source: a run, a snapshot or an explanation.
        inputs: some of the task's inputs, by index or by operands such as `(3, 5)`. When not given, those among
            which heads differ most: of each quarter of the task's inputs the one for which the variance between
            heads of what the answer's position attends to, at the last step and summed over keys, is largest;
            the largest of the four first.
        layer: one layer; all when not given.
        steps: kept steps; 24 spread over all when not given.

    Raises `UnknownName` for an input, layer or step that does not exist, `BadArgument` for a model without
    attention, a table, or a run without checkpoints.

    >>> gl.views.attention(run, [(3, 5)])  # doctest: +SKIP
    """
    from groklens.runs import step_in_words
    from groklens.tasks import check_tokens

    run = run_of(source)
    chosen = shown_steps(run, steps)
    hooks, heads = _hooks(run, layer)
    check_tokens(run.task, "pictures of attention")
    rows = _telling(run, hooks) if inputs is None else [_row(run.task, each) for each in _some(inputs)]
    patterns = _patterns(run, hooks, rows, chosen)
    shown = [_tokens(run.task, row) for row in rows]
    shown.append(
        {"name": f"mean over all {len(run.task.inputs):,} inputs", "tokens": run.task.position_names}
    )
    text = f"{run.task.name}: attention of {how_many(len(heads), 'head')} at {how_many(len(chosen), 'step')}."
    data = {
        "steps": [f"{step:,}" if run.step_known else "unknown" for step in chosen],
        "heads": heads,
        "inputs": shown,
        "attention": np.round(patterns, 4).tolist(),
        "colour": _FULL,
        "causal": _is_causal(patterns),
    }
    return Page(
        body=_body(data, text),
        text=text,
        draw_still=lambda **how: _still(
            patterns[-1, 0], shown[0]["tokens"], heads, step_in_words(run, chosen[-1]), **how
        ),
    )


def mean_attention(source: Any, step: int, heads: Sequence[str] | None = None) -> Figure:
    """The mean attention pattern of each head over all inputs at one step, a map for each: query down, key across.

    As the last choice of `attention`. The trace of a map is called as its head. Nine heads at most are drawn, those
    named or the first. Raises `UnknownName` for a head or step that does not exist, `BadArgument` as `attention` does.
    """
    from groklens.runs import step_in_words
    from groklens.tasks import check_tokens

    run = run_of(source)
    hooks, names = _hooks(run, None)
    check_tokens(run.task, "pictures of attention")
    chosen = list(heads or names)
    unknown = [name for name in chosen if name not in names]
    if unknown:
        raise UnknownName(f"The model has no head {unknown[0]!r}; it has {', '.join(names[:12])}.")
    patterns = _patterns(run, hooks, [], shown_steps(run, [step]))[-1, -1]
    shown = patterns[[names.index(name) for name in chosen]]
    text = f"{run.task.name}: mean attention of {', '.join(chosen[:_MOST])} at {step_in_words(run, step)}."
    return Figure(_maps(shown, list(run.task.position_names), chosen, step_in_words(run, step)), text)


def _some(inputs: Sequence[Any]) -> Sequence[Any]:
    if not len(inputs):
        raise BadArgument("inputs is empty; name some, such as [(3, 5)], or leave it out.")
    return inputs


def _telling(run: Run, hooks: list[str]) -> list[int]:
    """The inputs shown by default, as described in `attention`."""
    from groklens.capture import capture
    from groklens.measures import between_heads

    found = capture(run, hooks, steps=[run.steps[-1]], reduce=between_heads)
    differ = sum(found[hook].values[0] for hook in hooks)
    quarters = np.array_split(np.arange(len(differ)), min(_EXAMPLES, len(differ)))
    best = [int(quarter[differ[quarter].argmax()]) for quarter in quarters]
    return sorted(best, key=lambda row: -differ[row])


def _is_causal(patterns: np.ndarray) -> bool:
    """Whether no query attends to a later key in any pattern shown."""
    later = np.triu(np.ones(patterns.shape[-2:], dtype=bool), k=1)
    return not patterns[..., later].any()


def _row(task: Task, named: Any) -> int:
    if np.ndim(named) == 0:
        if not 0 <= int(named) < len(task.inputs):
            raise UnknownName(f"{task.name} has no input {named}; it has 0 to {len(task.inputs) - 1}.")
        return int(named)
    tokens = np.asarray(task.inputs)[:, : len(named)]
    found = np.flatnonzero((tokens == np.asarray(named)).all(axis=1))
    if not len(found):
        raise UnknownName(f"{task.name} has no input that begins with {tuple(named)}.")
    return int(found[0])


def _tokens(task: Task, row: int) -> dict[str, Any]:
    names = [_seen(task.token_names[int(token)]) for token in task.inputs[row]]
    return {"name": " ".join(names), "tokens": names}


def _seen(name: str) -> str:
    """A token's name as it is, or as marks where it is white space, which nobody sees."""
    return name.translate({ord(" "): "␣", ord("\n"): "↵", ord("\t"): "⇥"}) if name.isspace() else name


def _hooks(run: Run, layer: int | None) -> tuple[list[str], list[str]]:
    """The hooks of the patterns, and the heads' names: 0.3 is the fourth of the first layer."""
    from groklens.measures import NO_COUNT

    layers = run.final.anatomy.heads
    if not layers and run.final.anatomy.lacks_a_count("pattern"):
        raise BadArgument(f"There is no pattern of single heads to show: {NO_COUNT}")
    if not layers:
        raise BadArgument(
            "This model has no attention heads that are known by name, so there is no pattern to show; "
            "help(gl.hooked) says how those of a torch module are named."
        )
    layer = None if layer is None else whole_number("layer", layer, such_as=0)
    if layer is not None and not 0 <= layer < len(layers):
        raise UnknownName(f"The model has no layer {layer}; it has {len(layers)}, numbered from 0.")
    chosen = layers if layer is None else layers[layer : layer + 1]
    return [each.pattern.hook for each in chosen], [name for each in chosen for name in each.names]


def _patterns(run: Run, hooks: list[str], rows: list[int], steps: list[int]) -> np.ndarray:
    """Attention patterns (step × choice × head × query × key); the last choice is the mean over inputs."""
    from groklens.capture import capture
    from groklens.measures import some_and_mean

    found = capture(run, hooks, steps=steps, reduce=some_and_mean(rows))
    return np.concatenate([found[hook].values for hook in hooks], axis=2)


def _body(data: dict[str, Any], text: str) -> str:
    name = f"groklens-{uuid4().hex[:12]}"
    choices = "".join(
        f'<option value="{i}">{escape(each["name"])}</option>' for i, each in enumerate(data["inputs"])
    )
    last = len(data["steps"]) - 1
    slider = f'<input type="range" min="0" max="{last}" value="{last}" aria-label="training step">'
    script = files("groklens.views").joinpath("attention.js").read_text(encoding="utf-8")
    return f"""<figure id="{name}" class="attention" aria-label="{escape(text)}" style="margin:0">
<p hidden><label style="{_CHOICE}">input <select style="min-width:0">{choices}</select></label>
<label style="white-space:nowrap">training step {slider} <output></output></label></p>
<div class="drawing" style="{_BOX}">
{_legend(data["causal"])}
<div class="heads" style="{_height(data)};overflow:auto">{STILL}</div></div>
<p hidden style="margin:6px 0 2px">The answer's position attends to</p>
<div style="overflow-x:auto">
<table style="font-variant-numeric:tabular-nums;white-space:nowrap"><tbody></tbody></table></div>
<script type="application/json">{in_script(data)}</script>
<script>{script.replace("NAME", name)}</script>
</figure>"""


def _legend(causal: bool) -> str:
    """The legend of the maps: the colour scale, and what is off it."""
    swatch = "display:inline-block;height:12px;vertical-align:-1px;border:1px solid #b5bac1;margin:0 6px"
    scale = f'<span style="{swatch};width:110px;background:linear-gradient(90deg,#fff,{_FULL})"></span>'
    masked = f'<span style="{swatch};width:12px;background:{_MASKED}"></span>masked: a later position'
    return (
        '<p hidden class="scale" style="margin:0;padding:8px 12px;font-size:14px;line-height:1.7">'
        f'<span style="white-space:nowrap;margin-right:18px">share of attention: 0{scale}1</span>'
        + (f'<span style="white-space:nowrap">{masked}</span>' if causal else "")
        + "</p>"
    )


def _height(data: dict[str, Any]) -> str:
    """How high the box around the picture is; bounded, since CircuitsVis grows with it in some front ends."""
    rows = -(-len(data["heads"]) // 6)
    return f"min-height:{min(540 + 60 * rows, 800)}px;max-height:1100px"


def _still(patterns: np.ndarray, tokens: list[str], heads: list[str], when: str, **how: Any) -> bytes:
    names = [f"{token} ({place})" for place, token in enumerate(tokens)]
    return still(_maps(patterns, names, heads, when), **how)


def _maps(patterns: np.ndarray, positions: list[str], heads: list[str], when: str) -> Any:
    """The patterns of at most nine heads at one step (`when`, in words) as a plotly figure, a map for each."""
    titles = [f"head {head}" for head in heads[:_MOST]]
    figure = panels(titles)
    names = [
        drawn(position.removeprefix("position ")) for position in positions
    ]  # a third of a phone is not wide
    scale, grey = [[0, faded(_FULL, 0)], [1, _FULL]], [[0, _VEILED], [1, _VEILED]]
    later = np.where(np.tri(len(names), dtype=bool), np.nan, 1.0)
    causal = _is_causal(patterns)
    for index, (head, pattern) in enumerate(zip(heads[:_MOST], patterns, strict=False)):
        for z, colours in [(pattern, scale)] + ([(later, grey)] if causal else []):
            heat = {"z": z, "x": names, "y": names, "zmin": 0, "zmax": 1, "colorscale": colours}
            figure.add_heatmap(**heat, name=head, showscale=False, **place(index, titles))
    text = f"{when.capitalize()}; share: faint 0, blue 1" + (", grey masked" if causal else "")
    label_edges(figure, titles, "key", "query", type="category")
    lay_out_up(figure, {"autorange": "reversed"})
    note = {"text": text, "x": 0, "y": 1, "xref": "paper", "yref": "paper", "yshift": 28, "showarrow": False}
    figure.add_annotation(**note, xanchor="left", yanchor="bottom")
    return figure
