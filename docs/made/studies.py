"""The studies: the table of all, a page each, and their pictures, from their folders."""

from __future__ import annotations

import re
from pathlib import Path

ANALYSES = Path(__file__).parents[2] / "analyses"
#: A link to a file that is no page of the site: its words stay.
ELSEWHERE = re.compile(r"(?<!!)\[([^]]+)\]\((?!https?:|#)(?!\w+\.md)[^)]*\)")


def folders() -> list[Path]:
    """The studies, in the order of the table."""
    said = (ANALYSES / "README.md").read_text(encoding="utf-8")
    return [ANALYSES / name for name in re.findall(r"\]\((\w+)/README\.md\)", said)]


def pages() -> dict[str, str]:
    """The table, and a page for each study."""
    table = (ANALYSES / "README.md").read_text(encoding="utf-8").replace("# Analyses", "# Studies", 1)
    made = {"studies/index.md": linked(table)}
    for folder in folders():
        text = (folder / "README.md").read_text(encoding="utf-8")
        text = re.sub(r"!\[([^]]*)\]\((\w+\.png)\)", rf"![\1]({folder.name}/\2){{ loading=lazy }}", text)
        made[f"studies/{folder.name}.md"] = linked(text)
    return made


def pictures() -> dict[str, Path]:
    """Every picture of a study."""
    return {
        f"studies/{folder.name}/{path.name}": path for folder in folders() for path in folder.glob("*.png")
    }


def linked(text: str) -> str:
    """The text with links to other studies turned to their pages, and the others left out."""
    text = re.sub(r"\]\((?:\.\./)?(\w+)/README\.md\)", r"](\1.md)", text)
    return ELSEWHERE.sub(r"\1", text)
