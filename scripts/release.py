"""Prepare a release: `python scripts/release.py 0.2.0 [--dry-run]`, which `make release VERSION=0.2.0` calls.

The version goes into the package, its metadata and CITATION.cff; what the changelog has under *Unreleased* gets the
version's heading, and becomes the notes of the release, dist/notes-0.2.0.md. Nothing is tagged, committed or sent: that
is for whoever releases, after a look at `git diff`. With --dry-run it is said what would change, and nothing written.
"""

import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Where the version stands, and how.
VERSIONS = {
    "pyproject.toml": r'(?m)^version = "(.*)"$',
    "src/groklens/__init__.py": r'(?m)^__version__ = "(.*)"$',
    "CITATION.cff": r"(?m)^version: (.*)$",
}
_DAY = r"(?m)^date-released: (.*)$"
_UNRELEASED = "## Unreleased\n"


class CannotRelease(Exception):
    """What has to be put right first."""


def changes(root: Path, version: str, day: str) -> dict[str, str]:
    """Every file of a release, by its path: its text as it has to be.

    Raises `CannotRelease` for a version that does not follow the one that is there, and a changelog that has no news.
    """
    texts = {name: (root / name).read_text(encoding="utf-8") for name in [*VERSIONS, "CHANGELOG.md"]}
    found = {name: re.search(pattern, texts[name]) for name, pattern in VERSIONS.items()}
    lacking = [name for name, match in found.items() if match is None]
    if lacking:
        raise CannotRelease(f"{', '.join(lacking)} says no version")
    now = {name: match[1] for name, match in found.items() if match}
    if len(set(now.values())) > 1:
        raise CannotRelease(f"the versions differ: {now}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version) or _order(version) <= _order(now["pyproject.toml"]):
        raise CannotRelease(
            f"{version or 'no version'} does not follow {now['pyproject.toml']}; give one such as 1.2.0"
        )
    for name, match in found.items():
        if match:
            start, end = match.span(1)
            texts[name] = f"{texts[name][:start]}{version}{texts[name][end:]}"
    texts["CITATION.cff"] = re.sub(_DAY, f"date-released: {day}", texts["CITATION.cff"])
    news = _news(texts["CHANGELOG.md"])
    heading = f"{_UNRELEASED}\n## {version} ({day})\n"
    texts["CHANGELOG.md"] = texts["CHANGELOG.md"].replace(_UNRELEASED, heading, 1)
    return {**texts, f"dist/notes-{version}.md": f"# groklens {version}\n\n{news}\n"}


def _order(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _news(changelog: str) -> str:
    """What the changelog has under *Unreleased*."""
    _, heading, rest = changelog.partition(_UNRELEASED)
    news = re.split(r"(?m)^## ", rest)[0].strip()
    if not heading or not news:
        raise CannotRelease(f"CHANGELOG.md has nothing under {_UNRELEASED.strip()!r}")
    return news


def main(words: list[str], root: Path = ROOT, day: str | None = None) -> str:
    """Write what a release changes, or with --dry-run say it only; what was done, in a line per file."""
    version = next((word for word in words if not word.startswith("-")), "")
    wanted = changes(root, version, day or date.today().isoformat())
    if "--dry-run" in words:
        return "\n".join(f"would write {name}" for name in wanted)
    for name, text in wanted.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return "\n".join(f"wrote {name}" for name in wanted)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{main(sys.argv[1:])}\n")
    except CannotRelease as error:
        sys.exit(f"release: {error}")
