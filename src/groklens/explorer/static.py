"""The page's own files: those of the package, what it shares with reports, and plotly."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import PurePath
from typing import NamedTuple

#: Media types by the ending of a name.
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
#: The first file, which loads the others; the media type of data.
START, SCRIPT = "index.html", _KINDS[".js"]
_SHARED = ("page.css", "fit.js")
_PLOTLY = "plotly.min.js"


class File(NamedTuple):
    """A file of the page: its bytes and its media type."""

    data: bytes
    kind: str


def static_names() -> list[str]:
    """The names of the page's own files."""
    return list(_sources())


def static_file(name: str) -> File | None:
    """The page's own file of this name; None where there is none."""
    if name not in _sources():
        return None
    return File(_data(name), _KINDS[PurePath(name).suffix])


@lru_cache(maxsize=1)
def _sources() -> dict[str, str]:
    """The package that holds each file, by name."""
    own = files("groklens.explorer").joinpath("page").iterdir()
    names = sorted(each.name for each in own if PurePath(each.name).suffix in _KINDS)
    return {
        **dict.fromkeys(names, "groklens.explorer"),
        **dict.fromkeys(_SHARED, "groklens.views"),
        _PLOTLY: "plotly",
    }


@lru_cache(maxsize=1)
def _plotly() -> bytes:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).encode()


def _data(name: str) -> bytes:
    package = _sources()[name]
    if package == "plotly":
        return _plotly()
    root = files(package)
    return (root.joinpath("page") if package == "groklens.explorer" else root).joinpath(name).read_bytes()
