"""Transformers that are kept as weights until somebody asks for what only a TransformerLens bridge has."""

from groklens.models.unbuilt.unbuilt import Unbuilt as Unbuilt
from groklens.models.unbuilt.unbuilt import built as built
from groklens.models.unbuilt.unbuilt import draws_nothing as draws_nothing
from groklens.models.unbuilt.unbuilt import unbuilt as unbuilt
