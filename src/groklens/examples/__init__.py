"""Runs to load by name: `gl.examples.load("mod113")` has one to explain wherever groklens is installed."""

from groklens.examples.fetch import fetch as fetch
from groklens.examples.load import load as load
from groklens.examples.load import names as names
from groklens.examples.load import path as path
from groklens.examples.places import cloned as cloned
from groklens.examples.places import fetched as fetched
from groklens.examples.places import shipped as shipped
from groklens.public import public_names

#: What the command line uses to say where each is.
_FOR_THE_LIBRARY = {"cloned", "fetched", "public_names", "shipped"}


def __dir__() -> list[str]:
    return public_names(globals(), _FOR_THE_LIBRARY)
