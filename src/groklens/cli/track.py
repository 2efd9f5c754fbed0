"""`groklens track`: measures at every kept step of a run."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from groklens.cli.app import OwnParts, RunPath, command
from groklens.cli.opened import opened
from groklens.cli.table_file import TableFile, check_table_file, put_table
from groklens.cli.told import ConfigSaid, TaskSaid
from groklens.cli_io import NOTES, own_parts
from groklens.errors import BadArgument


@command(
    "groklens track mod23 --measure test_loss --measure excluded_loss",
    "groklens track mod23 --measure logit_similarity --out table.parquet",
    "groklens track mod23 --measure logit_similarity --out table.csv",
)
def track(
    path: RunPath,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            help="A measure of gl.measures by name, or a tuple of them such as REPRESENTATIONS; may be repeated. "
            "All numbers of PROGRESS without."
        ),
    ] = None,
    out: TableFile = None,
    task: TaskSaid = None,
    config: ConfigSaid = None,
    parts: OwnParts = None,
) -> None:
    """Measure every kept step of a run, as a table.

    Numbers are columns by step. Where a measure named has a value by component, by neuron or by head, all are
    listed one value per line: step, measure, component, …, value.
    """
    import groklens as gl

    check_table_file(out)
    own = own_parts(parts)
    named = {each.__name__: each for each in own if isinstance(each, gl.measures.Measure)}
    asked = [named.get(name, name) for name in measure or ["PROGRESS"]]
    wanted = gl.measures.chosen_measures(asked)  # a misspelt name before the run is opened
    table = gl.track(opened(path, own, task, config), wanted)
    if measure:
        _say_left_out(table)
    if not measure:
        table = table[[name for name in table.data_vars if table[name].dims == ("step",)]]
    put_table(gl.measures.tidy(table), out)


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
