"""The gallery: every view with its picture and the lines that made it. `python -m docs.made.gallery` makes them anew.

The lines are cells of the examples; a view that no example has is no part of the gallery, which a test refuses.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import groklens as gl

ROOT = Path(__file__).parents[2]
#: Without the first, which repeats what others show.
EXAMPLES = sorted((ROOT / "examples").glob("[0-9]*.py"))[1:]
PICTURES = ROOT / "docs" / "pictures"
CELL = re.compile(r"^# %%$\n(.*?)(?=^# %%|\Z)", flags=re.M | re.S)
#: What is no picture of its own: pages, and their lines.
WHOLE = {"report": 'why.to_html("report.html")', "summary": "why  # at the end of a cell"}


@dataclass(frozen=True)
class Shown:
    """A view, the example that has it, and the cell there."""

    view: str
    example: Path
    cell: int

    @property
    def code(self) -> str:
        """The cell's lines."""
        return cells(self.example)[self.cell].strip()

    @property
    def picture(self) -> Path:
        """Where its picture is kept."""
        return PICTURES / f"{self.view}.png"


def views() -> list[str]:
    """Every view that gives a picture."""
    return [
        name for name in dir(gl.views) if inspect.isroutine(getattr(gl.views, name)) and name not in WHOLE
    ]


def cells(example: Path) -> list[str]:
    """The cells of code of an example."""
    return CELL.findall(example.read_text(encoding="utf-8"))


def shown(view: str) -> Shown | None:
    """The last place in the first example that ends a cell in this view; None where none does."""
    for example in EXAMPLES:
        for number, cell in reversed([*enumerate(cells(example))]):
            if cell.strip().splitlines()[-1].startswith(f"gl.views.{view}("):
                return Shown(view, example, number)
    return None


def every() -> list[Shown]:
    """All of the gallery."""
    return [found for found in map(shown, views()) if found]


def pictures() -> dict[str, Path]:
    """None that are not among the site's own files."""
    return {}


def pages() -> dict[str, str]:
    """The gallery's page."""
    parts = [
        "# Gallery",
        "Every view takes a run, a table, a snapshot or an explanation, and returns its picture: it shows itself in a "
        "notebook, and `.save` writes a page, a PNG, an SVG or a PDF. Below, each has the lines of the example that "
        "drew it. A picture with a slider is shown at the step at which it opens.",
    ]
    parts += [entry(each) for each in every()]
    parts += [
        "## The page of an explanation",
        f"```python\n{WHOLE['report']}\n```",
        "![The report of a run](pictures/report.png){ loading=lazy }",
    ]
    return {"gallery.md": "\n\n".join(parts)}


def entry(each: Shown) -> str:
    """A view: what it shows, its picture, and its lines."""
    said = (inspect.getdoc(getattr(gl.views, each.view)) or "").split("\n\n")[0].replace("\n", " ")
    function = getattr(gl.views, each.view)
    where = f"reference/views.md#{function.__module__}.{each.view}"
    title = cells_title(each.example)
    return "\n\n".join(
        [
            f"## {each.view}",
            f"[`gl.views.{each.view}`]({where}): {said[0].lower()}{said[1:]}",
            f"![{said}](pictures/{each.view}.png){{ loading=lazy }}",
            f"```python\n{each.code}\n```",
            f"*From `examples/{each.example.name}`: {title}.*",
        ]
    )


def cells_title(example: Path) -> str:
    """What an example is called."""
    return re.findall(r"^# # (.*)$", example.read_text(encoding="utf-8"), flags=re.M)[0].rstrip("?.")


def make(wanted: list[Shown]) -> None:
    """Run the examples as far as each picture needs, and keep the pictures."""
    PICTURES.mkdir(exist_ok=True)
    for example in dict.fromkeys(each.example for each in wanted):
        here = {each.cell: each for each in wanted if each.example == example}
        namespace: dict[str, Any] = {"__file__": str(example), "__name__": "example"}
        for number, cell in enumerate(cells(example)[: max(here) + 1]):
            value = run(cell, namespace)
            if number in here:
                print(value.save(here[number].picture), flush=True)


def run(cell: str, namespace: dict[str, Any]) -> Any:
    """Run a cell, and give the value of its last line."""
    *first, last = ast.parse(cell).body
    exec(compile(ast.Module(first, []), "cell", "exec"), namespace)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)
    return exec(compile(ast.Module([last], []), "cell", "exec"), namespace)


def make_report() -> None:
    """The report of a shipped run, as a picture of its page."""
    why = gl.explain(gl.load(ROOT / "examples" / "runs" / "mod113"))
    print(gl.views.report(why).save(PICTURES / "report.png"))


if __name__ == "__main__":
    make([each for each in every() if not sys.argv[1:] or each.view in sys.argv[1:]])
    if not sys.argv[1:] or "report" in sys.argv[1:]:
        make_report()
