"""`groklens sweep`: a recipe over values of its fields."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groklens.cli.app import OwnParts, command
from groklens.cli.table_file import TableFile, check_table_file, put_table
from groklens.cli_io import NOTES, own_parts, read_sweep, workers_of
from groklens.parts import know


@command("groklens sweep sweep.toml runs/decay --out events.csv")
def sweep(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON or TOML: `recipe` (or `run`, the folder of one with it), and `over`, values by field: "
            '{"seed": [0, 1, 2], "optimizer.weight_decay": [0.1, 1]}.',
            metavar="FILE",
        ),
    ],
    into: Annotated[Path, typer.Argument(help="Folder for the sweep; taken up where it is unfinished.")],
    workers: Annotated[
        int, typer.Option(help="Processes that train stacks at once; 0 is this one alone.")
    ] = 0,
    stack: Annotated[int, typer.Option(help="Runs that are trained at once, at most.")] = 8,
    threads: Annotated[int | None, typer.Option(help="Torch's threads for a stack.")] = None,
    device: Annotated[str, typer.Option(help="Such as cpu or cuda.")] = "cpu",
    out: TableFile = None,
    parts: OwnParts = None,
) -> None:
    """Train a recipe over values of its fields, and say when each run generalised."""
    import groklens as gl

    check_table_file(out)
    know(own_parts(parts))
    recipe, over = read_sweep(file)
    asked = gl.Sweep(gl.Recipe.from_dict(recipe), over=over)
    with workers_of(workers, parts) as executor:
        runs = asked.run(into, executor, stack=stack, threads=threads, device=device)
    typer.echo(repr(runs))
    for folder, said in runs.failed.items():
        NOTES.say(f"groklens: failed: {folder}: {said}")
    put_table(runs.events().to_dataframe().reset_index(), out)
