"""`groklens show`: a page over runs and sweeps, served on this machine alone or written as a folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from groklens.cli.app import OwnParts, command
from groklens.cli.opened import named_run
from groklens.cli_io import NOTES, own_parts
from groklens.errors import BadArgument


@command("groklens show mod23 --export explored", "groklens show mod23 --export at-20 --step 20 --explain")
def show(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Folders of runs, sweeps or folders of runs, or names of shipped runs.", metavar="PATH..."
        ),
    ],
    export: Annotated[
        Path | None,
        typer.Option(
            help="Write the page as a folder that opens without a server, and stop.", metavar="FOLDER"
        ),
    ] = None,
    step: Annotated[
        list[int] | None,
        typer.Option(help="With --export: a kept step that is there with its parts; may be repeated."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="With --export: explain each run, too.")] = False,
    port: Annotated[int, typer.Option(help="Port of this machine; a free one if not given.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    parts: OwnParts = None,
) -> None:
    """Explore runs and sweeps in a browser: one slider moves every picture of a run; a click ablates a part.

    The page is served on this machine alone, at an address with a random token, until Ctrl-C.
    """
    from groklens import explorer

    if len(paths) == 1:  # of several, the page says which cannot be opened
        named_run(paths[0])
    own, given = own_parts(parts), [str(path) for path in paths]
    if export is not None:
        folder = explorer.export(given, export, steps=step or (), explain=explain, parts=own)
        NOTES.say(f"The explorer is in {folder / 'index.html'}")
        return
    if step or explain:
        raise BadArgument("--step and --explain are of a folder; the page itself asks. Add --export FOLDER.")
    explorer.serve(
        given,
        port=port,
        browser=not no_browser,
        parts=own,
        say=lambda address: typer.echo(f"{address}  (Ctrl-C ends it)"),
    )
    if explorer.still_working():  # torch aborts when Python is taken down around a thread that computes
        sys.stdout.flush()
        os._exit(0)
