"""What runs when `groklens` is typed: the commands, with every mistake as one clear line."""

from __future__ import annotations

import os
import sys

import typer

from groklens.cli.app import app
from groklens.cli.shell_words import in_a_shell, sentence
from groklens.cli_io import INTERRUPTED, NOTES, interrupted, nobody_reads
from groklens.errors import GroklensError, is_out_of_memory


def main() -> None:
    """Run the command line; a user's mistake is one clear line and exit status 2."""
    _print_anything()
    _let_waiting_threads_sleep()
    NOTES.lines.clear()
    NOTES.quiet = False
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
            NOTES.fail(in_a_shell(str(error)))
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


def _let_waiting_threads_sleep() -> None:
    """Have torch's threads sleep soon when they wait for each other, where the environment does not say how they wait.

    By default they look on for milliseconds. Where other programs keep all cores busy, they take the time from the very
    thread that they wait for: small steps on two threads then took 80 to 1,100 ms in place of 40. torch reads this as
    it is imported, and processes that are started read it too.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _exit_for(error: Exception) -> None:
    """Exit as click would, but in one line; its errors are recognised by name, as typer has its own classes."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "NoArgsIsHelpError" in names:
        typer.echo(str(error), err=True)
        sys.exit(2)
    if "ClickException" in names:
        context = getattr(error, "ctx", None)
        hint = "" if context is None else f" See {context.command_path} --help."
        NOTES.fail(f"{sentence(error.format_message())}{hint}")  # type: ignore[attr-defined]
    if "Abort" in names:
        interrupted()
    raise error
