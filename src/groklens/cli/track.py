"""`groklens track`: measures at every kept step of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from groklens.cli.app import OwnParts, RunPath, command
from groklens.cli_io import NOTES, check_writable, own_parts
from groklens.errors import BadArgument
from groklens.runs import write_atomically


@command("groklens track examples/runs/mod113 --measure test_loss --measure excluded_loss")
def track(
    path: RunPath,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            help="A measure of gl.measures by name, or a tuple of them such as REPRESENTATIONS; may be repeated. "
            "All numbers of PROGRESS without."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write CSV here instead of printing it.")] = None,
    parts: OwnParts = None,
) -> None:
    """Measure every kept step of a run, as CSV.

    Numbers are columns by step. Where a measure named has a value by component, by neuron or by head, all are
    listed one value per line: step, measure, component, …, value.
    """
    import groklens as gl

    check_writable(csv)
    own = own_parts(parts)
    named = {each.__name__: each for each in own if isinstance(each, gl.measures.Measure)}
    asked = [named.get(name, name) for name in measure or ["PROGRESS"]]
    wanted = gl.measures.chosen_measures(asked)  # a misspelt name before the run is opened
    table = gl.track(gl.load(path, parts=own), wanted)
    if measure:
        _say_left_out(table)
    if not measure:
        table = table[[name for name in table.data_vars if table[name].dims == ("step",)]]
    text = gl.measures.as_csv(table)
    if csv is None:
        typer.echo(text, nl=False)
    else:
        write_atomically(csv, text.encode())


def _say_left_out(table: Any) -> None:
    """Name on standard error the measures that could not be taken of this run; refuse where none could be."""
    from groklens.measures import said_lacking

    said = [
        f"{name} is relative to a circuit, and none was found in the last kept step."
        if needs[0] == "circuit"
        else said_lacking(name, needs[0], table.attrs["task"])
        for name, needs in json.loads(table.attrs["left_out"]).items()
    ]
    if said and not table.data_vars:
        raise BadArgument(said[0])
    empty = [str(name) for name, found in table.data_vars.items() if not bool(found.notnull().any())]
    for line in [*said, *(f"{name} has no value at any kept step of this run." for name in empty)]:
        NOTES.say(f"groklens: left out: {line}")
