"""Runs to load by name: `gl.examples.load("mod113")` has one to explain wherever groklens is installed."""

from groklens.examples.fetch import fetch as fetch
from groklens.examples.load import load as load
from groklens.examples.load import names as names
from groklens.examples.load import path as path
from groklens.examples.places import cloned as cloned
from groklens.examples.places import fetched as fetched
from groklens.examples.places import shipped as shipped
