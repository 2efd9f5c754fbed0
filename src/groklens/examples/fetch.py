"""`gl.examples.fetch`: a whole example run from a release, checked and kept."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from importlib.metadata import metadata, version
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from groklens.errors import DamagedRun, GroklensError, UnknownName, described
from groklens.examples.places import archives, downloads

#: Names, besides the package's own metadata, where archives are: an address with {name} and {version} in it.
PLACE = "GROKLENS_EXAMPLES"
#: What the package's metadata calls that address.
_LABEL = "Examples"
#: Seconds without an answer after which there is no network.
_PATIENCE = 20.0
_ELSE = (
    "Clone the repository, whose examples/runs has it, or unpack the archive of a release and open its folder: "
    "gl.load(folder)."
)


def fetch(name: str) -> Path:
    """Fetch the archive of a whole example run, check it against its SHA-256, and unpack it; the folder of the run.

    It comes from the address in the package's metadata, or from `GROKLENS_EXAMPLES`, such as
    `file:///data/{name}.zip`, and is kept in `GROKLENS_CACHE`, or where this user's programs keep what they fetched.
    Nothing is fetched but what is asked for by name.

    Raises `UnknownName` for no run of a release, `GroklensError` where there is no address, no network or no room, and
    `DamagedRun` for an archive that is not the one that was released.

    >>> fetch("a5")  # doctest: +SKIP
    """
    known = archives()
    if name not in known:
        raise UnknownName(f"No release has a run {described(name)}; there are {', '.join(known)}.")
    address = _address(name)
    data = _download(address, known[name]["bytes"], name)
    if hashlib.sha256(data).hexdigest() != known[name]["sha256"]:
        raise DamagedRun(f"What {address} gave is not the archive of {name} that was released. {_ELSE}")
    return _unpacked(data, name)


def _address(name: str) -> str:
    """Where the archive of a run is; `GroklensError` where nothing says so."""
    said = metadata("groklens").get_all("Project-URL") or []
    labelled = dict(each.split(", ", 1) for each in said if ", " in each)
    place = os.environ.get(PLACE) or labelled.get(_LABEL)
    if not place:
        raise GroklensError(
            f"{name} is not on this machine, and this copy of groklens names no release to fetch it from. {_ELSE}"
        )
    return place.replace("{name}", name).replace("{version}", version("groklens"))


def _download(address: str, size: int, name: str) -> bytes:
    """What is at an address, and not a byte more than it should be."""
    try:
        with urlopen(address, timeout=_PATIENCE) as answer:
            data: bytes = answer.read(size + 1)
    except (URLError, OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise GroklensError(
            f"{name} is not on this machine, and {address} cannot be reached ({why}). {_ELSE}"
        ) from error
    return data


def _unpacked(data: bytes, name: str) -> Path:
    """Unpack an archive that was checked: beside its place, and renamed when it is whole."""
    folder = downloads()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}.") as beside:
            zipfile.ZipFile(io.BytesIO(data)).extractall(beside)
            shutil.rmtree(folder / name, ignore_errors=True)
            (Path(beside) / name).rename(folder / name)
    except OSError as error:
        raise GroklensError(
            f"{name} cannot be kept in {folder} ({error.strerror or error}); set GROKLENS_CACHE to a folder of yours."
        ) from error
    return folder / name
