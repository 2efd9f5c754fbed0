"""`gl.tasks.StandardLibrary`: predicting the next character of Python's own sources, a text that every machine has."""

from __future__ import annotations

import platform
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument
from groklens.tasks.written import Sides, Written
from groklens.value_checks import title

#: Modules trained on: large ones of plain ASCII, a file each from Python 3.10 on, whatever a system leaves out.
MODULES = (
    "_pydecimal", "inspect", "typing", "pydoc", "tarfile", "argparse", "_pyio", "pickletools", "subprocess", "locale",
    "mailbox", "ipaddress", "pickle", "pdb", "optparse", "dataclasses", "threading", "shutil", "configparser", "ssl",
    "imaplib", "doctest", "email/_header_value_parser", "urllib/request", "unittest/mock", "logging/__init__",
    "http/cookiejar", "asyncio/base_events", "http/client", "logging/handlers", "xmlrpc/client", "http/server",
    "multiprocessing/managers", "asyncio/selector_events", "collections/__init__", "importlib/_bootstrap_external",
)  # fmt: skip
#: Modules that the probe is made of.
TEST_MODULES = (
    "difflib",
    "enum",
    "smtplib",
    "random",
    "socket",
    "codecs",
    "heapq",
    "tempfile",
    "textwrap",
    "uuid",
)
#: Every token: printable ASCII and the end of a line; what is neither is the last.
ALPHABET = ["\n", *map(chr, range(32, 127)), "�"]


@dataclass(frozen=True, eq=False, repr=False)
class StandardLibrary(Written):
    """The next character of the sources of Python's standard library, as a stream: a text that every machine has.

    Trained on are the sources of 36 modules, 2.6 million characters; the probe is made of ten others. Tokens are the
    95 printable ASCII characters, the end of a line, and one for all else, whatever the version of Python. Sources
    differ from version to version: Python's version and the SHA-256 of all sources are part of the specification, and
    it is the digest that decides whether the text here is the one that a run learned. No answer is certain; a model
    generalises where it gains on the probe as much as the 5-gram counts do (`references`).

    Args:
        length: characters of a window; the next one is asked for at all but the last.
        python: the version of Python that the sources are of; filled in, for the record.
        sha256: digest of the sources and of where they are divided; filled in.

    Raises `BadArgument` where Python comes without its sources, or with others than the task was made of.

    >>> StandardLibrary(length=32).d_vocab
    97
    """

    length: int = 64
    python: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        self.remember_digest()
        version = self.python or platform.python_version()
        object.__setattr__(self, "python", title("python", version, such_as="3.12.1"))

    @property
    def name(self) -> str:
        """Such as `next character of Python 3.12.1's sources`."""
        return f"next character of Python {self.python}'s sources"

    @property
    def where(self) -> str:
        """What is here, which is of a version too."""
        return f"The standard library of Python {platform.python_version()}, which is here,"

    def sides(self) -> Sides:
        """The sources of the modules trained on, one after another, and of those for the probe."""
        return Sides(_sources(MODULES), _sources(TEST_MODULES))

    @property
    def d_vocab(self) -> int:
        """97, whatever the sources hold."""
        return len(ALPHABET)

    @property
    def token_names(self) -> list[str]:
        """The characters; the end of a line as `\\n`."""
        return ["\\n", *ALPHABET[1:]]

    def encoded(self, part: bytes) -> Int[Tensor, "pos"]:
        """The places of the characters in the alphabet, the last for those that it lacks."""
        table = torch.full((256,), len(ALPHABET) - 1)
        for place, sign in enumerate(ALPHABET[:-1]):
            table[ord(sign)] = place
        return table[torch.frombuffer(bytearray(part), dtype=torch.uint8).long()]


def _sources(modules: tuple[str, ...]) -> bytes:
    """The sources of these modules, with ends of lines as on Unix."""
    root = Path(sysconfig.get_path("stdlib"))
    try:
        return b"".join((root / f"{module}.py").read_bytes() for module in modules).replace(b"\r\n", b"\n")
    except OSError as error:
        raise BadArgument(
            f"Python's sources are not all in {root} ({error.strerror}: {Path(str(error.filename)).name}); give a text "
            "of your own: gl.tasks.Text('notes.txt')."
        ) from error
