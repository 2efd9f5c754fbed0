"""`gl.tasks.Text`: predicting the next byte, or character, of a text of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

from groklens.errors import BadArgument, shown
from groklens.tasks.written import Sides, Written
from groklens.value_checks import choice, number_fields, title

UNITS = ("byte", "character")


@dataclass(frozen=True, eq=False, repr=False)
class Text(Written):
    """The next byte, or character, of a text file, as a stream of windows: a small language to be learned.

    Trained on are windows of the text but its last part, of which the probe is made: by default the last tenth. The
    text's SHA-256 is part of the specification, and a file that was changed since is refused by it where the text is
    needed. No answer is certain; a model generalises where it gains on the probe as much as the 5-gram counts do
    (`references`).

    Args:
        path: the file, relative to where Python runs unless it is absolute.
        unit: `"byte"` (256 tokens) or `"character"` (those of the text, read as UTF-8).
        length: tokens of a window; the next one is asked for at all but the last.
        test_share: the share of the text at its end that nothing is trained on, above 0 and below 1.
        sha256: digest of the text and of where it is divided; filled in.

    Raises `BadArgument` for a file that cannot be read, is no UTF-8 where characters are wanted, is too short, or is
    not the text that the task was made of.

    >>> Text("notes.txt", unit="character", length=128)  # doctest: +SKIP
    """

    path: str | Path
    unit: str = "byte"
    length: int = 64
    test_share: float = 0.1
    sha256: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", title("path", str(self.path), such_as="notes.txt"))
        choice("unit", self.unit, UNITS)
        number_fields(self, "test_share", above=0, below=1, such_as="0.1")
        self.remember_digest()

    @property
    def name(self) -> str:
        """Such as `next byte of notes.txt`."""
        return f"next {self.unit} of {Path(self.path).name}"

    @property
    def where(self) -> str:
        """The path of the file, as it can be printed."""
        return shown(self.path)

    def sides(self) -> Sides:
        """The file's bytes, divided at a whole character."""
        try:
            text = Path(self.path).read_bytes()
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise BadArgument(
                f"The text {self.where!r} cannot be read ({said}); give the path of a text file."
            ) from error
        at = round(len(text) * (1 - self.test_share))
        while self.unit == "character" and 0 < at < len(text) and text[at] & 0xC0 == 0x80:
            at -= 1  # within a character of several bytes
        return Sides(text[:at], text[at:])

    @property
    def d_vocab(self) -> int:
        """256, or as many characters as the text has."""
        return 256 if self.unit == "byte" else len(self._alphabet)

    @property
    def token_names(self) -> list[str]:
        """The characters, as they are written in Python where they cannot be seen; `BadArgument` for a changed text."""
        if self.unit == "character":
            self.checked_sides()  # another text has another alphabet
        signs = [chr(byte) if byte < 128 else f"\\x{byte:02x}" for byte in range(256)]
        return [repr(sign)[1:-1] if sign.isspace() or not sign.isprintable() else sign
                for sign in (signs if self.unit == "byte" else self._alphabet)]  # fmt: skip

    @cached_property
    def _alphabet(self) -> list[str]:
        return sorted(set("".join(self._decoded(part) for part in self.sides())))

    def encoded(self, part: bytes) -> Int[Tensor, "pos"]:
        """Bytes, or the places of characters in the text's alphabet."""
        if self.unit == "byte":
            return torch.tensor(list(part), dtype=torch.long)
        places = {sign: place for place, sign in enumerate(self._alphabet)}
        return torch.tensor([places[sign] for sign in self._decoded(part)], dtype=torch.long)

    def _decoded(self, part: bytes) -> str:
        try:
            return part.decode()
        except UnicodeDecodeError as error:
            raise BadArgument(
                f"{self.where} is no UTF-8 ({error.reason}), so that it has no characters; give unit='byte'."
            ) from error
