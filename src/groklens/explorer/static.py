"""The explorer page's own files, and those it shares with reports: styles, fitting, plotly's part for flat axes."""

from __future__ import annotations

import gzip
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
#: A third of all of plotly, which the page reads before it draws: whatever the explorer shows has flat axes.
_PLOTLY, _PACKED = "plotly.min.js", "plotly-cartesian.min.js.gz"


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
        **dict.fromkeys((*_SHARED, _PLOTLY), "groklens.views"),
    }


@lru_cache(maxsize=1)
def _plotly() -> bytes:
    return gzip.decompress(files("groklens.views").joinpath(_PACKED).read_bytes())


def _data(name: str) -> bytes:
    if name == _PLOTLY:
        return _plotly()
    package = _sources()[name]
    root = files(package)
    return (root.joinpath("page") if package == "groklens.explorer" else root).joinpath(name).read_bytes()
