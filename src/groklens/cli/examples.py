"""`groklens examples`: the runs that come with groklens."""

from __future__ import annotations

import typer

from groklens.cli.app import command


@command("groklens examples")
def examples() -> None:
    """The runs that may be named where a run's folder is meant, and how to load each in Python."""
    import groklens as gl
    from groklens.errors import GroklensError
    from groklens.examples import cloned, fetched, shipped

    here = cloned() | fetched() | shipped()
    for name in gl.examples.names():
        try:
            said = repr(gl.load(here[name])) if name in here else "in a release; fetched when it is named"
        except GroklensError as error:
            said = str(error)
        typer.echo(f'gl.examples.load("{name}"): {said}')
