"""`groklens new`: the one file of a task, a measure or a study of one's own, and its test, to be changed."""

from __future__ import annotations

import builtins
import keyword
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from groklens.cli.app import command
from groklens.errors import BadArgument, did_you_mean

_TEMPLATES = Path(__file__).parent / "templates"
#: What there are templates of, and how each is used once it is written.
_KINDS = {
    "task": "groklens train {Name} runs/{name} --parts {file}",
    "measure": "groklens track mod23 --measure {name} --parts {file}",
    "study": "python {file}",
}


@command("groklens new task sorting", "groklens new measure sharpness", "groklens new study width --into .")
def new(
    kind: Annotated[str, typer.Argument(help="task, measure or study.", metavar="KIND")],
    name: Annotated[
        str, typer.Argument(help="What it is called, in small letters: my_task.", metavar="NAME")
    ],
    into: Annotated[Path, typer.Option(help="Folder for the two files.")] = Path(),
) -> None:
    """Write a task, measure or study of your own that works, and its test that passes, to be changed."""
    from groklens.runs import write_result

    if kind not in _KINDS:
        asked = did_you_mean(kind, _KINDS) or f"new writes a {', a '.join(_KINDS)}."
        raise BadArgument(f"There is no template of a {kind}; {asked}")
    _check_name(name)
    words = name.replace("_", " ")
    filled = {
        "name": name,
        "Name": words.title().replace(" ", ""),
        "words": words,
        "Words": words.capitalize(),
    }
    files = {into / f"{name}.py": f"{kind}.txt", into / f"test_{name}.py": f"test_{kind}.txt"}
    for path in files:
        if path.exists():
            raise BadArgument(f"{path} is there, and is not overwritten; give another name.")
    for path, template in files.items():
        text = Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(filled)
        write_result(path, text.encode())
        typer.echo(str(path))
    typer.echo(f"Next: {_KINDS[kind].format(file=into / f'{name}.py', **filled)}")


def _check_name(name: str) -> None:
    """Raise `BadArgument` unless a module and what is in it can be called so."""
    taken = keyword.iskeyword(name) or hasattr(builtins, name)
    if not name.isidentifier() or name != name.lower() or name.startswith("_") or taken:
        raise BadArgument(
            f"{name} cannot be the name of a module; give small letters with underscores: my_task."
        )
