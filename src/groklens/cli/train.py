"""`groklens train`: a recipe trained into a folder, or gone on with there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groklens.cli.app import OwnParts, command
from groklens.cli_io import own_parts, read_json
from groklens.errors import BadArgument
from groklens.parts import know


@command("groklens train recipe.json runs/mod113")
def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe as JSON; a run.json will do.", metavar="RECIPE")],
    into: Annotated[Path, typer.Argument(help="Folder for the run; resumed where unfinished.")],
    device: Annotated[str, typer.Option(help="Such as cpu or cuda.")] = "cpu",
    parts: OwnParts = None,
) -> None:
    """Train a recipe into a folder, or resume it there."""
    import groklens as gl

    know(own_parts(parts))
    values = read_json(recipe)
    described = values.get("recipe", values)
    if not isinstance(described, dict):
        raise BadArgument(f"{recipe} holds no recipe: a recorded run has none. Use one that gl.train wrote.")
    run = gl.train(gl.Recipe.from_dict(described), into=into, device=device)
    typer.echo(repr(run))
