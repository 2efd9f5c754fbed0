"""`groklens train`: a recipe trained into a folder, or gone on with there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from groklens.cli.app import OwnParts, command
from groklens.cli_io import own_parts
from groklens.parts import know


@command(
    "groklens train recipe.json runs/mine",
    "groklens train mod23 runs/other --set seed=1 --set steps=20 --set optimizer.weight_decay=0.3",
    "groklens train ModularArithmetic runs/new --set task.p=53 --set model=MLP --dry-run",
    "groklens train mod23 runs/other --set keep=Every --set keep.period=5 --dry-run",
)
def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="Recipe as JSON or TOML; a run, whose recipe is taken; or a task of `groklens tasks` by name.",
            metavar="RECIPE",
        ),
    ],
    into: Annotated[Path, typer.Argument(help="Folder for the run; resumed where unfinished.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A field of the recipe and its value: seed=1, optimizer.weight_decay=0.3, optimizer=SGD; may be "
            "repeated, as for keep=Every and keep.period=100.",
            metavar="FIELD=VALUE",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Print the recipe as JSON, and train nothing.")] = False,
    device: Annotated[str, typer.Option(help="Such as cpu or cuda.")] = "cpu",
    parts: OwnParts = None,
) -> None:
    """Train a recipe into a folder, or resume it there."""
    import groklens as gl
    from groklens.cli.recipe_of import recipe_of

    own = own_parts(parts)
    know(own)
    wanted = recipe_of(recipe, changes or [], own)
    if dry_run:
        typer.echo(json.dumps(wanted.to_dict(), indent=1))
    else:
        typer.echo(repr(gl.train(wanted, into=into, device=device)))
