"""`groklens` in a shell: train, explain, track, info, tasks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from groklens.errors import BadArgument, GroklensError

app = typer.Typer(
    help="When, how and why a network came to generalise.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

RunPath = Annotated[Path, typer.Argument(help="Folder of a run.", metavar="PATH")]


@app.command(epilog="Example: `groklens train recipe.json runs/mod113`")
def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe as JSON; a run.json will do.", metavar="RECIPE")],
    into: Annotated[Path, typer.Argument(help="Folder for the run; resumed where unfinished.")],
    device: Annotated[str, typer.Option(help="Such as cpu or cuda.")] = "cpu",
) -> None:
    """Train a recipe into a folder, or resume it there."""
    import groklens as gl

    values = _json(recipe)
    described = values.get("recipe", values)
    if not isinstance(described, dict):
        raise BadArgument(f"{recipe} holds no recipe: a recorded run has none. Use one that gl.train wrote.")
    run = gl.train(gl.Recipe.from_dict(described), into=into, device=device)
    typer.echo(repr(run))


@app.command(epilog="Example: `groklens explain examples/runs/mod113 --html report.html --json why.json`")
def explain(
    path: RunPath,
    html: Annotated[
        Path | None, typer.Option(help="Write the report here, one page that works offline.")
    ] = None,
    json_path: Annotated[
        str | None, typer.Option("--json", help="Write JSON here; - for standard output.")
    ] = None,
) -> None:
    """Explain a run: when it generalised, with which circuit, and how we know."""
    import groklens as gl

    _writable(html)
    _writable(None if json_path in (None, "-") else Path(str(json_path)))
    why = gl.explain(gl.load(path))
    if json_path == "-":
        typer.echo(why.to_json(), nl=False)
    else:
        typer.echo(str(why))
    if json_path not in (None, "-"):
        why.to_json(str(json_path))
        typer.echo(f"JSON in {json_path}", err=True)
    if html is not None:
        why.to_html(html)
        typer.echo(f"Report in {html}", err=True)


@app.command(
    epilog="Example: `groklens track examples/runs/mod113 --measure test_loss --measure excluded_loss`"
)
def track(
    path: RunPath,
    measure: Annotated[
        list[str] | None, typer.Option(help="A measure by name; all of PROGRESS without.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write CSV here instead of printing it.")] = None,
) -> None:
    """Measure every kept step of a run; numbers by step as CSV, labelled measures left out."""
    import groklens as gl

    _writable(csv)
    known = {m.__name__: m for m in gl.measures.PROGRESS}
    unknown = [name for name in measure or [] if name not in known]
    if unknown:
        raise BadArgument(f"There is no measure {unknown[0]!r}; there are {', '.join(known)}.")
    table = gl.track(gl.load(path), [known[name] for name in measure] if measure else gl.measures.PROGRESS)
    scalars = table[[name for name in table.data_vars if table[name].dims == ("step",)]]
    text = scalars.to_dataframe().to_csv()
    if csv is None:
        typer.echo(text, nl=False)
    else:
        csv.write_text(text)


@app.command(epilog="Example: `groklens info examples/runs/mod113 --json`")
def info(
    path: RunPath,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    verify: Annotated[bool, typer.Option(help="Check every file against its checksum.")] = False,
) -> None:
    """What a run is: recipe, kept steps, versions, engine."""
    import groklens as gl

    run = gl.load(path, verify=verify)
    values = {
        "run": run.name,
        "task": run.task.name,
        "finished": run.finished,
        "id": None if run.recipe is None else run.recipe.id,
        "steps": run.steps,
        "model": run.model,
        "environment": run.environment,
        "recipe": None if run.recipe is None else run.recipe.to_dict(),
    }
    if as_json:
        typer.echo(json.dumps(values, indent=1))
        return
    typer.echo(repr(run))
    typer.echo(f"kept steps: {', '.join(map(str, run.steps))}")
    for name in ("id", "environment", "recipe"):
        typer.echo(f"{name}: {_flat(values[name])}")


@app.command(epilog="Example: `groklens tasks`")
def tasks() -> None:
    """The tasks that come with groklens, and how to write each in Python."""
    from groklens.tasks.modular import OPERATIONS

    typer.echo("gl.ModularArithmetic(p, op): residues mod p; op is one of")
    typer.echo("    " + ", ".join(OPERATIONS))
    typer.echo("gl.GroupComposition(group): products in a finite group, such as 'S5', 'A5', 'D59'")
    typer.echo("gl.RandomTable(n, seed): a table without structure, the null of every claim")
    typer.echo("gl.Corrupted(task, fraction, seed): any of them with a share of its train labels made wrong")
    typer.echo("gl.TableTask(inputs, labels, group=None): your own table")


def main() -> None:
    """Run the command line; a user's mistake is one clear line and exit status 2."""
    try:
        sys.exit(app(standalone_mode=False))
    except (GroklensError, OSError) as error:
        typer.echo(f"groklens: {error}", err=True)
        sys.exit(2)
    except Exception as error:
        _exit_for(error)


def _exit_for(error: Exception) -> None:
    """End as click would, in one line; its errors are told by name, as typer keeps classes of its own."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "NoArgsIsHelpError" in names:
        typer.echo(str(error), err=True)
        sys.exit(2)
    if "ClickException" in names:
        context = getattr(error, "ctx", None)
        hint = "" if context is None else f" See {context.command_path} --help."
        typer.echo(f"groklens: {error.format_message()}{hint}", err=True)  # type: ignore[attr-defined]
        sys.exit(2)
    if "Abort" in names:
        typer.echo("groklens: interrupted; what was written is whole.", err=True)
        sys.exit(130)
    raise error


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadArgument(f"Cannot read {path} as JSON: {error}") from error
    if not isinstance(values, dict):
        raise BadArgument(f"{path} holds no JSON object; write a recipe with Recipe.to_dict().")
    return values


def _writable(path: Path | None) -> None:
    if path is None:
        return
    if not path.absolute().parent.is_dir():
        raise BadArgument(f"There is no folder {path.absolute().parent} to write {path.name} into.")
    if path.is_dir():
        raise BadArgument(f"{path} is a folder; give the name of a file to write.")


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    main()
