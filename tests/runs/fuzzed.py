"""Damages a file of weights at random, again and again, and opens it each time: `python fuzzed.py FORMAT COUNT SEED`.

Run as a process of its own, which may hold little more memory than it needs for the whole file, so that a crash, a
hang, or room that is asked for because a header says so is seen from outside. It prints what each opening came to.
"""

import random
import resource
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from foreign_formats import FORMATS

from groklens.errors import GroklensError

#: Bytes beyond what opening the whole file took.
_ROOM = 2**29


def damaged(data, header, draw):
    """The bytes with something flipped or cut off: half of the time in the header, which is what is believed."""
    kind = draw.random()
    if kind < 0.15:
        return data[: draw.randrange(len(data))]
    found = bytearray(data)
    for _ in range(1 if kind < 0.7 else draw.randrange(2, 9)):
        found[draw.randrange(header if draw.random() < 0.85 else len(data))] ^= 1 << draw.randrange(8)
    return bytes(found)


def outcome(form, path):
    """What opening and looking comes to: read, refused, or the traceback of an error that is none of ours."""
    try:
        form.at_every_step(path)
    except GroklensError as error:
        return "refused" if "\n" not in str(error) and len(str(error)) < 700 else f"said badly: {error}"
    except Exception:
        return traceback.format_exc()
    return "read"


def header_of(data):
    """Where the header ends: a safetensors file says so, and of a GGUF file it is before the norms' numbers."""
    if data[:4] == b"GGUF":
        from groklens.gguf_file import read_gguf

        with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
            file.write(data)
            file.flush()
            return read_gguf(Path(file.name)).begin
    return 8 + int.from_bytes(data[:8], "little")


def main(name, count, seed):
    form, draw, found = FORMATS[name], random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = form.write(Path(folder))
        file = Path(folder) / form.weights[0]
        data = file.read_bytes()
        assert outcome(form, path) == "read"
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _ROOM, used + _ROOM))
        header = header_of(data)
        for _ in range(count):
            file.write_bytes(damaged(data, header, draw))
            found[outcome(form, path)] += 1
    for said, times in found.items():
        sys.stdout.write(f"{times} × {said}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
