"""`groklens forecast`: whether a run will still change, by what runs like it did."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from groklens.cli.app import OwnParts, RunPath, command
from groklens.cli.opened import opened
from groklens.cli_io import own_parts


@command("groklens forecast mod23 --horizon 10000", "groklens forecast mod23 --json")
def forecast(
    path: RunPath,
    horizon: Annotated[
        int | None,
        typer.Option(help="Updates within which it is to change; nine times the step if not given."),
    ] = None,
    step: Annotated[
        int | None, typer.Option(help="The kept step at which one looks; the last if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    parts: OwnParts = None,
) -> None:
    """Whether a run will still change within so many updates, by what runs like it did; never that it is done."""
    import groklens as gl

    found = gl.forecast(opened(path, own_parts(parts)), horizon, step=step)
    typer.echo(json.dumps(found.to_dict(), indent=1, ensure_ascii=False) if as_json else str(found))
