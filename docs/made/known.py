"""What is known of the library itself: the truth table over other people's models, and the glossary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docs.made import zoo

from groklens.report.glossary import GLOSSARY

KNOWN = Path(__file__).parents[1] / "known.md.in"


def pages() -> dict[str, str]:
    """How we know, with its table; the glossary."""
    table = "\n".join(
        ["| whose | model | task | answer | may be | accuracy |", "|---|---|---|---|---|---|", *rows()]
    )
    terms = "\n\n".join(f'<a id="{anchor(term)}"></a>{term}\n:   {said}' for term, said in GLOSSARY.items())
    return {
        "how-we-know.md": KNOWN.read_text(encoding="utf-8").replace("{{ zoo }}", table),
        "glossary.md": f"# Glossary\n\nThe words of reports and of these pages.\n\n{terms}\n",
    }


def pictures() -> dict[str, Path]:
    """None."""
    return {}


def anchor(term: str) -> str:
    return term.lower().replace(" ", "-")


def rows() -> list[str]:
    """A line for every model that was asked."""
    return [row(**each) for each in json.loads(zoo.KEPT.read_text(encoding="utf-8"))]


def row(**found: Any) -> str:
    parts = ", ".join(found["components"])
    said = f"{found['algorithm']}, {found['verdict']}" + (f": {parts}" if parts else "")
    return (
        f"| {found['authors']} | `{found['model']}` | {found['task']} | {said} | {', '.join(found['allowed'])} | "
        f"{found['accuracy']:.3f} |"
    )
