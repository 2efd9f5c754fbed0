"""The commands of `groklens` as a whole: what they have in common, and how each joins them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from groklens.cli_io import NOTES
from groklens.progress import progress_shown

Body = TypeVar("Body", bound=Callable[..., Any])

app = typer.Typer(
    help="When, how and why a network came to generalise.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

#: Where a run is.
RunPath = Annotated[
    Path, typer.Argument(help="Folder of a run, or the name of a shipped one.", metavar="PATH")
]
#: Classes of a user's own.
OwnParts = Annotated[
    list[Path] | None,
    typer.Option(
        "--parts",
        help="A Python file of yours with the classes that the run was trained with; it is run.",
        metavar="FILE",
    ),
]


def command(*examples: str) -> Callable[[Body], Body]:
    """Decorator that makes a function a command of `groklens` by its name, with lines to type as examples.

    A test runs every example, so that each is one that works: in a folder with `recipe.json`, `sweep.json` and the
    like as tests/test_cli_examples.py writes them.
    """
    epilog = "\n\n".join(f"Example: `{example}`" for example in examples)

    def join(body: Body) -> Body:
        app.command(epilog=epilog)(_with_quiet(body))
        return body

    return join


def _print_version(asked: bool | None) -> None:
    if asked:
        typer.echo(f"groklens {version('groklens')}")
        raise typer.Exit


def _be_quiet(context: Any, asked: bool) -> bool:
    """Show no bars and no notes until the command ends."""
    if asked:
        NOTES.quiet = True
        context.with_resource(progress_shown(False))
    return asked


#: Whether bars and notes are left out.
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="No bars and no notes: the answer alone, or an error.", callback=_be_quiet
    ),
]


def _with_quiet(body: Body) -> Callable[..., Any]:
    """The function with one option more, `--quiet`, so that it may stand behind a command as well as before it."""

    @functools.wraps(body)
    def quietly(**given: Any) -> Any:
        del given["quiet"]
        return body(**given)

    hints = get_type_hints(body, include_extras=True)
    signature = inspect.signature(body)
    given = [each.replace(annotation=hints[name]) for name, each in signature.parameters.items()]
    last = inspect.Parameter("quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Quiet)
    quietly.__signature__ = signature.replace(parameters=[*given, last])  # type: ignore[attr-defined]
    quietly.__annotations__ = hints | {"quiet": Quiet}
    return quietly


@app.callback()
def _options(
    asked: Annotated[
        bool | None,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """When, how and why a network came to generalise."""
