"""`groklens tasks`: what there is to learn."""

from __future__ import annotations

import inspect

import typer

from groklens.cli.app import command


@command("groklens tasks")
def tasks() -> None:
    """The tasks that come with groklens, and how to write each in Python."""
    import groklens as gl
    from groklens.tasks import OPERATIONS, kinds

    for name, kind in kinds().items():
        where = f"gl.{name}" if name in dir(gl) else f"gl.tasks.{name}"
        given = ", ".join(list(inspect.signature(kind).parameters)[:3])
        typer.echo(f"{where}({given}): {(inspect.getdoc(kind) or '').splitlines()[0]}")
        if name == "ModularArithmetic":
            typer.echo("    op is one of " + ", ".join(OPERATIONS))
