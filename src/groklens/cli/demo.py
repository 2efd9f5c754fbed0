"""`groklens demo`: a first look, which needs nothing but the installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groklens.cli.app import command
from groklens.cli.explain import explain

_RUN = "mod113"


@command("groklens demo")
def demo(
    into: Annotated[Path, typer.Argument(help="Folder for report.html and why.json.")] = Path(),
) -> None:
    """Explain the run that comes with groklens, and write its report, report.html, here."""
    explain(Path(_RUN), html=into / "report.html", json_path=str(into / "why.json"))
