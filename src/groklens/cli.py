"""The command line, `groklens`: train, sweep, explain, track, info, tasks."""

from __future__ import annotations

import inspect
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from groklens.cli_io import (
    INTERRUPTED,
    NOTES,
    check_writable,
    interrupted,
    nobody_reads,
    own_parts,
    read_json,
    read_sweep,
    workers_of,
)
from groklens.errors import BadArgument, ConfigNeeded, GroklensError, TaskNeeded, is_out_of_memory
from groklens.parts import know
from groklens.runs import write_atomically

app = typer.Typer(
    help="When, how and why a network came to generalise.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

RunPath = Annotated[Path, typer.Argument(help="Folder of a run.", metavar="PATH")]
OwnParts = Annotated[
    list[Path] | None,
    typer.Option(
        "--parts",
        help="A Python file of yours with the classes that the run was trained with; it is run.",
        metavar="FILE",
    ),
]


def _print_version(asked: bool | None) -> None:
    if asked:
        typer.echo(f"groklens {version('groklens')}")
        raise typer.Exit


@app.callback()
def _options(
    asked: Annotated[
        bool | None,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version),
    ] = None,
) -> None:
    """When, how and why a network came to generalise."""


@app.command(epilog="Example: `groklens train recipe.json runs/mod113`")
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


@app.command(epilog="Example: `groklens sweep sweep.json runs/decay --workers 2 --csv events.csv`")
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
    csv: Annotated[Path | None, typer.Option(help="Write when each run generalised here, as CSV.")] = None,
    parts: OwnParts = None,
) -> None:
    """Train a recipe over values of its fields, and say when each run generalised."""
    import groklens as gl

    check_writable(csv)
    know(own_parts(parts))
    recipe, over = read_sweep(file)
    asked = gl.Sweep(gl.Recipe.from_dict(recipe), over=over)
    with workers_of(workers, parts) as executor:
        runs = asked.run(into, executor, stack=stack, threads=threads, device=device)
    typer.echo(repr(runs))
    for folder, said in runs.failed.items():
        NOTES.say(f"groklens: failed: {folder}: {said}")
    text = runs.events().to_dataframe().reset_index().to_csv(index=False)
    if csv is None:
        typer.echo(text, nl=False)
    else:
        write_atomically(csv, text.encode())


@app.command(epilog="Example: `groklens explain examples/runs/mod113 --html report.html --json why.json`")
def explain(
    path: RunPath,
    html: Annotated[
        Path | None, typer.Option(help="Write the report here, one page that works offline.")
    ] = None,
    json_path: Annotated[
        str | None, typer.Option("--json", help="Write JSON here; - for standard output.")
    ] = None,
    parts: OwnParts = None,
) -> None:
    """Explain a run: when it generalised, with which circuit, and how we know."""
    import groklens as gl

    check_writable(html, None if json_path in (None, "-") else Path(str(json_path)))
    why = gl.explain(gl.load(path, parts=own_parts(parts)))
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


@app.command(
    epilog="Example: `groklens track examples/runs/mod113 --measure test_loss --measure excluded_loss`"
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
    csv: Annotated[Path | None, typer.Option(help="Write CSV here instead of printing it.")] = None,
    parts: OwnParts = None,
) -> None:
    """Measure every kept step of a run, as CSV.

    Numbers are columns by step. Where a measure named has a value by component, by neuron or by head, all are
    listed one value per line: step, measure, component, …, value.
    """
    import groklens as gl

    check_writable(csv)
    own = own_parts(parts)
    named = {each.__name__: each for each in own if isinstance(each, gl.measures.Measure)}
    asked = [named.get(name, name) for name in measure or ["PROGRESS"]]
    wanted = gl.measures.chosen_measures(asked)  # a misspelt name before the run is opened
    table = gl.track(gl.load(path, parts=own), wanted)
    if measure:
        _say_left_out(table)
    if not measure:
        table = table[[name for name in table.data_vars if table[name].dims == ("step",)]]
    text = gl.measures.as_csv(table)
    if csv is None:
        typer.echo(text, nl=False)
    else:
        write_atomically(csv, text.encode())


