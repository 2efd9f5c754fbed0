"""Odd values where others are meant, and a description with one leaf replaced by each."""

import copy
import resource
import sys
import time

from groklens.errors import BadArgument


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def nested_names(depth):
    value = {}
    for _ in range(depth):
        value = {"kind": "Corrupted", "task": value, "fraction": 0.5}
    return value


#: By what they are called when a test fails.
ODD = {
    "none": None,
    "empty text": "",
    "a letter": "x",
    "a number as text": "1",
    "below zero": -1,
    "zero": 0,
    "one": 1,
    "a fraction": 2.5,
    "a whole float": 3.0,
    "nan": float("nan"),
    "inf": float("inf"),
    "minus inf": float("-inf"),
    "a float too large": 1e300,
    "2**63": 2**63,
    "2**70": 2**70,
    "10**12": 10**12,
    "10**400": 10**400,
    "10**5000": 10**5000,
    "true": True,
    "false": False,
    "an empty list": [],
    "an empty object": {},
    "a ragged table": [[1], [2, 3]],
    "a complex number": 1j,
    "a table of complex numbers": [[1j, 2], [3, 4]],
    "a long text": "y" * 10**6,
    "control characters": "a\nb\x1b[2J",
    "half a character": "\udcff",
    "a kind": {"kind": "AdamW"},
    "an unhashable kind": {"kind": [1]},
    "deep lists": nested(100_000),
    "deep tasks": nested_names(100_000),
    "a long list": [1] * 100_000,
    "bytes": b"add",
    "a set": {1},
}


def places(value, path=()):
    """Every place in a description: of lists the first and the last item only."""
    if path:
        yield path
    if isinstance(value, dict):
        for name in value:
            yield from places(value[name], (*path, name))
    if isinstance(value, list):
        for index in sorted({0, len(value) - 1}) if value else []:
            yield from places(value[index], (*path, index))


def at(value, path):
    for name in path:
        value = value[name]
    return value


def replaced(value, path, new):
    """A copy with another value in one place; its other parts are copies too."""
    value = copy.deepcopy(value)
    at(value, path[:-1])[path[-1]] = new
    return value


def same(one, other):
    """Whether two values mean the same: a whole float is that number, a truth value is none."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def tried(make, value):
    """What `make` gives, or the line of its refusal; anything else that it raises, takes or wastes is a failure."""
    begun, before = time.process_time(), memory()  # of this process: others may want the cores
    try:
        return make(value), None
    except BadArgument as error:
        line = str(error)
        assert line
        assert line.isprintable(), line
        assert len(line) <= 3000
        assert line[-1] in ".?)'", line
        return None, line
    finally:
        assert time.process_time() - begun < 2.0
        assert memory() - before < 2**30


def memory():
    """Most bytes that this process has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
