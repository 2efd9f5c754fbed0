"""What a shell says of a file of weights that does not say it itself: its task and its configuration, as in Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groklens.errors import BadArgument, ConfigNeeded, TaskNeeded, did_you_mean, shown

if TYPE_CHECKING:
    from groklens.tasks import Task

TaskSaid = Annotated[
    str | None,
    typer.Option(
        "--task",
        help="What a file of weights was trained on, written as in Python: "
        "\"ModularArithmetic(113, 'add')\"; `groklens tasks` lists all.",
        metavar="TASK",
    ),
]
ConfigSaid = Annotated[
    str | None,
    typer.Option(
        "--config",
        help="What such a file leaves open of its model, written as in Python: "
        "\"act_fn='relu', normalization_type=None, attention_dir='causal'\".",
        metavar="CONFIG",
    ),
]
_SUCH_AS = "such as --task \"ModularArithmetic(113, 'add')\"; groklens tasks lists all"


def told_task(text: str | None, parts: Sequence[Any] = ()) -> Task | None:
    """The task that a text writes as Python does, of literals alone: it is read, and never run.

    `parts` are a user's own classes. Raises `BadArgument` for what is no task, or one that cannot be.

    >>> told_task("gl.ModularArithmetic(23, op='add')").name
    'a+b mod 23'
    """
    if text is None:
        return None
    from groklens.tasks import kinds  # takes torch, which help does not wait for

    known = kinds() | {each.__name__: each for each in parts if _is_task(each)}
    try:
        return _made(ast.parse(text.strip(), mode="eval").body, known)
    except TypeError as error:  # arguments that its class does not have
        raise BadArgument(f"--task {shown(text)}: {error}.") from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, BadArgument):
            raise
        raise BadArgument(
            f"--task {shown(text)} is not written as Python has it; give one {_SUCH_AS}."
        ) from error


def told_config(text: str | None) -> dict[str, Any] | None:
    """The configuration that a text writes, as keyword arguments, `dict(…)` or `{…}` of literals.

    >>> told_config("act_fn='relu', normalization_type=None")
    {'act_fn': 'relu', 'normalization_type': None}
    """
    if text is None:
        return None
    written = text.strip()
    try:
        if written.startswith("{"):
            values = ast.literal_eval(written)
        else:
            bare = written.removeprefix("dict(").removesuffix(")") if written.startswith("dict(") else written
            call = ast.parse(f"dict({bare})", mode="eval").body
            values = _keywords(call) if isinstance(call, ast.Call) and not call.args else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        values = None
    if not isinstance(values, dict) or not values:
        raise BadArgument(
            f"--config {shown(text)} names no values; give them as Python does: --config \"act_fn='relu', n_heads=4\"."
        )
    return values


@contextmanager
def said_for_a_shell() -> Iterator[None]:
    """Context in which an error that asks for a task or a configuration says how a shell gives them, too."""
    try:
        yield
    except TaskNeeded as error:
        raise TaskNeeded(f"{error} In a shell task= is --task, and config= is --config.") from error
    except ConfigNeeded as error:
        raise ConfigNeeded(f"{error} In a shell config= is --config.", error.lacking) from error


def _made(node: ast.expr, known: dict[str, type[Task]]) -> Any:
    """A task that is called, or named; or a literal."""
    if not isinstance(node, ast.Call | ast.Name | ast.Attribute):
        return ast.literal_eval(node)
    name = ast.unparse(node.func if isinstance(node, ast.Call) else node)
    kind = known.get(name.removeprefix("gl.").removeprefix("tasks."))
    if kind is None:
        asked = did_you_mean(name, known) or f"give one {_SUCH_AS}."
        raise BadArgument(f"--task: there is no task {shown(name)} here; {asked}")
    if not isinstance(node, ast.Call):
        return kind()
    named = {keyword.arg or "**": _made(keyword.value, known) for keyword in node.keywords}
    return kind(*(_made(each, known) for each in node.args), **named)


def _keywords(call: ast.Call) -> dict[str, Any]:
    return {keyword.arg or "**": ast.literal_eval(keyword.value) for keyword in call.keywords}


def _is_task(part: Any) -> bool:
    from groklens.tasks import Task

    return isinstance(part, type) and issubclass(part, Task)
