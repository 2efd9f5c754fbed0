"""`groklens explain`: when, how and why a run came to generalise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groklens.cli.app import OwnParts, RunPath, command
from groklens.cli.opened import opened
from groklens.cli.told import ConfigSaid, TaskSaid
from groklens.cli_io import NOTES, check_writable, own_parts


@command("groklens explain mod23 --html report.html --json why.json")
def explain(
    path: RunPath,
    html: Annotated[
        Path | None, typer.Option(help="Write the report here, one page that works offline.")
    ] = None,
    json_path: Annotated[
        str | None, typer.Option("--json", help="Write JSON here; - for standard output.")
    ] = None,
    task: TaskSaid = None,
    config: ConfigSaid = None,
    parts: OwnParts = None,
) -> None:
    """Explain a run: when it generalised, with which circuit, and how we know."""
    import groklens as gl

    check_writable(html, None if json_path in (None, "-") else Path(str(json_path)))
    why = gl.explain(opened(path, own_parts(parts), task, config))
    if json_path == "-":
        typer.echo(why.to_json(), nl=False)
    else:
        typer.echo(str(why))
    if json_path not in (None, "-"):
        why.to_json(str(json_path))
        NOTES.say(f"JSON in {json_path}")
    if html is not None:
        why.to_html(html)
        NOTES.say(f"Report in {html}")