@app.command(epilog="Example: `groklens info examples/runs/mod113 --json`")
def info(
    path: RunPath,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    verify: Annotated[bool, typer.Option(help="Check every file against its checksum.")] = False,
    parts: OwnParts = None,
) -> None:
    """What a run is: recipe, kept steps, versions, engine; of other formats, what their files say."""

    run, task, lacking = _opened(path, verify, own_parts(parts))
    model = {
        **run.model,
        **({"config": {n: v for n, v in run.model["config"].items() if n not in lacking}} if lacking else {}),
    }
    values = {
        "run": run.name,
        "format": run.format,
        "task": task,
        "finished": run.finished,
        "id": None if run.recipe is None else run.recipe.id,
        "steps": run.steps,
        "model": model,
        "environment": run.environment,
        "recipe": None if run.recipe is None else run.recipe.to_dict(),
        "known": run.known,
        "unguarded": list(run.unguarded),
        "not said": list(lacking),
    }
    if as_json:
        typer.echo(json.dumps(values, indent=1, default=str))
        return
    typer.echo(repr(run) if task else f"{run.name}: {run.format}, of a task that its files do not say")
    typer.echo(f"kept steps: {', '.join(map(str, run.steps))}")
    for name in ("id", "environment", "recipe", "known", "not said", "unguarded"):
        if values[name]:
            typer.echo(f"{name}: {_flat(values[name])}")


def _opened(path: Path, verify: bool, parts: list[Any]) -> tuple[Any, str | None, tuple[str, ...]]:
    """The run at a path, its task if its files say it, and what they leave open of its model."""
    import groklens as gl

    stand_in = {"n_heads": 1, "act_fn": "relu", "normalization_type": None, "attention_dir": "causal"}
    stand_in["positional_embedding_type"] = "rotary"
    try:
        run = gl.load(path, verify=verify, parts=parts)
        return run, run.task.name if run.steps or run.format != "loss_log" else None, ()
    except TaskNeeded:  # weights alone: all but the task is known
        probe = gl.Probe([[0]])
    try:
        return gl.load(path, task=probe, verify=verify, parts=parts), None, ()
    except ConfigNeeded as error:
        config = {name: stand_in[name] for name in error.lacking}
        return gl.load(path, task=probe, config=config, verify=verify, parts=parts), None, error.lacking


@app.command(epilog="Example: `groklens tasks`")
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


def main() -> None:
    """Run the command line; a user's mistake is one clear line and exit status 2."""
    _print_anything()
    NOTES.lines.clear()
    with NOTES.collected():
        try:
            status = app(standalone_mode=False)
            NOTES.show()
            sys.exit(status)
        except BrokenPipeError:
            nobody_reads()
        except KeyboardInterrupt:
            interrupted()
        except SystemExit as done:
            if done.code == INTERRUPTED:  # typer has caught the key already, and says nothing
                interrupted()
            raise
        except (GroklensError, OSError, UnicodeError) as error:
            NOTES.fail(error)
        except Exception as error:
            if is_out_of_memory(error):
                NOTES.fail(
                    f"There is not enough memory for this: {error}; use a smaller model, task or batch."
                )
            _exit_for(error)


def _print_anything() -> None:
    """Let standard output escape characters that it cannot encode, rather than raise an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _exit_for(error: Exception) -> None:
    """Exit as click would, but in one line; its errors are recognised by name, as typer has its own classes."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "NoArgsIsHelpError" in names:
        typer.echo(str(error), err=True)
        sys.exit(2)
    if "ClickException" in names:
        context = getattr(error, "ctx", None)
        hint = "" if context is None else f" See {context.command_path} --help."
        NOTES.fail(f"{error.format_message()}{hint}")  # type: ignore[attr-defined]
    if "Abort" in names:
        interrupted()
    raise error


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


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


if __name__ == "__main__":
    main()
