"""`groklens completion`: scripts by which a shell completes commands and options, made of the commands themselves."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer

from groklens.cli.app import app, command
from groklens.errors import BadArgument, did_you_mean


class _Option(NamedTuple):
    """An option: its spellings, what it is for, and whether a value follows it."""

    names: list[str]
    help: str
    takes_value: bool


class _Command(NamedTuple):
    """A command: what it is for, its options, and the words that may stand in place of a file."""

    help: str
    options: list[_Option]
    words: list[str]


@command("groklens completion bash", "groklens completion zsh", "groklens completion fish")
def completion(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish.", metavar="SHELL")],
) -> None:
    """Print a script by which a shell completes commands, options and names.

    For bash: `groklens completion bash > ~/.local/share/bash-completion/completions/groklens`. For zsh into a file
    `_groklens` in a folder of `$fpath`; for fish into `~/.config/fish/completions/groklens.fish`.
    """
    if shell not in _SCRIPTS:
        asked = did_you_mean(shell, _SCRIPTS) or f"there are scripts for {', '.join(_SCRIPTS)}."
        raise BadArgument(f"There is no script for the shell {shell}; {asked}")
    typer.echo(_SCRIPTS[shell](_commands()))


def _commands() -> dict[str, _Command]:
    """Every command by its name, as the parser has it."""
    parser: Any = typer.main.get_command(app)
    return {name: _described(name, each) for name, each in sorted(parser.commands.items())}


def _described(name: str, each: Any) -> _Command:
    options = [
        _Option(list(found.opts), _first_line(found.help), not found.is_flag)
        for found in each.params
        if found.param_type_name == "option"
    ]
    return _Command(
        _first_line(each.help), [*options, _Option(["--help"], "Show the help.", False)], _words(name)
    )


def _words(name: str) -> list[str]:
    """What an argument of a command may be besides a file."""
    from groklens import examples
    from groklens.tasks import kinds

    if name == "completion":
        return list(_SCRIPTS)
    if name == "new":
        return ["task", "measure", "study"]
    runs = examples.names() if name in ("explain", "info", "track", "train") else []
    return [*runs, *(kinds() if name == "train" else [])]


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n\n")[0].replace("\n", " ")


def _bash(commands: dict[str, _Command]) -> str:
    cases = [
        f"    {name}) words={shlex.quote(' '.join([*_spelt(each), *each.words]))} ;;"
        for name, each in commands.items()
    ]
    return "\n".join(
        [
            "_groklens() {",
            '  local word="${COMP_WORDS[COMP_CWORD]}" name="" each words',
            '  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
            '    [[ $each != -* ]] && { name="$each"; break; }',
            "  done",
            '  case "$name" in',
            *cases,
            f"    *) words={shlex.quote(' '.join([*commands, '--version', '--quiet', '--help']))} ;;",
            "  esac",
            '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
            "}",
            "complete -o bashdefault -o default -F _groklens groklens",
        ]
    )


def _spelt(each: _Command) -> list[str]:
    return [name for option in each.options for name in option.names]


def _zsh(commands: dict[str, _Command]) -> str:
    named = " ".join(_quoted(f"{name.replace(':', '')}:{each.help}") for name, each in commands.items())
    cases = []
    for name, each in commands.items():
        options = [_zsh_option(spelt, option) for option in each.options for spelt in option.names]
        rest = _quoted(f'*:word:{{_alternative "words:name:({" ".join(each.words)})" "files:file:_files"}}')
        cases.append(f"    {name}) _arguments {' '.join([*options, rest])} ;;")
    return "\n".join(
        [
            "#compdef groklens",
            "_groklens() {",
            f"  local -a commands=({named})",
            "  if (( CURRENT == 2 )); then",
            "    _describe command commands; return",
            "  fi",
            '  local name="$words[2]"; shift words; (( CURRENT-- ))',
            '  case "$name" in',
            *cases,
            "  esac",
            "}",
            "compdef _groklens groklens",
        ]
    )


def _zsh_option(spelt: str, option: _Option) -> str:
    said = option.help
    for sign in "\\[]:":
        said = said.replace(sign, f"\\{sign}")
    return _quoted(f"*{spelt}[{said}]{':value:_files' if option.takes_value else ''}")


def _fish(commands: dict[str, _Command]) -> str:
    lines = []
    for name, each in commands.items():
        lines.append(f"complete -c groklens -n __fish_use_subcommand -f -a {name} -d {_quoted(each.help)}")
        used = f"complete -c groklens -n '__fish_seen_subcommand_from {name}'"
        if each.words:
            lines.append(f"{used} -a {_quoted(' '.join(each.words))}")
        for option in each.options:
            spelt = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names)
            lines.append(f"{used} {spelt} -d {_quoted(option.help)}{' -r' if option.takes_value else ''}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Text in quotes of a shell; an apostrophe, which fish and the others escape differently, is a curly one."""
    return "'" + text.replace("'", "’") + "'"


_SCRIPTS: dict[str, Callable[[dict[str, _Command]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
