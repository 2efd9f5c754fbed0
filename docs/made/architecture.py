"""The architecture: CONTRIBUTING's map with a drawing of what imports what, and the changelog."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from docs.made.studies import ELSEWHERE

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "groklens"
ROW = re.compile(r"^\| (`\w[^|]*`) \| ([^|]+) \|$", flags=re.M)
#: Of the drawing, in pixels: height of a row, left edge of the boxes, width of a box, and space for arcs beside them.
ROW_HEIGHT, LEFT, BOX, ARCS = 34, 20, 150, 330


def pages() -> dict[str, str]:
    """The map, how to contribute, and what changed."""
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return {
        "architecture.md": page(),
        "contributing.md": ELSEWHERE.sub(r"\1", contributing),
        "changelog.md": ELSEWHERE.sub(r"\1", changes),
    }


def pictures() -> dict[str, Path]:
    """None: the drawing is part of its page."""
    return {}


def packages() -> dict[str, str]:
    """The packages in their order, and what is in each, from CONTRIBUTING."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = {}
    for names, about in ROW.findall(text):
        for name in re.findall(r"`(\w+)`", names):
            if (SOURCE / name).is_dir():
                found[name] = about
    return found


def imports() -> dict[str, set[str]]:
    """Which packages the files of each package import from, in the code as it stands."""
    known = packages()
    return {name: needed(SOURCE / name) & set(known) - {name} for name in known}


def needed(folder: Path) -> set[str]:
    """The packages that the files of a folder name in an import."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("groklens."):
                found.add(str(node.module).split(".")[1])
    return found


def page() -> str:
    """The map, with its drawing."""
    rows = [
        f"| `{name}` | {len(list((SOURCE / name).rglob('*.py')))} | {about} |"
        for name, about in packages().items()
    ]
    return "\n\n".join(
        [
            "# Architecture",
            "A package imports only from those above it. The drawing is made of the import statements whenever this "
            "site is built: an arc goes from a package to one that it uses, and all arcs go upwards, but for the one "
            "exception: an explanation imports the views and the report when it is asked to show itself.",
            drawing(),
            "## How data flows",
            FLOW,
            "## What is in a package",
            "| package | files | what is in it |\n|---|---|---|\n" + "\n".join(rows),
            "Where a line of yours belongs, and what every kind of part promises, stands under "
            "[Contributing](contributing.md).",
        ]
    )


FLOW = """```
Task ─► Recipe ─► train ─► Run ─► Snapshot ─► measures ─► table
                    ▲        ▲         │                    │
 a loop of your own ┘        │         └─► capture          ▼
   other people's checkpoints    hypotheses, ─► evidence ─► Explanation
                                 interventions                │
Sweep: many recipes ─► runs ─► table over its axes            ▼
                                 └─► forecasts          views, report
```"""


def drawing() -> str:
    """The packages as a column of boxes, and an arc for each import."""
    uses, order = imports(), list(packages())
    height = ROW_HEIGHT * len(order) + 20
    parts = [
        f'<svg class="packages" viewBox="0 0 {LEFT + BOX + ARCS} {height}" role="img" '
        'aria-label="The packages in their order, and what imports what">'
    ]
    for name in order:
        parts += [arc(order.index(name), order.index(other)) for other in sorted(uses[name], key=order.index)]
    parts += [box(place, name) for place, name in enumerate(order)]
    return "".join([*parts, "</svg>"])


def middle(place: int) -> float:
    return 10 + ROW_HEIGHT * (place + 0.4)


def box(place: int, name: str) -> str:
    """A package."""
    y = middle(place)
    return (
        f'<g><rect x="{LEFT}" y="{y - 12}" width="{BOX}" height="24" rx="4"/>'
        f'<text x="{LEFT + BOX / 2}" y="{y + 4}" text-anchor="middle">{name}</text></g>'
    )


def arc(start: int, end: int) -> str:
    """An import; one that goes down the column is marked."""
    right, reach = LEFT + BOX, min(ARCS - 10, 18 * abs(start - end) ** 0.85)
    a, b = middle(start), middle(end)
    kind = "down" if end > start else "up"
    return f'<path class="{kind}" d="M{right},{a} C{right + reach},{a} {right + reach},{b} {right},{b}"/>'
